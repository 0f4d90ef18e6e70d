// An online analysis and one of a dump, over the same million prefixes, against exact figures.
//
// What a key takes is asked of the server for the one, and worked out for the other from a dump of one key of each
// form (type, length of name and of value, time to live or none), whose estimates the analysis tells one by one.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from '../../support/program.mjs';
import { Random } from '../../support/random.mjs';
import { Redis } from '../../support/redis.mjs';

const KEYS = Number(process.env.KEYS ?? 1_000_000), ROUNDS = Number(process.env.ROUNDS ?? 1);
const BATCH = 5000, MAGNITUDES = 20, DEPTHS = 2, HOUR = 3600, DAY = 86400;
const TYPES = ['string', 'hash', 'set'];
const TTL_BORDERS = [0, 60, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY], TTLS = [3 * HOUR, 12 * HOUR, 3 * DAY, 15 * DAY, 60 * DAY, 200 * DAY];
const SIZE_BORDERS = [0, ...Array.from({ length: 13 }, (_, i) => 64 * 4 ** i)];
const numbers = (n) => Array.from({ length: n }, (_, i) => i);

const directory = mkdtempSync(join(tmpdir(), 'dcs-exactness-'));
const dcsctl = async (...args) => JSON.parse(await must('dcsctl', join(process.env.DCS_BUILD, 'cli/dcsctl'), [...args, '--json', '--no-progress'], { deadlineMs: 600_000 }));

// What key i is: its first prefix by Zipf's law, its second one its own.
function draw(random) {
  const first = new Uint32Array(KEYS), kind = new Uint8Array(KEYS), size = new Uint8Array(KEYS), ttl = new Int8Array(KEYS);
  for (let i = 0; i < KEYS; i++) {
    const magnitude = 2 ** random.below(MAGNITUDES);
    first[i] = magnitude + random.below(magnitude);
    kind[i] = [0, 0, 0, 1, 2][random.below(5)];
    size[i] = kind[i] === 0 ? 3 * random.below(40) : 1 + random.below(4);
    ttl[i] = random.below(4) === 0 ? random.below(TTLS.length) : -1;
  }
  return { first, kind, size, ttl };
}

const nameOf = (keys, i) => `a${keys.first[i]}:b${i}:${i % 7}`;
function commandsOf(name, kind, size, ttl) {
  const make = [['SET', name, 'x'.repeat(size)], ['HSET', name, ...numbers(size).flatMap((n) => [`f${n}`, 'value'])], ['SADD', name, ...numbers(size)]][kind];
  return ttl < 0 ? [make] : [make, ['EXPIRE', name, TTLS[ttl]]];
}

async function fill(redis, keys) {
  for (let first = 0; first < KEYS; first += BATCH)
    await redis.pipeline(numbers(Math.min(BATCH, KEYS - first)).flatMap((n) =>
      commandsOf(nameOf(keys, first + n), keys.kind[first + n], keys.size[first + n], keys.ttl[first + n])));
}

async function ask(redis, keys) {
  const bytes = new Uint32Array(KEYS);
  for (let first = 0; first < KEYS; first += BATCH)
    bytes.set(await redis.pipeline(numbers(Math.min(BATCH, KEYS - first)).map((n) => ['MEMORY', 'USAGE', nameOf(keys, first + n)])), first);
  return bytes;
}

const formOf = (keys, i) => `${keys.kind[i]} ${nameOf(keys, i).length} ${keys.size[i]} ${keys.ttl[i] >= 0}`;

async function estimate(keys) {
  const forms = new Map(), redis = await Redis.start(directory);
  for (let i = 0; i < KEYS; i++) {
    const form = formOf(keys, i);
    if (!forms.has(form)) forms.set(form, { i, name: forms.size.toString(36).padStart(nameOf(keys, i).length, '_') });
  }
  assert.ok(forms.size <= 10_000, `${forms.size} forms`);
  await redis.pipeline([...forms.values()].flatMap(({ i, name }) => commandsOf(name, keys.kind[i], keys.size[i], keys.ttl[i])));
  await redis.command('SAVE');
  const document = await dcsctl('rdb', 'analyze', join(redis.directory, 'dump.rdb'), '--top', '10000');
  await redis.stop();
  const told = new Map(document.largest_by_bytes.map(({ name, bytes }) => [name, bytes]));
  const bytes = new Uint32Array(KEYS);
  for (let i = 0; i < KEYS; i++) bytes[i] = told.get(forms.get(formOf(keys, i)).name);
  return bytes;
}

// Sums of every prefix: those of the first depth by their number, those of the second by their key's.
function sumUp(keys, bytes, takes) {
  const sums = { keys: 0, bytes: 0, first: [new Float64Array(2 ** MAGNITUDES), new Float64Array(2 ** MAGNITUDES)], second: [new Float64Array(KEYS), new Float64Array(KEYS)] };
  for (let i = 0; i < KEYS; i++) {
    if (!takes(i)) continue;
    sums.keys += 1;
    sums.bytes += bytes[i];
    for (const [weight, more] of [1, bytes[i]].entries()) {
      sums.first[weight][keys.first[i]] += more;
      sums.second[weight][i] += more;
    }
  }
  return sums;
}

const WEIGHTS = ['keys', 'bytes'];

