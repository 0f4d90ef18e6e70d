// Scans for expired keys: exact counts, what bounds them, servers that are not fit for them, and what is logged.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fillExpired } from '../support/dataset.mjs';
import { json } from '../support/http.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const EXPIRED = 3000;

let world, site, alice;

before(async () => {
  world = await World.open();
  site = await world.site({
    workers: 1, worker: { scan_profile: 'fast', expired_batch_keys: 50, redis_connect_timeout_ms: 10_000 },
  });
  alice = await site.tenant('alice');
});
after(() => world?.close());

const newRedis = (options = {}) => world.redis({
  options: { 'slowlog-log-slower-than': 0, 'slowlog-max-len': 100000, ...options },
});

async function finished(cache, id) {
  await until('the task ends', async () => ['success', 'failed'].includes(await cache.status(id)));
  return site.inspect(id);
}

async function released(cache, id) {
  await finished(cache, id);
  const record = (await alice.client.get(cache.histories)).json.records.find((r) => r.id === id);
  assert.equal(record.status, 'success', JSON.stringify(await site.inspect(id)));
  return record.num;
}

const logged = (id) => site.workers[0].events.find((e) => e.event === 'expired_keys_released' && e.task === id);

// The COUNT of every SCAN that the server has seen.
async function counts(redis) {
  const commands = (await redis.command('SLOWLOG', 'GET', -1)).map((entry) => entry[3].map(String));
  return commands.filter(([name]) => name === 'SCAN').map((words) => Number(words[3]));
}

// A task as a schedule makes it.
async function automatic(cache, { scan_keys_count, timeout }) {
  const answer = await alice.client.put(cache.autoscanExpired, json({
    enable_auto_scan: true, first_scan_at: '2099-01-01T00:00:00.000Z', interval: 0, timeout, scan_keys_count,
  }));
  assert.equal(answer.status, 200, answer.body);
  const [{ id }] = await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type)
    SELECT project_id, id, gen_random_uuid(), 'expired', 'auto' FROM instance WHERE id = $1 RETURNING id`, [cache.id]);
  return id;
}

test('num is what the server released, and nothing else goes', async () => {
  const redis = await newRedis({ 'lazyfree-lazy-expire': 'yes' });
  await redis.pipeline(Array.from({ length: 200 }, (_, i) => ['SET', `kept:${i}`, 'x', 'EX', 10000]));
  await fillExpired(redis, EXPIRED);
  const cache = await alice.instance('exact', redis.endpoint);
  const { id } = await cache.start(cache.expired);
  assert.equal(await released(cache, id), EXPIRED);
  assert.equal(await redis.command('DBSIZE'), 200);
  assert.equal(Number((await redis.info('stats')).expired_keys), EXPIRED);
  assert.equal(Math.max(...await counts(redis)), 50);
  const event = await until('it is logged', () => logged(id));
  assert.deepEqual([event.num, event.keys_before, event.keys_after, event.lazy_free, event.counter_resets],
    [EXPIRED, EXPIRED + 200, 200, 'yes', 0]);
});

test('without lazy freeing it begins with a key at a time, and changes no setting', async () => {
  const redis = await newRedis({ 'lazyfree-lazy-expire': 'no' });
  await redis.command('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  const members = Array.from({ length: 10_000 }, (_, i) => `m${i}`);
  for (let i = 0; i < 8; i++)
    await redis.pipeline([['SADD', `set:${i}`, ...members], ['PEXPIRE', `set:${i}`, 1]]);
  const cache = await alice.instance('lazy', redis.endpoint);
  const { id } = await cache.start(cache.expired);
  assert.equal(await released(cache, id), 8);
  const seen = await counts(redis);
  assert.deepEqual([...new Set(seen)], [1]);
  assert.ok(seen.length >= 2, `${seen.length} steps`);
  assert.equal((await until('it is logged', () => logged(id))).lazy_free, 'no');
  assert.equal(String((await redis.command('CONFIG', 'GET', 'lazyfree-lazy-expire'))[1]), 'no');
});

test('an automatic scan keeps to what its tenant configured', async () => {
  const redis = await newRedis({ 'lazyfree-lazy-expire': 'yes' });
  await fillExpired(redis, EXPIRED);
  const cache = await alice.instance('automatic', redis.endpoint);
  const id = await automatic(cache, { scan_keys_count: 20, timeout: 600 });
  await site.sql("SELECT pg_notify('scan_task', '')");
  assert.equal(await released(cache, id), EXPIRED);
  assert.deepEqual([...new Set(await counts(redis))], [20]);
});

test('past its timeout it has failed', async () => {
  const redis = await newRedis();
  const cache = await alice.instance('slow', redis.endpoint);
  await redis.pause(60_000);
  const id = await automatic(cache, { scan_keys_count: 20, timeout: 2 });
  assert.match((await finished(cache, id)).failure, /no end within 2000 ms/);
});

test('a replica alone is refused', async () => {
  const master = await newRedis();
  const replica = await newRedis();
  await replica.command('REPLICAOF', '127.0.0.1', master.port);
  await until('it is in sync', async () => (await replica.info('replication')).master_link_status === 'up');
  const cache = await alice.instance('replica', replica.endpoint);
  const { id } = await cache.start(cache.expired);
  assert.match((await finished(cache, id)).failure, /a replica: expired keys are released on masters only/);
  assert.equal((await counts(replica)).length, 0);
});
