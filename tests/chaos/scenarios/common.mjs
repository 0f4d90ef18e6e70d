// What the scenarios share: instances to scan whose results are known, the load on them, and the verdict.

import { check } from '../../support/history_checker.mjs';
import { fillSmall } from '../../support/dataset.mjs';
import { analyse } from '../../support/fleet.mjs';

// Every key is asked for its type once in a scan that nothing disturbs.
async function askedOf(redis) {
  return Number(/calls=(\d+)/.exec((await redis.info('commandstats')).cmdstat_type)?.[1] ?? 0);
}

// A moment within the next milliseconds that nobody can foresee.
export const moment = (random, most) => new Promise((resolve) => setTimeout(resolve, random.below(most + 1)));

// Adds to what is there already.
export async function fill(redis, keys) {
  await fillSmall(redis);
  await redis.command('DEBUG', 'POPULATE', keys, 'k', 10);
}

// An instance of a Redis that nobody else uses and nobody changes: what a scan of it finds, asks and takes is
// learnt from one that nothing disturbs.
export class Target {
  // redis, or whatever `instance` and `asked` are given for instead.
  constructor(fleet, redis, instance, asked = () => askedOf(redis)) {
    Object.assign(this, { fleet, redis, instance, asked });
  }

  async learn(random) {
    const before = await this.asked();
    const { task, state } = await analyse(this.fleet, this.instance, random);
    const [row] = await this.fleet.sql(`SELECT r.digest, extract(epoch FROM t.finished_at - t.started_at) * 1000 AS ms
      FROM scan_task t JOIN history.result r ON r.task = t.id WHERE t.id = $1`, [task]);
    if (state !== 'success' || !row) throw new Error(`the undisturbed scan of ${this.instance.id} ended as ${state}`);
    this.fleet.learnt[this.instance.id] = row.digest;
    this.usual = await this.asked() - before;
    this.usualMs = Number(row.ms);
  }

  async analyse(random) {
    const before = await this.asked();
    const { task, state } = await analyse(this.fleet, this.instance, random);
    if (state === 'success' && this.usual > 0)
      this.fleet.recorder.work.push({ task, asked: await this.asked() - before, usual: this.usual });
  }
}

const FIRST_KEYS = 2000;
const MOST_KEYS = 1_500_000;

// As many instances, with as many keys as make an undisturbed scan of each, all at the same time, last about so
// long.
export async function targets(fleet, count, { scanMs, random }) {
  const servers = await Promise.all(Array.from({ length: count }, async () => fleet.world.redis()));
  const prepare = async (name, keys) => {
    const list = await Promise.all(servers.map(async (redis, i) => {
      await fill(redis, keys);
      return new Target(fleet, redis, await fleet.tenant.instance(`${name}-${i}`, redis.endpoint));
    }));
    await Promise.all(list.map((target) => target.learn(random)));
    return list;
  };
  const list = await prepare('small', FIRST_KEYS);
  const wanted = Math.min(MOST_KEYS, Math.round(FIRST_KEYS * scanMs / longest(list)));
  return wanted > FIRST_KEYS ? prepare('large', wanted) : list;
}

// An undisturbed scan.
export const longest = (list) => Math.round(Math.max(...list.map(({ usualMs }) => usualMs)));

// Analyses of all of them, one after the other each, until it is ended; what one of them throws, end() throws.
export class Load {
  constructor(list, random) {
    this.over = false;
    this.work = Promise.all(list.map((target) => this.#keep(target, random)));
    this.work.catch(() => {});
  }

  async #keep(target, random) {
    while (!this.over) await target.analyse(random);
  }

  // The rounds, as long as the load goes on as well; where one of them fails, the load ends.
  async during(rounds, round) {
    const rest = async () => {
      for (let i = 0; i < rounds && !this.over; i++) await round(i);
    };
    try {
      await Promise.race([rest(), this.work]);
    } catch (error) {
      this.over = true;
      throw error;
    }
  }

  async end() {
    this.over = true;
    await this.work;
  }
}

const SETTLE_MS = 120_000;

// { rounds, kills, figures, violations, evidence, … }: what the report shows and the tests judge by.
export async function conclude(fleet, rules, more) {
  await fleet.recorder.settle(SETTLE_MS);
  const history = await fleet.recorder.history();
  const { figures, violations } = check(history, { reference: fleet.learnt, ...rules });
  for (const { program } of [...fleet.workers, ...fleet.servers]) await program.stop();
  const doubtful = new Set(violations.map(({ task }) => task));
  const evidence = [...history.transitions, ...history.results].filter(({ task }) => doubtful.has(task));
  return { ...more, figures, violations, evidence };
}
