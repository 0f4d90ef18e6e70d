// What a scan changes of the counters by which a server evicts: nothing from Redis 7.2 on and on Valkey, before that
// at most what its cost says, which are the few keys whose lengths had to be asked.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { enumerate, largest } from '../support/dataset.mjs';
import { HostileServer, smallData } from '../support/hostile.mjs';
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

// Every twentieth key is large: rankings fill with these early, and the small ones are no candidates from then on.
async function fill(redis) {
  await redis.pipeline(items(KEYS).map((i) => makeKey(`key:${i}`, i % 5, i % 100 < 95 ? 1 + (i % 7) : 300 + (i % 100))));
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

async function withRedis(server, policy, body) {
  const redis = await Redis.start(directory, {
    server, options: { 'maxmemory-policy': policy, 'lfu-log-factor': 0, 'lfu-decay-time': 0 },
  });
  try {
    await fill(redis);
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
  for (const policy of ['allkeys-lru', 'volatile-lru', 'allkeys-lfu', 'noeviction']) {
    test(`${server}, ${policy}: big keys`, () => withRedis(server, policy, async (redis, exempts) => {
      const [changed, result] = await countChanged(redis, policy, 'bigkey');
      check(server, policy, 'bigkey', changed, result, exempts);
      if (policy !== 'noeviction') assert.ok(result.touched < KEYS / 3, 'of candidates only');
      assert.deepEqual(result.keys, largest(await enumerate(redis, [0])));
    }));
  }

  test(`${server}, allkeys-lfu: hot keys`, () => withRedis(server, 'allkeys-lfu', async (redis, exempts) => {
    const [changed, result] = await countChanged(redis, 'allkeys-lfu', 'hotkey');
    check(server, 'allkeys-lfu', 'hotkey', changed, result, exempts);
    assert.ok(result.touched <= HOT, 'of winners only');
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
