// At most 100 records per instance and kind; the oldest finished one goes when one more is created.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { World } from '../support/site.mjs';

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
