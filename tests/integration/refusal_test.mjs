// A user of a real Redis who may not do one thing: each command that scans use is denied in turn.  A scan either
// does without it, or fails with a reason that names the command and says what is missing.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillSmall } from '../support/dataset.mjs';
import { Redis, RedisCluster } from '../support/redis.mjs';
import { scanOnce } from '../support/scan_once.mjs';

const KINDS = ['bigkey', 'hotkey', 'expired'];
const PASSWORD = 'secret';
const WITH_LFU = { 'maxmemory-policy': 'allkeys-lfu' };

let directory, redis, right;

const scan = (endpoint, kind, user, options = {}) =>
  scanOnce(endpoint, kind, { ...options, env: user ? { REDIS_USER: user, REDIS_PASSWORD: PASSWORD } : {} });

async function scanAll(endpoint, user, options) {
  const results = {};
  for (const kind of KINDS) results[kind] = await scan(endpoint, kind, user, options);
  return results;
}

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dcs-refusal-'));
  redis = await Redis.start(directory, { options: WITH_LFU });
  await fillSmall(redis);
  right = await scanAll(redis.endpoint);
});

after(async () => {
  await redis?.stop();
  if (directory) rmSync(directory, { recursive: true, force: true });
});

const names = (result) => result.keys?.map(({ name, type, db, size }) => `${db} ${type} ${size} ${name}`).sort();

function assertRight(result, kind, what) {
  assert.equal(result.status, 'success', `${what}: ${result.reason}`);
  assert.deepEqual(names(result), names(right[kind]), what);
  assert.equal(result.keys_seen, right[kind].keys_seen, what);
}

const denied = (command) =>
  new RegExp(`^REDIS_REFUSED: .*${command}: NOPERM .*\\(the registered user may not do that: its ACL must allow it\\)$`);

// What is denied, and by kind the command that the reason names; kinds that are left out do without it.
const BOTH_WITH_KEYS = (command) => ({ bigkey: command, hotkey: command });
const ROWS = [
  ['client|setname', {}],
  ['client|no-evict', {}],
  ['client', {}],
  ['config|get', {}],
  ['config', {}],
  ['ping', {}],
  ['command', {}],
  ['readonly', {}],
  ['cluster', {}],
  ['memory|usage', {}],
  ['info', { bigkey: 'INFO', hotkey: 'INFO', expired: 'INFO' }],
  ['select', { bigkey: 'SELECT', hotkey: 'SELECT', expired: 'SELECT' }],
  ['scan', { bigkey: 'SCAN', hotkey: 'SCAN', expired: 'SCAN' }],
  ['type', BOTH_WITH_KEYS('TYPE')],
  ['strlen', BOTH_WITH_KEYS('STRLEN')],
  ['llen', BOTH_WITH_KEYS('LLEN')],
  ['scard', BOTH_WITH_KEYS('SCARD')],
  ['zcard', BOTH_WITH_KEYS('ZCARD')],
  ['hlen', BOTH_WITH_KEYS('HLEN')],
  ['object|freq', { hotkey: 'OBJECT FREQ' }],
];

for (const [command, reasons] of ROWS) {
  test(`a user who may not ${command}`, async () => {
    await redis.command('ACL', 'SETUSER', 'limited', 'reset', 'on', `>${PASSWORD}`, '~*', '&*', '+@all', `-${command}`);
    const results = await scanAll(redis.endpoint, 'limited');
    for (const kind of KINDS) {
      if (!reasons[kind]) {
        assertRight(results[kind], kind, kind);
        continue;
      }
      assert.equal(results[kind].status, 'failed', kind);
      assert.match(`${results[kind].code}: ${results[kind].reason}`, denied(reasons[kind]), kind);
    }
  });
}

test('the least that a user needs', async () => {
  const least = ['+info', '+select', '+scan', '+type', '+strlen', '+llen', '+scard', '+zcard', '+hlen', '+object|freq'];
  await redis.command('ACL', 'SETUSER', 'least', 'reset', 'on', `>${PASSWORD}`, '~*', ...least);
  const results = await scanAll(redis.endpoint, 'least');
  for (const kind of KINDS) assertRight(results[kind], kind, kind);
});

test('a user who may see some keys only has not seen all', async () => {
  await redis.command('ACL', 'SETUSER', 'some', 'reset', 'on', `>${PASSWORD}`, '~plain*', '+@all');
  const results = await scanAll(redis.endpoint, 'some');
  for (const kind of ['bigkey', 'hotkey']) {
    assert.equal(results[kind].status, 'failed');
    assert.match(results[kind].reason, /NOPERM .*its ACL must allow it/);
  }
  assertRight(results.expired, 'expired', 'SCAN passes all keys whatever a user may read');
});

test('a user who is not there, is off, or has another password', async () => {
  await redis.command('ACL', 'SETUSER', 'off', 'reset', 'off', `>${PASSWORD}`, '~*', '+@all');
  await redis.command('ACL', 'SETUSER', 'other', 'reset', 'on', '>another', '~*', '+@all');
  for (const user of ['nobody', 'off', 'other']) {
    const result = await scan(redis.endpoint, 'bigkey', user);
    assert.match(`${result.code}: ${result.reason}`,
      /^REDIS_REFUSED: .*AUTH: WRONGPASS .*\(the registered user or password is wrong\)$/);
  }
});

test('commands that were renamed', async () => {
  const rows = [['CONFIG', undefined], ['CLIENT', undefined], ['MEMORY', undefined], ['INFO', 'INFO'], ['SCAN', 'SCAN'], ['TYPE', 'TYPE']];
  for (const [command, named] of rows) {
    const server = await Redis.start(directory, { options: { ...WITH_LFU, 'rename-command': [command, ''] } });
    try {
      await fillSmall(server);
      const result = await scan(server.endpoint, 'bigkey');
      if (!named) assertRight(result, 'bigkey', command);
      else assert.match(`${result.code}: ${result.reason}`,
        new RegExp(`^REDIS_REFUSED: .*${named}: ERR unknown command .*renamed or disabled\\)$`));
    } finally {
      await server.stop();
    }
  }
});

test('a server without a connection left', async () => {
  await redis.command('CONFIG', 'SET', 'maxclients', 1);
  try {
    const result = await scan(redis.endpoint, 'bigkey');
    assert.match(`${result.code}: ${result.reason}`, /^REDIS_UNREADY: .*max number of clients.*no connection left: maxclients/);
  } finally {
    await redis.command('CONFIG', 'SET', 'maxclients', 100);
  }
});

// A node that tells its slots by one of the two commands only would hide what moved: both are needed.
test('a user of a cluster who may not ask who is there', async () => {
  const cluster = await RedisCluster.start(directory, { masters: 3, replicas: 0 });
  try {
    await cluster.pipeline(Array.from({ length: 60 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(i + 1)]));
    for (const [command, reason] of [['cluster|nodes', /CLUSTER NODES: NOPERM .*its ACL must allow it/],
      ['cluster|slots', /CLUSTER SLOTS: NOPERM .*its ACL must allow it/], ['readonly', undefined]]) {
      for (const node of cluster.nodes)
        await node.command('ACL', 'SETUSER', 'limited', 'reset', 'on', `>${PASSWORD}`, '~*', '&*', '+@all', `-${command}`);
      const result = await scan(cluster.nodes[0].endpoint, 'bigkey', 'limited', { layout: 'cluster', timeoutMs: 15_000 });
      if (result.status === 'failed') assert.match(result.reason, reason ?? /^$/);
      else assert.equal(result.keys_seen, 60);
    }
  } finally {
    await cluster.stop();
  }
});
