// The benchmark itself; `run` says what it shows.

import { Bench } from './bench.mjs';
import { connections } from './connections.mjs';
import { memory } from './memory.mjs';
import { projects } from './projects.mjs';
import { requests } from './requests.mjs';
import { tasks } from './tasks.mjs';

const ROWS = { requests, memory, tasks, projects, connections };

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(ROWS);
const unknown = wanted.filter((name) => !ROWS[name]);
if (unknown.length) {
  console.error(`no such row: ${unknown.join(', ')}; there are ${Object.keys(ROWS).join(', ')}`);
  process.exit(2);
}

const missed = [];
for (const name of wanted) {
  console.log(`\n### ${name}\n`);
  const bench = await Bench.open();
  try {
    missed.push(...(await ROWS[name](bench)).map((what) => `${name}: ${what}`));
  } finally {
    await bench.close();
  }
}
console.log(missed.length ? `\ngoals missed:\n${missed.map((what) => `- ${what}`).join('\n')}` : '\nall goals reached');
process.exitCode = missed.length ? 1 : 0;
