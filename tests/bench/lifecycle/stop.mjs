// SIGTERM to a server and a worker, over and over.

import { Lifecycle } from '../../support/lifecycle.mjs';
import { run } from '../../support/program.mjs';
import { sign } from '../../support/signer.mjs';
import { World } from '../../support/site.mjs';
import { CONNECTIONS, RATE, number } from './common.mjs';
import { startIngress } from './ingress.mjs';

const TIMES = number('TIMES', 10);
const SECONDS = number('SECONDS_EACH', 15);
const KEYS = number('KEYS', 500_000);
const EXIT_MS = 30_000;
// A stream at a time on each connection.
const CLIENTS = 25;

// h2load asks one thing; what it counts as failed, in error or timed out was not answered.
async function http2(lifecycle, port, seconds) {
  const target = lifecycle.alice.instances, authority = `127.0.0.1:${port}`;
  const headers = sign({ key: lifecycle.alice.key, method: 'GET', target, headers: [['Host', authority]] })
    .filter(([name]) => name.toLowerCase() !== 'host');
  const { status, stdout, stderr } = await run('h2load', 'h2load', ['-c', CLIENTS, '-m', 1, '-t', 1, '-D', seconds, `--rps=${RATE / CLIENTS}`,
    ...headers.flatMap(([name, value]) => ['-H', `${name}: ${value}`]), `https://${authority}${target}`].map(String), { deadlineMs: 600_000 });
  const counts = /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(stdout)?.slice(1).map(Number);
  const good = Number(/status codes: (\d+) 2xx/.exec(stdout)?.[1]);
  if (status !== 0 || !counts || !/Application protocol: h2\n/.test(stdout)) throw new Error(`h2load ended with ${status}:\n${stdout}${stderr}`);
  const [succeeded, failed, errored, late] = counts;
  return { requests: good, failed: failed + errored + late + (succeeded - good), said: '' };
}

const spread = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return `${sorted[0]} to ${sorted.at(-1)}, median ${sorted[sorted.length >> 1]}`;
};

export async function stop() {
  const world = await World.open();
  const all = [];
  try {
    const lifecycle = await Lifecycle.open(world, { keys: KEYS });
    const port = await startIngress(world, lifecycle.balancer.port);
    for (let i = 1; i <= TIMES; i++) {
      const outcome = await lifecycle.trial({ rate: RATE, connections: CONNECTIONS, seconds: SECONDS,
        extra: (seconds) => http2(lifecycle, port, seconds) });
      all.push(outcome);
      const [one, two] = outcome.results;
      console.log(`${i}: HTTP/1.1 ${one.requests} requests, ${one.failed} failed, p99 ${one.p99Ms.toFixed(1)} ms; HTTP/2 ${two.requests}, ${
        two.failed} failed; server ended in ${outcome.serverMs} ms, worker in ${outcome.workerMs} ms; ${outcome.resumed} scans resumed, ${
        (100 * outcome.repeated).toFixed(2)} % of their keys read again; ${outcome.made} tasks made meanwhile${one.said ? `\n${one.said}` : ''}`);
    }
    const failed = all.flatMap(({ results }) => results).reduce((sum, result) => sum + result.failed, 0) + lifecycle.balancer.refused;
    const requests = all.flatMap(({ results }) => results).reduce((sum, result) => sum + result.requests, 0);
    console.log(`\n${requests} requests, ${failed} failed; server: ${spread(all.map(({ serverMs }) => serverMs))} ms; worker: ${
      spread(all.map(({ workerMs }) => workerMs))} ms; keys read again: ${spread(all.map(({ repeated }) => (100 * repeated).toFixed(2)))} %`);
    return failed === 0 && all.every(({ serverMs, workerMs }) => serverMs < EXIT_MS && workerMs < EXIT_MS);
  } finally {
    await world.close();
  }
}
