// Analyses of whole keyspaces on real servers against figures that are worked out here, key by key, with the server's
// own commands: by type, encoding, database and shard, histograms, rankings and prefixes, all exact on small data.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { publicName } from '../support/dataset.mjs';
import { ALL, TYPES, check, checkPrefixes, enumerate, figures, fill, items, makeKeys, measureSizes, sum } from '../support/keyspace.mjs';
import { Random } from '../support/random.mjs';
import { Redis, RedisCluster, installedServers } from '../support/redis.mjs';
import { scanOnce } from '../support/scan_once.mjs';
import { until } from '../support/wait.mjs';

const KEYS = process.env.DCS_SANITIZE ? 3000 : 12_000;
const PATIENT = { timeoutMs: 120_000, replyMs: 15_000 };

const directory = mkdtempSync(join(tmpdir(), 'dcs-analysis-'));
const stops = [];
after(async () => {
  for (const stop of stops) await stop();
  rmSync(directory, { recursive: true, force: true });
});
const random = new Random();

async function start(options = {}, server = 'redis-server') {
  const redis = await Redis.start(directory, { options, server });
  stops.push(() => redis.stop());
  return redis;
}

const analyse = (endpoint, options, how = {}) => scanOnce(endpoint, 'analysis',
  { ...PATIENT, ...how, env: { ...how.env, SCAN_ANALYSIS: JSON.stringify(options ?? {}) } });

for (const server of installedServers()) {
  test(`${server}: every figure, with everything measured, in several databases`, async () => {
    const redis = await start({}, server);
    await fill(redis, random, KEYS, [0, 3, 9]);
    const result = await analyse(redis.endpoint, { measures: ALL, top: 50 });
    assert.equal(result.status, 'success', result.reason);
    const keys = await enumerate(redis, [0, 3, 9]);
    await measureSizes(redis, keys);
    assert.equal(result.num, 50);
    check(result.keys, keys, { top: 50, measures: ALL });
    assert.deepEqual(result.keys.not_measured, []);
    assert.equal(sum(result.keys.idle_histogram, (bucket) => bucket.keys), keys.length);
    assert.ok(result.keys.largest_by_bytes.every(({ encoding, idle_s: idle }) => encoding && idle >= 0));
    const raw = result.keys.largest_by_bytes.concat(result.keys.largest_by_size).filter(({ name }) => name.startsWith('\\xff'));
    assert.ok(raw.length > 0 && raw.every(({ binary }) => binary === true));
    assert.deepEqual(result.keys.expired, { released: 0, held: 0, held_is: 'estimate' });
  });
}

test('other separators, less depth, few measures', async () => {
  const redis = await start();
  await fill(redis, random, 1000);
  const keys = await enumerate(redis);
  const { keys: document } = await analyse(redis.endpoint, { measures: [], separators: '<:', prefix_depth: 2, top: 1 });
  assert.deepEqual([document.keys, 'bytes' in document, 'ttl_histogram' in document, 'size_histogram' in document], [keys.length, false, false, false]);
  assert.deepEqual(document.largest_by_bytes, []);
  checkPrefixes(document.prefixes, keys);
  assert.ok(document.prefixes.items.some(({ prefix }) => prefix === '😀:<'));
  const { keys: usual } = await analyse(redis.endpoint);
  await measureSizes(redis, keys);
  check(usual, keys);
});

test('an empty server, and one without a time to live, where none is asked for', async () => {
  const redis = await start();
  const { keys: document } = await analyse(redis.endpoint);
  assert.deepEqual([document.keys, document.types, document.largest_by_bytes, document.prefixes.items], [0, [], [], []]);
  await redis.pipeline(items(500).map((i) => ['SET', `k:${i}`, i]));
  await redis.command('CONFIG', 'RESETSTAT');
  const { keys: persistent } = await analyse(redis.endpoint);
  assert.deepEqual([persistent.keys_without_ttl, (await redis.info('commandstats')).cmdstat_pttl], [500, undefined]);
});

