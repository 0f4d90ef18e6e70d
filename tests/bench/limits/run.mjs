// The benchmark itself; `run` says what it compares.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sign } from '../../support/signer.mjs';
import { must } from '../../support/program.mjs';
import { World } from '../../support/site.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const ROUNDS = number('ROUNDS', 11);
const NEIGHBOUR_ROUNDS = number('NEIGHBOUR_ROUNDS', ROUNDS);
const COST_ROUNDS = number('COST_ROUNDS', ROUNDS);
const SECONDS = number('SECONDS_EACH', 3);
const RATE = number('RATE', 20);
const OTHERS = number('OTHERS', 25);
const TIMES = 100;
const GOAL = 1.1;
const PACE_MS = 20;
const SCRIPT = new URL('load.lua', import.meta.url).pathname;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const world = await World.open();

// What a program has taken of the processor, in seconds.
function processorOf({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

// Requests of those tenants, at `rate` a second in all, or as many as go through `connections`.
async function load({ port, server }, file, { rate, connections = Math.max(2, Math.round(rate * PACE_MS / 1000)) }) {
  const before = processorOf(server);
  const pace = rate ? connections / rate * 1000 : 0;
  const output = await must('wrk', 'env', [`PACE_MS=${pace}`, 'wrk', '-t1', `-c${connections}`, `-d${SECONDS}s`, '-s',
    SCRIPT, `http://127.0.0.1:${port}/`, '--', file, String(pace)], { deadlineMs: 120_000 });
  const result = JSON.parse(/^RESULT (.*)$/m.exec(output)[1]);
  if (result.broken > 0) throw new Error(`connections broke:\n${output}`);
  const processorUs = (processorOf(server) - before) / result.requests * 1e6;
  return { ...result, rate: result.requests / result.seconds, processorUs };
}

async function serve(site, settings) {
  const server = world.program('server',
    { ...world.serverSettings(site.database), listen_http: '127.0.0.1:0', ...settings });
  const { port } = await server.event('listening', (e) => e.scheme === 'http');
  return { server, port };
}

function requestsOf(tenants, name) {
  const file = join(world.directory, name);
  writeFileSync(file, tenants.map(({ key, target }) => [target,
    ...sign({ key, method: 'GET', target, headers: [['Host', 'bench']] }).map(([n, v]) => `${n}: ${v}`), '', '',
  ].join('\n')).join(''));
  return file;
}

// `elsewhere` is a server with the same limits that the others do not use: what is asked of it costs the machine as
// much, load generator and all, but the others' server nothing.
async function neighbour({ limited, elsewhere, unlimited }, greedy, others) {
  const quiet = { rate: OTHERS * RATE * 0.8 };
  const rounds = [];
  for (let round = 1; round <= NEIGHBOUR_ROUNDS; round++) {
    const beside = async (port, its = port) => {
      const [theirs, asked] = await Promise.all([
        load(port, others, quiet), load(its, greedy, { rate: TIMES * RATE })]);
      return { ...theirs, greedy: asked };
    };
    const alone = await load(limited, others, quiet);
    const felt = await beside(limited);
    const machine = await beside(limited, elsewhere);
    const again = await load(limited, others, quiet);
    const unprotected = await beside(unlimited);
    for (const { refused } of [alone, again, felt, machine, unprotected])
      if (refused > 0) throw new Error(`${refused} of the others' requests were refused`);
    rounds.push({ alone, again, felt, machine, unprotected });
    const ms = Object.entries(rounds.at(-1)).map(([name, { p99 }]) => `${name} ${p99.toFixed(2)}`).join(', ');
    const got = (felt.greedy.requests - felt.greedy.refused) / SECONDS;
    console.log(`round ${round}: p99 in ms: ${ms}; the greedy one asked ${felt.greedy.rate.toFixed(0)}/s, `
      + `got ${got}/s`);
  }
  const of = (name, value = 'p99') => median(rounds.map((r) => r[name][value]));
  const ratio = (name, other) => median(rounds.map((r) => r[name].p99 / other(r)));
  const alone = (r) => (r.alone.p99 + r.again.p99) / 2;
  const noise = median(rounds.map((r) => Math.max(r.alone.p99 / r.again.p99, r.again.p99 / r.alone.p99)));
  const asked = median(rounds.map((r) => r.felt.greedy.rate)) / RATE;
  console.log(`${OTHERS} others, ${quiet.rate}/s in all, p50 ${of('alone', 'p50').toFixed(2)} ms; p99 alone `
    + `${of('alone').toFixed(2)}, again ${of('again').toFixed(2)}; beside one at ${asked.toFixed(0)} times its limit `
    + `${of('felt').toFixed(2)}, where it asks another server ${of('machine').toFixed(2)}, without limits `
    + of('unprotected').toFixed(2));
  console.log(`ratio to alone ${ratio('felt', alone).toFixed(2)} (goal ${GOAL}), to its asking another server `
    + `${ratio('felt', (r) => r.machine.p99).toFixed(2)}, without limits ${ratio('unprotected', alone).toFixed(2)}; `
    + `the same thing twice differs by ${noise.toFixed(2)}`);
  return ratio('felt', alone) <= GOAL;
}

// The processor's time is what the server alone takes: others on the machine hardly change it.
async function cost({ wide, unlimited, limited }, greedy, others) {
  const rounds = [];
  for (let round = 1; round <= COST_ROUNDS; round++) {
    const turn = [['off', unlimited, others], ['on', wide, others], ['refused', limited, greedy]];
    if (round % 2) turn.reverse();
    const result = {};
    for (const [name, server, file] of turn) result[name] = await load(server, file, { connections: 64 });
    if (result.on.refused + result.off.refused > 0) throw new Error('a request was refused');
    rounds.push(result);
    console.log(`round ${round}: ${Object.entries(result).map(([name, { rate, processorUs }]) =>
      `${name} ${rate.toFixed(0)} requests/s, ${processorUs.toFixed(1)} us each`).join('; ')}`);
  }
  const of = (name, value) => median(rounds.map((r) => r[name][value]));
  const ratio = (value) => median(rounds.map((r) => r.on[value] / r.off[value])).toFixed(3);
  console.log(`with limits ${of('on', 'rate').toFixed(0)} requests/s, without ${of('off', 'rate').toFixed(0)}: ratio `
    + `${ratio('rate')}; the server's processor time ${of('on', 'processorUs').toFixed(1)} us a request against `
    + `${of('off', 'processorUs').toFixed(1)}: ratio ${ratio('processorUs')}; one that is refused takes `
    + `${of('refused', 'processorUs').toFixed(1)} us and no statement`);
}

try {
  const site = await world.site();
  const tenants = [];
  for (let i = 0; i <= OTHERS; i++) {
    const tenant = await site.tenant(`tenant-${i}`);
    const instance = await tenant.instance('cache', '127.0.0.1:1', '--no-probe');
    tenants.push({ key: tenant.key, target: instance.path });
  }
  const greedy = requestsOf(tenants.slice(0, 1), 'greedy'), others = requestsOf(tenants.slice(1), 'others');
  const limits = { key_rate: RATE, key_burst: 2 * RATE, project_rate: RATE, project_burst: 2 * RATE };
  const unlimited = await serve(site, {}), limited = await serve(site, limits);
  let reached = true;
  if (NEIGHBOUR_ROUNDS > 0)
    reached = await neighbour({ limited, elsewhere: await serve(site, limits), unlimited }, greedy, others);
  if (COST_ROUNDS > 0) {
    const most = 1_000_000;
    const wide = await serve(site, {
      address_rate: most, address_burst: most, key_rate: most, key_burst: most, project_rate: most, project_burst: most,
      creation_rate: most, creation_burst: most, lockout_failures: undefined,
    });
    await cost({ wide, unlimited, limited }, greedy, others);
  }
  process.exitCode = reached ? 0 : 1;
} finally {
  await world.close();
}
