// Offline analyses by a real worker of a real Redis, from the request to what is shown: of a node and of a backup, tried
// again where the server cannot fork, given up for what stays, and stopped when they are deleted.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { json } from '../support/http.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const USERS = 2000;

let world, site, client, redis, cache, extended;

before(async () => {
  world = await World.open();
  const backups = join(world.directory, 'backups');
  mkdirSync(join(backups, 'alice', 'cache'), { recursive: true });
  site = await world.site({ workers: 1, worker: { backup_root: backups, retry_seconds: 1, retry_seconds_max: 1, poll_seconds: 1 } });
  const alice = await site.tenant('alice');
  client = alice.client;
  redis = await world.redis({ options: { 'repl-diskless-sync-delay': 0 } });
  cache = await alice.instance('cache', redis.endpoint, '--backup-directory', 'alice/cache');
  extended = `/ext/v1/${alice.projectId}/instances/${cache.id}`;
  await redis.pipeline(Array.from({ length: USERS }, (_, i) => ['SET', `user:${i}:name`, 'x'.repeat(i % 100), ...(i % 2 ? ['EX', '100000'] : [])]));
  await redis.command('SAVE');
  copyFileSync(join(redis.directory, 'dump.rdb'), join(backups, 'alice', 'cache', 'a.rdb'));
});
after(() => world?.close());

async function make(options) {
  const made = await client.post(`${extended}/offline-analyses`, json(options));
  assert.equal(made.status, 200, made.body);
  return made.json.id;
}

async function ended(id) {
  await until(`analysis ${id} ends`, async () => ['success', 'failed'].includes(await cache.status(id)));
  return (await client.get(`${extended}/analyses/${id}`)).json;
}

// Of the key that is the largest the estimate is what the server says.
async function assertRight(analysis, source) {
  assert.equal(analysis.status, 'success');
  assert.deepEqual([analysis.source, analysis.result.source, analysis.result.keys], [source, source, USERS]);
  assert.equal(analysis.result.keys_without_ttl, USERS / 2);
  const [{ name, bytes }] = analysis.result.largest_by_bytes;
  assert.equal(bytes, Number(await redis.command('MEMORY', 'USAGE', name, 'SAMPLES', 0)));
  const { cost } = await site.inspect(analysis.id);
  assert.ok(cost.bytes_read > USERS * 10, JSON.stringify(cost));
  const shown = (await client.get(cache.offlineTask(analysis.id))).json;
  assert.deepEqual([shown.total_num, shown.largest_keys.length, shown.largest_keys[0].bytes], [USERS, 500, bytes]);
  assert.deepEqual(shown.largest_key_prefixes.map((entry) => [entry.key_prefix, entry.num])[0], ['user:', USERS]);
}

const withoutBytes = (part) => JSON.parse(JSON.stringify(part, (name, value) => (/bytes/.test(name) ? undefined : value)));

test('of a node, and of a backup, with the same figures', async () => {
  const [streamed, saved] = [await ended(await make({})), await ended(await make({ backup_id: 'a.rdb' }))];
  await assertRight(streamed, 'replication');
  await assertRight(saved, 'backup');
  // A file does not tell of its server's allocator; a server does.
  assert.ok(Math.abs(saved.result.bytes / streamed.result.bytes - 1) < 0.05, `${saved.result.bytes}, ${streamed.result.bytes}`);
  for (const part of ['types', 'prefixes', 'largest_by_size', 'ttl_histogram'])
    assert.deepEqual(withoutBytes(saved.result[part]), withoutBytes(streamed.result[part]));
});

test('a server that has a fork already is tried again, and a backup that is not there is not', async () => {
  await redis.command('CONFIG', 'SET', 'rdb-key-save-delay', 1_000_000);
  await redis.command('BGSAVE');
  const id = await make({});
  await site.workers[0].event('scan_to_be_tried_again', (event) => event.task === id && /has a fork already/.test(event.reason ?? JSON.stringify(event)));
  await redis.command('CONFIG', 'SET', 'rdb-key-save-delay', 0);
  process.kill(Number(/pid (\d+)/.exec(redis.program.stdout.slice(redis.program.stdout.lastIndexOf('Background saving started')))[1]), 'SIGUSR1');
  await assertRight(await ended(id), 'replication');
  const missing = await ended(await make({ backup_id: 'b.rdb' }));
  assert.equal(missing.status, 'failed');
  const record = await site.inspect(missing.id);
  assert.match(record.failure ?? JSON.stringify(record), /the backup: b\.rdb: No such file/);
  const { reason } = (await client.get(`${extended}/tasks/${missing.id}`)).json;
  assert.equal(reason, 'The backup is not there, or cannot be read.');
});

test('deleted while it reads, the server is rid of it within two seconds', async () => {
  await redis.command('CONFIG', 'SET', 'rdb-key-save-delay', 5000);
  const id = await make({});
  await until('it reads', async () => (await redis.info('replication')).connected_slaves === '1' && (await redis.info('persistence')).rdb_bgsave_in_progress === '1');
  const deleted = Date.now();
  assert.equal((await client.delete(cache.offlineTask(id))).status, 200);
  await until('it is gone', async () => (await redis.info('replication')).connected_slaves === '0');
  assert.ok(Date.now() - deleted < 2000, `${Date.now() - deleted} ms`);
});
