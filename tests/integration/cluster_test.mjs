// A cluster of three masters and a replica: what is reported is what a full enumeration finds, also while
// slots move and a master fails over; what cannot be had whole is no success.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enumerate, largest } from '../support/dataset.mjs';
import { slotOf } from '../support/redis.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const KEYS = 20_000;
const NOTABLE_SLOTS = 40;
const ROUNDS = 8;
const WORKER = { scan_batch_keys: 20, lease_seconds: 10 };

let world, site, alice, cluster, cache, expected;

const items = (n) => Array.from({ length: n }, (_, i) => `m${i}`);
const MAKERS = [
  (name, size) => ['SET', name, 'x'.repeat(1000 + size)],
  (name, size) => ['RPUSH', name, ...items(size)],
  (name, size) => ['SADD', name, ...items(size)],
  (name, size) => ['ZADD', name, ...items(size).flatMap((m, i) => [i, m])],
  (name, size) => ['HSET', name, ...items(size).flatMap((m) => [m, 1])],
];

// The notable keys are all in the slots of a few tags: these are the ones that are moved about.
const TAGS = Array.from({ length: NOTABLE_SLOTS }, (_, i) => `{tag-${i}}`);

async function fill() {
  const commands = Array.from({ length: KEYS }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(20)]);
  for (const [t, tag] of TAGS.entries())
    MAKERS.forEach((make, m) => commands.push(make(`${tag}:notable:${m}`, 30 + ((t * 7 + m) % 25))));
  await cluster.pipeline(commands);
}

// Once, while nothing moves: the entries that every success must carry, without their shards.
async function enumerateAll() {
  const all = [];
  for (const master of cluster.masters) all.push(...await enumerate(master, [0]));
  assert.ok(all.length >= KEYS);
  return largest(all);
}

const withoutShard = (keys) => keys.map(({ shard, ...rest }) => rest);

async function assertShards(keys) {
  const owners = await cluster.owners();
  for (const key of keys) assert.equal(key.shard, owners[slotOf(key.name)].endpoint, key.name);
}

async function finished(id) {
  await until(`task ${id} ends`, async () => ['success', 'failed'].includes(await cache.status(id)), 90_000);
  return site.inspect(id);
}

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1, worker: WORKER });
  alice = await site.tenant('alice');
  cluster = await world.cluster();
  await fill();
  expected = await enumerateAll();
  cache = await alice.instance('cluster', cluster.masters[1].endpoint, '--cache-mode', 'cluster');
});
after(() => world?.close());

test('the keys reported are exactly the largest, each with its shard', async () => {
  const detail = await cache.analyse();
  assert.equal(detail.status, 'success', JSON.stringify(await site.inspect(detail.id)));
  assert.equal(detail.num, 100);
  assert.deepEqual(withoutShard(detail.keys), expected);
  assert.deepEqual(Object.keys(detail.keys[0]), ['name', 'type', 'shard', 'db', 'size', 'unit']);
  await assertShards(detail.keys);
  assert.equal((await site.inspect(detail.id)).keys_seen, KEYS + NOTABLE_SLOTS * MAKERS.length);
});

test('the replica is read, not its master', async () => {
  const scans = async (node) => Number(/calls=(\d+)/.exec((await node.info('commandstats')).cmdstat_scan)?.[1] ?? 0);
  const before = await Promise.all(cluster.nodes.map(scans));
  assert.equal((await cache.analyse()).status, 'success');
  const scanned = (await Promise.all(cluster.nodes.map(scans))).map((count, i) => count > before[i]);
  assert.deepEqual(scanned, [false, true, true, true]);
});

