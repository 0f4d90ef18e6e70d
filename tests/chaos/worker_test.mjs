// Workers that are killed, stopped, or told to stop, in mid-scan; and tasks that are deleted under them.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { largest } from '../support/dataset.mjs';
import { SANITIZER, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

// A scan of these, ten at a time, takes seconds; a thousand at a time it is quick.
const KEYS = SANITIZER ? 300_000 : 1_000_000;
const SLOW = { scan_batch_keys: 10, expired_batch_keys: 10 };
const FAST = { scan_profile: 'fast', scan_batch_keys: 5000, expired_batch_keys: 5000 };

let world, site, alice, redis, cache, expected;

const key = (name, size) => ({ name: Buffer.from(name), type: 'string', db: 0, size });

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  redis = await world.redis();
  await redis.command('DEBUG', 'POPULATE', KEYS, 'k', 10);
  await redis.command('SET', 'largest', 'x'.repeat(1000));
  expected = largest([key('largest', 1000), ...Array.from({ length: KEYS }, (_, i) => key(`k:${i}`, 10))]);
  cache = await alice.instance('cache', redis.endpoint);
});
after(() => world?.close());
beforeEach(() => site.sql('DELETE FROM scan_task'));

const row = async (id) => (await site.sql('SELECT * FROM scan_task WHERE id = $1', [id]))[0];

// Connections to Redis that are not the test's.
const scanners = async () =>
  (await redis.command('CLIENT', 'LIST')).toString().trim().split('\n').length - 1;

// Waits until a worker is in the middle of the scan.
const inMidScan = (id) => until('the scan is under way', async () => {
  const task = await row(id);
  return task?.status === 'running' && Number(task.keys_seen) > 0;
});

async function assertOneResult(id) {
  const [{ count }] = await site.sql('SELECT count(*) FROM scan_result WHERE task_id = $1', [id]);
  assert.equal(Number(count), 1);
  assert.deepEqual((await cache.detail(id)).keys, expected);
}

test('kill -9 in mid-scan: another worker finishes, with one result', async () => {
  const first = await site.startWorker(SLOW);
  const { id } = await cache.start();
  await inMidScan(id);
  assert.equal((await row(id)).lease_owner, first.workerName);
  await first.stop({ signal: 'SIGKILL', expected: 137 });
  const second = await site.startWorker(FAST);
  await cache.reaches(id, 'success');
  const task = await row(id);
  assert.deepEqual([task.attempt, task.fence], ['2', '2']);
  await assertOneResult(id);
  await second.stop();
});

test('a worker that was held until its lease ran out writes nothing any more', async () => {
  const first = await site.startWorker(SLOW);
  const { id } = await cache.start();
  await inMidScan(id);
  first.signal('SIGSTOP');
  const second = await site.startWorker(FAST);
  await cache.reaches(id, 'success');
  const finished = await row(id);
  assert.equal(finished.fence, '2');
  first.signal('SIGCONT');
  await until('the first worker gives up its scan', async () => (await scanners()) === 0);
  assert.deepEqual(await row(id), finished);
  await assertOneResult(id);
  assert.ok(!first.events.some((event) => event.event === 'scan_succeeded'));
  await first.stop();
  await second.stop();
});

test('a worker whose scan ends after another one took the task over records nothing', async () => {
  const small = await world.redis();
  await small.command('SET', 'only', 'x');
  const instance = await alice.instance('contested', small.endpoint);
  small.program.signal('SIGSTOP');
  const { id } = await instance.start();
  const first = await site.startWorker();
  await first.event('scan_started');
  first.signal('SIGSTOP');
  const second = await site.startWorker({ lease_seconds: 30 });
  await second.event('scan_started');
  second.signal('SIGSTOP');
  small.program.signal('SIGCONT');
  first.signal('SIGCONT');
  const end = (event) => ['scan_stopped', 'write_fenced', 'scan_succeeded', 'scan_failed'].includes(event.event);
  await until('the first worker is done with it', () => first.events.some(end));
  assert.ok(!first.events.some((event) => event.event === 'scan_succeeded'));
  const task = await row(id);
  assert.deepEqual([task.status, task.fence, task.lease_owner], ['running', '2', second.workerName]);
  second.signal('SIGCONT');
  await instance.reaches(id, 'success');
  await first.stop();
  await second.stop();
});

