// What each kind of request takes of the processor, in the server and in PostgreSQL.

import { join } from 'node:path';
import { median, script } from '../api/measure.mjs';
import { ROUNDS, SECONDS, table } from './bench.mjs';
import { Filled } from './filled.mjs';

const INSTANCES = 2000;

export async function requests(bench) {
  const filled = await Filled.make(bench,
    { projects: 20, instances: INSTANCES, records: ROUNDS + 2, which: `t.kind = 'bigkey'` });
  const served = await bench.serve(filled.database);
  const instances = await filled.instances(INSTANCES);
  const newest = await filled.tasksOf(instances);
  const get = filled.getFile(newest), list = filled.listFile(instances);
  const create = filled.createFile(instances), put = filled.putFile(instances);
  const [one] = newest;
  const bare = {
    database: filled.database, values: { project: one.project_id, instance: one.instance_id, task: one.id, kind: 'bigkey' },
    file: script(join(bench.world.directory, 'show.sql'), 'scan_task_show', [':project', ':instance', ':task', ':kind']),
  };

  const changing = async (file, how = {}) => {
    const result = await served.measure(file, { once: true, ...how });
    await filled.undo();
    return result;
  };
  const timed = (file, how = {}) => served.measure(file, { seconds: SECONDS, ...how });
  const FORMS = {
    'GET of a task, 100 keys': () => timed(get),
    'list of tasks': () => timed(list),
    create: () => changing(create),
    delete: async (round) => changing(filled.deleteFile(await filled.tasksOf(instances, round)), { status: 200 }),
    'PUT of a configuration': () => changing(put),
    'GET, TLS': () => timed(get, { secure: true }),
    'GET, a resumed TLS connection each': () => timed(get, { secure: true, connect: 'resumed' }),
    'GET, a new TLS connection each': () => timed(get, { secure: true, connect: 'full' }),
    'pgbench, the statement of GET': () => bench.pgbench(bare),
  };

  const rounds = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const results = {};
    // Each deletes the task behind the newest one, so that there is one for every round.
    for (const [name, measure] of Object.entries(FORMS)) results[name] = await measure(1);
    if (round > 0) rounds.push(results);
  }
  const base = rounds.map((r) => r['GET of a task, 100 keys'].serverUs);
  const shown = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '');
  table(['', 'requests/s', 'p50 us', 'p99 us', 'server us', 'PostgreSQL us', 'server by PostgreSQL', 'server, ratio to the first'],
    Object.keys(FORMS).map((name) => {
      const all = rounds.map((r) => r[name]);
      const of = (value, digits) => shown(median(all.map((r) => r[value])), digits);
      return [name, of('rate', 0), of('p50_us', 0), of('p99_us', 0), of('serverUs', 1), of('databaseUs', 1),
        shown(median(all.map((r) => r.serverUs / r.databaseUs)), 2), shown(median(all.map((r, i) => r.serverUs / base[i])), 2)];
    }));
  return [];
}
