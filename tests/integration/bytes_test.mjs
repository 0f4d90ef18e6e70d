// What MEMORY USAGE proves about lengths, on real servers and values of every encoding, and rankings that are made
// with its help.  The seed is printed; DCS_TEST_SEED repeats a run.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { enumerate, largest, publicName } from '../support/dataset.mjs';
import { HostileServer, smallData } from '../support/hostile.mjs';
import { Random } from '../support/random.mjs';
import { installedServers, Redis } from '../support/redis.mjs';
import { scanOnce } from '../support/scan_once.mjs';

const SANITIZER = process.env.DCS_SANITIZE ?? '';
const KEYS = SANITIZER ? 1500 : 4000;
const MANY = 60_000; // enough for a try of bytes, which comes after 20 000 keys
const PATIENT = { timeoutMs: 120_000, replyMs: 15_000 };
const SMALL = {
  'list-max-listpack-size': 8, 'set-max-intset-entries': 64, 'hash-max-listpack-entries': 64, 'zset-max-listpack-entries': 64,
};

const random = new Random();
const directory = mkdtempSync(join(tmpdir(), 'dcs-bytes-'));
after(() => rmSync(directory, { recursive: true, force: true }));

// The bound as workers/scan/key_bytes.h documents it.
function lengthMost(type, bytes) {
  if (type === 'string') return Math.max(bytes, 20);
  if (type !== 'list') return Math.floor(bytes / 2);
  if (bytes >= 296) return Infinity;
  return bytes < 176 ? Math.floor(bytes / 2) : bytes * 44;
}

// The closer bound, for a server of 64 bits before 7.2.  A text has 8 bytes where jemalloc gives it that.
function lengthMostAs({ version, jemalloc }, { name, type, bytes: all, encoding }) {
  const bytes = Math.max(0, all - 42 - (version >= 60000 ? name.length : 0));
  const text = version >= 60200 && jemalloc ? 8 : 2;
  const node = version >= 70000 ? 40 : 32;
  const pairs = (left) => (left <= 516 ? left / 4 : 129 + (left - 516) / 5);
  const list = bytes - 40;
  const bounds = {
    int: 20, embstr: Math.min(bytes - 2, 44), raw: bytes - 2, intset: (bytes - 8) / 2,
    listpack: pairs(bytes - 7), ziplist: pairs(bytes - 7),
    hashtable: bytes / (24 + (type === 'hash' ? 2 : 1) * text), skiplist: bytes / (64 + text),
    quicklist: list < 3 * (node + 8) ? (list - node - 7) / 2 : list < 6 * (node + 8) ? (list - 3 * node) * 44 : Infinity,
  };
  return Math.max(0, Math.min(Math.floor(bounds[encoding]), lengthMost(type, all)));
}

const size = () => 1 + random.below(random.pick([4, 20, 70, 300]));
const items = (n, make) => Array.from({ length: n }, (_, i) => make(i));
const text = (i) => `${i}`.padEnd(random.below(40), 'x');

const MAKERS = [
  (name) => [['SET', name, random.next()]],
  (name) => [['SET', name, -(2 ** 53)]],
  (name) => [['SET', name, 'e'.repeat(random.below(45))]],
  (name) => [['SET', name, 'r'.repeat(45 + random.below(5000))]],
  (name) => [['SET', name, 'r'.repeat(100)], ['SETRANGE', name, random.below(3000), 'x']],
  (name) => [['RPUSH', name, ...items(size(), (i) => i % 10)]],
  (name) => [['RPUSH', name, ...items(size(), text)]],
  (name) => [['RPUSH', name, ...items(size(), () => 'z')]],
  emptyHeads,
  (name) => [['SADD', name, ...items(size(), (i) => i)]],
  (name) => [['SADD', name, ...items(size(), (i) => i * 2 ** 40)]],
  (name) => [['SADD', name, ...items(size(), (i) => `m${i}`)]],
  (name) => [['HSET', name, ...items(size(), (i) => [i, '']).flat()]],
  (name) => [['HSET', name, ...items(size(), (i) => [text(i), 1]).flat()]],
  (name) => [['ZADD', name, ...items(size(), (i) => [0, i]).flat()]],
  (name) => [['ZADD', name, ...items(size(), (i) => [i / 3, `m${i}`]).flat()]],
  // As close to the bounds as a value can be.
  (name) => [['SADD', name, ...items(size(), (i) => (i === 0 ? '' : String.fromCharCode(32 + i)))]],
  (name) => [['HSET', name, ...items(size(), (i) => [i === 0 ? '' : i, '']).flat()]],
  (name) => [['ZADD', name, ...items(size(), (i) => [0, i === 0 ? '' : i]).flat()]],
  (name) => [['RPUSH', name, ...items(size(), () => '')]],
  (name) => [['XADD', name, '*', 'f', 'v']],
];

