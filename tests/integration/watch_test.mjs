// dcsctl top and task watch: what they show of scans that run, on a terminal and elsewhere, and how they end.
// No worker runs: the rows say what one would write down.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Program } from '../support/program.mjs';
import { PROGRAMS, World, environmentOf } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const LEAVES = '\x1b[?25h\x1b[?7h\x1b[?1049l';

let world, site, alice, redis;

before(async () => {
  world = await World.open();
  site = await world.site();
  redis = await world.redis();
  alice = await site.tenant('alice');
});
after(() => world?.close());

let count = 0;
const task = async (tenant = alice) =>
  (await (await tenant.instance(`it${++count}`, redis.endpoint)).start()).id;

// As a worker's claim and its heartbeats do.
const runs = (id, { seen, total = 1000, ms, owner = 'worker-1', attempt = 1, progress = null }) => site.sql(
  `UPDATE scan_task SET status = 'running', started_at = coalesce(started_at, now()), lease_owner = $2, attempt = $3,
   claimable_at = now() + interval '1 hour', keys_seen = $4, keys_total = $5, scan_ms = $6, progress = $7 WHERE id = $1`,
  [id, owner, attempt, seen, total, ms, progress]);
const ends = (id, status, failure = null) => site.sql(
  `UPDATE scan_task SET status = $2, failure = $3, started_at = coalesce(started_at, now()), finished_at = now(),
   claimable_at = NULL, lease_owner = NULL, num = 7 WHERE id = $1`, [id, status, failure]);

const env = () => environmentOf(world.settings(site.database));
const dcsctl = (...args) => world.dcsctl(site.database, args);

function begin(args) {
  const program = new Program('dcsctl', PROGRAMS.dcsctl, args, { env: env() });
  world.onClose(() => program.stop({ signal: 'SIGKILL', expected: null }));
  return program;
}

function onTerminal(args, more = {}, size = 'cols 200 rows 12') {
  const words = [PROGRAMS.dcsctl, ...args].map((word) => `'${word}'`).join(' ');
  const program = new Program('script', 'script', ['-qec', `stty ${size}; exec ${words}`, '/dev/null'],
    { env: { TERM: 'xterm', SHELL: '/bin/sh', ...env(), ...more } });
  world.onClose(() => program.stop({ signal: 'SIGKILL', expected: null }));
  return program;
}

test('top: what runs, how far, how fast, how long to go', async () => {
  const bob = await site.tenant('bob');
  const [fast, resting, waits, others] = [await task(), await task(), await task(), await task(bob)];
  await runs(fast, { seen: 250, ms: 1000, progress: { attempt: 1, keys_per_second: 250, pause: 'ceiling', cost: { pauses: { guard: 2, ceiling: 1 } },
    shards: [{ state: 'done' }, { state: 'running' }, { state: 'waiting' }] } });
  await runs(resting, { seen: 0, total: 0, ms: 0, owner: null, attempt: 2 });
  await runs(others, { seen: 1, ms: 10 });
  const shown = JSON.parse((await dcsctl('top', '--project', 'alice', '--json')).stdout).scans;
  assert.deepEqual(shown.map((scan) => scan.id), [fast, resting]);
  assert.deepEqual(Object.keys(shown[0]), ['project_id', 'project', 'instance_id', 'instance', 'kind', 'keys_seen',
    'keys_total', 'percent', 'keys_per_second', 'seconds_left', 'pause', 'pauses', 'shards_done', 'shards', 'attempt', 'owner', 'id']);
  assert.deepEqual([shown[0].pause, shown[0].pauses, shown[0].shards_done, shown[0].shards], ['ceiling', 3, 1, 3]);
  const { project, instance, kind, keys_seen, keys_total, percent, keys_per_second, seconds_left, attempt, owner } = shown[0];
  assert.deepEqual([project, instance, kind, keys_seen, keys_total, percent, keys_per_second, seconds_left, attempt, owner],
    ['alice', 'it1', 'bigkey', 250, 1000, 25, 250, 4, 1, 'worker-1']);
  assert.deepEqual([shown[1].percent, shown[1].seconds_left, shown[1].owner, shown[1].attempt], [undefined, undefined, undefined, 2]);
  assert.equal(JSON.parse((await dcsctl('top', '--json')).stdout).scans.length, 3);
  const { status, stdout, stderr } = await dcsctl('top', '--project', 'alice');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^\d{4}-\S+Z: 2 running, 1 waiting\nPROJECT +INSTANCE +KIND +SEEN +KEYS +% +KEYS\/S +LEFT +PAUSE +SHARDS +TRY +WORKER +TASK\n/);
  assert.match(stdout, new RegExp(`\\nalice +it1 +bigkey +250 +1000 +25 +250 +0:04 +ceiling +1\\/3 +1 +worker-1 +${fast}\\n`));
  assert.match(stdout, new RegExp(`\\nalice +it2 +bigkey +0 +0 +- +0 +- +- +- +2 +- +${resting}\\n`));
  assert.ok(!stdout.includes('\x1b'));
  for (const id of [fast, resting, waits, others]) await ends(id, 'success');
  assert.match((await dcsctl('top')).stdout, /: 0 running, 0 waiting\nNo scan runs\.\n$/);
  for (const args of [['--interval', '0'], ['--interval', 'x'], ['word']]) assert.equal((await dcsctl('top', ...args)).status, 2);
  assert.equal((await dcsctl('top', '--project', 'nobody')).status, 1);
});

