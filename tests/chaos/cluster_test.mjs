// Scans of a cluster that is resharded, fails over and loses nodes meanwhile: each key that was there throughout
// is seen, or the scan fails and says why.  Nobody moves or kills anything before its writes are replicated, so
// that the cluster itself loses no key; what is there is checked at the end.
//
//     DCS_CHAOS_SCANS=200   how many scans, 12 without it
//     DCS_CHAOS_SEED=N      what happens when

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../support/program.mjs';
import { RedisCluster, SLOTS } from '../support/redis.mjs';
import { until } from '../support/wait.mjs';

const SCANS = Number(process.env.DCS_CHAOS_SCANS ?? 12);
const SEED = Number(process.env.DCS_CHAOS_SEED ?? Date.now() % 1e6);
const AT_ONCE = SCANS > 100 ? 8 : 3;
const KEYS = 20_000;
const REPLICATED_MS = 5000;
const SCANNER = join(process.env.DCS_BUILD, 'tests/dcs_scan_names');

let directory, cluster, state = SEED;

const dice = (sides) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return (state >>> 16) % sides;
};
const pick = (list) => list[dice(list.length)];

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dcs-chaos-'));
  cluster = await RedisCluster.start(directory, {
    masters: 3, replicas: 3, options: {
      appendonly: 'yes', 'cluster-replica-validity-factor': 0, 'cluster-node-timeout': 2000 } });
  await cluster.pipeline(Array.from({ length: KEYS }, (_, i) => ['SET', `key:${i}`, 'x']));
});
after(async () => {
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const serving = async () => [...new Set(await cluster.owners())];

// What a master wrote has reached a replica of it; without one there is nothing to fail over to.
async function replicated(node) {
  return await node.command('WAIT', 1, REPLICATED_MS) >= 1;
}

// Views differ for a while after a fail-over, and a node can lose a slot that it was just given: only what a
// node says of itself counts, and what is refused is tried again.
async function move(slot, to) {
  await until(`slot ${slot} is moved`, async () => {
    const claims = [];
    for (const node of cluster.nodes) if ((await cluster.owners(node))[slot] === node) claims.push(node);
    if (claims.length !== 1) throw new Error(`served by ${claims.length}`);
    if (claims[0] !== to) await cluster.move(slot, claims[0], to);
    return true;
  });
}

async function reshard() {
  const masters = await serving();
  for (let i = 0; i < 12; i++) await move(dice(SLOTS), pick(masters));
  await cluster.agreed();
}

const replicaOf = async (master) => {
  const lines = (await master.command('CLUSTER', 'NODES')).toString().trim().split('\n').map((l) => l.split(' '));
  const ids = lines.filter(([, , flags, of]) => /slave/.test(flags) && !/fail/.test(flags) && of === master.id);
  return cluster.nodes.find(({ id }) => ids.some(([other]) => other === id));
};

async function handOver() {
  const master = pick(await serving());
  const replica = await replicaOf(master);
  if (!replica || !await replicated(master)) return;
  await until('the replica has taken over', async () => {
    if ((await replica.info('replication')).role === 'master') return true;
    await replica.command('CLUSTER', 'FAILOVER');
    return false;
  });
  await cluster.settled();
  await cluster.agreed();
}

async function killMaster() {
  const master = pick(await serving());
  if (!await replicaOf(master) || !await replicated(master)) return;
  await master.kill();
  await cluster.promoted(master);
  await master.restart();
  await cluster.settled();
  await cluster.agreed();
}

async function restartReplica() {
  const masters = await serving();
  const replica = pick(cluster.nodes.filter((node) => !masters.includes(node)));
  if (!replica) return;
  await replica.kill();
  await replica.restart();
  await cluster.settled();
  await cluster.agreed();
}

const EVENTS = { reshard, handOver, killMaster, restartReplica };

// Goes on until the promise is settled.
async function disturb(work) {
  const counts = Object.fromEntries(Object.keys(EVENTS).map((name) => [name, 0]));
  let over = false;
  const end = () => (over = true);
  work.then(end, end);
  while (!over) {
    const name = pick(['reshard', 'reshard', 'reshard', 'handOver', 'killMaster', 'restartReplica']);
    await EVENTS[name]();
    counts[name]++;
  }
  return counts;
}

async function scan(kind) {
  const { stdout, stderr, status } = await run('scan', SCANNER, [cluster.endpoints, String(KEYS), `kind=${kind}`,
    'batch=10', 'profile=gentle', 'timeout_ms=150000'], { deadlineMs: 160_000 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

async function scanAll() {
  const results = [];
  let left = SCANS;
  const worker = async () => {
    while (left-- > 0) results.push(await scan(left % 2 ? 'bigkey' : 'hotkey'));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1];

test('a success has seen every key', async (t) => {
  const scans = scanAll();
  const counts = await disturb(scans);
  const results = await scans;
  const successes = results.filter(({ status }) => status === 'success');
  const untrue = successes.filter(({ seen }) => seen !== KEYS);
  t.diagnostic(`seed ${SEED}: ${results.length} scans, ${successes.length} successes, ${untrue.length} untrue, ` +
    `median ${median(successes.map(({ ms }) => ms))} ms, most keys seen ` +
    `${Math.max(...successes.map((s) => s.keys_seen))}; ${JSON.stringify(counts)}`);
  for (const { code, reason } of results.filter(({ status }) => status !== 'success'))
    t.diagnostic(`failed: ${code}: ${reason}`);
  let there = 0;
  for (const master of await serving()) there += await master.command('DBSIZE');
  assert.equal(there, KEYS, 'the cluster itself has all keys');
  assert.deepEqual(untrue, []);
  for (const { status, reason } of results) assert.ok(status === 'success' || reason, 'a failure has a reason');
  assert.ok(successes.length >= SCANS / 2, `${successes.length} of ${SCANS}`);
});

test('slots that move in all directions without pause do not keep a scan from its end', async () => {
  await cluster.settled();
  let over = false;
  const scans = Promise.all(['bigkey', 'hotkey'].map(scan)).finally(() => (over = true));
  let moved = 0;
  while (!over) {
    await reshard();
    moved += 12;
  }
  for (const { status, seen, reason } of await scans) assert.deepEqual([status, seen], ['success', KEYS], reason);
  assert.ok(moved >= 24, `${moved} moves`);
});
