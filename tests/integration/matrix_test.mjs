// Every kind against every server that is installed, in every form of instance, over random data: what is found is
// what the test itself knows and enumerates.  The seed is printed; DCS_TEST_SEED repeats a run.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAuthority, createCertificate } from '../support/certificates.mjs';
import { enumerate, largest, publicName } from '../support/dataset.mjs';
import { Random } from '../support/random.mjs';
import { installedServers, Redis, RedisCluster } from '../support/redis.mjs';
import { scanOnce } from '../support/scan_once.mjs';

const SANITIZER = process.env.DCS_SANITIZE ?? '';
const KEYS = SANITIZER ? 1500 : 6000;
const EXPIRED = 500;
const SHOWN_NAME = 4096; // bytes; longer names end with a mark
const TOP_HOT = 100;
const TIMEOUT_MS = 60_000;
const LFU = { 'maxmemory-policy': 'allkeys-lfu', 'lfu-log-factor': 0, 'lfu-decay-time': 0 };

const random = new Random();
let directory, authority, certificates;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dcs-matrix-'));
  authority = await createAuthority(directory);
  certificates = await createCertificate(directory, authority);
});

after(() => rmSync(directory, { recursive: true, force: true }));

const items = (n) => Array.from({ length: n }, (_, i) => `m${i}`);

const MAKERS = {
  string: (name, n) => ['SET', name, 'x'.repeat(n)],
  list: (name, n) => ['RPUSH', name, ...items(n)],
  set: (name, n) => ['SADD', name, ...items(n)],
  zset: (name, n) => ['ZADD', name, ...items(n).flatMap((m, i) => [i, m])],
  hash: (name, n) => ['HSET', name, ...items(n).flatMap((m) => [m, 1])],
  stream: (name) => ['XADD', name, '*', 'f', 'v'],
};

// Names of all kinds.  Long ones differ in their beginning, as only that is shown.
function randomName(i) {
  switch (i % 50) {
    case 0: return Buffer.concat([Buffer.from(`${i}:`), Buffer.alloc(i === 0 ? 1 << 20 : 4000 + random.below(70_000), 'n')]);
    case 1: return Buffer.concat([random.bytes(8), Buffer.alloc(5000, 0xff)]);
    case 2: return Buffer.from(`größe ${i} 😀`);
    case 3: return Buffer.from(`same ${random.below(40)}`);
    case 4: return Buffer.from(`quote" back\\slash \n\0 ${i}`);
    default: return i % 2 ? random.bytes(1 + random.below(24)) : Buffer.from(`key:${i}`);
  }
}

// Few sizes, so that many are equal and the order by name counts.
function randomData(databases) {
  const data = [{ name: Buffer.alloc(0), type: 'string', db: databases[0], size: 77 }];
  for (let i = 0; i < KEYS; i++)
    data.push({ name: randomName(i), type: random.pick(Object.keys(MAKERS)), db: random.pick(databases), size: 1 + random.below(60) });
  return data;
}

const identity = ({ db, name }) => `${db} ${name.toString('latin1')}`;

// Writes the data, and uses some keys more often than others.
async function fill(store, databases) {
  const data = new Map(randomData(databases).map((key) => [identity(key), key]));
  for (const db of databases) {
    const commands = [];
    for (const { name, type, size } of [...data.values()].filter((key) => key.db === db)) {
      commands.push(MAKERS[type](name, size));
      for (let n = random.below(8) ? 0 : random.below(30); n > 0; n--) commands.push(['EXISTS', name]);
    }
    if (databases.length > 1) await store.command('SELECT', db);
    await store.pipeline(commands);
  }
  if (databases.length > 1) await store.command('SELECT', 0);
  return data;
}

const shown = (name) => (name.length > SHOWN_NAME ? `${publicName(name.subarray(0, SHOWN_NAME))}…` : publicName(name));

// The entries of a big-key analysis, whose names dataset.mjs writes whole.
function expectBig(keys) {
  const cut = new Map(keys.filter(({ name }) => name.length > SHOWN_NAME).map(({ name }) => [publicName(name), shown(name)]));
  return largest(keys).map((entry) => ({ ...entry, name: cut.get(entry.name) ?? entry.name }));
}

