// PostgreSQL goes away and comes back: the server answers 503 meanwhile and recovers by itself, and so does the
// worker.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

let world, site, alice, redis, cache;

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1, worker: { scan_batch_keys: 10 } });
  alice = await site.tenant('alice');
  redis = await world.redis();
  await redis.command('DEBUG', 'POPULATE', 150_000, 'k', 10);
  cache = await alice.instance('cache', redis.endpoint);
});
after(() => world?.close());

const recovers = () => until('the server recovers', async () =>
  (await alice.client.get(cache.path)).status === 200, 10_000);

test('a restart: 503 with Retry-After meanwhile, then as before', async () => {
  assertAnswer(await alice.client.get(cache.path), 200);
  await world.postgres.stop();
  for (let i = 0; i < 4; i++) {
    for (const answer of [await alice.client.get(cache.path), await alice.client.post(cache.create)]) {
      assertError(answer, 503, 'DCS.5000', 'Internal service error.');
      assert.match(answer.headers['retry-after'] ?? '', /^\d+$/);
    }
  }
  await world.postgres.launch();
  await recovers();
});

test('connections that are cut: at most the requests in flight see it', async () => {
  for (let round = 0; round < 3; round++) {
    await site.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    const answers = await Promise.all(Array.from({ length: 8 }, () => alice.client.get(cache.path)));
    for (const answer of answers) assert.ok([200, 503].includes(answer.status), answer.body);
    await recovers();
  }
});

test('a statement that takes too long is 503, and the next one works', async () => {
  const slow = await world.site({ server: { database_timeout_ms: 300 } });
  const tenant = await slow.tenant('slow');
  const instance = await tenant.instance('i', '127.0.0.1:1', '--no-probe');
  assertAnswer(await tenant.client.get(instance.path), 200);
  const pg = (await import('pg')).default;
  const blocker = new pg.Client({ connectionString: undefined, host: world.postgres.directory,
    user: world.postgres.role, database: slow.database });
  await blocker.connect();
  await blocker.query('BEGIN; LOCK TABLE instance IN ACCESS EXCLUSIVE MODE');
  assertError(await tenant.client.get(instance.path), 503, 'DCS.5000');
  await blocker.query('ROLLBACK');
  await blocker.end();
  assertAnswer(await tenant.client.get(instance.path), 200);
});

test('a scan outlives a short absence of the database, or is taken up again', async () => {
  const { id } = await cache.start();
  await cache.reaches(id, 'running');
  await world.postgres.stop();
  await world.postgres.launch();
  await recovers();
  await cache.reaches(id, 'success', 60_000);
  assert.equal((await site.sql('SELECT count(*) FROM scan_result WHERE task_id = $1', [id]))[0].count, '1');
});

test('a worker finds new work after the database was away', async () => {
  await redis.command('FLUSHALL');
  await world.postgres.stop();
  await until('the worker has noticed', () =>
    site.workers[0].events.some((event) => ['claim_failed', 'heartbeat_failed', 'upkeep_failed'].includes(event.event)));
  await world.postgres.launch();
  await recovers();
  assert.equal((await cache.analyse()).status, 'success');
  assert.ok(site.workers[0].running);
});
