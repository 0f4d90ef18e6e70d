// A master and a replica that Sentinels watch: the scan is told of the Sentinels alone, and finds the nodes also
// after a fail-over and during one.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../support/program.mjs';
import { Redis, Sentinel, freePort } from '../support/redis.mjs';
import { until } from '../support/wait.mjs';

const KEYS = 500;
const SCANNER = join(process.env.DCS_BUILD, 'tests/dcs_scan_names');
const PASSWORD = 'of-the-instance';

let directory, master, replica, other, sentinels;

const started = async (node) => (await node.info('stats')).total_connections_received;

async function scan(endpoints, ...options) {
  const { stdout, stderr, status } = await run('scan', SCANNER,
    [endpoints, String(KEYS), 'layout=replicated', `password=${PASSWORD}`, ...options], { deadlineMs: 100_000 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const scans = async (node) => Number(/calls=(\d+)/.exec((await node.info('commandstats')).cmdstat_scan)?.[1] ?? 0);
const all = () => sentinels.map(({ endpoint }) => endpoint).join(',');

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dcs-sentinel-'));
  const options = { requirepass: PASSWORD, masterauth: PASSWORD, 'repl-diskless-sync-delay': 0 };
  [master, replica, other] = [await Redis.start(directory, { options }), await Redis.start(directory, { options }),
    await Redis.start(directory, { options })];
  await master.pipeline(Array.from({ length: KEYS }, (_, i) => ['SET', `key:${i}`, 'x']));
  await replica.command('REPLICAOF', '127.0.0.1', master.port);
  await until('the replica is in sync', async () => (await replica.info('replication')).master_link_status === 'up');
  sentinels = [await Sentinel.start(directory), await Sentinel.start(directory, { requirepass: PASSWORD })];
});
after(async () => {
  for (const node of [...(sentinels ?? []), master, replica, other]) await node?.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('a Sentinel that watches nobody is no success', async () => {
  const { status, reason } = await scan(sentinels[0].endpoint);
  assert.equal(status, 'failed');
  assert.match(reason, /watches no master/);
});

test('big keys are read from the replica that a Sentinel tells of, all else from the master', async () => {
  for (const sentinel of sentinels) await sentinel.monitor('main', master, PASSWORD);
  await until('the Sentinels know the replica', async () => {
    for (const sentinel of sentinels) {
      const [found] = await sentinel.command('SENTINEL', 'replicas', 'main');
      if (!found || /down|disconnected/.test(found[found.findIndex((w) => String(w) === 'flags') + 1])) return false;
    }
    return true;
  });
  for (const endpoints of [all(), sentinels[0].endpoint, sentinels[1].endpoint]) {
    const before = [await scans(master), await scans(replica)];
    const { status, seen, reason } = await scan(endpoints);
    assert.deepEqual([status, seen], ['success', KEYS], reason);
    assert.equal(await scans(master), before[0]);
    assert.ok(await scans(replica) > before[1]);
  }
  const before = await scans(master);
  assert.equal((await scan(all(), 'kind=expired', 'master=main')).seen, KEYS);
  assert.ok(await scans(master) > before);
});

test('one Sentinel that answers is enough', async () => {
  const { status, seen, reason } = await scan(`127.0.0.1:${await freePort()},${sentinels[1].endpoint}`);
  assert.deepEqual([status, seen], ['success', KEYS], reason);
});

test('of several masters one must be named', async () => {
  await sentinels[0].monitor('other', other, PASSWORD);
  const { status, reason } = await scan(sentinels[0].endpoint);
  assert.equal(status, 'failed');
  assert.match(reason, /watches several masters, and none is named/);
  assert.doesNotMatch(reason, /other|main/);
  assert.equal((await scan(sentinels[0].endpoint, 'master=main')).seen, KEYS);
  assert.equal((await scan(sentinels[0].endpoint, 'master=other')).seen, 0);
  assert.match((await scan(sentinels[0].endpoint, 'master=third')).reason, /watches no master of that name/);
});

test('addresses that a Sentinel tells of go through the map', async () => {
  const map = `127.0.0.1:${master.port}=127.0.0.1:${other.port},127.0.0.1:${replica.port}=127.0.0.1:${other.port}`;
  const { status, seen, reason } = await scan(sentinels[1].endpoint, `map=${map}`);
  assert.deepEqual([status, seen], ['success', 0], reason);
});

test('a wrong password is a refusal, with and without a password of the Sentinel', async () => {
  for (const sentinel of sentinels) {
    const { status, reason } = await scan(sentinel.endpoint, 'master=main').then(() =>
      run('scan', SCANNER, [sentinel.endpoint, String(KEYS), 'layout=replicated', 'master=main', 'password=not-the-one'])
        .then(({ stdout }) => JSON.parse(stdout)));
    assert.equal(status, 'failed');
    assert.match(reason, /AUTH: /);
    assert.doesNotMatch(reason, /not-the-one/);
  }
});

test('a scan finds the nodes through a fail-over', async () => {
  await master.kill();
  const during = await scan(sentinels[1].endpoint, 'kind=expired', 'timeout_ms=90000');
  assert.deepEqual([during.status, during.seen], ['success', KEYS], during.reason);
  await replica.connect();
  assert.equal((await replica.info('replication')).role, 'master');
  assert.equal((await scan(sentinels[1].endpoint)).seen, KEYS);
});
