// A master and its replica, both registered: big keys are read from the replica while it is in sync, expired
// keys are released on the master, and either may be missing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enumerate, fillExpired, fillSmall, largest } from '../support/dataset.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

let world, site, alice, master, replica, cache, expected;

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1, worker: { redis_connect_timeout_ms: 500 } });
  alice = await site.tenant('alice');
  master = await world.redis({ options: { 'repl-diskless-sync-delay': 0 } });
  replica = await world.redis();
  await fillSmall(master);
  await replica.command('REPLICAOF', '127.0.0.1', master.port);
  await until('the replica is in sync', async () => (await replica.info('replication')).master_link_status === 'up');
  expected = largest(await enumerate(master, [0, 3]));
  cache = await alice.instance('pair', replica.endpoint, '--endpoint', master.endpoint, '--cache-mode', 'ha');
});
after(() => world?.close());

const scans = async (node) => Number(/calls=(\d+)/.exec((await node.info('commandstats')).cmdstat_scan)?.[1] ?? 0);

async function reads(node) {
  const before = await scans(node);
  const detail = await cache.analyse();
  assert.equal(detail.status, 'success', JSON.stringify(await site.inspect(detail.id)));
  assert.deepEqual(detail.keys, expected);
  return await scans(node) > before;
}

test('big keys are read from the replica', async () => {
  assert.equal(await reads(replica), true);
  assert.equal(await reads(master), false);
});

test('expired keys are released on the master', async () => {
  await fillExpired(master, 500);
  const { id } = await cache.start(cache.expired);
  await cache.reaches(id, 'success');
  assert.equal((await alice.client.get(cache.histories)).json.records[0].num, 500);
});

test('a replica that is cut off is not read', async () => {
  await replica.command('REPLICAOF', '127.0.0.1', 1);
  assert.equal(await reads(master), true);
});

test('neither is one that is gone', async () => {
  await replica.stop();
  assert.equal(await reads(master), true);
});

test('without a master there are no expired keys to release', async () => {
  await master.stop();
  const { id } = await cache.start(cache.expired);
  await cache.reaches(id, 'failed');
  assert.match((await site.inspect(id)).failure, /refused|connect/i);
});
