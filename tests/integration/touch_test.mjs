// What a scan changes of the counters by which a server evicts: nothing from Redis 7.2 on and on Valkey, before that
// at most what its cost says, which are the few keys whose lengths had to be asked: those that could be longer, by
// their bytes and encoding, than the twentieth of their type is.  The seed is printed; DCS_TEST_SEED repeats a run.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { enumerate, largest } from '../support/dataset.mjs';
import { HostileServer, smallData } from '../support/hostile.mjs';
import { Random } from '../support/random.mjs';
import { installedServers, Redis } from '../support/redis.mjs';
import { scanOnce } from '../support/scan_once.mjs';

const KEYS = 20_000;
const IDLE = 100_000; // seconds, which no key becomes in a test
const HOT = 100;
const PATIENT = { timeoutMs: 120_000, replyMs: 15_000 };

const directory = mkdtempSync(join(tmpdir(), 'dcs-touch-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const items = (n) => Array.from({ length: n }, (_, i) => i);

function makeKey(name, type, n) {
  switch (type) {
    case 0: return ['SET', name, 'x'.repeat(n * 30)];
    case 1: return ['RPUSH', name, ...items(n)];
    case 2: return ['SADD', name, ...items(n)];
    case 3: return ['ZADD', name, ...items(n).flatMap((i) => [i, i])];
    default: return ['HSET', name, ...items(n).flatMap((i) => [i, i])];
  }
}

const random = new Random();
const below = (bound) => random.below(bound);
const wide = (i) => `${i}`.padEnd(10, 'x');

// Small values, whose lengths are nearly all the same; a few are larger.
function makeUniform(name, type, i) {
  const n = i < 200 ? 60 : 1 + below(10);
  switch (type) {
    case 0: return ['SET', name, 'x'.repeat(n * 20)];
    case 1: return ['RPUSH', name, ...items(n)];
    case 2: return ['SADD', name, ...items(n).map(wide)];
    case 3: return ['ZADD', name, ...items(n).flatMap((m) => [m, wide(m)])];
    default: return ['HSET', name, ...items(n).flatMap((m) => [wide(m), m])];
  }
}

// Lengths of all magnitudes.  A list may be compressed, so that its bytes tell next to nothing: there are none.
function makeLog(name, type) {
  const n = Math.floor(Math.exp((below(1e6) / 1e6) * Math.log(1000)));
  switch (type) {
    case 0: case 1: return ['SET', name, 'x'.repeat(n * 20)];
    case 2: return ['SADD', name, ...items(n).map(wide)];
    case 3: return ['ZADD', name, ...items(n).flatMap((m) => [m, wide(m)])];
    default: return ['HSET', name, ...items(n).flatMap((m) => [wide(m), wide(m)])];
  }
}

// `touched` is the most that may be, of which some hundred are the rankings themselves.
const DATA = {
  // Of every type two hundred keys are large and as long as each other: no bound is as close as that.
  'one in twenty large': {
    keys: KEYS, touched: 1200,
    make: (i) => makeKey(`key:${i}`, i % 5, i % 100 < 95 ? 1 + (i % 7) : 300 + (i % 100)),
  },
  uniform: { keys: 10_000, touched: 600, make: (i) => makeUniform(`key:${i}`, i % 5, i) },
  log: { keys: 4000, touched: 700, make: (i) => makeLog(`key:${i}`, i % 5) },
};

async function fill(redis, { keys, make }) {
  for (let first = 0; first < keys; first += 1000)
    await redis.pipeline(items(Math.min(1000, keys - first)).map((i) => make(first + i)));
}

async function allNames(redis) {
  return (await redis.command('KEYS', '*')).sort(Buffer.compare);
}

const ask = async (redis, field) => redis.pipeline((await allNames(redis)).map((name) => ['OBJECT', field, name]));

// Every key as if nobody had used it for long.
async function age(redis) {
  const names = await allNames(redis);
  const values = await redis.pipeline(names.map((name) => ['DUMP', name]));
  await redis.pipeline(names.map((name, i) => ['RESTORE', name, 0, values[i], 'REPLACE', 'IDLETIME', IDLE]));
}

let exempting = 0; // servers that have CLIENT NO-TOUCH

const isLfu = (policy) => policy.includes('lfu');

// [keys whose counters the scan has changed, its result].
async function countChanged(redis, policy, kind) {
  if (isLfu(policy)) {
    const before = await ask(redis, 'FREQ');
    const result = await scanOnce(redis.endpoint, kind, PATIENT);
    const now = await ask(redis, 'FREQ');
    return [now.filter((freq, i) => freq !== before[i]).length, result];
  }
  await age(redis);
  assert.ok((await ask(redis, 'IDLETIME')).every((idle) => idle >= IDLE));
  const result = await scanOnce(redis.endpoint, kind, PATIENT);
  return [(await ask(redis, 'IDLETIME')).filter((idle) => idle < IDLE).length, result];
}

async function withRedis(server, policy, data, body) {
  const redis = await Redis.start(directory, {
    server, options: { 'maxmemory-policy': policy, 'lfu-log-factor': 0, 'lfu-decay-time': 0 },
  });
  try {
    await fill(redis, data);
    const exempts = await redis.command('CLIENT', 'NO-TOUCH', 'OFF').then(() => true, () => false);
    exempting += exempts;
    await body(redis, exempts);
  } finally {
    await redis.stop();
  }
}

function check(server, policy, kind, changed, result, exempts) {
  console.log(`# ${server}, ${policy}, ${kind}: ${changed} of ${result.keys_seen} keys changed, ${result.touched} touched`);
  assert.equal(result.status, 'success', result.reason);
  if (exempts) {
    assert.deepEqual([changed, result.touched], [0, 0]);
    return;
  }
  assert.ok(changed <= result.touched, 'the cost covers it');
  assert.ok(changed > 0, 'a touch can be seen');
}

for (const server of installedServers()) {
  for (const [policy, what] of [
    ['allkeys-lru', 'one in twenty large'], ['volatile-lru', 'log'], ['allkeys-lfu', 'uniform'], ['noeviction', 'uniform'],
  ]) {
    test(`${server}, ${policy}: big keys, ${what}`, () => withRedis(server, policy, DATA[what], async (redis, exempts) => {
      const [changed, result] = await countChanged(redis, policy, 'bigkey');
      check(server, policy, 'bigkey', changed, result, exempts);
      if (policy !== 'noeviction') assert.ok(result.touched <= DATA[what].touched, 'those that had to be asked');
      else if (!exempts) assert.equal(result.touched, DATA[what].keys, 'lengths cost less there');
      assert.deepEqual(result.keys, largest(await enumerate(redis, [0])));
    }));
  }

  test(`${server}, allkeys-lfu: hot keys`, () => withRedis(server, 'allkeys-lfu', DATA.uniform, async (redis, exempts) => {
    const [changed, result] = await countChanged(redis, 'allkeys-lfu', 'hotkey');
    check(server, 'allkeys-lfu', 'hotkey', changed, result, exempts);
    assert.ok(result.touched <= HOT, 'of winners only');
  }));
}

for (const server of installedServers()) {
  test(`${server}: without OBJECT ENCODING more lengths are asked, and it is said`, () =>
    withRedis(server, 'allkeys-lru', { ...DATA.log, keys: 1000 }, async (redis, exempts) => {
      const usual = await scanOnce(redis.endpoint, 'bigkey', PATIENT);
      await redis.command('ACL', 'SETUSER', 'scanner', 'on', '>open sesame', '~*', '+@all', '-object', ...(exempts ? ['-client|no-touch'] : []));
      const result = await scanOnce(redis.endpoint, 'bigkey',
        { ...PATIENT, env: { REDIS_USER: 'scanner', REDIS_PASSWORD: 'open sesame' } });
      assert.equal(result.status, 'success', result.reason);
      assert.deepEqual(result.keys, usual.keys);
      if (exempts) return; // what such a server's values take is not known so closely
      assert.match(result.note, /^more lengths were asked: OBJECT ENCODING: /);
      assert.ok(result.touched > usual.touched && result.touched < 1000, `${result.touched}, else ${usual.touched}`);
    }));
}

test('a real server with CLIENT NO-TOUCH was among them', (t) => {
  if (!exempting) t.skip('neither Valkey nor Redis 7.2 or later is installed');
});

async function scanFake(kind, script) {
  const server = await HostileServer.start(script, smallData(500));
  try {
    return [await scanOnce(server.endpoint, kind, PATIENT), server.asked];
  } finally {
    await server.stop();
  }
}

const old = { answer: (words) => (words[0] === 'CLIENT' && words[1] === 'NO-TOUCH' ? '-ERR unknown subcommand\r\n' : undefined) };
const LENGTHS = ['STRLEN', 'LLEN', 'SCARD', 'ZCARD', 'HLEN'];

for (const kind of ['bigkey', 'hotkey']) {
  test(`the cost counts lengths, where CLIENT NO-TOUCH was refused: ${kind}`, async () => {
    const [result, asked] = await scanFake(kind, old);
    assert.equal(result.touched, LENGTHS.reduce((sum, name) => sum + (asked[name] ?? 0), 0));
    assert.ok(result.touched >= 100);
    const [exempt] = await scanFake(kind, {});
    assert.deepEqual([exempt.status, exempt.touched], ['success', 0]);
  });
}