test('expired keys of all masters are released and counted', async () => {
  for (const master of cluster.masters) await master.command('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  await cluster.pipeline(Array.from({ length: 3000 }, (_, i) => ['SET', `expired:${i}`, 'x', 'PX', 1]));
  const { id } = await cache.start(cache.expired);
  assert.equal((await finished(id)).status, 'success');
  const [record] = (await alice.client.get(cache.histories)).json.records;
  assert.equal(record.num, 3000);
  for (const master of cluster.masters) assert.equal((await master.info('stats')).expired_keys > 0, true);
});

// As redis-cli reshards: slot after slot to one node.  Returns how many moved.
async function reshard(to) {
  let moved = 0;
  for (const slot of new Set(TAGS.map((tag) => slotOf(tag)))) {
    const from = (await cluster.owners(to))[slot];
    if (from === to) continue;
    await cluster.move(slot, from, to);
    moved++;
  }
  return moved;
}

test('hot keys of all masters, each with its shard', async () => {
  for (const node of cluster.nodes) await node.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  const lfu = await alice.instance('lfu', cluster.masters[0].endpoint, '--cache-mode', 'cluster');
  const { id } = await lfu.start(lfu.createHot);
  await until('the task ends', async () => ['success', 'failed'].includes(await lfu.status(id)));
  const { status, num, keys } = (await alice.client.get(lfu.hotTask(id))).json;
  assert.deepEqual([status, num], ['success', 100], JSON.stringify(await site.inspect(id)));
  assert.deepEqual(Object.keys(keys[0]), ['name', 'type', 'shard', 'db', 'size', 'unit', 'freq']);
  await assertShards(keys);
  assert.ok(keys.every(({ freq }, i) => i === 0 || freq <= keys[i - 1].freq));
});

test('slots that move during scans lose no key', async () => {
  let moved = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await cache.start();
    await cache.reaches(id, 'running');
    for (let i = 0; i <= round % 3; i++)
      moved += await reshard(cluster.masters[(round + i) % cluster.masters.length]);
    const shown = await finished(id);
    assert.equal(shown.status, 'success', JSON.stringify(shown));
    const { keys } = await cache.detail(id);
    assert.deepEqual(withoutShard(keys), expected);
    await assertShards(keys.filter(({ name }) => !name.startsWith('{tag-')));
  }
  assert.ok(moved > ROUNDS * NOTABLE_SLOTS / 2, `${moved} moves`);
  const detail = await cache.analyse();
  assert.deepEqual(withoutShard(detail.keys), expected);
  await assertShards(detail.keys);
});

test('a master that is lost during a scan is replaced by its replica', async () => {
  const [master] = cluster.masters;
  const owners = await cluster.owners();
  for (const slot of new Set(TAGS.slice(0, NOTABLE_SLOTS / 2).map((tag) => slotOf(tag))))
    if (owners[slot] !== master) await cluster.move(slot, owners[slot], master);
  const { id } = await cache.start();
  await cache.reaches(id, 'running');
  master.connection.close();
  await master.program.stop({ signal: 'SIGKILL', expected: null });
  const shown = await finished(id);
  assert.equal(shown.status, 'success', JSON.stringify(shown));
  const { keys } = await cache.detail(id);
  assert.deepEqual(withoutShard(keys), expected);
  await assertShards(keys);
  assert.ok(keys.some(({ shard }) => shard === cluster.replicas[0].endpoint), 'of the promoted one as well');
});

test('a shard that is lost for good is no success', async () => {
  cluster.replicas[0].connection.close();
  await cluster.replicas[0].program.stop({ signal: 'SIGKILL', expected: null });
  await until('the cluster is down', async () =>
    /cluster_state:fail/.test((await cluster.masters[1].command('CLUSTER', 'INFO')).toString()));
  // Every attempt waits for the cluster to recover; one of them shows it.
  await site.workers[0].stop();
  await site.startWorker({ ...WORKER, attempts_max: 1 });
  const { id } = await cache.start();
  const shown = await finished(id);
  assert.equal(shown.status, 'failed');
  assert.match(shown.failure, /slot \d+ is served by no master|refused/i);
});