// Of a list of prefixes: that all are within their errors, and these within the bound; shares of the bound.
function weigh(list, items, sums, persistent, bounds) {
  const largest = { error: [0, 0], miss: [0, 0] }, found = [new Set(), new Set()];
  for (const item of items) {
    const [, first, second] = /^a(\d+):(?:b(\d+):)?$/.exec(item.prefix), place = Number(second ?? first);
    const exact = (all) => (second === undefined ? all.first : all.second);
    for (const [weight, name] of WEIGHTS.entries()) {
      const error = item[`${name}_error`], right = exact(sums)[weight][place], lasting = exact(persistent)[weight][place];
      assert.ok(right <= item[name] && right >= item[name] - error, `${list}: ${item.prefix} has ${right} ${name}, not ${item[name]} less ${error}`);
      assert.ok(lasting <= item[`${name}_without_ttl`] && lasting >= item[`${name}_without_ttl`] - error, `${list}: ${item.prefix} without a time to live`);
      assert.ok(error <= bounds[weight], `${list}: ${item.prefix} has an error of ${error} ${name}, more than ${bounds[weight]}`);
      largest.error[weight] = Math.max(largest.error[weight], error / bounds[weight]);
      largest.miss[weight] = Math.max(largest.miss[weight], (item[name] - right) / bounds[weight]);
      found[weight].add(item.prefix);
    }
  }
  const heaviest = WEIGHTS.map((_, weight) => {
    const all = [...sums.first[weight]].map((value, i) => [value, `a${i}:`]).filter(([value]) => value > 0);
    sums.second[weight].forEach((value, i) => { if (value > 0) all.push([value, i]); });
    const sorted = all.sort(([a], [b]) => b - a), above = sorted.filter(([value]) => value > 2 * bounds[weight]).slice(0, 500);
    for (const [, prefix] of above.filter(([, one]) => typeof one === 'string')) assert.ok(list !== 'prefixes' || found[weight].has(prefix), `${list}: ${prefix} is not told`);
    return sorted.slice(0, 500).filter(([, prefix]) => found[weight].has(prefix)).length;
  });
  return { list, items: items.length, largest, heaviest };
}

const histogram = (borders, keys, bytes, value) => {
  const buckets = borders.map(() => ({ keys: 0, bytes: 0 }));
  for (let i = 0; i < KEYS; i++) {
    const at = value(i);
    if (at < 0) continue;
    const bucket = buckets[borders.filter((border) => border <= at).length - 1];
    bucket.keys += 1;
    bucket.bytes += bytes[i];
  }
  return buckets;
};
const figures = (buckets) => buckets.map(({ keys, bytes }) => ({ keys, bytes }));

function check(document, keys, bytes) {
  const all = sumUp(keys, bytes, () => true), lasting = sumUp(keys, bytes, (i) => keys.ttl[i] < 0), { capacity } = document.prefixes;
  const of = TYPES.map((_, kind) => sumUp(keys, bytes, (i) => keys.kind[i] === kind));
  assert.deepEqual([document.keys, document.bytes, document.keys_without_ttl, document.bytes_without_ttl], [KEYS, all.bytes, lasting.keys, lasting.bytes]);
  for (const { type, ...sums } of document.types) {
    const right = of[TYPES.indexOf(type)];
    assert.deepEqual([sums.keys, sums.bytes], [right.keys, right.bytes], type);
  }
  assert.deepEqual(figures(document.size_histogram), histogram(SIZE_BORDERS, keys, bytes, (i) => bytes[i]));
  assert.deepEqual(figures(document.ttl_histogram), histogram(TTL_BORDERS, keys, bytes, (i) => (keys.ttl[i] < 0 ? -1 : TTLS[keys.ttl[i]] - HOUR)));
  const lines = [weigh('prefixes', document.prefixes.items, all, lasting, [all.keys / capacity, all.bytes / capacity])];
  for (const { type, items, capacity: places } of document.prefixes_by_type ?? []) {
    const kind = TYPES.indexOf(type), sums = of[kind];
    lines.push(weigh(`of type ${type}`, items, sums, sumUp(keys, bytes, (i) => keys.kind[i] === kind && keys.ttl[i] < 0),
      [DEPTHS * sums.keys / places, DEPTHS * sums.bytes / places]));
  }
  return lines;
}

function show(source, lines) {
  for (const { list, items, largest, heaviest } of lines) {
    const cells = [largest.error[0], largest.error[1], largest.miss[0], largest.miss[1]].map((share) => share.toFixed(3).padStart(8));
    console.log(`${source.padEnd(8)}${list.padEnd(16)}${String(items).padStart(6)}${cells.join('')}${heaviest.map((count) => String(count).padStart(10)).join('')}`);
  }
}

console.log(`${KEYS} keys; largest error and largest excess as shares of the bound, and how many of the true 500 heaviest are told`);
console.log(`${'source'.padEnd(8)}${'list'.padEnd(16)} items   error: keys, bytes  excess        by keys  by bytes`);
try {
  for (let round = 0; round < ROUNDS; round++) {
    const keys = draw(new Random()), redis = await Redis.start(directory);
    await fill(redis, keys);
    const { result } = await dcsctl('scan', `redis://${redis.endpoint}`, '--kind', 'analysis', '--profile', 'fast');
    show('scan', check(result, keys, await ask(redis, keys)));
    await redis.command('SAVE');
    const document = await dcsctl('rdb', 'analyze', join(redis.directory, 'dump.rdb'));
    await redis.stop();
    show('dump', check(document, keys, await estimate(keys)));
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
