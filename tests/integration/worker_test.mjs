// Scans that cannot end well end as failed, with a reason that an operator can read; and what a scan finds
// on Redis with passwords, users and TLS.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillExpired, fillSmall } from '../support/dataset.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

let world, site, alice;

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1, worker: { attempts_max: 2 } });
  alice = await site.tenant('alice');
});
after(() => world?.close());

const file = (name, content) => {
  const path = join(world.directory, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};

const ended = (cache, id) => until('the task ends', async () =>
  ['success', 'failed'].includes(await cache.status(id)));

async function failure(cache, path = cache.create) {
  const { id } = await cache.start(path);
  await ended(cache, id);
  const shown = await site.inspect(id);
  assert.equal(shown.status, 'failed', JSON.stringify(shown));
  return shown.failure;
}

test('Redis is gone', async () => {
  const redis = await world.redis();
  const cache = await alice.instance('gone', redis.endpoint);
  await redis.stop();
  assert.match(await failure(cache), /refused|connect/i);
  assert.match(await failure(cache, cache.expired), /refused|connect/i);
  assert.ok(site.workers[0].events.some((e) => /refused|connect/i.test(e.reason ?? '')), 'and it is in the log');
});

test('the password was changed', async () => {
  const redis = await world.redis({ options: { requirepass: 'first' } });
  const cache = await alice.instance('password', redis.endpoint, '--password-file', file('first', 'first'));
  await redis.command('CONFIG', 'SET', 'requirepass', 'second');
  const reason = await failure(cache);
  assert.match(reason, /WRONGPASS|password|auth/i);
  assert.doesNotMatch(reason, /first|second/);
  assert.doesNotMatch(site.workers[0].stderr, /"first"|\bfirst\b.*password/);
});

test('a command is refused by ACL', async () => {
  const redis = await world.redis();
  await fillSmall(redis);
  await redis.command('ACL', 'SETUSER', 'scanner', 'on', '>pw', '~*', '+@all');
  const cache = await alice.instance('acl', redis.endpoint, '--user', 'scanner', '--password-file', file('pw', 'pw'));
  for (const [rule, word] of [['-scan', /scan/i], ['-type', /type/i], ['-strlen', /strlen/i]]) {
    await redis.command('ACL', 'SETUSER', 'scanner', '+@all', rule);
    const reason = await failure(cache);
    assert.match(reason, /NOPERM|permission/i);
    assert.match(reason, word);
  }
  await redis.command('ACL', 'SETUSER', 'scanner', '+@all');
  assert.equal((await cache.analyse()).status, 'success');
});

test('a user with just what a scan needs', async () => {
  const redis = await world.redis();
  await fillSmall(redis);
  await redis.command('ACL', 'SETUSER', 'least', 'on', '>pw', '~*', '-@all', '+scan', '+type', '+strlen', '+llen',
    '+scard', '+zcard', '+hlen', '+select', '+info', '+ping', '+dbsize', '+config|get', '+cluster', '+role', '+client',
    '+xlen', '+hello', '+readonly');
  const cache = await alice.instance('least', redis.endpoint, '--user', 'least', '--password-file', file('pw2', 'pw'));
  const detail = await cache.analyse();
  assert.equal(detail.status, 'success', JSON.stringify(await site.inspect(detail.id)));
});

test('what answers is no Redis', async () => {
  const net = await import('node:net');
  for (const [i, reply] of ['HTTP/1.1 400 Bad Request\r\n\r\n', '\0\0\0\0', '$99999999999999999999\r\n',
    '*1000000000\r\n', '$-5\r\n', '-ERR go away\r\n'].entries()) {
    const impostor = net.createServer((socket) => {
      socket.on('error', () => {}).on('data', () => socket.write(reply));
    });
    await new Promise((resolve) => impostor.listen(0, '127.0.0.1', resolve));
    try {
      const cache = await alice.instance(`impostor-${i}`, `127.0.0.1:${impostor.address().port}`, '--no-probe');
      await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(), capabilities = '{bigkey,expired}'
        WHERE id = $1`, [cache.id]);
      assert.ok((await failure(cache)).length > 5);
    } finally {
      impostor.close();
    }
  }
  assert.ok(site.workers[0].running);
});

test('a Redis that says nothing', async () => {
  const redis = await world.redis();
  const cache = await alice.instance('silent', redis.endpoint);
  const worker = await site.startWorker({ redis_reply_timeout_ms: 500, redis_connect_timeout_ms: 500 });
  await site.workers[0].stop();
  redis.program.signal('SIGSTOP');
  assert.match(await failure(cache), /no reply within 500 ms/);
  redis.program.signal('SIGCONT');
  await worker.stop();
  site.workers[0] = await site.startWorker({ attempts_max: 2 });
});

test('over TLS, verified', async () => {
  const redis = await world.redis({ certificates: world.certificates });
  await fillSmall(redis);
  const cache = await alice.instance('tls', redis.tlsEndpoint, '--tls', '--tls-ca', world.authority.certificate);
  assert.equal((await cache.analyse()).status, 'success');
  await site.sql('UPDATE instance SET tls_ca = NULL WHERE id = $1', [cache.id]);
  assert.match(await failure(cache), /certificate|verify/i);
});

test('an empty Redis has an empty result', async () => {
  const cache = await alice.instance('empty', (await world.redis()).endpoint);
  const detail = await cache.analyse();
  assert.deepEqual([detail.status, detail.num, detail.keys], ['success', 0, []]);
  const { id } = await cache.start(cache.expired);
  await ended(cache, id);
  assert.equal((await alice.client.get(cache.histories)).json.total, 0);
});

test('expired keys of several databases are released, and only those', async () => {
  const redis = await world.redis();
  const cache = await alice.instance('expired', redis.endpoint);
  await fillExpired(redis, 2000);
  await redis.command('SELECT', 5);
  await fillExpired(redis, 1000);
  await redis.pipeline(Array.from({ length: 100 }, (_, i) => ['SET', `kept:${i}`, 'x', 'EX', 10000]));
  await redis.pipeline(Array.from({ length: 100 }, (_, i) => ['SET', `forever:${i}`, 'x']));
  const { id } = await cache.start(cache.expired);
  await ended(cache, id);
  const [record] = (await alice.client.get(cache.histories)).json.records;
  assert.deepEqual([record.status, record.num], ['success', 3000]);
  assert.equal(await redis.command('DBSIZE'), 200);
  const { db0, db5 } = await redis.info('keyspace');
  assert.equal(db0, undefined);
  assert.match(db5, /^keys=200,expires=100,/);
});

test('a worker wakes without a notification', async () => {
  const cache = await alice.instance('polled', (await world.redis()).endpoint);
  await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type)
    SELECT project_id, id, gen_random_uuid(), 'bigkey', 'auto' FROM instance WHERE id = $1`, [cache.id]);
  await until('the task is found by polling', async () =>
    (await alice.client.get(`${cache.list}?status=success`)).json.count === 1, 10_000);
});

test('a key-encryption key that is missing fails the task, not the worker', async () => {
  const redis = await world.redis({ options: { requirepass: 'pw' } });
  const cache = await alice.instance('sealed', redis.endpoint, '--password-file', file('pw3', 'pw'));
  const [{ sealed_password: sealed }] = await site.sql('SELECT sealed_password FROM instance WHERE id = $1', [cache.id]);
  const changed = `${sealed.slice(0, 4)}${sealed[4] === '0' ? '1' : '0'}${sealed.slice(5)}`;
  await site.sql('UPDATE instance SET sealed_password = $2 WHERE id = $1', [cache.id, changed]);
  assert.match(await failure(cache), /seal|key/i);
  assert.ok(site.workers[0].running);
});
