// A scan that is stopped again and again and taken up where its checkpoint says: nothing is missed, nothing ranks
// twice, and what was done is not done again, unless the server is another process by then.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { enumerate, fillExpired, largest } from '../support/dataset.mjs';
import { Random } from '../support/random.mjs';
import { Redis, RedisCluster, slotOf } from '../support/redis.mjs';
import { scanOnce } from '../support/scan_once.mjs';
import { until } from '../support/wait.mjs';

const KEYS = process.env.DCS_SANITIZE ? 18_000 : 100_000;
const FEW = process.env.DCS_SANITIZE ? 6000 : 30_000;
const NOTABLE = 400;
const STOPS = 6;
const PATIENT = { timeoutMs: 120_000, replyMs: 15_000, profile: 'gentle' };

const directory = mkdtempSync(join(tmpdir(), 'dcs-checkpoint-'));
const stops = [];
after(async () => {
  for (const stop of stops) await stop();
  rmSync(directory, { recursive: true, force: true });
});
const r = new Random();

const start = async (options) => {
  const redis = await Redis.start(directory, { options });
  stops.push(() => redis.stop());
  return redis;
};

const items = (n) => Array.from({ length: n }, (_, i) => `m${i}`);
const MAKERS = [
  (name, size) => ['SET', name, 'x'.repeat(1000 + size)],
  (name, size) => ['RPUSH', name, ...items(size)],
  (name, size) => ['SADD', name, ...items(size)],
  (name, size) => ['ZADD', name, ...items(size).flatMap((m, i) => [i, m])],
  (name, size) => ['HSET', name, ...items(size).flatMap((m) => [m, 1])],
];

// Names of any bytes, also longer than what is kept; sizes collide, so that the order by name counts.
const notable = (i) => MAKERS[i % 5](
  i % 7 === 0 ? Buffer.alloc(5000, `long-${i}-`) : Buffer.from([0xff, i % 256, i >> 8, 0]), 30 + (i * 7) % 40);

let number = 0;
const newFile = () => join(directory, `checkpoint-${++number}`);
const of = (file) => ({ ...PATIENT, env: { SCAN_CHECKPOINT: file } });
const saved = (file) => JSON.parse(readFileSync(file));

const calls = async (nodes, command = 'scan') => {
  let sum = 0;
  for (const node of nodes.filter(({ program }) => program.running))
    sum += Number(/calls=(\d+)/.exec((await node.info('commandstats'))[`cmdstat_${command}`] ?? '')?.[1] ?? 0);
  return sum;
};

// Stops the scan each time after some more SCANs, `between` two runs something may happen; the last run goes on to the
// end.  Adds up what all runs asked.
async function chain(endpoint, kind, nodes, { layout, file = newFile(), between, most = 40, stopCount = STOPS } = {}) {
  const before = await calls(nodes);
  let stopped = 0;
  for (let i = 0; i < stopCount; i++) {
    const from = await calls(nodes), more = 2 + r.below(most);
    const result = await scanOnce(endpoint, kind, {
      ...of(file), layout,
      async during(program) {
        await until('the scan is under way, or over', async () =>
          !program.running || (await calls(nodes)) >= from + more);
        if (program.running) program.signal('SIGTERM');
      },
    });
    if (result.status === 'success') {
      console.log(`# stopped ${stopped} times`);
      return { result, stopped, scans: await calls(nodes) - before };
    }
    assert.equal(result.code, 'SCAN_CANCELLED', result.reason);
    stopped++;
    await between?.(i, file);
  }
  const result = await scanOnce(endpoint, kind, { ...of(file), layout });
  if (stopCount > 0) console.log(`# stopped ${stopped} times`);
  return { result, stopped, scans: await calls(nodes) - before };
}

async function filled(options, keys = KEYS) {
  const redis = await start(options);
  for (const db of [0, 3, 9]) {
    await redis.command('SELECT', db);
    await redis.command('DEBUG', 'POPULATE', keys / 3, `many-${db}`, 20);
    await redis.pipeline(Array.from({ length: NOTABLE }, (_, i) => notable(i + db)));
  }
  await redis.command('SELECT', 0);
  return { redis, expected: largest(await enumerate(redis, [0, 3, 9])) };
}

const withoutLong = (keys) => keys.filter(({ name }) => name.length < 4000);

function assertFound(result, expected) {
  assert.equal(result.status, 'success', result.reason);
  assert.equal(result.num, expected.length);
  assert.deepEqual(withoutLong(result.keys), withoutLong(expected));
  const shape = (keys) => keys.map(({ size, type, db, name }) => `${type} ${size} ${db} ${name.slice(0, 12)}`);
  assert.deepEqual(shape(result.keys), shape(expected));
}