test('top on a terminal: drawn again with the latest rate, until Ctrl-C, which leaves nothing', async () => {
  const id = await task();
  await runs(id, { seen: 250, ms: 1000 });
  const program = onTerminal(['top', '--interval', '1']);
  await until('it is drawn', () => /25 +250 +0:04/.test(program.stdout));
  assert.ok(program.stdout.startsWith('\x1b[?1049h'));
  assert.match(program.stdout, /\x1b\[1mPROJECT\x1b\[0m/);
  await runs(id, { seen: 400, ms: 1100 });
  await until('it is drawn again', () => /\b400 +1000 +40 +1500 +0:01/.test(program.stdout));
  // A connection that is lost is made again.
  await site.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dcsctl watch'`);
  await runs(id, { seen: 500, ms: 1200 });
  await until('it goes on', () => /\b500 +1000 +50 +1000 +0:01/.test(program.stdout));
  program.child.stdin.write('\x03');
  await program.wait();
  assert.equal(program.status, 0, program.stdout);
  assert.ok(program.stdout.endsWith(LEAVES), JSON.stringify(program.stdout.slice(-100)));
  await ends(id, 'success');
});

test('no colours where NO_COLOR says so, and nothing is drawn on a dumb terminal', async () => {
  const id = await task();
  await ends(id, 'failed', 'it was \x1b[31mrefused');
  const coloured = onTerminal(['task', 'list', '--limit', '1']);
  await coloured.wait();
  assert.match(coloured.stdout, /\x1b\[31mfailed\x1b\[0m/);
  assert.ok(coloured.stdout.includes('\\x1b[31mrefused'), 'but of its own only');
  for (const more of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
    const plain = onTerminal(['task', 'list', '--limit', '1'], more);
    await plain.wait();
    assert.ok(/ failed /.test(plain.stdout) && !plain.stdout.includes('\x1b'), plain.stdout);
  }
  const dumb = onTerminal(['top'], { TERM: 'dumb' });
  await dumb.wait();
  assert.ok(dumb.status === 0 && !dumb.stdout.includes('\x1b'), 'it is written once');
});

test('task watch on a terminal: waiting, a bar, the task', async () => {
  const id = await task();
  const program = onTerminal(['task', 'watch', id]);
  await until('it waits', () => program.stdout.includes('\rwaiting for a worker\x1b[K'));
  await runs(id, { seen: 250, ms: 1000 });
  await runs(id, { seen: 300, ms: 1000, progress: { attempt: 1, keys_per_second: 70, pause: 'guard', cost: { pauses: { guard: 1, ceiling: 0 } }, shards: [{ state: 'done' }, { state: 'running' }] } });
  await until('with what the worker told', () => /\] +30% {2}300 of 1,000 keys {2}70 keys\/s {2}0:11 left {2}1\/2 shards {2}pauses \(guard\)/.test(program.stdout));
  await runs(id, { seen: 250, ms: 1000 });
  await until('there is a bar', () => /\[#+-+\] +25% {2}250 of 1,000 keys {2}250 keys\/s {2}0:04 left/.test(program.stdout));
  await site.sql(`UPDATE scan_task SET lease_owner = NULL, last_error = 'refused' WHERE id = $1`, [id]);
  await until('it rests', () => program.stdout.includes('\rattempt 1 failed, to be tried again'));
  await ends(id, 'success');
  await program.wait();
  assert.equal(program.status, 0, program.stdout);
  assert.match(program.stdout.slice(program.stdout.lastIndexOf('\x1b[K')), /^\x1b\[K.*status +\x1b\[32msuccess\x1b\[0m\r\n/s);
});

test('task watch elsewhere: lines, and the exit status of what came of it', async () => {
  const [id, deleted, watched] = [await task(), await task(), await task()];
  const failing = begin(['task', 'watch', id, '--json']);
  await until('it waits', () => failing.stderr.includes('waiting for a worker\n'));
  await runs(id, { seen: 250, ms: 1000 });
  await until('it runs', () => failing.stderr.includes('running on worker-1, attempt 1\n'));
  await ends(id, 'failed', 'it was refused');
  await failing.wait();
  assert.equal(failing.status, 1);
  assert.ok(!failing.stderr.includes('\x1b') && failing.stderr.endsWith('dcsctl: the task failed: it was refused\n'));
  const shown = JSON.parse(failing.stdout);
  assert.deepEqual(shown, await site.inspect(id));
  const gone = begin(['task', 'watch', deleted]);
  await until('it waits', () => gone.stderr.includes('waiting for a worker\n'));
  await site.sql('DELETE FROM scan_task WHERE id = $1', [deleted]);
  await gone.wait();
  assert.deepEqual([gone.status, gone.stdout], [1, '']);
  assert.match(gone.stderr, /the task was deleted\n$/);
  const interrupted = begin(['task', 'watch', watched]);
  await until('it waits', () => interrupted.stderr.includes('waiting for a worker\n'));
  await interrupted.stop({ signal: 'SIGINT', expected: 130 });
  assert.match(interrupted.stderr, /interrupted; the task goes on\n$/);
  assert.equal((await site.inspect(watched)).status, 'waiting');
  await ends(watched, 'success');
  const silent = await dcsctl('task', 'watch', watched, '--no-progress');
  assert.deepEqual([silent.status, silent.stderr], [0, '']);
  assert.equal((await dcsctl('task', 'watch', 'nonsense')).status, 2);
  assert.equal((await dcsctl('task', 'watch', '00000000-0000-4000-8000-000000000000')).status, 1);
});
