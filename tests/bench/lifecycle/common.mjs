// What all parts are told, and how requests are sent at a rate.

import { join } from 'node:path';
import { signedRequest } from '../../support/pipe.mjs';
import { Program } from '../../support/program.mjs';
import { writeFileSync } from 'node:fs';

export const number = (name, fallback) => Number(process.env[name] ?? fallback);
export const RATE = number('RATE', 500);
export const CONNECTIONS = number('CONNECTIONS', 50);
export const RELOADS = number('RELOADS', 100);

const LOAD = join(process.env.DCS_BUILD, 'tests/bench/load/load');
// Longer than anything lasts: a load is ended when what it accompanies is over.
const SLICE_SECONDS = 2;

// The same requests over and over, in slices of time, until end() is called, which has what came of all of them.
export function loadUntil(world, port, requests, { rate = RATE, connections = CONNECTIONS, connect = 'keep' } = {}) {
  const file = join(world.directory, `requests-${process.hrtime.bigint()}`);
  writeFileSync(file, requests.map((request) => `${Buffer.byteLength(request)}\n${request}`).join(''));
  const sum = { requests: 0, failed: 0, said: '' };
  let over = false;
  const run = async () => {
    while (!over) {
      const program = new Program('load', LOAD, ['--url', `https://127.0.0.1:${port}`, '--ca', world.authority.certificate, '--requests', file,
        '--connections', connections, '--rate', rate, '--connect', connect, '--seconds', SLICE_SECONDS].map(String));
      await program.wait(120_000);
      program.check(0);
      const { requests: count, failed } = JSON.parse(program.stdout);
      sum.requests += count;
      sum.failed += failed;
      sum.said += program.stderr;
    }
    return sum;
  };
  const running = run();
  running.catch(() => {});
  return { end() {
    over = true;
    return running;
  } };
}

export const get = (key, target) => signedRequest(key, 'GET', target);

export function tell(what, { requests, failed, said }) {
  console.log(`${what}: ${requests} requests, ${failed} failed${said ? `\n${said}` : ''}`);
  return failed === 0 && requests > 0;
}
