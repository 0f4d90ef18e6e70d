// Clusters whose nodes announce what the worker cannot reach, or nothing: the map leads to them.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../support/program.mjs';
import { RedisCluster, SLOTS, canBind } from '../support/redis.mjs';
import { until } from '../support/wait.mjs';

const KEYS = 300;
const SCANNER = join(process.env.DCS_BUILD, 'tests/dcs_scan_names');

let directory;

before(() => (directory = mkdtempSync(join(tmpdir(), 'dcs-addresses-'))));
after(() => rmSync(directory, { recursive: true, force: true }));

async function scan(cluster, ...options) {
  const { stdout, stderr, status } = await run('scan', SCANNER,
    [cluster.nodes[0].endpoint, String(KEYS), ...options], { deadlineMs: 60_000 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const assertWhole = ({ status, seen, reason }) => assert.deepEqual([status, seen], ['success', KEYS], reason);

// A cluster for one test, full of keys before it begins to announce what the options say.
async function withCluster(how, use) {
  const cluster = await RedisCluster.start(directory, how);
  try {
    await cluster.pipeline(Array.from({ length: KEYS }, (_, i) => ['SET', `key:${i}`, 'x']));
    await use(cluster);
  } finally {
    await cluster.stop();
  }
}

const setAll = async (cluster, ...setting) => {
  for (const node of cluster.nodes) await node.command('CONFIG', 'SET', ...setting);
};

// Waits until each node knows so many of all to announce that.
const announced = (cluster, word, count = 1) => until(`${word} is announced`, async () => {
  for (const node of cluster.nodes) {
    const lines = (await node.command('CLUSTER', 'NODES')).toString().trim().split('\n');
    if (lines.filter((line) => line.includes(word)).length < count) return false;
  }
  return true;
});

test('ports that only the servers have are mapped one by one', () => withCluster({}, async (cluster) => {
  for (const [i, node] of cluster.nodes.entries()) await node.command('CONFIG', 'SET', 'cluster-announce-port', i + 1);
  for (const i of cluster.nodes.keys()) await announced(cluster, ` 127.0.0.1:${i + 1}@`);
  const without = await scan(cluster, 'timeout_ms=3000');
  assert.equal(without.status, 'failed');
  assert.match(without.reason, /127\.0\.0\.1:\d|no end within 3000 ms/);
  const map = cluster.nodes.map(({ port }, i) => `127.0.0.1:${i + 1}=127.0.0.1:${port}`).join(',');
  assertWhole(await scan(cluster, `map=${map}`));
  assertWhole(await scan(cluster, `map=${map}`, 'kind=hotkey'));
}));

test('a map that is malformed is a failure that says so', () => withCluster({ replicas: 0 }, async (cluster) => {
  const { status, code, reason } = await scan(cluster, 'map=127.0.0.1:1=a');
  assert.deepEqual([status, code], ['failed', 'INVALID_PARAMETER']);
  assert.match(reason, /address map: '127.0.0.1:1=a'/);
}));

test('host names are dialled where the cluster prefers them, through the map where they mean nothing', () =>
  withCluster({}, async (cluster) => {
    await setAll(cluster, 'cluster-preferred-endpoint-type', 'hostname');
    await setAll(cluster, 'cluster-announce-hostname', 'localhost');
    await announced(cluster, ',localhost', cluster.nodes.length);
    assertWhole(await scan(cluster));
    await setAll(cluster, 'cluster-announce-hostname', 'node.invalid');
    await announced(cluster, ',node.invalid', cluster.nodes.length);
    assert.equal((await scan(cluster, 'timeout_ms=3000')).status, 'failed');
    assertWhole(await scan(cluster, 'map=node.invalid=127.0.0.1'));
  }));

test('IPv6', async (t) => {
  if (!await canBind('::1')) return t.skip('this machine has no ::1');
  await withCluster({ host: '::1' }, async (cluster) => {
    assert.match(cluster.nodes[0].endpoint, /^\[::1\]:/);
    assertWhole(await scan(cluster));
    await setAll(cluster, 'cluster-preferred-endpoint-type', 'hostname');
    await setAll(cluster, 'cluster-announce-hostname', 'node.invalid');
    await announced(cluster, ',node.invalid', cluster.nodes.length);
    assertWhole(await scan(cluster, 'map=node.invalid=[::1]'));
  });
});

test('a node that never met another announces no host', () =>
  withCluster({ masters: 1, replicas: 0 }, async (cluster) => {
    const [node] = cluster.nodes;
    const [[first, last, [host]]] = await node.command('CLUSTER', 'SLOTS');
    assert.deepEqual([first, last, String(host ?? '')], [0, SLOTS - 1, '']);
    assertWhole(await scan(cluster));
    assertWhole(await scan(cluster, 'kind=hotkey'));
  }));