function expectHot(keys) {
  return keys.slice()
    .sort((a, b) => b.freq - a.freq || Buffer.compare(a.name, b.name) || a.db - b.db)
    .slice(0, TOP_HOT)
    .map(({ name, type, db, size, freq }) =>
      ({ name: shown(name), type, db, size, unit: type === 'string' ? 'byte' : 'count', freq }));
}

const withoutShard = (keys) => keys.map(({ shard, ...key }) => key);

// The counters as the server has them; OBJECT FREQ changes none.
async function readCounters(nodes, databases, data) {
  const keys = [];
  for (const node of nodes) {
    for (const db of databases) {
      if (databases.length > 1) await node.command('SELECT', db);
      const names = await node.command('KEYS', '*');
      const counters = await node.pipeline(names.map((name) => ['OBJECT', 'FREQ', name]));
      names.forEach((name, i) => keys.push({ ...data.get(identity({ db, name })), freq: counters[i] }));
    }
    if (databases.length > 1) await node.command('SELECT', 0);
  }
  assert.equal(keys.length, data.size);
  return keys.filter(({ type }) => type !== 'stream');
}

async function expire(nodes, store) {
  for (const node of nodes) await node.command('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  await store.pipeline(Array.from({ length: EXPIRED }, (_, i) => ['SET', `gone:${i}`, 'x', 'PX', 1]));
}

// Runs every kind: hot keys first, before anything else has used the keys.
async function check({ nodes, store, endpoint, databases, layout = 'one', env = {} }) {
  const data = await fill(store, databases);
  const options = { layout, env, timeoutMs: TIMEOUT_MS, replyMs: 15_000 };
  const keys = await readCounters(nodes, databases, data);
  const hot = await scanOnce(endpoint, 'hotkey', options);
  assert.equal(hot.status, 'success', hot.reason);
  assert.deepEqual(withoutShard(hot.keys), expectHot(keys));

  const big = await scanOnce(endpoint, 'bigkey', options);
  assert.equal(big.status, 'success', big.reason);
  const enumerated = [];
  for (const node of nodes) enumerated.push(...await enumerate(node, layout === 'cluster' ? [0] : databases));
  assert.equal(enumerated.length, keys.length);
  assert.deepEqual(withoutShard(big.keys), expectBig(enumerated));
  assert.ok(big.keys_seen >= data.size);

  await expire(nodes, store);
  const expired = await scanOnce(endpoint, 'expired', options);
  assert.equal(expired.status, 'success', expired.reason);
  assert.equal(expired.num, EXPIRED);
}

async function withRedis(server, options, body) {
  const redis = await Redis.start(directory, { server, ...options, options: { ...LFU, ...options?.options } });
  try {
    await body(redis);
  } finally {
    await redis.stop();
  }
}

const one = (redis, more = {}) => ({ nodes: [redis], store: redis, endpoint: redis.endpoint, databases: [0, 1, 9, 15], ...more });

for (const server of installedServers()) {
  test(`${server}, 16 databases`, () => withRedis(server, {}, (redis) => check(one(redis))));

  test(`${server}, 255 databases`, () => withRedis(server, { options: { databases: 255 } },
    (redis) => check(one(redis, { databases: [0, 16, 100, 254] }))));

  test(`${server}, password`, () => withRedis(server, { options: { requirepass: 'open sesame' } },
    (redis) => check(one(redis, { env: { REDIS_PASSWORD: 'open sesame' } }))));

  test(`${server}, user`, () => withRedis(server, {}, async (redis) => {
    await redis.command('ACL', 'SETUSER', 'scanner', 'on', '>open sesame', '~*', '+@read', '+@connection', '+info');
    await redis.command('ACL', 'SETUSER', 'default', 'resetpass', '>another');
    await check(one(redis, { env: { REDIS_USER: 'scanner', REDIS_PASSWORD: 'open sesame' } }));
  }));

  test(`${server}, TLS`, () => withRedis(server,
    { certificates: { ca: authority.certificate, ...certificates } },
    (redis) => check(one(redis, {
      endpoint: redis.tlsEndpoint, env: { REDIS_CA: readFileSync(authority.certificate, 'utf8') },
    }))));

  test(`${server}, cluster`, async () => {
    const cluster = await RedisCluster.start(directory, { server, masters: 3, replicas: 0, options: LFU });
    try {
      await check({ nodes: cluster.masters, store: cluster, endpoint: cluster.nodes[0].endpoint, databases: [0], layout: 'cluster' });
    } finally {
      await cluster.stop();
    }
  });
}
