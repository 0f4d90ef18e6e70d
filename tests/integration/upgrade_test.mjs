// A rolling upgrade to the next release and back, under load: every request is answered, and not with 5xx; no task is lost
// or doubled.  `script/bench upgrade` does the same with the programs of an earlier commit.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fillInstances, fillTasks } from '../bench/fill.mjs';
import { Rolling } from '../support/rolling.mjs';
import { NEXT_PROGRAMS, PROGRAMS, World } from '../support/site.mjs';

const KEYS = 1500;
const NEXT = '9001_next_release';

let world;

before(async () => {
  world = await World.open();
});
after(() => world?.close());

test('forth and back under load without an answer of 5xx', async (t) => {
  const database = await world.postgres.createDatabase(world.template);
  const sql = (text, values) => world.postgres.sql(database, text, values);
  await fillInstances(sql, { projects: 2, instances: 20 });
  await fillTasks(sql, { records: 50, kinds: ['bigkey'] });
  const redis = await world.redis();
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  await redis.command('DEBUG', 'POPULATE', KEYS, 'k', 10);

  const rolling = await Rolling.open(world, {
    database, old: PROGRAMS, next: NEXT_PROGRAMS, redis, worker: { scan_batch_keys: 10 },
  });
  const early = world.program('server', world.serverSettings(database), { programs: NEXT_PROGRAMS });
  assert.notEqual(await early.wait(), 0, 'the next release does not start on a schema that lacks its migration');
  assert.match(early.stderr, new RegExp(`${NEXT} is missing`));

  await rolling.beginLoad();
  await rolling.migrate();
  for (const one of [...rolling.running.server, ...rolling.running.worker])
    await one.operations.reaches('/readyz', 200, `migrations: 1 newer than this program, up to ${NEXT}\n`);
  await rolling.answered(40);
  await rolling.roll('worker', NEXT_PROGRAMS);
  await rolling.roll('server', NEXT_PROGRAMS);
  for (const one of rolling.running.server) await one.operations.reaches('/readyz', 200, 'ready\n');
  await rolling.answered(40);
  await rolling.roll('server', PROGRAMS);
  await rolling.roll('worker', PROGRAMS);
  await rolling.answered(40);

  const { statuses, problems, violations, figures } = await rolling.end();
  t.diagnostic(JSON.stringify({ statuses, figures }));
  assert.deepEqual(problems, []);
  assert.deepEqual(violations, []);
  assert.ok(statuses[200] > 200 && figures.tasks > 20, JSON.stringify({ statuses, figures }));
  const [{ filled, noted, newer }] = await sql(`SELECT count(*) FILTER (WHERE note = 'old' AND filled = 1) AS filled,
    count(*) FILTER (WHERE note IN ('old', 'new')) AS noted, count(*) FILTER (WHERE note = 'new' AND filled = 0) AS newer FROM scan_task`);
  assert.ok(filled >= 1000 && newer > 0, `${filled} filled, ${newer} made by programs that know nothing of it`);
  assert.equal(Number(noted), Number(filled) + Number(newer));
});
