// A million keys in several databases, names that are no UTF-8 among them: what the service reports is exactly
// what a full enumeration finds.  Fewer keys where a sanitizer slows everything down.

import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { after, before, test } from 'node:test';
import { enumerate, largest, publicName } from '../support/dataset.mjs';
import { SANITIZER, World } from '../support/site.mjs';

const KEYS = SANITIZER ? 200_000 : 1_000_000;
const NOTABLE = 600;
const DATABASES = [0, 1, 7, 15];

let world, site, alice, redis;

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1, worker: { scan_batch_keys: 1000, lease_seconds: 10 } });
  alice = await site.tenant('alice');
  redis = await world.redis({ options: { 'hash-max-listpack-entries': 64 } });
});
after(() => world?.close());

const items = (n) => Array.from({ length: n }, (_, i) => `m${i}`);

const MAKERS = {
  string: (name, size) => ['SET', name, 'x'.repeat(size)],
  list: (name, size) => ['RPUSH', name, ...items(size)],
  set: (name, size) => ['SADD', name, ...items(size)],
  zset: (name, size) => ['ZADD', name, ...items(size).flatMap((m, i) => [i, m])],
  hash: (name, size) => ['HSET', name, ...items(size).flatMap((m) => [m, 1])],
};

// Names of random bytes are hardly ever UTF-8; sizes collide on purpose, so that the order by name counts.
async function fillNotable() {
  const commands = [];
  for (let i = 0; i < NOTABLE; i++) {
    const [type, make] = Object.entries(MAKERS)[i % 5];
    const name = i % 3 ? randomBytes(randomInt(1, 20)) : Buffer.from(`${type} größe ${randomInt(1e9)}`);
    commands.push(['SELECT', DATABASES[i % DATABASES.length]], ['DEL', name], make(name, 40 + randomInt(60)));
  }
  await redis.pipeline([...commands, ['SELECT', 0]]);
}

async function fillMany() {
  const share = KEYS / DATABASES.length;
  for (const db of DATABASES) {
    await redis.command('SELECT', db);
    await redis.command('DEBUG', 'POPULATE', share, `many-${db}`, 20);
  }
  await redis.command('SELECT', 0);
}

test('names are written so that they can be read back', () => {
  assert.equal(publicName(Buffer.from([0xff, 0x5c, 0x41])), '\\xff\\\\A');
  assert.equal(publicName(Buffer.from('a\\b')), 'a\\b');
  assert.equal(publicName(Buffer.from([0xc3])), '\\xc3');
});

test('the keys reported are exactly the largest', async () => {
  await fillMany();
  await fillNotable();
  const all = await enumerate(redis, DATABASES);
  assert.ok(all.length >= KEYS);
  const cache = await alice.instance('big', redis.endpoint);
  const detail = await cache.analyse(120_000);
  assert.equal(detail.status, 'success');
  assert.equal(detail.num, 100);
  assert.deepEqual(detail.keys, largest(all));
  assert.ok(detail.keys.some((key) => /\\x[0-9a-f]{2}/.test(key.name)), 'names that are no UTF-8 are among them');
  assert.equal((await site.inspect(detail.id)).keys_seen, all.length);
});
