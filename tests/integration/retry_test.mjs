// A scan that fails for a reason that may pass is tried again, a bounded number of times, after a rest that holds no
// thread; one that fails for another reason is not.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

let world, site, alice, worker;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  worker = await site.startWorker({ scan_threads: 1, retry_seconds: 2 });
});
after(() => world?.close());

const row = async (id) => (await site.sql('SELECT * FROM scan_task WHERE id = $1', [id]))[0];
const logged = (event, task) => worker.events.filter((entry) => entry.event === event && entry.task === task);

const rests = (id, attempt) => until('the task rests', async () => {
  const task = await row(id);
  return task.lease_owner === null && task.attempt === String(attempt) && task.last_error && task;
});

test('Redis is gone for a while: the task runs on, as its client sees it, and succeeds', async () => {
  const redis = await world.redis();
  await redis.command('SET', 'key', 'value');
  const cache = await alice.instance('back', redis.endpoint);
  await redis.stop();
  const { id } = await cache.start();
  const resting = await rests(id, 1);
  assert.equal(resting.status, 'running');
  assert.match(resting.last_error, /refused|connect/i);
  const shown = await cache.detail(id);
  assert.equal(shown.status, 'running');
  assert.equal((await alice.client.post(cache.create)).status, 400);
  await redis.restart();
  await cache.reaches(id, 'success');
  const task = await row(id);
  assert.deepEqual([task.started_at, task.failure], [resting.started_at, null]);
  assert.ok(Number(task.attempt) >= 2);
  assert.match((await site.inspect(id)).last_error, /refused|connect/i);
});

test('Redis stays away: failed after the last attempt, with its reason, and later each time', async () => {
  const redis = await world.redis();
  const cache = await alice.instance('gone', redis.endpoint);
  await redis.stop();
  const { id } = await cache.start();
  await cache.reaches(id, 'failed');
  const shown = await site.inspect(id);
  assert.match(shown.failure, /^given up after 3 attempts: .*(refused|connect)/i);
  assert.equal(shown.attempt, 3);
  assert.equal(logged('scan_started', id).length, 3);
  const failed = logged('scan_to_be_tried_again', id).map((entry) => [entry.attempt, Date.parse(entry.time)]);
  const started = logged('scan_started', id).map((entry) => Date.parse(entry.time));
  assert.deepEqual(failed.map(([attempt]) => attempt), [1, 2]);
  assert.ok(started[1] - failed[0][1] >= 1600 - 50, 'two seconds less a fifth');
  assert.ok(started[2] - failed[1][1] >= 3200 - 50, 'four seconds less a fifth');
});

test('a task that rests holds no thread', async () => {
  const gone = await world.redis();
  const resting = await alice.instance('resting', gone.endpoint);
  const other = await alice.instance('other', (await world.redis()).endpoint);
  await gone.stop();
  const { id } = await resting.start();
  await rests(id, 1);
  await site.sql("UPDATE scan_task SET claimable_at = now() + interval '1 hour' WHERE id = $1", [id]);
  assert.equal((await other.analyse()).status, 'success');
  assert.equal(await resting.status(id), 'running');
  assert.equal((await alice.client.delete(resting.task(id))).status, 200);
  assert.equal(await row(id), undefined);
});

test('what does not pass is not tried again', async () => {
  const redis = await world.redis({ options: { requirepass: 'first' } });
  const path = join(world.directory, 'password');
  writeFileSync(path, 'first', { mode: 0o600 });
  const cache = await alice.instance('password', redis.endpoint, '--password-file', path);
  await redis.command('CONFIG', 'SET', 'requirepass', 'second');
  const { id } = await cache.start();
  await cache.reaches(id, 'failed');
  const shown = await site.inspect(id);
  assert.equal(shown.attempt, 1);
  assert.match(shown.failure, /WRONGPASS|password|auth/i);
  assert.doesNotMatch(shown.failure, /attempt/);
});

test('the longest run counts what earlier attempts took', async () => {
  const redis = await world.redis();
  const cache = await alice.instance('slow', redis.endpoint);
  await redis.stop();
  const { id } = await cache.start();
  await rests(id, 1);
  assert.ok(Number((await row(id)).scan_ms) >= 0);
  await site.sql('UPDATE scan_task SET scan_ms = 21600000, claimable_at = now() WHERE id = $1', [id]);
  await redis.restart();
  await cache.reaches(id, 'failed');
  const shown = await site.inspect(id);
  assert.match(shown.failure, /after 21600000 ms of earlier attempts/);
  assert.equal(shown.attempt, 2);
});