// Nodes in front that hold next to nothing, before many that are full and, in the middle, compressed: an estimate
// by the first five is as far off as can be.
function emptyHeads(name) {
  const marks = items(5, (i) => `mark${i}`);
  const heads = marks.flatMap((mark) => [mark, ...Array(7).fill('gone')]);
  return [
    ['RPUSH', name, ...heads, ...items(size() * 8, (i) => (i % 3 ? 'z' : '0'.repeat(30)))],
    ['LREM', name, 0, 'gone'],
    ['LINSERT', name, 'BEFORE', marks[4], '1'],
  ];
}

async function fill(redis) {
  await redis.pipeline(items(KEYS, (i) => random.pick(MAKERS)(`${random.below(1e9)}:${i}`)).flat());
}

// All keys with what MEMORY USAGE says of them.
async function weigh(redis) {
  const keys = await enumerate(redis, [0]);
  const bytes = await redis.pipeline(keys.map(({ name }) => ['MEMORY', 'USAGE', name]));
  return keys.map((key, i) => ({ ...key, bytes: bytes[i] }));
}

async function readBuild(redis) {
  const { redis_version: text, arch_bits: bits } = await redis.info('server');
  const [major, minor, patch] = text.split('.').map(Number);
  const { mem_allocator: allocator } = await redis.info('memory');
  assert.equal(bits, '64');
  return { version: major * 10000 + minor * 100 + patch, jemalloc: allocator.startsWith('jemalloc') };
}

async function withRedis(server, options, body) {
  const redis = await Redis.start(directory, { server, options });
  try {
    await body(redis);
  } finally {
    await redis.stop();
  }
}

async function scan(redis, options = {}) {
  const result = await scanOnce(redis.endpoint, 'bigkey', { ...PATIENT, ...options });
  assert.equal(result.status, 'success', result.reason);
  return result;
}

const calls = async (redis, command) =>
  Number(/calls=(\d+)/.exec((await redis.info('commandstats'))[`cmdstat_${command}`] ?? '')?.[1] ?? 0);

for (const server of installedServers()) {
  for (const [what, options] of [
    ['encodings as they come', {}], ['small limits', SMALL],
    ['compressed lists', { ...SMALL, 'list-compress-depth': 1 }],
    ['compressed lists of large nodes', { 'list-max-listpack-size': -2, 'list-compress-depth': 1 }],
  ]) {
    test(`${server}: no key is longer than its bytes allow: ${what}`, () => withRedis(server, options, async (redis) => {
      await fill(redis);
      const keys = await weigh(redis);
      for (const { name, type, size: length, bytes } of keys)
        assert.ok(length <= lengthMost(type, bytes), `${name}: a ${type} of ${length} has ${bytes} bytes`);
      const encodingOf = (await redis.pipeline(keys.map(({ name }) => ['OBJECT', 'ENCODING', name]))).map(String);
      const build = await readBuild(redis);
      keys.forEach((key, i) => {
        if (build.version >= 70200) return;
        const most = lengthMostAs(build, { ...key, encoding: encodingOf[i] });
        assert.ok(key.size <= most, `${key.name}: a ${encodingOf[i]} ${key.type} of ${key.size} has ${key.bytes} bytes: ${most}`);
      });
      const encodings = new Set(encodingOf);
      for (const encoding of ['int', 'embstr', 'raw', 'quicklist', 'intset', 'hashtable'])
        assert.ok(encodings.has(encoding) || what !== 'small limits', `${encoding} is among ${[...encodings]}`);

      const expected = largest(keys);
      const plain = await scan(redis);
      assert.deepEqual(plain.keys, expected);
      const weighed = await scan(redis, { bytes: true });
      const bytesOf = new Map(keys.map(({ name, bytes }) => [publicName(name), bytes]));
      assert.deepEqual(weighed.keys, expected.map((key) => ({ ...key, bytes: bytesOf.get(key.name) })));
      assert.deepEqual([plain.note, weighed.note], ['', '']);
    }));
  }

  test(`${server}: the way by bytes is taken by itself, asks less and finds the same`, () =>
    withRedis(server, {}, async (redis) => {
      await fill(redis);
      await redis.command('DEBUG', 'POPULATE', MANY, 'many', 10);
      // Rankings that are full of large keys of every type, which bytes can tell from the rest.
      await redis.pipeline(items(25, (i) => [
        ['RPUSH', `L${i}`, ...items(9000 + i, () => '1')], ['SADD', `S${i}`, ...items(400 + i, (n) => n)],
        ['ZADD', `Z${i}`, ...items(400 + i, (n) => [n, n]).flat()], ['HSET', `H${i}`, ...items(400 + i, (n) => [n, n]).flat()],
        ['SET', `B${i}`, 'x'.repeat(9000 + i)],
      ]).flat());
      const keys = await weigh(redis);
      await redis.command('CONFIG', 'RESETSTAT');
      const result = await scan(redis);
      assert.deepEqual(result.keys, largest(keys));
      const asked = await calls(redis, 'memory|usage') || await calls(redis, 'memory');
      const types = await calls(redis, 'type');
      console.log(`# ${server}: ${keys.length} keys, ${asked} asked for bytes, ${types} for types, ${result.commands} commands`);
      assert.ok(asked > 1000 && types < keys.length, 'few are asked more than their bytes');
    }));
}

