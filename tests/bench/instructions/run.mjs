// The benchmark itself; `run` says what it shows.

import { readProfile } from '../../support/callgrind.mjs';
import {
  FIGURES, MEASURED, rowsOf, Stage, underCallgrind, withCountedCalls, withCountedMessages,
} from '../../support/cost.mjs';
import { World } from '../../support/site.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const REQUESTS = number('REQUESTS', 192);
const FUNCTIONS = number('FUNCTIONS', 10);
const MANY = 16;
const CALLS = ['allocations', 'reads', 'writes', 'waits'];
const BESIDE = ['reads', 'writes', 'waits', 'syncs'];

const one = (value) => value.toFixed(1);
const two = (value) => value.toFixed(2);
const whole = (value) => String(Math.round(value));
const line = (...cells) => console.log(`| ${cells.flat().join(' | ')} |`);

// What is counted under `start`, by row.
async function measureAll(stage, rows, start, how) {
  const server = await start(stage);
  const found = {};
  for (const row of rows) found[row.name] = await stage.measure(row, server, { n: REQUESTS, ...how });
  await server.program.stop();
  return found;
}

function printProfile(name, { counts, requests }) {
  const profile = readProfile(counts.file);
  for (const [of, what] of [['self', 'in functions themselves'], ['inclusive', 'with what they call']]) {
    console.log(`\n${name}: instructions a request, ${what}`);
    for (const entry of [...profile].sort((a, b) => b[of] - a[of]).slice(0, FUNCTIONS))
      console.log(`  ${whole(entry[of] / requests).padStart(8)}  ${entry.name}`);
  }
}

if (REQUESTS % MANY !== 0) throw new Error(`REQUESTS is a multiple of ${MANY}`);
const world = await World.open();
try {
  const stage = await Stage.open(world);
  const rows = rowsOf(stage);
  const together = { connections: MANY, together: true };
  const instructions = await measureAll(stage, rows, underCallgrind, {});
  const calls = await measureAll(stage, rows, withCountedCalls, {});
  const messages = await measureAll(stage, rows, withCountedMessages, {});
  const callsBeside = await measureAll(stage, rows, withCountedCalls, together);
  const messagesBeside = await measureAll(stage, rows, withCountedMessages, together);

  line('a request', 'instructions', `of ${MEASURED}`, CALLS, 'statements', 'syncs', `of ${MANY} together: ${BESIDE[0]}`, BESIDE.slice(1));
  console.log(`|${'---|'.repeat(9 + BESIDE.length)}`);
  for (const { name } of rows) {
    const beside = { ...callsBeside[name], syncs: messagesBeside[name].syncs };
    line(name, whole(instructions[name].instructions), FIGURES[name]?.instructions ?? '', CALLS.map((what) => one(calls[name][what])),
      two(messages[name].binds), two(messages[name].syncs), BESIDE.map((what) => two(beside[what])));
  }

  console.log('\nas tests/support/cost.mjs has them:');
  for (const { name } of rows) {
    const kept = CALLS.map((what) => `${what}: ${one(calls[name][what])}`).join(', ');
    console.log(`  '${name}': { instructions: ${whole(instructions[name].instructions)}, ${kept} },`);
  }
  for (const { name } of rows) printProfile(name, instructions[name]);
} finally {
  await world.close();
}
