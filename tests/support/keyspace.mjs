// Random keyspaces, what is true of every key of one, and the document of an analysis held against that.

import assert from 'node:assert/strict';
import { publicName } from './dataset.mjs';

export const TYPES = ['string', 'list', 'set', 'zset', 'hash', 'stream'];
const LENGTHS = { string: 'STRLEN', list: 'LLEN', set: 'SCARD', zset: 'ZCARD', hash: 'HLEN', stream: 'XLEN' };
const DAY = 86400;
const TTL_BORDERS = [0, 60, 3600, 6 * 3600, DAY, 7 * DAY, 30 * DAY, 90 * DAY];
const SIZE_BORDERS = [0, ...Array.from({ length: 13 }, (_, i) => 64 * 4 ** i)];

export const ALL = ['memory', 'ttl', 'encoding', 'usage'];
export const items = (n) => Array.from({ length: n }, (_, i) => i);

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

export function makeKeys(random, keys, { leastSeconds = 30 } = {}) {
  return items(keys).flatMap((i) => {
    const name = NAMES[i % NAMES.length](i), size = i % 53 === 0 ? 100 + random.below(300) : 1 + random.below(12);
    const made = [MAKERS[random.below(100) < 50 ? 0 : random.below(MAKERS.length)](name, size)];
    if (i % 3 === 0) made.push(['PEXPIRE', name, 1000 * (leastSeconds + Math.floor(Math.exp(random.below(1000) / 60)))]);
    return made;
  });
}

export async function fill(redis, random, keys, databases = [0], how = {}) {
  for (const db of databases) {
    await redis.command('SELECT', db);
    await redis.pipeline(makeKeys(random, Math.floor(keys / databases.length), how));
  }
  await redis.pipeline([['SELECT', 0], ['SET', 'ten years', 'x', 'EX', 3650 * DAY], ['SET', '', 'empty name'], ['SET', 'nothing', '']]);
}

// All that can be known of all keys, by commands that touch none.
export async function enumerate(redis, databases = [0]) {
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

export async function measureSizes(redis, keys) {
  const sizes = [];
  for (const { name, type, db } of keys) sizes.push(['SELECT', db], [LENGTHS[type], name]);
  (await redis.pipeline([...sizes, ['SELECT', 0]])).filter((_, i) => i % 2 === 1).forEach((size, i) => { if (keys[i]) keys[i].size = size; });
}

export const sum = (keys, value) => keys.reduce((total, key) => total + value(key), 0);
const groupBy = (keys, by) => {
  const groups = new Map();
  for (const key of keys) groups.set(by(key), [...(groups.get(by(key)) ?? []), key]);
  return groups;
};
export const figures = (keys) => ({
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
export function prefixesOf(keys, depth = 8, separators = ':') {
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
export function check(document, keys, { top = 100, measures = ['memory', 'ttl'], source = 'scan', now = Date.now(), sized = true } = {}) {
  assert.deepEqual(pick(document, FIGURES), figures(keys));
  assert.deepEqual([document.source, document.version, document.measures], [source, 1, measures]);
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
  const ttl = (key) => (key.until === -1 ? -1 : (key.until - now) / 1000);
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

export function checkPrefixes({ items: told, exact, depth, separators }, keys) {
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
