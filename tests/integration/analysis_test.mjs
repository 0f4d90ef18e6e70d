// Analyses of whole keyspaces on real servers against figures that are worked out here, key by key, with the server's
// own commands: by type, encoding, database and shard, histograms, rankings and prefixes, all exact on small data.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { publicName } from '../support/dataset.mjs';
import { Random } from '../support/random.mjs';
import { Redis, RedisCluster, installedServers } from '../support/redis.mjs';
import { scanOnce } from '../support/scan_once.mjs';
import { until } from '../support/wait.mjs';

const KEYS = process.env.DCS_SANITIZE ? 3000 : 12_000;
const TYPES = ['string', 'list', 'set', 'zset', 'hash', 'stream'];
const LENGTHS = { string: 'STRLEN', list: 'LLEN', set: 'SCARD', zset: 'ZCARD', hash: 'HLEN', stream: 'XLEN' };
const PATIENT = { timeoutMs: 120_000, replyMs: 15_000 };
const DAY = 86400;
const TTL_BORDERS = [0, 60, 3600, 6 * 3600, DAY, 7 * DAY, 30 * DAY, 90 * DAY];
const SIZE_BORDERS = [0, ...Array.from({ length: 13 }, (_, i) => 64 * 4 ** i)];

const directory = mkdtempSync(join(tmpdir(), 'dcs-analysis-'));
const stops = [];
after(async () => {
  for (const stop of stops) await stop();
  rmSync(directory, { recursive: true, force: true });
});
const r = new Random();

async function start(options = {}, server = 'redis-server') {
  const redis = await Redis.start(directory, { options, server });
  stops.push(() => redis.stop());
  return redis;
}

const analyse = (endpoint, options, how = {}) => scanOnce(endpoint, 'analysis',
  { ...PATIENT, ...how, env: { ...how.env, SCAN_ANALYSIS: JSON.stringify(options ?? {}) } });

const ALL = ['memory', 'ttl', 'encoding', 'usage'];
const items = (n) => Array.from({ length: n }, (_, i) => i);

// Names that are nested, flat, empty, not UTF-8, of emoji, from right to left, and too long for a prefix.
const NAMES = [
  (i) => `user:${i % 50}:name:${i}`, (i) => `cache:${i}`, (i) => `flat${i}`, (i) => `a:::${i}`, (i) => `עברית:שם:${i}`,
  (i) => `😀:<img src=x onerror=alert(1)>:${i}`, (i) => Buffer.concat([Buffer.from([0xff, 0x5c, 0x3a, i % 256, 0xfe, 0x3a]), Buffer.from(`${i}`)]),
  (i) => `long:${'x'.repeat(300)}:${i}`, (i) => `${'deep:'.repeat(12)}${i}`, (i) => `session:${i}:`,
];
const MAKERS = [
  (name, n) => ['SET', name, n % 3 ? 'x'.repeat(n * 9) : `${n}`], (name, n) => ['RPUSH', name, ...items(n)],
  (name, n) => ['SADD', name, ...items(n).map((m) => (n % 2 ? m : `m${m}`))], (name, n) => ['ZADD', name, ...items(n).flatMap((m) => [m, `m${m}`])],
  (name, n) => ['HSET', name, ...items(n).flatMap((m) => [m, 'v'])], (name) => ['XADD', name, '*', 'f', 'v'],
];

function makeKeys(keys) {
  return items(keys).flatMap((i) => {
    const name = NAMES[i % NAMES.length](i), size = i % 53 === 0 ? 100 + r.below(300) : 1 + r.below(12);
    const made = [MAKERS[r.below(100) < 50 ? 0 : r.below(MAKERS.length)](name, size)];
    if (i % 3 === 0) made.push(['PEXPIRE', name, 1000 * (30 + Math.floor(Math.exp(r.below(1000) / 60)))]);
    return made;
  });
}

async function fill(redis, keys, databases = [0]) {
  for (const db of databases) {
    await redis.command('SELECT', db);
    await redis.pipeline(makeKeys(Math.floor(keys / databases.length)));
  }
  await redis.pipeline([['SELECT', 0], ['SET', 'ten years', 'x', 'EX', 3650 * DAY], ['SET', '', 'empty name'], ['SET', 'nothing', '']]);
}

