// The benchmark itself; `run` says what it compares.

import { progress, report } from './report.mjs';
import { ROWS, groupsOf } from './rows.mjs';
import { Rig } from './rig.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const ROUNDS = number('ROUNDS', 5);
const SECONDS = number('SECONDS_EACH', 3);
const CONNECTIONS = (process.env.CONNECTIONS ?? '1,8,64,1000').split(',').map(Number);
const FSYNC = process.env.FSYNC ?? 'off';
// The server's own where they are not said.
const SERVER = { loops: process.env.LOOPS ?? 2, database_connections: process.env.DATABASE_CONNECTIONS };

const names = process.argv.slice(2).length ? process.argv.slice(2) : Object.keys(ROWS);
const unknown = names.filter((name) => !Object.hasOwn(ROWS, name));
if (unknown.length || CONNECTIONS.some((count) => !(Number.isInteger(count) && count > 0 && count <= 1000))) {
  console.error(`rows are ${Object.keys(ROWS).join(' ')}; CONNECTIONS are numbers of 1 to 1000 with commas between`);
  process.exit(2);
}

// The one that comes first pays for what the one before left behind: they take turns.
async function measure(group, round) {
  const sides = Object.entries(group.sides);
  if (round % 2 === 0 && !group.inOrder) sides.reverse();
  const result = {};
  for (const [name, { measure: side }] of sides) result[name] = await side();
  return Object.fromEntries(Object.keys(group.sides).map((name) => [name, result[name]]));
}

const rig = await Rig.open({ fsync: FSYNC, server: SERVER });
try {
  const groups = await groupsOf(rig, names, { connections: CONNECTIONS, seconds: SECONDS });
  for (const group of groups) group.rounds = [];
  for (let round = 1; round <= ROUNDS; round++) {
    for (const group of groups) {
      group.rounds.push(await measure(group, round));
      console.error(progress(group, round, group.rounds.at(-1)));
    }
  }
  process.exitCode = report(groups, { seconds: SECONDS, fsync: FSYNC }) ? 0 : 1;
} finally {
  await rig.close();
}
