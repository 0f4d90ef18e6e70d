// How real scans go on, as workers tell it: pauses and why, what it cost, shards, another attempt, and a failure in words
// for tenants.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EventStream } from '../support/event_stream.mjs';
import { Proxy } from '../support/proxy.mjs';
import { RespConnection } from '../support/resp.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const KEYS = 50_000;
const WORKER = { progress_seconds: 1, scan_profile: 'gentle' };

let world, site, alice, redis, proxy, cache;

before(async () => {
  world = await World.open();
  site = await world.site();
  redis = await world.redis();
  await redis.command('DEBUG', 'POPULATE', KEYS, 'key', 10);
  proxy = await Proxy.start({ host: '127.0.0.1', port: redis.port });
  world.onClose(() => proxy.stop());
  alice = await site.tenant('alice');
  cache = await alice.instance('cache', proxy.endpoint);
});
after(() => world?.close());

const pathOf = (instance, id) => `/ext/v1/${alice.projectId}/instances/${instance.id}/tasks/${id}`;
async function watch(instance, id) {
  const { stream } = await EventStream.open({ port: site.port, ca: site.ca, key: alice.key }, `${pathOf(instance, id)}/events`);
  world.onClose(async () => stream.close());
  return stream;
}

// A server that stalls for 30 ms, again and again, until it is told to stop.
async function stall({ port } = redis) {
  const connection = await RespConnection.open(port);
  let going = true;
  const done = (async () => {
    while (going) await connection.command('DEBUG', 'SLEEP', '0.03');
  })();
  return async () => {
    going = false;
    await done;
    connection.close();
  };
}

test('a scan that pauses says why, what it cost so far, and at another worker that it is another attempt', async () => {
  const stop = await stall();
  let id, stream;
  try {
    const first = await site.startWorker(WORKER);
    ({ id } = await cache.start());
    stream = await watch(cache, id);
    const { data } = await stream.has('the scan pauses', ({ pause }) => pause);
    assert.ok(['guard', 'ceiling'].includes(data.pause));
    assert.deepEqual([data.status, data.kind, data.attempt, data.keys_total, data.cost.profile], ['running', 'bigkey', 1, KEYS, 'gentle']);
    assert.ok(data.cost.pauses.guard + data.cost.pauses.ceiling > 0 && data.cost.halvings > 0);
    assert.ok(data.cost.latency_us > 0 && data.cost.baseline_us > 0 && data.cost.commands > 0);
    assert.ok(data.updated_at >= data.started_at);
    const { data: later } = await stream.has('it goes on telling', ({ cost }) => cost?.paused_ms > data.cost.paused_ms);
    assert.ok(later.keys_seen < KEYS && later.keys_per_second >= 0);
    await first.stop({ signal: 'SIGKILL', expected: null });
    site.running = [await site.startWorker(WORKER)];
    const { data: second } = await stream.has('another worker has it', ({ attempt, status, pause }) => attempt === 2 && status === 'running' && pause);
    assert.equal(second.id, id);
  } finally {
    await stop();
  }
  assert.equal(await stream.end(), 'end');
  const { type, data } = stream.last;
  assert.deepEqual([type, data.status, data.attempt, data.pause, data.keys_per_second], ['end', 'success', 2, undefined, undefined]);
  assert.ok(data.keys_seen >= KEYS && data.cost.pauses.guard + data.cost.pauses.ceiling > 0);
  assert.deepEqual((await alice.client.get(pathOf(cache, id))).json, data);
  const { cost } = await site.inspect(id);
  assert.deepEqual([data.cost.paused_ms, data.cost.worst_us, data.cost.commands], [cost.paused_ms, cost.worst_us, cost.commands]);
});

test('the shards of a cluster, each with how far it is', async () => {
  const cluster = await world.cluster({ replicas: 0 });
  const { masters } = cluster;
  await cluster.pipeline(Array.from({ length: KEYS }, (_, i) => ['SET', `key:${i}`, 'x']));
  const instance = await alice.instance('cluster', masters[0].endpoint, '--cache-mode', 'cluster');
  await Promise.all(site.running.map((worker) => worker.stop()));
  await site.startWorker({ ...WORKER, scan_nodes_at_once: 1 });
  const stops = await Promise.all(masters.map(stall));
  const { id } = await instance.start();
  const stream = await watch(instance, id);
  const { data: { shards, ...paused } } = await stream.has('a shard pauses', (event) => event.pause && event.shards?.some(({ state }) => state === 'running'))
    .finally(() => Promise.all(stops.map((stop) => stop())));
  assert.deepEqual(shards.map(({ shard }) => shard).sort(), masters.map(({ endpoint }) => endpoint).sort());
  assert.equal(shards.reduce((sum, { keys_total }) => sum + keys_total, 0), KEYS);
  const states = shards.map(({ state }) => state);
  assert.equal(states.filter((state) => state === 'running').length, 1, String(states));
  assert.ok(states.includes('waiting'), String(states));
  assert.equal(shards.reduce((sum, { keys_seen }) => sum + keys_seen, 0), paused.keys_seen);
  assert.equal(await stream.end(), 'end');
  const { data } = stream.last;
  assert.equal(data.status, 'success');
  assert.deepEqual(data.shards.map(({ state, keys_seen, keys_total }) => [state, keys_seen >= keys_total]), Array(3).fill(['done', true]));
  assert.equal(data.shards.reduce((sum, { keys_seen }) => sum + keys_seen, 0), data.keys_seen);
});

test('a failure is told in words that name no host', async () => {
  const gone = await alice.instance('gone', proxy.endpoint);
  await site.startWorker({ ...WORKER, attempts_max: 1, redis_reply_timeout_ms: 500 });
  await redis.command('CONFIG', 'SET', 'requirepass', 'secret');
  const { id } = await gone.start();
  const stream = await watch(gone, id);
  assert.equal(await stream.end(), 'end');
  const { status, reason } = stream.last.data;
  assert.deepEqual([status, reason], ['failed', 'The instance refused the credentials or a command that the scan needs.']);
  assert.ok(!stream.text.includes('127.0.0.1'));
  assert.match((await site.inspect(id)).failure, /127\.0\.0\.1/);
});