// All that can be known of all keys, by commands that touch none.
async function enumerate(redis, databases = [0]) {
  const all = [];
  for (const db of databases) {
    await redis.command('SELECT', db);
    const names = await redis.command('KEYS', '*');
    const ask = (...words) => redis.pipeline(names.map((name) => [...words, name]));
    const [types, bytes, ttls, encodings] = [await ask('TYPE'), await ask('MEMORY', 'USAGE'), await ask('PEXPIRETIME'), await ask('OBJECT', 'ENCODING')];
    names.forEach((name, i) => all.push({ name, db, type: String(types[i]), bytes: bytes[i], until: ttls[i], encoding: String(encodings[i]) }));
  }
  await redis.command('SELECT', 0);
  return all;
}

async function measureSizes(redis, keys) {
  const sizes = [];
  for (const { name, type, db } of keys) sizes.push(['SELECT', db], [LENGTHS[type], name]);
  (await redis.pipeline([...sizes, ['SELECT', 0]])).filter((_, i) => i % 2 === 1).forEach((size, i) => { if (keys[i]) keys[i].size = size; });
}

const sum = (keys, value) => keys.reduce((total, key) => total + value(key), 0);
const groupBy = (keys, by) => {
  const groups = new Map();
  for (const key of keys) groups.set(by(key), [...(groups.get(by(key)) ?? []), key]);
  return groups;
};
const figures = (keys) => ({
  keys: keys.length, bytes: sum(keys, (key) => key.bytes),
  keys_without_ttl: keys.filter((key) => key.until === -1).length,
  bytes_without_ttl: sum(keys.filter((key) => key.until === -1), (key) => key.bytes),
});
const pick = (object, names) => Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));
const FIGURES = ['keys', 'bytes', 'keys_without_ttl', 'bytes_without_ttl'];

function histogram(borders, keys, value, [from, to]) {
  return borders.map((border, i) => {
    const end = borders[i + 1], inside = keys.filter((key) => value(key) >= border && (end === undefined || value(key) < end));
    return { [from]: border, ...(end !== undefined && { [to]: end }), keys: inside.length, bytes: sum(inside, (key) => key.bytes) };
  });
}

// Every prefix by what is written of it.
function prefixesOf(keys, depth = 8, separators = ':') {
  const groups = new Map();
  const ends = new Set(Buffer.from(separators));
  for (const key of keys) {
    let found = 0;
    for (let i = 0; i < Math.min(key.name.length, 256) && found < depth; i++) {
      if (!ends.has(key.name[i])) continue;
      found++;
      const prefix = key.name.subarray(0, i + 1).toString('latin1');
      if (!groups.has(prefix)) groups.set(prefix, { prefix: publicName(key.name.subarray(0, i + 1)), depth: found, keys: [] });
      groups.get(prefix).keys.push(key);
    }
  }
  return groups;
}

const order = (value) => (a, b) => b[value] - a[value] || Buffer.compare(a.name, b.name) || a.db - b.db;
const place = ({ name, db, ...rest }, value) => ({ name: publicName(name), db, [value]: rest[value] });

