// A worker whose database or Redis is silent, with every connection open: how long it goes on, and that it ends.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { SANITIZER, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';
import { WallClock } from '../support/wall_clock.mjs';

// Ten at a time this is minutes of scanning.
const KEYS = SANITIZER ? 1_000_000 : 3_000_000;
const SLOW = { scan_batch_keys: 10, expired_batch_keys: 10 };
const LEASE_MS = 6000;
const SAFE_MS = LEASE_MS * 5 / 6;
const HOUR_SECONDS = 3600;

// A process that is ended by force leaves threads behind, on purpose.
const FORCED = { env: { TSAN_OPTIONS: 'report_thread_leaks=0' } };

let world, site, alice, redis, cache;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  redis = await world.redis();
  await redis.command('DEBUG', 'POPULATE', KEYS, 'k', 10);
  cache = await alice.instance('cache', redis.endpoint);
});
after(() => world?.close());
beforeEach(() => site.sql('DELETE FROM scan_task'));
afterEach(async () => {
  await world.postgres.thaw();
  redis.program.signal('SIGCONT');
});

const row = async (id) => (await site.sql('SELECT * FROM scan_task WHERE id = $1', [id]))[0];

// Commands that scans have sent so far.
async function commands() {
  const { cmdstat_scan: scan = 'calls=0', cmdstat_type: type = 'calls=0', cmdstat_ping: ping = 'calls=0' } =
    await redis.info('commandstats');
  return [scan, type, ping].map((text) => Number(/calls=(\d+)/.exec(text)[1])).reduce((sum, calls) => sum + calls);
}

async function inMidScan(id) {
  await until('the scan is under way', async () => Number((await row(id))?.keys_seen) > 0);
}

// Watches the counter until then; when it rose last, in ms since `from`.
async function lastCommand(from, untilMs) {
  let [count, last] = [await commands(), 0];
  await until('the time is over', async () => {
    const now = await commands();
    if (now !== count) [count, last] = [now, Date.now() - from];
    return Date.now() - from >= untilMs;
  }, untilMs + 10_000);
  return last;
}

test('a worker that cannot renew leaves Redis alone before its lease ends, whatever time it is', async () => {
  const clock = new WallClock(world.directory);
  const worker = await site.startWorker({ ...SLOW, lease_seconds: LEASE_MS / 1000, heartbeat_seconds: 2, scan_threads: 1 },
    { env: clock.environment });
  const { id } = await cache.start();
  await inMidScan(id);
  // To a clock that is set forwards every lease would have ended, to one that is set back none would for an hour.
  clock.set(HOUR_SECONDS);
  const asked = await commands();
  await until('the scan goes on', async () => await commands() > asked + 1000);
  await world.postgres.freeze();
  clock.set(-HOUR_SECONDS);
  const from = Date.now();
  const last = await lastCommand(from, LEASE_MS + 2000);
  assert.ok(last > 1000, `it went on for a while: ${last} ms`);
  assert.ok(last < SAFE_MS + 300, `it touched Redis ${last} ms after its database fell silent`);
  const stopped = await worker.event('scan_stopped', (event) => event.task === id);
  assert.ok(Date.parse(stopped.time) < Date.now() - HOUR_SECONDS * 500, `the clock was set: ${stopped.time}`);
  await world.postgres.thaw();
  // Nobody else was there: what it had is not lost, and no attempt is.
  await until('it goes on', () => worker.events.filter((event) => event.event === 'scan_started').length === 2);
  const [, again] = worker.events.filter((event) => event.event === 'scan_started');
  assert.deepEqual([again.task, again.attempt], [id, 1]);
  assert.ok(again.checkpoint_bytes > 0);
  await worker.stop({ deadlineMs: 20_000 });
});

test('deleting a running task ends its commands within 2 seconds, also when nobody is notified', async () => {
  const worker = await site.startWorker(SLOW);
  for (const remove of [
    (id) => alice.client.delete(cache.task(id)),
    (id) => site.sql('DELETE FROM scan_task WHERE id = $1', [id]),
  ]) {
    const { id } = await cache.start();
    await inMidScan(id);
    const from = Date.now();
    await remove(id);
    assert.ok(await lastCommand(from, 4000) < 2000);
    await worker.event('scan_stopped', (event) => event.task === id);
  }
  await worker.stop();
});

test('SIGTERM while Redis is silent: the task is given back at once', async () => {
  const worker = await site.startWorker(SLOW);
  const { id } = await cache.start();
  await inMidScan(id);
  redis.program.signal('SIGSTOP');
  await worker.stop({ deadlineMs: 5000 });
  const task = await row(id);
  assert.deepEqual([task.status, task.lease_owner, task.attempt], ['running', null, '0']);
});

test('SIGTERM while PostgreSQL is silent: the worker ends all the same, and its task is taken over', async () => {
  const worker = await site.startWorker({ ...SLOW, stop_seconds: 3, worker_name: 'hung' }, FORCED);
  const { id } = await cache.start();
  await inMidScan(id);
  await world.postgres.freeze();
  const from = Date.now();
  const before = await commands();
  worker.signal('SIGTERM');
  assert.equal(await worker.wait(10_000), 1);
  worker.check(null);
  assert.ok(worker.events.some((event) => event.event === 'stop_forced'));
  assert.ok(await lastCommand(from, 5000) < 2000, `it left Redis alone, after ${await commands() - before} commands`);
  await world.postgres.thaw();
  const next = await site.startWorker(SLOW);
  await until('another worker has it', async () => (await row(id)).lease_owner === next.workerName);
  await next.stop();
});

test('SIGTERM while both are silent', async () => {
  const worker = await site.startWorker({ ...SLOW, stop_seconds: 3 }, FORCED);
  const { id } = await cache.start();
  await inMidScan(id);
  redis.program.signal('SIGSTOP');
  await world.postgres.freeze();
  worker.signal('SIGTERM');
  assert.equal(await worker.wait(10_000), 1);
  worker.check(null);
});
