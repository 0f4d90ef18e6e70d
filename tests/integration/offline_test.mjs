// Offline analyses of real servers, by whatever way they hand their data on, and of masters that break their promises: each
// ends in time with the right result or a reason that a person understands, and leaves the server as it was.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createAuthority, createCertificate } from '../support/certificates.mjs';
import { flood, HANDLED, HostileServer, info } from '../support/hostile.mjs';
import { backupOnce, offlineOnce } from '../support/offline_once.mjs';
import { Redis } from '../support/redis.mjs';
import { RespConnection } from '../support/resp.mjs';
import { until } from '../support/wait.mjs';

const AT_ONCE = { 'repl-diskless-sync-delay': 0, 'repl-diskless-sync': 'no' };
const KEYS = { string: 400, list: 30, set: 20, zset: 10, hash: 40, stream: 5 };
const USED = `string:${KEYS.string - 1}`;
const COUNT = Object.values(KEYS).reduce((sum, count) => sum + count, 0) + 1;

let directory;
const stops = [];

async function redis(options = {}, how = {}) {
  const server = await Redis.start(directory, { options: { ...AT_ONCE, ...options }, ...how });
  stops.push(() => server.stop());
  return server;
}

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'dcs-test-'));
});
after(async () => {
  for (const stop of stops.reverse()) await stop().catch(() => {});
  rmSync(directory, { recursive: true, force: true });
});

// Of each type so many keys, and one in another database where there is one.
async function fill(server, { cluster = false } = {}) {
  const commands = [];
  const add = (type, make) => {
    for (let i = 0; i < KEYS[type]; i++) commands.push(make(`${type}:${i}`, i + 1));
  };
  add('string', (name, size) => ['SET', name, 'x'.repeat(size)]);
  add('list', (name, size) => ['RPUSH', name, ...Array.from({ length: size }, (_, i) => `element ${i}`)]);
  add('set', (name, size) => ['SADD', name, ...Array.from({ length: size }, (_, i) => `member ${i}`)]);
  add('zset', (name, size) => ['ZADD', name, ...Array.from({ length: size }, (_, i) => [i, `member ${i}`]).flat()]);
  add('hash', (name, size) => ['HSET', name, ...Array.from({ length: size }, (_, i) => [`field ${i}`, 'v']).flat()]);
  add('stream', (name) => ['XADD', name, '1-1', 'a', 'b']);
  await server.pipeline(commands);
  if (!cluster) await server.command('SELECT', 1);
  await server.command('SET', 'elsewhere', 'x', 'EX', 10_000);
  if (!cluster) await server.command('SELECT', 0);
}

function assertRight(result, source = 'replication') {
  assert.equal(result.status, 'success', result.reason);
  assert.equal(result.keys_seen, COUNT);
  assert.equal(result.document.source, source);
  assert.equal(result.document.keys, COUNT);
  const byType = Object.fromEntries(result.document.types.map(({ type, keys }) => [type, keys]));
  assert.deepEqual(byType, { ...KEYS, string: KEYS.string + 1 });
  assert.equal(result.document.largest_by_size.find(({ type }) => type === 'hash').size, KEYS.hash);
  assert.equal(result.members.total_num, COUNT);
  assert.ok(result.bytes_read > COUNT * 10);
}

function assertFailed(result, code, reason) {
  assert.equal(result.status, 'failed', JSON.stringify(result).slice(0, 500));
  assert.match(`${result.code} ${result.reason}`, new RegExp(`^${code} .*${reason}`));
}

const persistence = async (server) => (await server.info('persistence')).rdb_bgsave_in_progress;
const ours = async (server) => String(await server.command('CLIENT', 'LIST')).split('\n').filter((line) => /name=dcs-scan/.test(line));

// Nothing of ours is left: no connection, no replica, and no fork where nobody else wants it.
async function assertLeft(server) {
  await until('the connections are closed', async () => (await ours(server)).length === 0);
  await until('no replica is left', async () => (await server.info('replication')).connected_slaves === '0');
  await until('no fork is left', async () => (await persistence(server)) === '0');
}

