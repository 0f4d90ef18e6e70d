// Growth with open connections, of which 64 are active; all of them by TLS.

import { ACTIVE, numbers } from './bench.mjs';
import { Filled } from './filled.mjs';
import { growth } from './growth.mjs';
import { Held, possible } from './held.mjs';

const CONNECTIONS = numbers('CONNECTIONS', '100,1000,10000,20000');
const INSTANCES = 1000;

export async function connections(bench) {
  const filled = await Filled.make(bench,
    { projects: 100, instances: INSTANCES, records: 3, which: `t.created_at > now() - interval '18 hours' AND t.kind = 'bigkey'` });
  const single = filled.getFile(await filled.tasksOf(await filled.instances(1)), 'one');
  const cases = [], held = [];
  const open = async (count, served) => {
    const idle = new Held(served, single, { secure: true });
    const { open: there, answered } = await idle.open(count - ACTIVE);
    if (there !== answered) throw new Error(`${answered} of ${there} idle connections were answered`);
    held.push(idle);
    cases.push({ label: count.toLocaleString('en'), filled, served, secure: true, asked: INSTANCES });
  };
  const first = await bench.serve(filled.database);
  for (const [i, count] of possible(first, CONNECTIONS).entries()) await open(count, i === 0 ? first : await bench.serve(filled.database));
  const missed = await growth(bench, 'connections', cases, { withPages: false });
  for (const [i, idle] of held.entries()) {
    const { asked, answered } = await idle.ask();
    if (asked !== answered) missed.push(`${cases[i].label}: asked again, ${answered} of ${asked} answered`);
  }
  return missed;
}
