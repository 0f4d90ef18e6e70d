// What the reader says of the keys of a dump against what the server said that saved it, on real servers with random
// data of all types and encodings: all of it equal, but the estimate of memory, whose error is bounded as
// docs/rdb.md states.  The seed is printed; DCS_TEST_SEED repeats a run.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { askServer, errorsByGroup, fillRdb, readSaved } from '../support/rdb_data.mjs';
import { Random } from '../support/random.mjs';
import { installedServers, Redis } from '../support/redis.mjs';

const KEYS = process.env.DCS_SANITIZE ? 1200 : 3000;
const ELEMENTS = 600;

// The largest error in percent, that of 9 keys of 10, and the median; what is not named has none.  Levels of skip
// lists are random, and so is when a hash table has moved into a larger one, and how many chained buckets it has.
const BOUNDS = [
  [/^zset, skiplist, fewer/, [35, 15, 4]],
  [/^zset, skiplist, 100/, [15, 5, 1.5]],
  [/^(set|hash), hashtable, fewer/, [35, 15, 4]],
  [/^(set|hash), hashtable, 100/, [15, 5, 2]],
  [/^stream/, [6, 2, 0.1]],
];
const ALL_MOST = 1;

const random = new Random();
const directory = mkdtempSync(join(tmpdir(), 'dcs-rdb-keys-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function compare(said, read) {
  assert.equal(read.size, said.size);
  for (const [name, { bytes, ...expected }] of said) {
    const got = read.get(name);
    assert.ok(got, name);
    const same = Object.fromEntries(Object.keys(expected).map((member) => [member, got[member]]));
    assert.deepEqual(same, expected, name);
    assert.ok(bytes > 0 && got.bytes > 0, name);
  }
}

const at = (errors, part) => Math.abs(errors[Math.min(errors.length - 1, Math.floor(errors.length * part))]);

function checkErrors(said, read) {
  const groups = errorsByGroup(said, read);
  const tooLarge = [];
  for (const [group, errors] of groups) {
    const bounds = BOUNDS.find(([pattern]) => pattern.test(group))?.[1] ?? [0, 0, 0];
    const found = [1, 0.9, 0.5].map((part) => at(errors, part));
    console.log(`# ${group}: ${errors.length} keys, errors of ${found.map((error) => error.toFixed(2)).join(', ')} %`);
    if (found.some((error, i) => error > bounds[i])) tooLarge.push(`${group}: ${found}, at most ${bounds}`);
  }
  assert.deepEqual(tooLarge, []);
  const sum = (keys) => [...keys.values()].reduce((all, { bytes }) => all + bytes, 0);
  const off = (100 * (sum(read) - sum(said))) / sum(said);
  assert.ok(Math.abs(off) <= ALL_MOST, `all keys: ${off} %`);
  return groups;
}

// Strings that were last used long ago, or often, as far as the server knows.
async function age(redis, keys, field, values) {
  const aged = new Map();
  const strings = keys.filter(({ db, type }) => db === 0 && type === 'string').slice(0, 100);
  await redis.command('SELECT', 0);
  for (const [i, { key }] of strings.entries()) {
    const [ttl, dump] = await redis.pipeline([['PTTL', key], ['DUMP', key]]);
    const value = values[i % values.length];
    await redis.command('RESTORE', key, Math.max(0, ttl), dump, 'REPLACE', field, value);
    aged.set(`0:${key.toString('hex')}`, value);
  }
  return aged;
}

for (const server of installedServers()) {
  test(`${server}: keys are what the server said`, async () => {
    const redis = await Redis.start(directory, { server });
    try {
      const keys = await fillRdb(redis, random, KEYS, ELEMENTS);
      const said = await askServer(redis, keys);
      const read = await readSaved(redis);
      compare(said, read);
      const groups = checkErrors(said, read);
      assert.ok(groups.size >= 14, 'all types in all encodings');
    } finally {
      await redis.stop();
    }
  });

  // Restored keys expire at about the time that they did; the rest of what is said of them stays.
  for (const [policy, field, member, values, mostMore] of [
    ['allkeys-lfu', 'FREQ', 'freq', [0, 5, 200, 255], 0],
    ['allkeys-lru', 'IDLETIME', 'idle_s', [0, 77, 100_000, 3_000_000], 60],
  ]) {
    test(`${server}: ${member} is what the server was told`, async () => {
      // Without a limit keys may share an integer, and its use.
      const options = { 'maxmemory-policy': policy, 'lfu-decay-time': 0, maxmemory: '1gb' };
      const redis = await Redis.start(directory, { server, options });
      try {
        const keys = await fillRdb(redis, random, 600, 4);
        const aged = await age(redis, keys, field, values);
        const read = await readSaved(redis);
        assert.equal(read.size, keys.length);
        for (const [name, value] of aged) {
          const more = read.get(name)[member] - value;
          assert.ok(more >= 0 && more <= mostMore, `${name}: ${value} and ${more}`);
        }
        const other = member === 'freq' ? 'idle_s' : 'freq';
        for (const key of read.values()) assert.ok(key[member] >= 0 && key[other] === -1);
      } finally {
        await redis.stop();
      }
    });
  }

  // What is compressed in memory is told by a file that is not.
  test(`${server}: lists that are compressed in memory`, async () => {
    const options = { 'list-compress-depth': 2, rdbcompression: 'no' };
    const redis = await Redis.start(directory, { server, options });
    try {
      const keys = Array.from({ length: 20 }, (_, i) => ({ db: 0, key: Buffer.from(`list:${i}`), type: 'list' }));
      for (const [i, { key }] of keys.entries())
        for (let j = 0; j < 5 + i * 3; j++) await redis.command('RPUSH', key, ...Array.from({ length: 90 }, (_, k) => `${'element '.repeat(3)}${j} ${k}`));
      const said = await askServer(redis, keys);
      const read = await readSaved(redis);
      compare(said, read);
      for (const [name, { bytes }] of said) assert.equal(read.get(name).bytes, bytes, name);
      const values = [...said.values()];
      assert.ok(values.at(-1).bytes < values.at(-1).size * 20, 'compressed');
    } finally {
      await redis.stop();
    }
  });
}