test('a server, with and without a file of its own, and its keys are not used', async () => {
  const server = await redis({ 'maxmemory-policy': 'allkeys-lfu', 'lfu-decay-time': 0 });
  await fill(server);
  // Of the longest string, which is among those that are told.
  await server.pipeline(Array.from({ length: 50 }, () => ['GET', USED]));
  const used = await server.command('OBJECT', 'FREQ', USED);
  assert.ok(used > 5, `${used}`);
  const names = Array.from({ length: 20 }, (_, i) => `string:${i}`);
  const counters = () => server.pipeline(names.map((name) => ['OBJECT', 'FREQ', name]));
  const before_ = await counters();
  for (const diskless of ['no', 'yes']) {
    await server.command('CONFIG', 'SET', 'repl-diskless-sync', diskless);
    await server.command('CONFIG', 'RESETSTAT');
    const result = await offlineOnce(server.endpoint, { memoryPercent: 10, profile: 'gentle' });
    assertRight(result);
    assert.equal(result.keys_before, COUNT);
    assert.equal(result.document.origin.engine_version, (await server.info('server')).redis_version);
    assert.deepEqual([result.commands, result.touched, result.note], [4, 0, '']);
    assert.ok(result.baseline_us > 0);
    assert.equal(result.document.largest_by_size.find(({ name }) => name === USED).freq, used);
    // One full synchronisation, and not a command on a key.
    const { sync_full: full, keyspace_hits: hits, keyspace_misses: misses } = await server.info('stats');
    assert.deepEqual([full, hits, misses], ['1', '0', '0']);
    await assertLeft(server);
  }
  assert.deepEqual(await counters(), before_);
});

test("bytes are of the allocator that the server tells of, which is not the releases' everywhere", async () => {
  const server = await redis();
  const names = Array.from({ length: 60 }, (_, i) => `key:${i}`);
  await server.pipeline(names.map((name, i) => ['SET', name, 'x'.repeat(5 * i + 1)]));
  const asked = await server.pipeline(names.map((name) => ['MEMORY', 'USAGE', name, 'SAMPLES', 0]));
  const { document } = await offlineOnce(server.endpoint);
  assert.equal(document.bytes, asked.reduce((sum, bytes) => sum + Number(bytes), 0));
});

test('a replica by name, which asks nothing of its master', async () => {
  const master = await redis();
  await fill(master);
  const replica = await redis({ replicaof: ['127.0.0.1', master.port], 'replica-read-only': 'yes' });
  await until('the replica is in sync', async () => (await replica.info('replication')).master_link_status === 'up');
  for (const diskless of ['no', 'yes']) {
    await replica.command('CONFIG', 'SET', 'repl-diskless-sync', diskless);
    assertRight(await offlineOnce(replica.endpoint));
    await assertLeft(replica);
  }
  assert.equal((await master.info('stats')).sync_full, '1');
  // The other way: the master, whose replica stays.
  assertRight(await offlineOnce(master.endpoint));
  await until('the replica alone is left', async () => (await master.info('replication')).connected_slaves === '1');
  assert.equal((await replica.info('replication')).master_link_status, 'up');
  // And without its master it has nothing to hand on.
  await master.stop();
  await until('the link is down', async () => (await replica.info('replication')).master_link_status === 'down');
  assertFailed(await offlineOnce(replica.endpoint), 'REDIS_UNREADY', 'the replica has no link to its master');
});

test('a node of a cluster', async () => {
  const node = await redis({ 'cluster-enabled': 'yes' });
  await node.command('CLUSTER', 'ADDSLOTSRANGE', 0, 16383);
  await until('the cluster is up', async () => /cluster_state:ok/.test(String(await node.command('CLUSTER', 'INFO'))));
  await fill(node, { cluster: true });
  assertRight(await offlineOnce(node.endpoint));
});

test('TLS, with a client certificate and without', async () => {
  const authority = await createAuthority(directory);
  const certificates = await createCertificate(directory, authority);
  const client = await createCertificate(directory, authority, 'client', { usage: 'clientAuth' });
  const server = await redis({ 'tls-auth-clients': 'yes' }, { certificates });
  const text = (path) => readFileSync(path, 'utf8');
  const env = { REDIS_CA: text(authority.certificate), REDIS_CERTIFICATE: text(client.certificate), REDIS_KEY: text(client.key) };
  await fill(server);
  // More than one record of TLS, and than one buffer.
  await server.command('SET', 'string:0', 'x'.repeat(300_000));
  assertRight(await offlineOnce(server.tlsEndpoint, { env }));
  assertFailed(await offlineOnce(server.tlsEndpoint, { env: { REDIS_CA: env.REDIS_CA } }), 'REDIS_CONNECTION', 'client certificate');
});

