// PostgreSQL is away for a while, crashed or silent behind connections that stay open, and requests go on coming:
// what each is answered and how soon, what the server holds meanwhile, and how soon it serves again.

import { readFileSync } from 'node:fs';
import { Proxy } from '../../support/proxy.mjs';
import { SANITIZER, Site } from '../../support/site.mjs';
import { until } from '../../support/wait.mjs';

const CLIENTS = 16;
// What a client has open at a time.
const EACH = 4;
const SERVED_FIRST = SANITIZER ? 200 : 1000;
const GIVE_UP_MS = 60_000;
const MIB = 1024;

const residentKib = ({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

class Requests {
  constructor(clients, target) {
    this.answers = [];
    this.over = false;
    const one = async (client) => {
      while (!this.over) {
        const sentAt = performance.now();
        const { status, headers } = await client.get(target);
        this.answers.push({ status, ms: performance.now() - sentAt, retry: headers['retry-after'] });
      }
    };
    this.work = Promise.all(clients.flatMap((client) => Array.from({ length: EACH }, () => one(client))));
    this.work.catch(() => {});
  }

  take() {
    return this.answers.splice(0);
  }

  async end() {
    this.over = true;
    await this.work;
  }
}

async function stopped({ world }, whileAway) {
  await world.postgres.stopImmediately();
  await whileAway();
  await world.postgres.launch();
}

async function silent({ proxy }, whileAway) {
  proxy.silence();
  await whileAway();
  proxy.resume();
}

function judge(what, answers, { answerMs }, violations) {
  for (const { status, ms, retry } of answers) {
    if (![200, 503].includes(status)) violations.push({ rule: 'answer', text: `${what}: ${status}` });
    if (status === 503 && !/^\d+$/.test(retry ?? '')) violations.push({ rule: 'answer', text: `${what}: 503 without Retry-After` });
    if (ms >= answerMs) violations.push({ rule: 'answer', text: `${what}: ${status} after ${Math.round(ms)} ms` });
  }
}

// A site whose server reaches the database by way of a proxy.
async function open(world) {
  const proxy = await Proxy.start({ path: world.postgres.socket });
  world.onClose(() => proxy.stop());
  const site = new Site(world, await world.postgres.createDatabase(world.template));
  await site.startServer({ database_url: world.postgres.urlVia(`localhost:${proxy.port}`, site.database) });
  const tenant = await site.tenant('alice');
  const { path } = await tenant.instance('cache', '127.0.0.1:1', '--no-probe');
  const clients = Array.from({ length: CLIENTS }, () => site.client(tenant.key));
  return { world, proxy, site, tenant, path, clients };
}

// answerMs and readyMs are what is promised; awayMs is for how long the database is away.  memoryMib is how much more
// the server may hold than before: no matter what it is where a sanitizer holds what was freed.
export async function loseDatabase(world, { rounds, random, answerMs = 5000, readyMs = 10_000, awayMs = 2000, memoryMib = 8 }) {
  const place = await open(world);
  const { site, tenant, path, clients } = place;
  const serves = async () => (await tenant.client.get(path)).status === 200;
  await until('it serves', serves);
  const requests = new Requests(clients, path);
  await until('requests are served', () => requests.answers.length > SERVED_FIRST, GIVE_UP_MS);
  requests.take();
  const before = residentKib(site.server);
  const violations = [], ready = [], slowest = [];
  let most = before, refused = 0;
  for (let round = 0; round < rounds; round++) {
    const way = [stopped, silent][round % 2];
    const what = `round ${round}, ${way.name}`;
    const all = requests.take();
    await way(place, async () => {
      await until('nothing is served', () => requests.answers.slice(-EACH).every(({ status }) => status === 503) &&
        requests.answers.length > EACH, GIVE_UP_MS);
      const end = performance.now() + awayMs / 2 + random.below(awayMs);
      await until('the time is over', () => {
        most = Math.max(most, residentKib(site.server));
        return performance.now() > end;
      }, GIVE_UP_MS);
    });
    const backAt = performance.now();
    await until('it serves again', serves, GIVE_UP_MS);
    ready.push(performance.now() - backAt);
    all.push(...requests.take());
    judge(what, all, { answerMs }, violations);
    refused += all.filter(({ status }) => status === 503).length;
    slowest.push(Math.max(...all.map(({ ms }) => ms)));
    if (ready.at(-1) >= readyMs)
      violations.push({ rule: 'ready', text: `${what}: served ${Math.round(ready.at(-1))} ms after it was back` });
  }
  await requests.end();
  if (!SANITIZER && most - before > memoryMib * MIB)
    violations.push({ rule: 'memory', text: `${before} KiB before, ${most} KiB while it was away` });
  await site.server.stop();
  const longest = (list) => Math.round(Math.max(...list));
  return {
    rounds, kills: rounds, violations,
    figures: { tasks: 0, failed: 0, lost: 0, stuck: 0, doubled: 0, late: 0, takeOvers: [], repeated: [] },
    note: `${refused} requests were refused, the slowest after ${longest(slowest)} ms; served again ${longest(ready)} ms ` +
      `after its return at most; ${before} KiB resident before, ${most} KiB at most`,
  };
}