test('a replica is read, and what has expired there is counted', async () => {
  const [master, replica] = [await start(), await start()];
  await fill(master, random, 600);
  await replica.command('REPLICAOF', '127.0.0.1', master.port);
  await until('the replica is in sync', async () => (await replica.info('replication')).master_link_status === 'up');
  await master.command('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
  await master.pipeline(items(40).map((i) => ['SET', `gone:${i}`, 'x', 'PX', 1]));
  await master.command('WAIT', '1', '5000');
  await until('they have expired', async () => (await replica.command('EXISTS', ...items(40).map((i) => `gone:${i}`))) === 0);
  const result = await analyse(`${master.endpoint},${replica.endpoint}`, {}, { layout: 'replicated' });
  assert.equal(result.status, 'success', result.reason);
  const alive = (await enumerate(replica)).filter(({ bytes }) => bytes !== null);
  await measureSizes(master, alive);
  check(result.keys, alive);
  assert.deepEqual(result.keys.expired, { released: 0, held: 40, held_is: 'counted' });
  assert.equal((await master.info('commandstats')).cmdstat_scan, undefined, 'the master is left alone');
  // Idle times are a master's.
  const used = await analyse(`${master.endpoint},${replica.endpoint}`, { measures: ['usage'] }, { layout: 'replicated' });
  assert.deepEqual([used.status, used.keys.keys], ['success', alive.length]);
  assert.notEqual((await master.info('commandstats')).cmdstat_scan, undefined);
  assert.equal(used.keys.expired.released, 40);
});

test('a cluster: sums, shards, and every key once', async () => {
  const cluster = await RedisCluster.start(directory, { masters: 3, replicas: 0 });
  stops.push(() => cluster.stop());
  const commands = makeKeys(random, 900);
  await cluster.pipeline(commands);
  const result = await analyse(cluster.nodes[0].endpoint, { measures: ALL, top: 20 }, { layout: 'cluster' });
  assert.equal(result.status, 'success', result.reason);
  const keys = [], shards = [];
  for (const node of cluster.nodes) {
    const own = await enumerate(node);
    await measureSizes(node, own);
    keys.push(...own);
    if (own.length > 0) shards.push({ shard: node.endpoint, ...figures(own) });
  }
  check(result.keys, keys, { top: 20, measures: ALL });
  assert.deepEqual(result.keys.shards, shards.sort((a, b) => (a.shard < b.shard ? -1 : 1)));
  assert.ok(result.keys.largest_by_bytes.every(({ shard }) => shards.some((one) => one.shard === shard)));
});

test('what a user may not ask is left out with its reason', async () => {
  const redis = await start();
  await fill(redis, random, 400);
  const keys = await enumerate(redis);
  const rules = ['on', '>open sesame', 'resetkeys', '~*', '+@all'];
  const env = { REDIS_USER: 'scanner', REDIS_PASSWORD: 'open sesame' };
  await redis.command('ACL', 'SETUSER', 'scanner', ...rules, '-memory', '-object', '-strlen');
  const { status, reason, keys: document } = await analyse(redis.endpoint, { measures: ALL }, { env });
  assert.equal(status, 'success', reason);
  assert.deepEqual(document.not_measured.map(({ measure, keys: count }) => [measure, count]),
    [['memory', keys.length], ['encoding', keys.length], ['usage', keys.length], ['size', keys.filter(({ type }) => type === 'string').length]]);
  assert.match(document.not_measured[0].reason, /^MEMORY USAGE: NOPERM .*memory\|usage/);
  assert.deepEqual([document.keys, 'bytes' in document, document.keys_without_ttl], [keys.length, false, figures(keys).keys_without_ttl]);
  // Once refused it is asked no more: what was in flight is all.
  const refused = (await redis.info('errorstats')).errorstat_NOPERM;
  assert.ok(Number(/count=(\d+)/.exec(refused)[1]) < 3 * 400, refused);
  await redis.command('ACL', 'SETUSER', 'scanner', 'reset', ...rules, 'resetkeys', '~user:*');
  const part = await analyse(redis.endpoint, {}, { env });
  assert.equal(part.status, 'success', part.reason);
  const seen = keys.filter(({ name }) => name.toString().startsWith('user:'));
  await measureSizes(redis, seen);
  check(part.keys, seen);
  assert.deepEqual(part.keys.not_measured.map(({ measure, keys: count }) => [measure, count]), [['type', keys.length - seen.length]]);
  await redis.command('ACL', 'SETUSER', 'scanner', 'reset', ...rules, '-type');
  assert.equal((await analyse(redis.endpoint, {}, { env })).code, 'REDIS_REFUSED');
});

test('counters of use are as they were, but of those few whose lengths were asked at the end', async () => {
  for (const policy of ['allkeys-lfu', 'volatile-lru']) {
    const redis = await start({ 'maxmemory-policy': policy, 'lfu-log-factor': 0, 'lfu-decay-time': 0 });
    await fill(redis, random, 1500);
    const keys = await enumerate(redis);
    const ask = () => redis.pipeline(keys.map(({ name }) => ['OBJECT', policy.includes('lfu') ? 'FREQ' : 'IDLETIME', name]));
    if (!policy.includes('lfu')) {
      const values = await redis.pipeline(keys.map(({ name }) => ['DUMP', name]));
      await redis.pipeline(keys.map(({ name }, i) => ['RESTORE', name, 0, values[i], 'REPLACE', 'IDLETIME', 100_000]));
    }
    const before = await ask();
    const result = await analyse(redis.endpoint, { measures: ALL, top: 5 });
    assert.equal(result.status, 'success', result.reason);
    const now = await ask();
    const changed = keys.filter((_, i) => (policy.includes('lfu') ? now[i] !== before[i] : now[i] < before[i]));
    console.log(`# ${policy}: ${changed.length} of ${keys.length} changed, ${result.touched} touched`);
    const told = new Set(result.keys.largest_by_size.map(({ name }) => name));
    assert.ok(changed.length <= result.touched && result.touched <= 5 * TYPES.length);
    assert.ok(changed.every(({ name }) => told.has(publicName(name))));
    if (result.touched > 0) assert.deepEqual(result.keys.not_measured.map(({ measure }) => measure), ['size']);
    if (policy.includes('lfu')) {
      assert.equal(sum(result.keys.frequency_histogram, (bucket) => bucket.keys), keys.length);
      const freqs = new Map(keys.map(({ name }, i) => [publicName(name), before[i]]));
      for (const { name, freq } of result.keys.largest_by_bytes) assert.equal(freq, freqs.get(name));
    }
  }
});

test('stopped and taken up again it comes to the same', async () => {
  const redis = await start();
  await fill(redis, random, 9000, [0, 5]);
  const file = join(directory, 'checkpoint');
  const whole = await analyse(redis.endpoint, { measures: ALL });
  let stopped = 0;
  const calls = async () => Number(/calls=(\d+)/.exec((await redis.info('commandstats')).cmdstat_scan)?.[1] ?? 0);
  for (let i = 0; i < 4; i++) {
    const from = await calls();
    const result = await analyse(redis.endpoint, { measures: ALL }, {
      profile: 'gentle', env: { SCAN_CHECKPOINT: file },
      during: async (program) => {
        await until('the scan is under way, or over', async () => !program.running || (await calls()) > from + 3);
        if (program.running) program.signal('SIGTERM');
      },
    });
    stopped += result.code === 'SCAN_CANCELLED';
    if (result.status === 'success') break;
  }
  const last = await analyse(redis.endpoint, { measures: ALL }, { env: { SCAN_CHECKPOINT: file } });
  assert.ok(stopped >= 1 && existsSync(file), `stopped ${stopped} times`);
  assert.ok(JSON.parse(readFileSync(file)).node.keys_seen > 0);
  const steady = ({ ttl_histogram: _, idle_histogram: __, largest_by_bytes: bytes, largest_by_size: sizes, ...rest }) => ({
    ...rest, bytes: bytes.map(({ ttl_ms: ___, idle_s: ____, ...key }) => key), sizes: sizes.map(({ ttl_ms: ___, idle_s: ____, ...key }) => key),
  });
  assert.deepEqual(steady(last.keys), steady(whole.keys));
});

test('more prefixes than have a place: bounds are true and the heavy ones are told', async () => {
  const redis = await start();
  const many = process.env.DCS_SANITIZE ? 15_000 : 60_000;
  for (let first = 0; first < many; first += 5000)
    await redis.pipeline(items(5000).map((i) => ['SET', (first + i) % 3 ? `p${first + i}:x` : `heavy${(first + i) % 60}:${first + i}`, 'x'.repeat((first + i) % 90)]));
  const result = await analyse(redis.endpoint);
  const keys = await enumerate(redis);
  const { prefixes } = result.keys;
  assert.equal(prefixes.exact, false);
  checkPrefixes(prefixes, keys);
  for (const item of prefixes.items) {
    assert.ok(item.keys_error <= keys.length / prefixes.capacity);
    assert.ok(item.bytes_error <= result.keys.bytes / prefixes.capacity);
  }
  for (const i of items(20)) assert.ok(prefixes.items.some(({ prefix }) => prefix === `heavy${i * 3}:`));
});