test('the user of deploy/redis-acl, and one that may less', async () => {
  const server = await redis();
  await fill(server);
  const lines = readFileSync(new URL('../../deploy/redis-acl/redis-7.0.acl', import.meta.url), 'utf8').split('\n');
  const [, name, ...rules] = lines.find((line) => line.startsWith('user dcs-offline ')).split(' ');
  await server.command('ACL', 'SETUSER', name, ...rules, 'on', '>of-the-reader');
  const env = { REDIS_USER: name, REDIS_PASSWORD: 'of-the-reader' };
  assertRight(await offlineOnce(server.endpoint, { env }));
  assert.deepEqual(await server.command('ACL', 'LOG'), []);
  for (const command of ['psync', 'replconf', 'info']) {
    await server.command('ACL', 'SETUSER', name, `-${command}`);
    assertFailed(await offlineOnce(server.endpoint, { env }), 'REDIS_REFUSED', `${command.toUpperCase()}: NOPERM.*its ACL must allow it`);
    await server.command('ACL', 'SETUSER', name, `+${command}`);
  }
  assertFailed(await offlineOnce(server.endpoint, { env: { ...env, REDIS_PASSWORD: 'wrong' } }), 'REDIS_REFUSED', 'WRONGPASS');
});

test('servers that cannot fork now', async () => {
  const server = await redis();
  await fill(server);
  assertFailed(await offlineOnce(server.endpoint, { memoryPercent: 2_000_000_000 }), 'REDIS_UNREADY', 'too little memory for a fork');
  assertRight(await offlineOnce(server.endpoint, { memoryPercent: 0 }));
  await until('no fork is left', async () => (await persistence(server)) === '0');
  await server.command('CONFIG', 'SET', 'rdb-key-save-delay', 1_000_000);
  await server.command('BGSAVE');
  assertFailed(await offlineOnce(server.endpoint), 'REDIS_UNREADY', 'the server has a fork already: it saves');
  await server.command('CONFIG', 'SET', 'rdb-key-save-delay', 0);
  await server.command('BGREWRITEAOF');
  await server.stop();
  // Loading: a few keys at a time, answering in between.
  const slow = await redis();
  await fill(slow);
  await slow.command('CONFIG', 'SET', 'key-load-delay', 20_000, 'loading-process-events-interval-bytes', 1024);
  const loaded = slow.command('DEBUG', 'RELOAD').catch(() => {});
  const other = await RespConnection.open(slow.port);
  await until('it loads', async () => /loading:1/.test(String(await other.command('INFO', 'persistence'))));
  other.close();
  assertFailed(await offlineOnce(slow.endpoint), 'REDIS_UNREADY', 'the server is still loading its data');
  await slow.stop();
  await loaded;
});

test('cancelled in the middle, the connection is gone and so is the fork', async () => {
  const server = await redis({ 'repl-diskless-sync': 'yes', 'rdb-key-save-delay': 4000 });
  await fill(server);
  let cancelled;
  const result = await offlineOnce(server.endpoint, {
    during: async (program) => {
      await until('it reads', async () => (await ours(server)).length === 2 && (await persistence(server)) === '1');
      cancelled = Date.now();
      program.signal('SIGTERM');
    },
  });
  assertFailed(result, 'SCAN_CANCELLED', 'cancelled');
  assert.ok(Date.now() - cancelled < 2000, `${Date.now() - cancelled} ms`);
  await assertLeft(server);
  assertFailed(await offlineOnce(server.endpoint, { timeoutMs: 800 }), 'SCAN_DEADLINE', 'no end within 800 ms');
  await assertLeft(server);
});

