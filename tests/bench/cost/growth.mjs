// The same requests at several sizes, in turn, round after round; each against the smallest of its round.

import { median } from '../api/measure.mjs';
import { ROUNDS, SECONDS, table } from './bench.mjs';

const GOAL = 1.1;
const CREATIONS = 2700; // at least, as one takes microseconds, and a TLS handshake hundreds
const WIDE = 'GET, wide';

// Sums of loads, as one.
function together(results) {
  const sum = (of) => results.reduce((total, result) => total + of(result), 0);
  const requests = sum((r) => r.requests);
  return {
    requests, rate: requests / sum((r) => r.seconds),
    serverUs: sum((r) => r.serverUs * r.requests) / requests, databaseUs: sum((r) => r.databaseUs * r.requests) / requests,
  };
}

// Of a case { label, filled, served, secure, asked, wide }: what is measured, by name; all but WIDE have the goal.
const OPERATIONS = {
  GET: ({ served, secure, files }) => served.measure(files.get, { secure, seconds: SECONDS }),
  list: ({ served, secure, files }) => served.measure(files.list, { secure, seconds: SECONDS }),
  async create({ filled, served, secure, files }) {
    const results = [];
    for (let created = 0; created < CREATIONS; created += results.at(-1).requests) {
      results.push(await served.measure(files.create, { secure, once: true }));
      await filled.undo();
    }
    return together(results);
  },
  [WIDE]: ({ served, secure, files }) => files.wide && served.measure(files.wide, { secure, seconds: SECONDS }),
};

async function prepare(one) {
  const { filled, asked, wide } = one;
  const instances = await filled.instances(asked);
  one.files = {
    get: filled.getFile(await filled.tasksOf(instances)), list: filled.listFile(instances), create: filled.createFile(instances),
  };
  if (wide) {
    const tasks = await filled.tasksOf(await filled.instances(wide));
    one.files.wide = filled.getFile(tasks, 'wide');
    one.wideTasks = tasks.length;
  }
  // What was created since would be in the way.
  filled.looked ??= await filled.pages(instances);
  one.pages = filled.looked;
}

// Sizes of one operation follow each other, so that what the machine does meanwhile is alike for them.  The first round
// reads what nobody has read before, plans and caches keys, and does not count.
async function measureAll(bench, cases) {
  const rounds = [];
  const anchor = () => bench.anchor();
  for (let round = 0; round <= ROUNDS; round++) {
    const results = cases.map(() => ({}));
    for (const [name, measure] of Object.entries({ ...OPERATIONS, anchor }))
      for (const [at, one] of cases.entries()) results[at][name] = await measure(one);
    if (round > 0) rounds.push(results);
  }
  return rounds;
}

// Medians of a case's rounds, and of their ratios to the smallest case's.
function summary(rounds, name, at) {
  const all = rounds.map((results) => results[at][name]);
  const smallest = rounds.map((results) => results[0][name]);
  const of = (value) => median(all.map((r) => r[value]));
  const ratio = (value) => median(all.map((r, i) => r[value] / smallest[i][value]));
  const anchor = rounds.map((results) => results[at].anchor.rate);
  return {
    serverUs: of('serverUs'), serverRatio: ratio('serverUs'), databaseUs: of('databaseUs'), databaseRatio: ratio('databaseUs'),
    rate: of('rate'), rateRatio: ratio('rate'), anchor: median(anchor),
    anchorRatio: median(rounds.map((results, i) => anchor[i] / results[0].anchor.rate)),
  };
}

// Prints the tables; the goals that were missed.
export async function growth(bench, what, cases, { withPages = true } = {}) {
  for (const one of cases) await prepare(one);
  const rounds = await measureAll(bench, cases);
  const missed = [];
  for (const name of Object.keys(OPERATIONS)) {
    if (!rounds[0][0][name]) continue;
    const hasGoal = name !== WIDE;
    console.log(hasGoal ? `${name}:\n` : `${name} (${cases.map((one) => one.wideTasks).join(', ')} tasks in turn; no goal):\n`);
    table([what, 'server us', 'ratio', 'PostgreSQL us', 'ratio', 'requests/s', 'ratio', 'pgbench -S /s', 'ratio'],
      cases.map(({ label }, at) => {
        const s = summary(rounds, name, at);
        if (hasGoal && (s.serverRatio > GOAL || s.rateRatio < s.anchorRatio / GOAL))
          missed.push(`${name} at ${label}: the server takes ${s.serverRatio.toFixed(2)}, throughput ${s.rateRatio.toFixed(2)} where `
            + `pgbench has ${s.anchorRatio.toFixed(2)} (goal ${GOAL})`);
        return [label, s.serverUs.toFixed(1), `**${s.serverRatio.toFixed(2)}**`, s.databaseUs.toFixed(1), s.databaseRatio.toFixed(2),
          s.rate.toFixed(0), `**${s.rateRatio.toFixed(2)}**`, s.anchor.toFixed(0), s.anchorRatio.toFixed(2)];
      }));
  }
  if (withPages) {
    console.log('Pages of 8 kB that a statement looks at:\n');
    table([what, 'show', 'list', 'create'], cases.map(({ label, pages }) =>
      [label, ...['show', 'list', 'create'].map((name) => pages[name].toFixed(1))]));
  }
  return missed;
}
