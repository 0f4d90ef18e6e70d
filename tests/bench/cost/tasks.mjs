// Growth with the tasks of the table, a hundred projects each.

import { number, numbers } from './bench.mjs';
import { Filled } from './filled.mjs';
import { growth } from './growth.mjs';

const SIZES = numbers('SIZES', '10000,100000,1000000,10000000');
const PROJECTS = 100;
const RECORDS = 10;
const KINDS = 3;
const ASKED = 300;
const WIDE = number('WIDE', 20_000);

// Keys are in the newest results: all of them would be some 30 GB at the largest size, and are never read.
const NEWEST = `t.created_at > now() - interval '18 hours' AND t.kind = 'bigkey'`;

export async function tasks(bench) {
  const cases = [];
  for (const size of SIZES) {
    const began = Date.now();
    const filled = await Filled.make(bench,
      { projects: PROJECTS, instances: Math.floor(size / RECORDS / KINDS), records: RECORDS, which: NEWEST });
    console.log(`${await filled.count()} tasks filled in ${((Date.now() - began) / 1000).toFixed(0)} s`);
    cases.push({ label: size.toLocaleString('en'), filled, served: await bench.serve(filled.database), asked: ASKED, wide: WIDE });
  }
  console.log('');
  return growth(bench, 'tasks', cases);
}