test('no faster than it may, and it tells how far it is', async () => {
  const server = await redis({ rdbcompression: 'no' });
  await fill(server);
  await server.command('SET', 'string:0', 'x'.repeat(500_000));
  const result = await offlineOnce(server.endpoint, { bytesPerSecond: 500_000, profile: 'gentle' });
  assertRight(result);
  // A tenth of a second is given in advance.
  assert.ok(result.ms >= (result.bytes_read / 500_000 - 0.1) * 1000, `${result.bytes_read} bytes in ${result.ms} ms`);
  assert.match(result.progress, new RegExp(`^${COUNT} of ${COUNT}$`, 'm'));
});

test('files of backups, and what is none', async () => {
  const server = await redis();
  await fill(server);
  await server.command('SAVE');
  const root = join(directory, 'backups');
  const place = join(root, 'tenant', 'cache');
  const rdb = join(server.directory, 'dump.rdb');
  mkdirSync(place, { recursive: true });
  copyFileSync(rdb, join(place, 'a.rdb'));
  writeFileSync(join(place, 'b.rdb.gz'), gzipSync(readFileSync(rdb)));
  writeFileSync(join(place, 'cut.rdb'), readFileSync(rdb).subarray(0, 1000));
  writeFileSync(join(place, 'cut.gz'), gzipSync(readFileSync(rdb)).subarray(0, 1000));
  writeFileSync(join(place, 'other'), 'a letter');
  writeFileSync(join(place, 'aof'), Buffer.concat([readFileSync(rdb), Buffer.from('*2\r\n$3\r\nDEL\r\n$8\r\nstring:0\r\n')]));
  symlinkSync(rdb, join(place, 'link'));
  for (const id of ['a.rdb', 'b.rdb.gz']) {
    const result = await backupOnce(root, 'tenant/cache', id);
    assertRight(result, 'backup');
    assert.deepEqual([result.commands, result.baseline_us], [0, 0]);
  }
  for (const [id, code, reason] of [
    ['link', 'BACKUP', 'the backup: link: a link, which is not followed'], ['none', 'BACKUP', 'the backup: none: No such file'],
    ['cut.rdb', 'RDB_FORMAT', 'the backup: cut.rdb: '], ['cut.gz', 'BACKUP', 'the backup: cannot be uncompressed: '], ['aof', 'RDB_FORMAT', 'bytes behind the end of the RDB'], ['other', 'RDB_FORMAT', 'the backup: other: '],
  ])
    assertFailed(await backupOnce(root, 'tenant/cache', id), code, reason);
  assertFailed(await backupOnce(root, 'tenant/../..', 'a.rdb'), 'BACKUP', 'not a path below backup_root');
  assertFailed(await backupOnce(join(root, 'none'), 'tenant', 'a.rdb'), 'BACKUP', 'backup_root: No such file');
});

const SAMPLE = readFileSync(new URL('../fixtures/rdb/redis-7.0.rdb', import.meta.url));
const SAMPLE_KEYS = JSON.parse(readFileSync(new URL('../fixtures/rdb/redis-7.0.json', import.meta.url), 'utf8')).keys.length;
const FULL = '+FULLRESYNC 8de1787ba490483314a4d30f1c628bc5025eb761 42\r\n';
const MARK = '0123456789abcdef0123456789abcdef01234567';
const LENGTH = `$${SAMPLE.length}\r\n`;
const EOF = `$EOF:${MARK}\r\n`;

const sending = (...parts) => (socket) => {
  for (const part of parts) socket.write(part);
  return HANDLED;
};

