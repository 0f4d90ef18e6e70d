// At most 100 records per instance and kind; the oldest finished one goes when one more is created.  What ended
// before a number of days goes as well, as do old rounds and requests, by any number of workers at once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const MOST = 100;

let world, site, alice, cache;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  cache = await alice.instance('cache', (await world.redis()).endpoint);
  for (const kind of ['bigkey', 'expired'])
    await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, status, scan_type, num, created_at,
        started_at, finished_at, claimable_at)
      SELECT project_id, id, gen_random_uuid(), $2, 'success', 'manual', 0, t, t, t, NULL
      FROM instance, generate_series(now() - interval '100 minutes', now() - interval '1 minute', interval '1 minute') t
      WHERE id = $1`, [cache.id, kind]);
  await site.sql(`INSERT INTO scan_result SELECT project_id, id, '[]' FROM scan_task WHERE kind = 'bigkey'`);
});
after(() => world?.close());

const oldest = async (kind) => (await site.sql(
  'SELECT id FROM scan_task WHERE kind = $1 ORDER BY created_at, id LIMIT 1', [kind]))[0].id;

test('the 101st makes the oldest go, with its result', async () => {
  for (const [kind, create, list] of [['bigkey', cache.create, cache.list],
    ['expired', cache.expired, cache.histories]]) {
    assert.equal((await alice.client.get(list)).json.count, MOST);
    const first = await oldest(kind);
    const created = await cache.start(create);
    const listed = (await alice.client.get(`${list}?limit=1000`)).json;
    assert.equal(listed.count, MOST);
    assert.equal(listed.records.length, MOST);
    assert.equal(listed.records[0].id, created.id);
    assert.ok(!listed.records.some((record) => record.id === first));
    if (kind === 'bigkey') assertError(await alice.client.get(cache.task(first)), 400, 'DCS.4942');
  }
  const [{ count }] = await site.sql('SELECT count(*) FROM scan_result');
  assert.equal(Number(count), MOST - 1);
});

test('a refused create removes nothing', async () => {
  const first = await oldest('bigkey');
  assertError(await alice.client.post(cache.create), 400, 'DCS.4918');
  assertAnswer(await alice.client.get(cache.task(first)), 200);
});

test('the one that runs is never the one that goes, however old', async () => {
  const { id } = (await alice.client.get(`${cache.list}?status=waiting`)).json.records[0];
  await site.sql(`UPDATE scan_task SET created_at = now() - interval '1 year' WHERE id = $1`, [id]);
  const second = await alice.instance('second', (await world.redis()).endpoint);
  await second.start();
  assertAnswer(await alice.client.get(cache.task(id)), 200);
});

test('what is older than the setting is forgotten, in chunks, and nothing else', async () => {
  const count = async (table, where = 'true') =>
    Number((await site.sql(`SELECT count(*) FROM ${table} WHERE ${where}`))[0].count);
  await site.sql('DELETE FROM scan_task');
  // More than one sweep takes.
  await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, status, scan_type, created_at, started_at,
      finished_at, claimable_at, failure) SELECT project_id, id, gen_random_uuid(), 'bigkey', s, 'manual', t, t, t, NULL,
      CASE s WHEN 'failed' THEN 'why' END
    FROM instance, generate_series(1, 1300) n, unnest('{success,failed}'::text[]) s,
      LATERAL (SELECT now() - interval '30 days' - n * interval '1 minute' AS t) times WHERE id = $1`, [cache.id]);
  await site.sql(`INSERT INTO scan_result SELECT project_id, id, '[]' FROM scan_task WHERE status = 'success'`);
  await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, status, scan_type, created_at, started_at,
      finished_at, claimable_at) SELECT project_id, id, gen_random_uuid(), 'hotkey', 'success', 'manual', t, t, t, NULL
    FROM instance, LATERAL (SELECT now() - interval '30 days' + interval '1 hour' AS t) times WHERE id = $1`, [cache.id]);
  // However long ago it was made, it has not ended.
  await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, created_at, claimable_at)
    SELECT project_id, id, gen_random_uuid(), 'expired', 'manual', now() - interval '1 year', now() + interval '1 day'
    FROM instance WHERE id = $1`, [cache.id]);
  await site.sql(`INSERT INTO autoscan_round (project_id, instance_id, kind, slot, outcome, reason, decided_at)
    SELECT project_id, id, 'bigkey', now() - n * interval '1 day', 'skipped', 'busy',
      now() - n * interval '1 day' - interval '1 hour' FROM instance, generate_series(5, 8) n WHERE id = $1`, [cache.id]);
  await site.sql(`INSERT INTO remembered_request (project_id, token, fingerprint, created_at)
    SELECT $1, sha256(n::text::bytea), sha256(''), now() - n * interval '1 hour' - interval '5 minutes'
    FROM generate_series(22, 25) n`, [alice.projectId]);
  const recent = await count('remembered_request', `created_at > now() - interval '24 hours'`);
  const workers = await Promise.all([0, 1].map(() => site.startWorker({ retention_days: 30, scan_threads: 1 })));
  await until('what is old is gone', async () => (await count('scan_task')) === 2 &&
    (await count('autoscan_round')) === 2 && (await count('remembered_request')) === recent);
  assert.equal(await count('scan_result'), 0);
  for (const worker of workers) {
    assert.ok(!worker.events.some((event) => event.event === 'upkeep_failed'));
    await worker.stop();
  }
});