test('big keys of several databases, stopped again and again', async () => {
  const { redis, expected } = await filled({});
  const whole = await chain(redis.endpoint, 'bigkey', [redis], { stopCount: 0 });
  assertFound(whole.result, expected);
  const resumed = await chain(redis.endpoint, 'bigkey', [redis]);
  assertFound(resumed.result, expected);
  assert.ok(resumed.stopped > 0);
  // A stop repeats what was in flight and no more, though batches are of other sizes.
  const seen = KEYS + 3 * NOTABLE;
  assert.ok(resumed.result.keys_seen >= seen && resumed.result.keys_seen < seen * 1.2, `${resumed.result.keys_seen} of ${seen}`);
  assert.ok(resumed.result.commands > whole.result.commands * 0.8, 'all that was asked is counted');
});

test('keys that are kept back, as asking would count as a use, are not lost', async () => {
  const { redis, expected } = await filled({ 'maxmemory-policy': 'allkeys-lru' });
  const { result, stopped } = await chain(redis.endpoint, 'bigkey', [redis]);
  assertFound(result, expected);
  assert.ok(stopped > 0);
});

test('a server that was restarted in between is scanned anew', async () => {
  const { redis, expected } = await filled({ save: '3600 1' });
  const { result, stopped } = await chain(redis.endpoint, 'bigkey', [redis], {
    async between(i) {
      if (i !== 0) return;
      await redis.command('SAVE');
      await redis.kill();
      await redis.restart();
    },
  });
  assert.ok(stopped > 0);
  assertFound(result, expected);
});

test('a checkpoint of another scan, of another server, or broken, is left alone', async () => {
  const { redis, expected } = await filled({}, FEW);
  const file = newFile();
  const stop = (endpoint) => scanOnce(endpoint, 'bigkey', {
    ...of(file),
    async during(program) {
      const from = await calls([redis]);
      await until('it scans', async () => (await calls([redis])) > from + 5);
      program.signal('SIGTERM');
    },
  });
  await until('a scan is stopped before its end', async () => (await stop(redis.endpoint)).code === 'SCAN_CANCELLED');
  const text = readFileSync(file, 'utf8'), good = JSON.parse(text);
  const changed = (change) => {
    const copy = structuredClone(good);
    change(copy);
    return JSON.stringify(copy);
  };
  const others = [
    '', '{', 'null', '[]', '{}', text.slice(0, -1), 'x'.repeat(2 << 20),
    changed((c) => { c.version = 2; }), changed((c) => { c.kind = 'hotkey'; }), changed((c) => { c.bytes = true; }),
    changed((c) => { c.database = 0; }), changed((c) => { c.endpoints = '127.0.0.1:1'; }),
    changed((c) => { c.addresses = 'a:1=b:2'; }), changed((c) => { delete c.node; }),
    changed((c) => { c.node.run_id = ''; }), changed((c) => { c.node.run_id = 'f'.repeat(40); }),
    changed((c) => { c.node.run_id = 'f'.repeat(41); }), changed((c) => { c.node.master = false; }),
    changed((c) => { c.node.cursor = '-1'; }), changed((c) => { c.node.cursor = ''; }),
    changed((c) => { c.node.cursor = '9'.repeat(21); }), changed((c) => { c.node.databases = [-1]; }),
    changed((c) => { c.node.databases = 0; }), changed((c) => { c.node.keys_seen = -1; }),
    changed((c) => { c.node.redirected = [1]; }), changed((c) => { c.node.redirected = [5, 4]; }),
    changed((c) => { c.node.redirected = [0, 16384]; }), changed((c) => { c.node.cost = {}; }),
    changed((c) => { delete c.node.state; }), changed((c) => { c.node.state.strings = 1; }),
    changed((c) => { c.node.state.note = 'x'.repeat(300); }),
  ];
  for (const [at, value] of [['name', 'xy'], ['name', 'f'], ['name', 'ff'.repeat(4097)], ['length', 0], ['hash', '0'], ['hash', 'x'.repeat(16)],
    ['slot', 16384], ['db', -1], ['type', 5], ['size', -2], ['bytes', -1], ['score', '1']])
    others.push(changed((c) => { c.node.state.strings[0][at] = value; }));
  for (const other of others) {
    writeFileSync(file, other);
    const { result, scans } = await chain(redis.endpoint, 'bigkey', [redis],
      { file, stopCount: 0 });
    assert.equal(result.status, 'success', result.reason);
    assert.ok(result.keys_seen >= FEW, other.slice(0, 500));
    assert.ok(scans > 0);
    assertFound(result, expected);
  }
});