// { what is done about PSYNC, code and reason, or null: a success }
const MASTERS = [
  ['a length', sending(FULL, LENGTH, SAMPLE), null],
  ['a mark', sending(FULL, EOF, SAMPLE, MARK), null],
  ['newlines before each line', sending('\n\n', FULL, '\n\n\n', LENGTH, SAMPLE), null],
  ['closes after a length', (socket) => {
    socket.end(Buffer.concat([Buffer.from(FULL + LENGTH), SAMPLE]));
    return HANDLED;
  }, null],
  ['-NOMASTERLINK', sending("-NOMASTERLINK Can't SYNC while not connected with my master\r\n"), 'REDIS_UNREADY', 'PSYNC: NOMASTERLINK'],
  ['-LOADING', sending('-LOADING Redis is loading the dataset in memory\r\n'), 'REDIS_UNREADY', 'PSYNC: LOADING'],
  ['a fork that fails', sending(FULL, "-ERR BGSAVE failed, replication can't continue\r\n"), 'REDIS_UNREADY', 'the server could not fork'],
  ['+CONTINUE', sending('+CONTINUE\r\n'), 'REDIS_PROTOCOL', 'never begun'],
  ['silence', sending(''), 'REDIS_TIMEOUT', 'waiting for the RDB: not a byte for 1000 ms'],
  ['a stall in the middle', sending(FULL, LENGTH, SAMPLE.subarray(0, 500)), 'REDIS_TIMEOUT', 'after 500 bytes of the RDB: not a byte for 100 ms'],
  ['a reset in the middle', (socket) => {
    socket.write(Buffer.concat([Buffer.from(FULL + LENGTH), SAMPLE.subarray(0, 500)]), () => setImmediate(() => socket.resetAndDestroy()));
    return HANDLED;
  }, 'REDIS_CONNECTION', 'of the RDB: '],
  ['an end in the middle', (socket) => {
    socket.end(Buffer.concat([Buffer.from(FULL + EOF), SAMPLE.subarray(0, 500)]));
    return HANDLED;
  }, 'REDIS_CONNECTION', 'after 460 bytes of the RDB: connection closed'],
  ['an error in the middle', sending(FULL, EOF, SAMPLE.subarray(0, 500), '-ERR no more\r\n', MARK), 'RDB_FORMAT', ''],
  ['an RDB cut short, with its mark', sending(FULL, EOF, SAMPLE.subarray(0, 500), MARK), 'RDB_FORMAT', ''],
  ['a wrong mark', sending(FULL, EOF, SAMPLE, MARK.replace('7', '8')), 'REDIS_PROTOCOL', 'the mark that was announced'],
  ['a length too long', sending(FULL, `$${SAMPLE.length + 5}\r\n`, SAMPLE, 'extra'), 'REDIS_PROTOCOL', 'behind the end of the RDB'],
  ['a length too short', sending(FULL, `$${SAMPLE.length - 5}\r\n`, SAMPLE), 'RDB_FORMAT', ''],
  ['$-1', sending(FULL, '$-1\r\n'), 'REDIS_PROTOCOL', 'no length of an RDB'],
  ['a length beyond all', sending(FULL, '$99999999999999999999\r\n'), 'REDIS_PROTOCOL', 'no length of an RDB'],
  ['a length that is enormous', sending(FULL, '$9223372036854775807\r\n', SAMPLE), 'REDIS_PROTOCOL', 'behind the end of the RDB'],
  ['garbage for an RDB', sending(FULL, '$1000\r\n', 'x'.repeat(1000)), 'RDB_FORMAT', ''],
  ['garbage for an answer', sending('HTTP/1.1 400 Bad Request\r\n\r\n'), 'REDIS_PROTOCOL', 'an answer that is none'],
  ['newlines without end', (socket) => flood(socket, '\n'.repeat(4096)), 'REDIS_PROTOCOL', 'newlines without end'],
  ['a line without end', (socket) => flood(socket, 'x'.repeat(4096)), 'REDIS_PROTOCOL', 'a line of more than 1 KiB'],
];

test('masters that keep their promises, and that do not', async (t) => {
  for (const [what, act, code, reason] of MASTERS) {
    await t.test(what, async () => {
      const server = await HostileServer.start({
        answer: ([name], honest, socket) => (name === 'PSYNC' ? act(socket) : name === 'INFO' ? info(SAMPLE_KEYS) : undefined),
      });
      try {
        const short = code === 'REDIS_TIMEOUT';
        const result = await offlineOnce(server.endpoint, { replyMs: short ? 100 : 10_000 });
        if (!code) {
          assert.equal(result.status, 'success', result.reason);
          assert.equal(result.keys_seen, SAMPLE_KEYS);
          return;
        }
        assertFailed(result, code, reason);
        assert.ok(result.reason.startsWith(server.endpoint), result.reason);
        assert.ok(result.peak_kib < (process.env.DCS_SANITIZE ? 256 : 32) << 10, `${result.peak_kib} KiB`);
      } finally {
        await server.stop();
      }
    });
  }
});
