// A scan that another worker takes over goes on where it was written down to be, and finds what an undisturbed one
// finds; where that is not possible it begins anew.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { largest } from '../support/dataset.mjs';
import { SANITIZER, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const KEYS = SANITIZER ? 800_000 : 1_500_000;
const BATCH = 10;
const LEASE_SECONDS = 3;
// Enough keys that no scan is over before, on an idle machine; they take long on a busy one.
const HALF_WAY_MS = 90_000;
const SETTINGS = { scan_profile: 'fast', scan_batch_keys: BATCH, expired_batch_keys: BATCH };

let world, site, alice, redis, cache, expected;

const key = (name, size) => ({ name: Buffer.from(name), type: 'string', db: 0, size });

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  redis = await world.redis();
  await redis.command('DEBUG', 'POPULATE', KEYS, 'k', 10);
  const large = Array.from({ length: 15 }, (_, i) => [`large:${i}`, 1000 - i]);
  await redis.pipeline(large.map(([name, size]) => ['SET', name, 'x'.repeat(size)]));
  expected = largest([...large.map(([name, size]) => key(name, size)),
    ...Array.from({ length: KEYS }, (_, i) => key(`k:${i}`, 10))]);
  cache = await alice.instance('cache', redis.endpoint);
});
after(() => world?.close());
beforeEach(() => site.sql('DELETE FROM scan_task'));

const row = async (id) => (await site.sql('SELECT * FROM scan_task WHERE id = $1', [id]))[0];
const checkpoints = () => site.sql('SELECT * FROM scan_checkpoint');

async function scans() {
  const { cmdstat_scan: text = 'calls=0' } = await redis.info('commandstats');
  return Number(/calls=(\d+)/.exec(text)[1]);
}

// Waits until a good part of the keys is behind a worker, and that is written down.
const isHalfWay = (id) => until('half of the scan is written down', async () => {
  const task = await row(id);
  assert.equal(task.status, 'running');
  return Number(task.keys_seen) > KEYS / 2 && (await checkpoints()).length === 1;
}, HALF_WAY_MS);

async function finishes(id, worker) {
  const from = await scans();
  await cache.reaches(id, 'success', HALF_WAY_MS);
  assert.deepEqual((await cache.detail(id)).keys, expected);
  assert.deepEqual(await checkpoints(), []);
  const { checkpoint_bytes: bytes } = await worker.event('scan_started', (event) => event.task === id);
  return { bytes, read: (await scans() - from) * BATCH };
}

test('a worker is killed: the next one reads what is left', async () => {
  const first = await site.startWorker(SETTINGS);
  const { id } = await cache.start();
  await isHalfWay(id);
  await first.stop({ signal: 'SIGKILL', expected: 137 });
  const { started_at: started } = await row(id);
  assert.ok((await site.inspect(id)).checkpoint_at);
  const second = await site.startWorker(SETTINGS);
  const { bytes, read } = await finishes(id, second);
  assert.ok(bytes > 0);
  assert.ok(read < 0.9 * KEYS, `${read} of ${KEYS} keys were read again`);
  const task = await row(id);
  assert.deepEqual([task.attempt, task.started_at], ['2', started]);
  await second.stop();
});

test('a worker is told to stop: the next one goes on from where it was, at once', async () => {
  const second = await site.startWorker({ ...SETTINGS, poll_seconds: 60, worker_name: 'second' });
  await second.event('working');
  const { id } = await cache.start();
  await isHalfWay(id);
  const third = await site.startWorker({ ...SETTINGS, poll_seconds: 60, worker_name: 'third' });
  await third.event('working');
  await second.stop({ deadlineMs: 5000 });
  const { bytes, read } = await finishes(id, third);
  assert.ok(bytes > 0);
  assert.ok(read < 0.6 * KEYS, `${read} of ${KEYS} keys were read again`);
  assert.equal((await row(id)).attempt, '1');
  await third.stop();
});

test('another server is there: the scan begins anew', async () => {
  const first = await site.startWorker(SETTINGS);
  const { id } = await cache.start();
  await isHalfWay(id);
  await first.stop({ deadlineMs: 5000 });
  const other = await world.redis();
  await other.command('SET', 'only', 'value');
  await site.sql('UPDATE instance SET endpoints = $2 WHERE id = $1', [cache.id, `{${other.endpoint}}`]);
  const second = await site.startWorker(SETTINGS);
  await cache.reaches(id, 'success');
  assert.deepEqual((await cache.detail(id)).keys.map(({ name }) => name), ['only']);
  await site.sql('UPDATE instance SET endpoints = $2 WHERE id = $1', [cache.id, `{${redis.endpoint}}`]);
  await second.stop();
});

test('a checkpoint that says nothing: the scan begins anew', async () => {
  const small = await world.redis();
  await small.command('SET', 'only', 'value');
  const instance = await alice.instance('small', small.endpoint);
  const tasks = [];
  for (const text of ['nonsense', '{"version":99,"shards":[{}]}', '', '[1,2,3]', `"${'x'.repeat(1_000_000)}"`]) {
    const { id } = await instance.start();
    await site.sql(`INSERT INTO scan_checkpoint (project_id, task_id, checkpoint)
      SELECT project_id, id, $2 FROM scan_task WHERE id = $1`, [id, text]);
    const worker = await site.startWorker(SETTINGS);
    await instance.reaches(id, 'success');
    assert.deepEqual((await instance.detail(id)).keys.map(({ name }) => name), ['only']);
    assert.equal((await row(id)).attempt, '1');
    tasks.push(id);
    await worker.stop();
  }
  assert.deepEqual(await checkpoints(), []);
});

test('checkpoints that the database refuses cost no lease', async () => {
  const worker = await site.startWorker({ scan_batch_keys: BATCH, lease_seconds: LEASE_SECONDS, redis_reply_timeout_ms: 60_000 });
  const { id } = await cache.start();
  await until('a checkpoint is written', async () => (await checkpoints()).length === 1);
  await site.sql('ALTER TABLE scan_checkpoint ADD CONSTRAINT refused CHECK (false) NOT VALID');
  try {
    const failures = () => worker.events.filter(({ event }) => event === 'heartbeat_failed');
    await until('a heartbeat fails', () => failures().length > 0);
    // Or the scan could be over first.
    redis.program.signal('SIGSTOP');
    await until('heartbeats fail for longer than the lease', () =>
      failures().length > 1 && Date.parse(failures().at(-1).time) - Date.parse(failures()[0].time) > 1000 * (LEASE_SECONDS + 0.5), 60_000);
    const { status, attempt, lease_owner: owner } = await row(id);
    assert.deepEqual([status, attempt, owner], ['running', '1', worker.workerName]);
    assert.ok(!worker.events.some(({ event }) => event === 'scan_stopped'));
  } finally {
    redis.program.signal('SIGCONT');
    await site.sql('ALTER TABLE scan_checkpoint DROP CONSTRAINT refused');
  }
  await site.sql('DELETE FROM scan_task');
  await worker.stop();
});