test('any byte of a checkpoint may be wrong without harm', async () => {
  const { redis } = await filled({}, FEW);
  const file = newFile();
  // A scan of so few keys may be over before it is told to stop.
  await until('a scan was stopped', async () =>
    (await chain(redis.endpoint, 'bigkey', [redis], { file, stopCount: 1 })).stopped > 0);
  const text = readFileSync(file);
  for (let i = 0; i < 12; i++) {
    const broken = Buffer.from(text);
    for (let n = 0; n <= i % 3; n++) broken[r.below(broken.length)] = 32 + r.below(95);
    writeFileSync(file, broken);
    const { result } = await chain(redis.endpoint, 'bigkey', [redis], { file, stopCount: 0 });
    assert.match(result.status, /^(success|failed)$/);
  }
});

test('hot keys, also those whose lengths are asked last', async () => {
  const redis = await start({ 'maxmemory-policy': 'allkeys-lfu', 'lfu-log-factor': 0, 'lfu-decay-time': 0 });
  await redis.command('DEBUG', 'POPULATE', KEYS, 'key', 20);
  await redis.pipeline(Array.from({ length: 50 * 20 }, (_, i) => ['GET', `key:${i % 50}`]));
  const whole = await chain(redis.endpoint, 'hotkey', [redis], { stopCount: 0 });
  const resumed = await chain(redis.endpoint, 'hotkey', [redis]);
  assert.ok(resumed.stopped > 0);
  const names = ({ result }) => result.keys.slice(0, 50).map(({ name }) => name).sort();
  assert.deepEqual(names(resumed), names(whole));
  assert.equal(resumed.result.num, 100);
});

test('expired keys are counted over all runs', async () => {
  const redis = await start({ 'lazyfree-lazy-expire': 'yes' });
  await fillExpired(redis, 4 * KEYS);
  const { result, stopped } = await chain(redis.endpoint, 'expired', [redis]);
  assert.equal(result.status, 'success', result.reason);
  assert.ok(stopped > 0);
  assert.equal(result.num, 4 * KEYS);
  assert.equal(Number((await redis.info('stats')).expired_keys), 4 * KEYS);
});

test('a replica is gone on with, and its master where the replica is lost', async () => {
  const { redis: master, expected } = await filled({ 'repl-diskless-sync-delay': 0 });
  const replica = await start({});
  await replica.command('REPLICAOF', '127.0.0.1', master.port);
  await until('the replica is in sync', async () => (await replica.info('replication')).master_link_status === 'up');
  const endpoints = `${master.endpoint},${replica.endpoint}`;
  const first = await chain(endpoints, 'bigkey', [master, replica], { layout: 'replicated' });
  assertFound(first.result, expected);
  assert.ok(first.stopped > 0);
  assert.equal(await calls([master]), 0);
  const second = await chain(endpoints, 'bigkey', [master, replica], {
    layout: 'replicated', async between(i) { if (i === 0) await replica.kill(); },
  });
  assertFound(second.result, expected);
  assert.ok(await calls([master]) > 0);
});

test('a cluster whose slots move and whose master fails over between and during the runs', async () => {
  const cluster = await RedisCluster.start(directory, { masters: 3, replicas: 1 });
  stops.push(() => cluster.stop());
  const tags = Array.from({ length: 20 }, (_, i) => `{tag-${i}}`);
  await cluster.pipeline([
    ...Array.from({ length: KEYS }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(20)]),
    ...tags.flatMap((tag, t) => MAKERS.map((make, m) => make(`${tag}:${m}`, 30 + ((t * 7 + m) % 25))))]);
  const all = [];
  for (const master of cluster.masters) all.push(...await enumerate(master, [0]));
  const expected = largest(all);
  const check = ({ result, stopped }) => {
    assert.equal(result.status, 'success', result.reason);
    assert.deepEqual(result.keys.map(({ shard, ...rest }) => rest), expected);
    return stopped;
  };
  const nodes = cluster.nodes;
  const whole = await chain(cluster.endpoints, 'bigkey', nodes, { layout: 'cluster', stopCount: 0 });
  check(whole);
  const quiet = await chain(cluster.endpoints, 'bigkey', nodes, { layout: 'cluster' });
  assert.ok(check(quiet) > 0);
  assert.ok(quiet.result.keys_seen < all.length * 1.2, `${quiet.result.keys_seen} of ${all.length}`);
  const reshard = async (to) => {
    for (const slot of new Set(tags.map((tag) => slotOf(tag)))) {
      const from = (await cluster.owners(to))[slot];
      if (from !== to) await cluster.move(slot, from, to);
    }
    await cluster.agreed();
  };
  for (let round = 0; round < 3; round++) {
    check(await chain(cluster.endpoints, 'bigkey', nodes, {
      layout: 'cluster', between: (i) => reshard(cluster.masters[(i + round) % 3]),
    }));
  }
  check(await chain(cluster.endpoints, 'bigkey', nodes, {
    layout: 'cluster',
    async between(i, file) {
      if (i !== 0) return;
      assert.ok(existsSync(file) && saved(file).shards.map.length === 3);
      await cluster.masters[0].kill();
      await cluster.promoted(cluster.masters[0]);
    },
  }));
});
