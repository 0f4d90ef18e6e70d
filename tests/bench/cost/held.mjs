// Connections that have asked once and are idle (dcs_idle), and how many there can be.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from '../../support/program.mjs';
import { until } from '../../support/wait.mjs';
import { ACTIVE } from './bench.mjs';

const IDLE = join(process.env.DCS_BUILD, 'tests/bench/cost/dcs_idle');
const ADDRESSES = 50;
const DEADLINE_MS = 600_000;
// Of a client's own files.
const DESCRIPTORS_BESIDE = 64;

// Those of the counts that the machine's limit of descriptors allows in the server and in a client; where it cuts them,
// it is said.
export function possible(served, counts) {
  const limit = /Max open files\s+\d+\s+(\d+|unlimited)/.exec(readFileSync('/proc/self/limits', 'latin1'))[1];
  const cut = served.site.server.events.find((event) => event.event === 'connections_limited');
  const most = Math.min((limit === 'unlimited' ? Infinity : Number(limit)) - DESCRIPTORS_BESIDE, (cut?.connections ?? Infinity) - ACTIVE);
  if (Math.max(...counts) > most)
    console.log(`A process may have ${limit} descriptors here: ${most} connections at most, where ${Math.max(...counts)} are wanted.\n`);
  return [...new Set(counts.map((count) => Math.min(count, most)))];
}

export class Held {
  constructor(served, requestPath, { secure }) {
    const { bench, site, port } = served;
    this.program = new Program('dcs_idle', IDLE, [String(secure ? site.port : port), String(ADDRESSES), requestPath,
      ...(secure ? [bench.world.authority.certificate] : [])]);
    bench.world.onClose(() => this.end());
    this.answers = 0;
  }

  async #command(line) {
    this.program.child.stdin.write(`${line}\n`);
    const wanted = ++this.answers;
    const lines = () => this.program.stdout.split('\n').slice(0, -1);
    await until(`dcs_idle: ${line}`, () => lines().length >= wanted || !this.program.running, DEADLINE_MS);
    if (!this.program.running) throw new Error(`dcs_idle ended with ${this.program.status}: ${this.program.stderr}`);
    return JSON.parse(lines()[wanted - 1]);
  }

  // { open, asked, answered }
  open(count) {
    return this.#command(`open ${count}`);
  }

  ask() {
    return this.#command('ask');
  }

  async end() {
    if (!this.program.running) return;
    this.program.child.stdin.end();
    await this.program.wait(DEADLINE_MS);
    this.program.check(0);
  }
}