test('a worker that is lost every time: the task fails with a reason, never stuck', async () => {
  const { id } = await cache.start();
  for (let attempt = 1; attempt <= 2; attempt++) {
    const worker = await site.startWorker({ ...SLOW, attempts_max: 2 });
    await until('it is taken up', async () => {
      const task = await row(id);
      return task.attempt === String(attempt) && task.lease_owner === worker.workerName;
    });
    await worker.stop({ signal: 'SIGKILL', expected: 137 });
  }
  const last = await site.startWorker({ ...FAST, attempts_max: 2 });
  await cache.reaches(id, 'failed');
  assert.match((await site.inspect(id)).failure, /given up after 2 attempts/);
  await last.stop();
});

test('SIGTERM in mid-scan gives the task back as if it had not been tried', async () => {
  const first = await site.startWorker(SLOW);
  const { id } = await cache.start();
  await inMidScan(id);
  const before = Date.now();
  await first.stop({ deadlineMs: 5000 });
  assert.ok(Date.now() - before < 3000, 'it stops at once');
  const given = await row(id);
  assert.deepEqual([given.status, given.lease_owner, given.attempt], ['running', null, '0']);
  const second = await site.startWorker(FAST);
  await cache.reaches(id, 'success', 60_000);
  assert.equal((await row(id)).attempt, '1');
  await assertOneResult(id);
  await second.stop();
});

for (const kind of ['create', 'expired']) {
  test(`deleting a running task stops its scan within 2 seconds (${kind})`, async () => {
    const worker = await site.startWorker(SLOW);
    const { id } = await cache.start(cache[kind]);
    await inMidScan(id);
    assert.ok(await scanners() > 0);
    if (kind === 'create') {
      assert.equal((await alice.client.delete(cache.task(id))).status, 200);
      assert.equal((await alice.client.get(cache.task(id))).status, 400);
    } else {
      // The API has no operation that deletes one; this is what such a statement says.
      await site.sql(`WITH gone AS (DELETE FROM scan_task WHERE id = $1 RETURNING id)
        SELECT pg_notify('scan_task', id::text) FROM gone`, [id]);
    }
    await until('the scan has stopped', async () => (await scanners()) === 0, 2000);
    await worker.stop();
  });
}

test('a running task that is deleted is stopped without a notification as well', async () => {
  const worker = await site.startWorker(SLOW);
  const { id } = await cache.start();
  await inMidScan(id);
  await site.sql('DELETE FROM scan_task WHERE id = $1', [id]);
  await until('the scan has stopped', async () => (await scanners()) === 0, 3000);
  const next = await cache.start();
  await inMidScan(next.id);
  await worker.stop();
});

test('two workers share the tasks, and none is done twice', async () => {
  const workers = [await site.startWorker(FAST), await site.startWorker(FAST)];
  const instances = [];
  for (let i = 0; i < 6; i++) {
    const small = await world.redis();
    await small.command('DEBUG', 'POPULATE', 1000);
    instances.push(await alice.instance(`small-${i}`, small.endpoint));
  }
  const tasks = await Promise.all(instances.map((instance) => instance.start()));
  for (const [i, { id }] of tasks.entries()) await instances[i].reaches(id, 'success');
  for (const { id } of tasks) assert.equal((await row(id)).attempt, '1');
  const done = workers.flatMap((worker) => worker.events.filter((e) => e.event === 'scan_succeeded').map((e) => e.task));
  assert.equal(done.length, tasks.length);
  for (const worker of workers) await worker.stop();
});