// Every length from one on, of the values that take the least, past many of the allocator's sizes.
const EVERY = 300;
const LEAST = {
  string: (name, n) => ['SET', name, 'x'.repeat(n)],
  list: (name, n) => ['RPUSH', name, ...items(n, () => '')],
  set: (name, n) => ['SADD', name, ...items(n, (i) => i)],
  texts: (name, n) => ['SADD', name, ...items(n, (i) => `${i}x`)],
  zset: (name, n) => ['ZADD', name, ...items(n, (i) => [0, i]).flat()],
  hash: (name, n) => ['HSET', name, ...items(n, (i) => [i, '']).flat()],
};

for (const server of installedServers()) {
  for (const [what, options] of [['compact', {}], ['tables', { ...SMALL, 'hash-max-listpack-entries': 0, 'zset-max-listpack-entries': 0 }]]) {
    test(`${server}: bounds of every length: ${what}`, () => withRedis(server, options, async (redis) => {
      const build = await readBuild(redis);
      for (const [kind, make] of Object.entries(LEAST)) {
        await redis.pipeline(items(EVERY, (i) => make(`${kind}${i + 1}`, i + 1)));
        const names = items(EVERY, (i) => `${kind}${i + 1}`);
        const bytes = await redis.pipeline(names.map((name) => ['MEMORY', 'USAGE', name]));
        const encodings = (await redis.pipeline(names.map((name) => ['OBJECT', 'ENCODING', name]))).map(String);
        const type = kind === 'texts' ? 'set' : kind;
        names.forEach((name, i) => {
          const most = build.version >= 70200 ? lengthMost(type, bytes[i])
            : lengthMostAs(build, { name: Buffer.from(name), type, bytes: bytes[i], encoding: encodings[i] });
          assert.ok(i + 1 <= most, `${name}, ${encodings[i]}, of ${bytes[i]} bytes: ${most}`);
        });
        await redis.command('FLUSHALL');
      }
    }));
  }
}

const refusing = (refusal) => ({ answer: (words) => (words[0] === 'MEMORY' ? refusal : undefined) });

async function scanFake(script, options) {
  const server = await HostileServer.start(script, smallData(1000));
  try {
    return { ...await scanOnce(server.endpoint, 'bigkey', { ...PATIENT, ...options }), asked: server.asked };
  } finally {
    await server.stop();
  }
}

for (const refusal of ['-ERR unknown command \'MEMORY\'\r\n', '-NOPERM this user has no permissions\r\n']) {
  test(`without MEMORY USAGE lengths are asked, and it is said: ${refusal.trim()}`, async () => {
    const result = await scanFake(refusing(refusal), { bytes: true });
    const usual = await scanFake({}, {});
    assert.equal(result.status, 'success', result.reason);
    assert.deepEqual(result.keys, usual.keys);
    assert.match(result.note, /lengths of all keys were asked: MEMORY USAGE: /);
    assert.ok(result.asked.MEMORY <= 200, 'what is in flight, then no more');
    assert.equal(usual.note, '');
  });
}

test('keys that are gone when they are weighed are left out', async () => {
  const result = await scanFake(refusing('$-1\r\n'), { bytes: true });
  assert.deepEqual([result.status, result.num, result.asked.TYPE], ['success', 0, undefined]);
});

for (const answer of [':0\r\n', ':-1\r\n', '+OK\r\n', '$2\r\n56\r\n', '*0\r\n']) {
  test(`bytes that are none fail the scan: ${JSON.stringify(answer)}`, async () => {
    const result = await scanFake(refusing(answer), { bytes: true });
    assert.deepEqual([result.status, result.code], ['failed', 'REDIS_PROTOCOL']);
    assert.match(result.reason, /MEMORY USAGE/);
  });
}

// The largest numbers that a reply can hold overflow nothing.
test('bytes and lengths beyond all measure', async () => {
  const most = ':9223372036854775807\r\n';
  const result = await scanFake({
    answer: (words) => (['MEMORY', 'STRLEN', 'LLEN', 'SCARD', 'ZCARD', 'HLEN'].includes(words[0]) ? most : undefined),
  }, { bytes: true });
  assert.deepEqual([result.status, result.num], ['success', 100]);
});
