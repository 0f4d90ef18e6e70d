// Floods from one side, clients that behave from another, and what the server's memory does meanwhile.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from './http.mjs';
import { Program } from './program.mjs';
import { until } from './wait.mjs';

const FLOOD = join(process.env.DCS_BUILD, 'tests/bench/floods/dcs_flood');
const GOOD_ADDRESS = '127.0.0.2';
const SAMPLE_MS = 100;

// What dcs_flood knows.
export const KINDS = ['silent', 'hello', 'head', 'body', 'reader', 'churn', 'garbage', 'http2', 'http2-plain'];

const percentile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};

export const residentKiB = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

// Signed GETs that are due at a fixed rate; each is timed from when it was due, so that none waits unseen.
class Good {
  constructor(site, tenant, rate, kept) {
    Object.assign(this, { tenant, sent: 0, failures: [], times: [], pending: new Set() });
    this.client = new Client({ port: site.port, ca: site.ca, key: tenant.key, from: GOOD_ADDRESS, kept });
    this.began = Date.now();
    this.timer = setInterval(() => {
      while (this.sent * 1000 < (Date.now() - this.began) * rate) this.send(this.began + (this.sent++ * 1000) / rate);
    }, 5);
  }

  send(due) {
    const one = this.client.get(this.tenant.instances).then((answer) => {
      if (answer.status !== 200) this.failures.push(String(answer.status));
      this.times.push(Date.now() - due);
    }, (error) => this.failures.push(`${error.code ?? error.message}`)).finally(() => this.pending.delete(one));
    this.pending.add(one);
  }

  async end() {
    clearInterval(this.timer);
    await Promise.all(this.pending);
    this.client.close();
    return {
      sent: this.sent, failures: this.failures, p50: percentile(this.times, 0.5), p99: percentile(this.times, 0.99),
    };
  }
}

// kinds: some of KINDS, each with its own connections, at once; none is the base line.  The result: what the
// floods did, what became of the good requests on kept and on fresh connections, and the growth of memory.
export async function flood(site, tenant, { kinds, connections, seconds, rate, addresses, goodRate = 50, freshRate = 5 }) {
  const { pid } = site.server;
  const before = residentKiB(pid);
  let most = before;
  const sampler = setInterval(() => (most = Math.max(most, residentKiB(pid))), SAMPLE_MS);
  const good = new Good(site, tenant, goodRate, true);
  const fresh = new Good(site, tenant, freshRate, false);
  const floods = kinds.map((kind) => new Program(`flood ${kind}`, FLOOD,
    [kind, site.port, connections, seconds, rate, addresses].map(String)));
  try {
    if (kinds.length === 0) await until('the base line is measured', () => Date.now() > good.began + seconds * 1000, 2000 * seconds);
    for (const program of floods) {
      await program.wait(1000 * seconds + 60_000);
      program.check(0);
    }
  } finally {
    for (const program of floods) program.signal('SIGKILL');
    clearInterval(sampler);
  }
  return {
    floods: floods.map((program) => JSON.parse(program.stdout)), kept: await good.end(), fresh: await fresh.end(),
    growthKiB: most - before,
  };
}
