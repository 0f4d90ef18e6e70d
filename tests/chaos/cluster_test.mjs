// Scans of a cluster that is resharded, fails over and loses nodes meanwhile: each key that was there throughout
// is seen, or the scan fails and says why.  What the cluster itself has kept is checked at the end.
//
//     DCS_CHAOS_SCANS=200   how many scans, 8 without it
//     DCS_CHAOS_SEED=N      what happens when

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from '../support/program.mjs';
import { RedisCluster } from '../support/redis.mjs';
import { CLUSTER_OPTIONS, ClusterEvents } from './cluster_events.mjs';

const SCANS = Number(process.env.DCS_CHAOS_SCANS ?? 8);
const SEED = Number(process.env.DCS_CHAOS_SEED ?? Date.now() % 1e6);
const AT_ONCE = SCANS > 100 ? 8 : 3;
const KEYS = 20_000;
const SCANNER = join(process.env.DCS_BUILD, 'tests/dcs_scan_names');

let directory, cluster, events, state = SEED;

const dice = (sides) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return (state >>> 16) % sides;
};

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'dcs-chaos-'));
  cluster = await RedisCluster.start(directory, {
    masters: 3, replicas: 3, options: CLUSTER_OPTIONS });
  events = new ClusterEvents(cluster, dice);
  await cluster.pipeline(Array.from({ length: KEYS }, (_, i) => ['SET', `key:${i}`, 'x']));
});
after(async () => {
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
});

// Goes on until the promise is settled.
async function disturb(work) {
  const counts = {};
  let over = false;
  const end = () => (over = true);
  work.then(end, end);
  while (!over) {
    const name = await events.any();
    counts[name] = (counts[name] ?? 0) + 1;
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
  for (const master of await events.serving()) there += await master.command('DBSIZE');
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
    moved += await events.reshard();
  }
  for (const { status, seen, reason } of await scans) assert.deepEqual([status, seen], ['success', KEYS], reason);
  assert.ok(moved >= 24, `${moved} moves`);
});