// The document against the keys; times to live near a border may have passed it.
function check(document, keys, { top = 100, measures = ['memory', 'ttl'], sized = true } = {}) {
  assert.deepEqual(pick(document, FIGURES), figures(keys));
  assert.deepEqual([document.source, document.version, document.measures], ['scan', 1, measures]);
  const byType = groupBy(keys, ({ type }) => type);
  assert.deepEqual(document.types.map((type) => ({ type: type.type, ...pick(type, FIGURES), largest_bytes: type.largest_bytes })),
    TYPES.filter((type) => byType.has(type)).map((type) => ({
      type, ...figures(byType.get(type)), largest_bytes: Math.max(...byType.get(type).map(({ bytes }) => bytes)),
    })));
  assert.deepEqual(document.databases.map(({ db, ...rest }) => [db, rest]),
    [...groupBy(keys, ({ db }) => db)].sort(([a], [b]) => a - b).map(([db, all]) => [db, figures(all)]));
  assert.deepEqual(document.size_histogram, histogram(SIZE_BORDERS, keys, ({ bytes }) => bytes, ['from', 'to']));
  assert.deepEqual(document.largest_by_bytes.map(({ name, db, bytes }) => ({ name, db, bytes })),
    [...keys].sort(order('bytes')).slice(0, top).map((key) => place(key, 'bytes')));
  if (measures.includes('encoding')) {
    for (const { type, encodings } of document.types)
      assert.deepEqual(Object.fromEntries(encodings.map(({ encoding, ...rest }) => [encoding, rest])),
        Object.fromEntries([...groupBy(byType.get(type), ({ encoding }) => encoding)].map(([encoding, all]) => [encoding, pick(figures(all), ['keys', 'bytes'])])));
  }
  if (sized) {
    assert.deepEqual(document.largest_by_size.map(({ name, type, db, size, unit }) => ({ name, type, db, size, unit })),
      TYPES.flatMap((type) => [...(byType.get(type) ?? [])].sort(order('size')).slice(0, top)
        .map((key) => ({ name: publicName(key.name), type, db: key.db, size: key.size, unit: type === 'string' ? 'byte' : 'count' }))));
  }
  const now = Date.now(), ttl = (key) => (key.until === -1 ? -1 : (key.until - now) / 1000);
  const histogramNow = histogram(TTL_BORDERS, keys, ttl, ['from_s', 'to_s']);
  assert.deepEqual(document.ttl_histogram.map(({ keys: _, bytes: __, ...border }) => border),
    histogramNow.map(({ keys: _, bytes: __, ...border }) => border));
  assert.equal(sum(document.ttl_histogram, (bucket) => bucket.keys), keys.length - document.keys_without_ttl);
  document.ttl_histogram.forEach((bucket, i) => {
    const near = keys.filter((key) => TTL_BORDERS.some((border) => ttl(key) > border - 60 && ttl(key) < border + 60)).length;
    assert.ok(Math.abs(bucket.keys - histogramNow[i].keys) <= near, `${i}: ${bucket.keys}, ${histogramNow[i].keys}, ${near}`);
  });
  checkPrefixes(document.prefixes, keys);
}

function checkPrefixes({ items: told, exact, depth, separators }, keys) {
  const all = prefixesOf(keys, depth, separators);
  const byName = new Map([...all.values()].map((group) => [group.prefix, group]));
  for (const item of told) {
    const { keys: inside } = byName.get(item.prefix), right = figures(inside);
    assert.equal(item.depth, byName.get(item.prefix).depth);
    for (const [name, error] of [['keys', 'keys_error'], ['bytes', 'bytes_error'], ['keys_without_ttl', 'keys_error'], ['bytes_without_ttl', 'bytes_error']]) {
      if (!(name in item)) continue;
      assert.ok(right[name] <= item[name] && right[name] >= item[name] - item[error], `${item.prefix}: ${name} ${right[name]}, ${item[name]} - ${item[error]}`);
    }
    if (exact) assert.deepEqual([item.keys_error, item.bytes_error ?? 0], [0, 0]);
  }
  const names = new Set(told.map(({ prefix }) => prefix));
  assert.equal(names.size, told.length, 'each once');
  for (const weigh of [(group) => sum(group.keys, ({ bytes }) => bytes), (group) => group.keys.length]) {
    const heaviest = [...all.values()].map((group) => [weigh(group), group.prefix]).sort(([a], [b]) => b - a);
    const least = heaviest[Math.min(500, heaviest.length) - 1]?.[0] ?? 0;
    if (exact) for (const [weight, prefix] of heaviest.slice(0, 500)) assert.ok(weight === least || names.has(prefix), prefix);
  }
  assert.ok(exact || told.length > 0);
}

for (const server of installedServers()) {
  test(`${server}: every figure, with everything measured, in several databases`, async () => {
    const redis = await start({}, server);
    await fill(redis, KEYS, [0, 3, 9]);
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
  await fill(redis, 1000);
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
  await fill(master, 600);
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
  const commands = makeKeys(900);
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
  await fill(redis, 400);
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
    await fill(redis, 1500);
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
  await fill(redis, 9000, [0, 5]);
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
