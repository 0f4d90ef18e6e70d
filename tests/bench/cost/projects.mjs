// Growth with the projects among which as many instances and tasks are divided.

import { number, numbers } from './bench.mjs';
import { Filled } from './filled.mjs';
import { growth } from './growth.mjs';

const PROJECTS = numbers('PROJECTS', '10,1000,100000');
const RECORDS = 3;
const ASKED = 300;
const WIDE = number('WIDE', 20_000);
// More keys than are asked with: the default holds fewer than WIDE.
const KEYS_REMEMBERED = 131_072;

export async function projects(bench) {
  const instances = Math.max(...PROJECTS);
  const cases = [];
  for (const count of PROJECTS) {
    const filled = await Filled.make(bench, { projects: count, instances, records: RECORDS,
      which: `t.created_at > now() - interval '18 hours' AND t.kind = 'bigkey'` });
    const one = { label: count.toLocaleString('en'), filled, served: await bench.serve(filled.database), asked: ASKED, wide: WIDE };
    cases.push(one);
    if (count === instances)
      cases.push({ ...one, label: `${one.label}, ${KEYS_REMEMBERED.toLocaleString('en')} keys remembered`,
        served: await bench.serve(filled.database, { access_key_cache_entries: KEYS_REMEMBERED, access_key_cache_seconds: 3600 }) });
  }
  console.log(`${await cases[0].filled.count()} tasks of ${instances} instances each\n`);
  return growth(bench, 'projects', cases);
}
