// Runs the scenarios and prints a row for each; `run` says how it is called.

import { parseArgs } from 'node:util';
import { SCENARIOS } from '../../chaos/scenarios/index.mjs';
import { Random } from '../../support/random.mjs';
import { World } from '../../support/site.mjs';

const SCAN_MS = 3000;
const VIOLATIONS_SHOWN = 20;
const COLUMNS = ['scenario', 'rounds', 'kills', 'tasks', 'failed', 'lost', 'stuck', 'doubled', 'late writes', 'take-over p50/max s',
  'repeated work max s', 'other faults'];

const { values, positionals } = parseArgs({ allowPositionals: true, options: {
  rounds: { type: 'string' }, seed: { type: 'string' }, 'scan-ms': { type: 'string' }, 'repeated-ms': { type: 'string' },
  'lease-seconds': { type: 'string' },
} });

const number = (name, text, fallback) => {
  if (text === undefined) return fallback;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  console.error(`--${name}: '${text}' is not a number from 1`);
  process.exit(2);
};

const names = positionals.length ? positionals : Object.keys(SCENARIOS);
for (const name of names) {
  if (name in SCENARIOS) continue;
  console.error(`there is no scenario '${name}', but:`);
  for (const [known, { what, rounds }] of Object.entries(SCENARIOS)) console.error(`    ${known}: ${what} (${rounds} rounds)`);
  process.exit(2);
}

const seconds = (ms) => (ms === undefined ? '-' : (ms / 1000).toFixed(1));
const sorted = (list) => [...list].sort((a, b) => a - b);

function row(name, { rounds, kills, figures, violations }) {
  const taken = sorted(figures.takeOvers), repeated = sorted(figures.repeated);
  const shown = figures.lost + figures.stuck + figures.doubled + figures.late;
  return [name, rounds, kills, figures.tasks, figures.failed, figures.lost, figures.stuck, figures.doubled, figures.late,
    taken.length ? `${seconds(taken[taken.length >> 1])} / ${seconds(taken[taken.length - 1])}` : '-',
    seconds(repeated[repeated.length - 1]), violations.length - shown];
}

const line = (cells) => `| ${cells.join(' | ')} |`;

function explain({ violations, evidence = [] }) {
  for (const { rule, task, text } of violations.slice(0, VIOLATIONS_SHOWN)) {
    console.log(`  ${rule}: ${task ?? ''} ${text}`);
    for (const step of evidence.filter((entry) => entry.task === task)) console.log(`    ${JSON.stringify(step)}`);
  }
}

async function play(name, random) {
  const { run, rounds, long } = SCENARIOS[name];
  const world = await World.open();
  try {
    return await run(world, { rounds: number('rounds', values.rounds, rounds), random,
      repeatedMs: number('repeated-ms', values['repeated-ms']), scanMs: number('scan-ms', values['scan-ms'], SCAN_MS),
      leaseSeconds: number('lease-seconds', values['lease-seconds']), ...long });
  } finally {
    await world.close();
  }
}

const random = new Random(values.seed && number('seed', values.seed));
const rows = [];
for (const name of names) {
  const started = Date.now();
  const done = await play(name, random);
  rows.push(row(name, done));
  console.log(`${name}: ${seconds(Date.now() - started)} s, ${done.violations.length} faults${done.note ? `; ${done.note}` : ''}`);
  explain(done);
  if (done.violations.length) process.exitCode = 1;
}
console.log();
console.log(line(COLUMNS));
console.log(line(COLUMNS.map(() => '---')));
for (const cells of rows) console.log(line(cells));
