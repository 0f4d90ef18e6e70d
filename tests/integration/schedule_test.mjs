// Automatic analyses: which round falls due when, that each is made once however many make them, and what
// becomes of those that cannot be.  Time passes by the moment that the statement is given, or by moving rows.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { assertAnswer } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { KNOWN } from '../support/kinds.mjs';
import { Program, must } from '../support/program.mjs';
import { Random } from '../support/random.mjs';
import { World, environmentOf } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const STATEMENT = join(process.env.DCS_BUILD, 'tests/dcs_statement');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let world, site, alice;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
});
after(() => world?.close());
beforeEach(() => site.sql('DELETE FROM instance'));

const stamp = (moment) => new Date(moment).toISOString();
const at = (text) => Date.parse(text);
const aLittleAgo = `date_trunc('second', now()) - interval '1 second'`;
const environment = () => environmentOf(world.settings(site.database));
const idsFor = (count) => `{${Array.from({ length: count }, () => randomUUID()).join(',')}}`;
const advanceArguments = (moment, spread, most) =>
  ['autoscan_advance', idsFor(most), String(spread), moment === undefined ? '\\N' : stamp(moment)];

async function execute(name, ...parameters) {
  return JSON.parse(await must(name, STATEMENT, [name, ...parameters.map(String)], { env: environment() }));
}

// One statement: how many schedules it took, started, skipped and found missed.
async function advance(moment, { spread = 0, most = 100 } = {}) {
  const [row] = await execute(...advanceArguments(moment, spread, most));
  const [taken, started, skipped, missed] = row.map(Number);
  return { taken, started, skipped, missed };
}

// Instances as a probe leaves them; their ids.
async function instances(count, project = alice.projectId) {
  const rows = await site.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, probed_at,
      capabilities) SELECT $1, gen_random_uuid(), 'i' || gen_random_uuid(), 'single', 'RUNNING', '{127.0.0.1:1}',
      now(), '{bigkey,hotkey,expired}' FROM generate_series(1, $2::integer) RETURNING id`, [project, count]);
  return rows.map((row) => row.id);
}

const daily = (instance, minutes, next, kind = 'bigkey') => site.sql(`INSERT INTO autoscan (project_id, instance_id,
    kind, enabled, schedule_minutes, next_at) VALUES ($1, $2, $3, true, $4, $5)`,
[alice.projectId, instance, kind, `{${minutes}}`, stamp(next)]);

const periodic = (instance, seconds, first) => site.sql(`INSERT INTO autoscan (project_id, instance_id, kind, enabled,
    first_scan_at, interval_seconds, timeout_seconds, scan_keys_count, next_at)
    VALUES ($1, $2, 'expired', true, $4, $3, $3 * 2 + 2, 100, $4)`,
[alice.projectId, instance, seconds, stamp(first)]);

const rounds = async (instance, kind) => (await site.sql(`SELECT slot, outcome, reason, missed, task_id
    FROM autoscan_round WHERE instance_id = $1 AND kind = $2 ORDER BY slot`, [instance, kind]))
  .map(({ slot, outcome, reason, missed, task_id: task }) =>
    ({ slot: at(slot), outcome, reason, missed: Number(missed), task }));

async function schedule(instance, kind) {
  const [row] = await site.sql('SELECT * FROM autoscan WHERE instance_id = $1 AND kind = $2', [instance, kind]);
  return { next: row.next_at && at(row.next_at), deferred: row.deferred_until && at(row.deferred_until) };
}

const tasks = (instance) => site.sql('SELECT * FROM scan_task WHERE instance_id = $1 ORDER BY created_at', [instance]);

const finishAll = () => site.sql(`UPDATE scan_task SET status = 'success', started_at = now(), finished_at = now(),
    claimable_at = NULL, lease_owner = NULL WHERE status IN ('waiting', 'running')`);

const brief = ({ slot, outcome, reason, missed }) => [stamp(slot), outcome, reason, missed];

test('daily times: the latest that is due, the one after it, and how many were missed', async () => {
  const cases = [
    // minutes, next, moment, latest, following, missed
    [[60], '2031-05-05T01:00Z', '2031-05-05T01:00Z', '2031-05-05T01:00Z', '2031-05-06T01:00Z', 0],
    [[0], '2031-12-31T00:00Z', '2031-12-31T23:59:59Z', '2031-12-31T00:00Z', '2032-01-01T00:00Z', 0],
    [[1439], '2031-12-31T23:59Z', '2032-01-01T00:00Z', '2031-12-31T23:59Z', '2032-01-01T23:59Z', 0],
    [[0, 1439], '2032-02-28T23:59Z', '2032-02-29T00:00Z', '2032-02-29T00:00Z', '2032-02-29T23:59Z', 1],
    [[720], '2032-02-28T12:00Z', '2032-03-01T11:59Z', '2032-02-29T12:00Z', '2032-03-01T12:00Z', 1],
    [[60, 120, 180], '2031-05-05T02:00Z', '2031-05-08T02:30Z', '2031-05-08T02:00Z', '2031-05-08T03:00Z', 9],
    // Nights in which clocks change somewhere.
    [[90, 150], '2031-03-30T01:30Z', '2031-03-30T02:29Z', '2031-03-30T01:30Z', '2031-03-30T02:30Z', 0],
    [[90, 150], '2031-10-26T01:30Z', '2031-10-26T02:30Z', '2031-10-26T02:30Z', '2031-10-27T01:30Z', 1],
  ];
  for (const [minutes, next, moment, latest, following, missed] of cases) {
    const [instance] = await instances(1);
    await daily(instance, minutes, at(next));
    assert.deepEqual(await advance(at(next) - 1), { taken: 0, started: 0, skipped: 0, missed: 0 });
    assert.deepEqual(await advance(at(moment)), { taken: 1, started: 1, skipped: 0, missed });
    assert.deepEqual((await rounds(instance, 'bigkey')).map(brief), [[stamp(at(latest)), 'started', null, missed]]);
    assert.deepEqual(await schedule(instance, 'bigkey'), { next: at(following), deferred: null });
    await site.sql('DELETE FROM instance');
  }
});

test('intervals: counted from the first time, without drift', async () => {
  const FIRST = at('2031-05-05T00:00:00.123Z');
  const cases = [
    // seconds, how late it is looked, latest and following since the first time, missed
    [600, 0, 0, 600, 0], [600, 599, 0, 600, 0], [600, 600, 600, 1200, 1], [1, 86400, 86400, 86401, 86400],
    [86400, 31 * 86400 + 5, 31 * 86400, 32 * 86400, 31], [1073741823, 5, 0, 1073741823, 0],
    [0, 0, 0, null, 0], [0, 90000, 0, null, 0],
  ];
  for (const [seconds, late, latest, following, missed] of cases) {
    const [instance] = await instances(1);
    await periodic(instance, Math.min(seconds, 1073741822), FIRST);
    await site.sql('UPDATE autoscan SET timeout_seconds = 2147483646, interval_seconds = $1', [seconds]);
    assert.deepEqual(await advance(FIRST + late * 1000), { taken: 1, started: 1, skipped: 0, missed });
    assert.deepEqual((await rounds(instance, 'expired')).map(brief),
      [[stamp(FIRST + latest * 1000), 'started', null, missed]]);
    assert.equal((await schedule(instance, 'expired')).next, following === null ? null : FIRST + following * 1000);
    await site.sql('DELETE FROM instance');
  }
});

test('a month, five at once, killed now and then: no round is missing and none is made twice', async () => {
  const START = at('2031-02-01T00:00:00Z');
  const DAYS = 30;
  const random = new Random(1);
  const expected = new Map();
  for (const instance of await instances(8)) {
    for (const kind of ['bigkey', 'hotkey', 'expired']) {
      const minute = random.below(1440);
      const first = START + minute * MINUTE;
      if (kind === 'expired') await periodic(instance, 86400, first);
      else await daily(instance, [minute], first, kind);
      expected.set(`${instance} ${kind}`, Array.from({ length: DAYS }, (_, day) => stamp(first + day * DAY)));
    }
  }
  for (let day = 1; day <= DAYS; day++) {
    const moment = START + day * DAY - 1;
    const runners = Array.from({ length: 5 }, () =>
      new Program('scheduler', STATEMENT, advanceArguments(moment, 60, 3), { env: environment() }));
    const victim = runners[random.below(5)];
    const delay = random.below(100);
    const killed = new Promise((resolve) => setTimeout(resolve, delay)).then(() => victim.signal('SIGKILL'));
    await Promise.all([killed, ...runners.map((runner) => runner.wait())]);
    for (const runner of runners) runner.check(runner === victim ? null : 0);
    while ((await advance(moment)).taken > 0);
    await finishAll();
  }
  for (const [key, slots] of expected) {
    const made = await rounds(...key.split(' '));
    assert.deepEqual(made.map((round) => stamp(round.slot)), slots, key);
    assert.ok(made.every((round) => round.outcome === 'started' && round.missed === 0), key);
    const ids = (await tasks(key.split(' ')[0])).filter((task) => task.kind === key.split(' ')[1]).map((task) => task.id);
    assert.deepEqual([...ids].sort(), made.map((round) => round.task).sort(), key);
  }
});

test('a daily round is skipped where a task of the kind is active, and only there', async () => {
  const [busy, other, away, poor] = await instances(4);
  const SLOT = at('2031-05-05T01:00Z');
  for (const instance of [busy, other, away, poor]) await daily(instance, [60], SLOT);
  await site.sql(`UPDATE instance SET status = 'ERROR' WHERE id = $1`, [away]);
  await site.sql(`UPDATE instance SET capabilities = '{expired}' WHERE id = $1`, [poor]);
  for (const [instance, kind] of [[busy, 'bigkey'], [other, 'expired']])
    await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type)
      VALUES ($1, $2, gen_random_uuid(), $3, 'manual')`, [alice.projectId, instance, kind]);
  assert.deepEqual(await advance(SLOT), { taken: 4, started: 1, skipped: 3, missed: 0 });
  for (const [instance, outcome, reason] of [[busy, 'skipped', 'busy'], [other, 'started', null],
    [away, 'skipped', 'not_running'], [poor, 'skipped', 'unsupported']]) {
    assert.deepEqual((await rounds(instance, 'bigkey')).map(brief), [[stamp(SLOT), outcome, reason, 0]]);
    assert.equal((await schedule(instance, 'bigkey')).next, SLOT + DAY);
  }
  assert.equal((await tasks(busy)).length, 1);

  const { rounds: shown } = await site.dcsctl('schedule', 'rounds', '--instance', busy);
  assert.deepEqual(shown.map((r) => [r.slot, r.outcome, r.reason]), [['2031-05-05T01:00:00.000Z', 'skipped', 'busy']]);
  const { schedules } = await site.dcsctl('schedule', 'list', '--project', 'alice');
  assert.equal(schedules.length, 4);
  const listed = schedules.find((s) => s.instance_id === other);
  assert.deepEqual([listed.next_at, listed.last_outcome, listed.last_reason, listed.enabled],
    ['2031-05-06T01:00:00.000Z', 'started', undefined, true]);
});

test('a round for expired keys waits five minutes for the one before it', async () => {
  const FIRST = at('2031-05-05T01:00Z');
  const second = FIRST + HOUR;
  const [soon, late] = await instances(2);
  for (const instance of [soon, late]) await periodic(instance, 3600, FIRST);
  assert.equal((await advance(FIRST)).started, 2);
  assert.deepEqual(await advance(second), { taken: 2, started: 0, skipped: 0, missed: 0 });
  for (const instance of [soon, late]) {
    const { next, deferred } = await schedule(instance, 'expired');
    assert.equal(next, second);
    assert.ok(deferred > second && deferred <= second + 10_000);
    assert.equal((await rounds(instance, 'expired')).length, 1);
  }
  await site.sql(`UPDATE scan_task SET status = 'success', started_at = now(), finished_at = now(), claimable_at = NULL
    WHERE instance_id = $1`, [soon]);
  // Just before the end of the grace, and at its end.
  assert.deepEqual(await advance(second + 5 * MINUTE - 1), { taken: 2, started: 1, skipped: 0, missed: 0 });
  assert.equal((await schedule(late, 'expired')).next, second);
  await site.sql('UPDATE autoscan SET deferred_until = next_at WHERE instance_id = $1', [late]);
  assert.deepEqual(await advance(second + 5 * MINUTE), { taken: 1, started: 0, skipped: 1, missed: 0 });
  assert.deepEqual((await rounds(soon, 'expired')).map(brief),
    [[stamp(FIRST), 'started', null, 0], [stamp(second), 'started', null, 0]]);
  assert.deepEqual((await rounds(late, 'expired')).map(brief),
    [[stamp(FIRST), 'started', null, 0], [stamp(second), 'skipped', 'busy', 0]]);
  for (const instance of [soon, late])
    assert.deepEqual(await schedule(instance, 'expired'), { next: second + HOUR, deferred: null });
});

test('rounds closer together than the grace: one waits, and all are accounted for', async () => {
  const FIRST = at('2031-05-05T01:00Z');
  const [instance] = await instances(1);
  await periodic(instance, 60, FIRST);
  await advance(FIRST);
  for (let second = 60; second <= 400; second += 10) await advance(FIRST + second * 1000);
  await finishAll();
  await advance(FIRST + 410_000);
  const made = await rounds(instance, 'expired');
  assert.deepEqual(made.map((r) => [(r.slot - FIRST) / 1000, r.outcome, r.missed]),
    [[0, 'started', 0], [60, 'skipped', 0], [360, 'started', 4]]);
  assert.deepEqual(await schedule(instance, 'expired'), { next: FIRST + 420_000, deferred: null });
});

test('tasks of one moment are spread, each instance at its own place', async () => {
  const SPREAD = 300;
  const SLOT = at('2031-05-05T01:00Z');
  const all = await instances(200);
  for (const instance of all) await daily(instance, [60], SLOT);
  assert.equal((await advance(SLOT + 500, { spread: SPREAD, most: 1000 })).started, 200);
  const delays = async () => new Map((await site.sql(`SELECT instance_id, extract(epoch FROM claimable_at - created_at)
    AS delay FROM scan_task WHERE status = 'waiting'`)).map((row) => [row.instance_id, Number(row.delay)]));
  const first = await delays();
  const tenths = Array(10).fill(0);
  for (const delay of first.values()) {
    assert.ok(delay >= 0 && delay < SPREAD, String(delay));
    tenths[Math.floor(delay / SPREAD * 10)]++;
  }
  assert.ok(tenths.every((count) => count > 2), String(tenths));
  await finishAll();
  await advance(SLOT + DAY, { spread: SPREAD, most: 1000 });
  assert.deepEqual(await delays(), first);
  await finishAll();
  await advance(SLOT + 2 * DAY, { spread: 0, most: 1000 });
  assert.ok([...(await delays()).values()].every((delay) => delay === 0));

  await site.sql('DELETE FROM instance');
  for (const instance of await instances(50)) await periodic(instance, 60, SLOT);
  await advance(SLOT, { spread: SPREAD });
  const short = [...(await delays()).values()];
  assert.ok(short.length === 50 && short.every((delay) => delay < 6) && short.some((delay) => delay > 1));
});

test('turned off, changed or removed while a round is due', async () => {
  const now = async () => at((await site.sql(`SELECT now() AT TIME ZONE 'UTC' || 'Z' AS now`))[0].now.replace(' ', 'T'));
  const [off, changed, removed] = await instances(3);
  const path = (instance) => `${alice.instances}/${instance}/bigkey/autoscan`;
  for (const instance of [off, changed, removed]) {
    assertAnswer(await alice.client.put(path(instance), json({ enable_auto_scan: true, schedule_at: ['01:00'] })), 200);
    await site.sql(`UPDATE autoscan SET next_at = now() - interval '1 second', deferred_until = now()`);
  }
  assertAnswer(await alice.client.put(path(off), json({ enable_auto_scan: false, schedule_at: ['01:00'] })), 200);
  assertAnswer(await alice.client.put(path(changed), json({ enable_auto_scan: true, schedule_at: ['02:00'] })), 200);
  await site.sql('DELETE FROM instance WHERE id = $1', [removed]);
  assert.deepEqual(await advance(), { taken: 0, started: 0, skipped: 0, missed: 0 });
  const { next, deferred } = await schedule(changed, 'bigkey');
  assert.ok(next > await now() && stamp(next).endsWith('T02:00:00.000Z') && deferred === null);
  assert.deepEqual(await schedule(off, 'bigkey'), { next: null, deferred: null });
});

test('a schedule whose instance is being removed holds nobody up', async () => {
  const SLOT = at('2031-05-05T01:00Z');
  const [leaving, staying] = await instances(2);
  for (const instance of [leaving, staying]) await daily(instance, [60], SLOT);
  const removal = await world.postgres.open(site.database, 'SELECT FROM instance WHERE id = $1 FOR UPDATE', [leaving]);
  try {
    assert.equal((await advance(SLOT)).started, 1);
    assert.equal((await rounds(staying, 'bigkey')).length, 1);
  } finally {
    await removal.commit();
  }
  assert.equal((await advance(SLOT)).started, 1);
});

test('a next time that was moved back onto a round that was decided makes no second task', async () => {
  const SLOT = at('2031-05-05T01:00Z');
  const [instance] = await instances(1);
  await daily(instance, [60], SLOT);
  await advance(SLOT);
  await finishAll();
  await site.sql('UPDATE autoscan SET next_at = $1', [stamp(SLOT)]);
  assert.deepEqual(await advance(SLOT + 1), { taken: 1, started: 0, skipped: 0, missed: 0 });
  assert.equal((await tasks(instance)).length, 1);
  assert.equal((await schedule(instance, 'bigkey')).next, SLOT + DAY);
});

test('records stay at a hundred', async () => {
  const [instance] = await instances(1);
  await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, status, scan_type, created_at, started_at,
      finished_at, claimable_at) SELECT project_id, id, gen_random_uuid(), 'bigkey', 'success', 'manual', t, t, t, NULL
    FROM instance, generate_series(now() - interval '100 minutes', now() - interval '1 minute', interval '1 minute') t`);
  const [oldest] = await tasks(instance);
  await daily(instance, [60], at('2031-05-05T01:00Z'));
  await advance(at('2031-05-05T01:00Z'));
  const kept = await tasks(instance);
  assert.equal(kept.length, 100);
  assert.ok(!kept.some((task) => task.id === oldest.id));
});

test('of rounds a second apart 200 are kept, of daily ones all of a week', async () => {
  const FIRST = at('2031-05-05T01:00Z');
  const [often, seldom] = await instances(2);
  await periodic(often, 1, FIRST);
  await periodic(seldom, 86400, FIRST);
  await site.sql(`INSERT INTO autoscan_round (project_id, instance_id, kind, slot, outcome, reason)
    SELECT $1, i, 'expired', $4::timestamptz - n * step, 'skipped', 'not_running' FROM generate_series(1, 205) n,
    (VALUES ($2::uuid, interval '1 second'), ($3::uuid, interval '1 day')) o (i, step)`,
  [alice.projectId, often, seldom, stamp(FIRST)]);
  for (let second = 0; second < 5; second++) {
    await advance(FIRST + second * 1000);
    await finishAll();
  }
  const kept = await rounds(often, 'expired');
  assert.equal(kept.length, 201);
  assert.equal(kept[0].slot, FIRST + 4000 - 200_000);
  assert.equal((await rounds(seldom, 'expired')).length, 204);
});

test('rounds are forgotten after a week', async () => {
  const [instance] = await instances(1);
  await daily(instance, [60], at('2031-05-05T01:00Z'));
  await advance(at('2031-05-05T01:00Z'));
  await site.sql(`UPDATE autoscan_round SET decided_at = now() - interval '7 days' + interval '1 minute'`);
  assert.equal((await execute('autoscan_round_forget', 10)).length, 0);
  await site.sql(`UPDATE autoscan_round SET decided_at = now() - interval '7 days 1 minute'`);
  assert.equal((await execute('autoscan_round_forget', 10)).length, 1);
});

test('a claim takes the project with the fewest running tasks, and its oldest', async () => {
  const tenants = [alice, ...await Promise.all(['bob', 'carol'].map((name) => site.tenant(name)))];
  const counts = [30, 3, 3];
  for (const [i, tenant] of tenants.entries()) {
    await instances(counts[i], tenant.projectId);
    await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, claimable_at)
      SELECT project_id, id, gen_random_uuid(), 'bigkey', 'manual',
        now() - interval '1 hour' * (3 - $2::integer) + interval '1 second' * row_number() OVER (ORDER BY id)
      FROM instance WHERE project_id = $1`, [tenant.projectId, i]);
  }
  const names = new Map(tenants.map((tenant) =>
    [tenant.projectId.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5'), tenant.name]));
  const waiting = await site.sql('SELECT project_id, id FROM scan_task ORDER BY claimable_at');
  const claimed = [];
  for (let i = 0; i < 12; i++) {
    const [[project, , id]] = await execute('scan_task_claim', 'w', 300, 3, 0, KNOWN);
    claimed.push(names.get(project));
    const oldest = waiting.findIndex((task) => task.project_id === project);
    assert.equal(waiting[oldest].id, id);
    waiting.splice(oldest, 1);
  }
  assert.deepEqual(claimed.slice(0, 9), Array(3).fill(['alice', 'bob', 'carol']).flat());
  assert.deepEqual(claimed.slice(9), Array(3).fill('alice'));
  // What a lost worker left comes first; what is not due yet is left alone, whosever it is.
  await site.sql(`UPDATE scan_task SET claimable_at = now() WHERE status = 'running' AND project_id = $1`,
    [tenants[1].projectId]);
  assert.equal(names.get((await execute('scan_task_claim', 'w', 300, 3, 0, KNOWN))[0][0]), 'bob');
  await site.sql(`UPDATE scan_task SET claimable_at = now() + interval '1 hour'`);
  assert.deepEqual(await execute('scan_task_claim', 'w', 300, 3, 0, KNOWN), []);
});

test('what is due is found behind any number of projects whose tasks are not', async () => {
  for (let i = 0; i < 40; i++)
    await site.sql(`WITH p AS (INSERT INTO project (id, name) VALUES (gen_random_uuid(), 'p' || $1) RETURNING id),
      i AS (INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints) SELECT id, gen_random_uuid(), 'i',
        'single', 'CREATING', '{a:1}' FROM p RETURNING project_id, id)
      INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, claimable_at)
      SELECT project_id, id, gen_random_uuid(), 'bigkey', 'auto', now() + interval '1 hour' FROM i`, [i]);
  for (let i = 0; i < 5; i++) {
    const [due] = await site.sql(`UPDATE scan_task SET claimable_at = now() WHERE id =
      (SELECT id FROM scan_task WHERE status = 'waiting' ORDER BY random() LIMIT 1) RETURNING id`);
    assert.equal((await execute('scan_task_claim', 'w', 300, 3, 0, KNOWN))[0]?.[2], due.id);
  }
});

test('workers see what is due within seconds, one of them killed, and the task is an automatic one', async () => {
  const redis = await world.redis();
  const caches = [];
  for (let i = 0; i < 6; i++) caches.push(await alice.instance(`cache-${i}`, redis.endpoint));
  for (const cache of caches)
    assertAnswer(await alice.client.put(cache.autoscan, json({ enable_auto_scan: true, schedule_at: ['00:00'] })), 200);
  const workers = await Promise.all([0, 1, 2].map(() => site.startWorker({ schedule_spread_seconds: 0 })));
  await Promise.all(workers.map((worker) => worker.event('working')));
  await site.sql(`UPDATE autoscan SET next_at = date_trunc('second', now()) - interval '1 second'`);
  await workers[0].stop({ signal: 'SIGKILL', expected: 137 });
  for (const cache of caches) {
    await until('the automatic task succeeds', async () =>
      (await alice.client.get(`${cache.list}?status=success`)).json.count === 1);
    const { records } = (await alice.client.get(cache.list)).json;
    assert.deepEqual(records.map((record) => record.scan_type), ['auto']);
    assert.equal((await rounds(cache.id, 'bigkey')).length, 1);
    const { next } = await schedule(cache.id, 'bigkey');
    assert.ok(stamp(next).endsWith('T00:00:00.000Z'));
  }
  for (const worker of workers.slice(1)) await worker.stop();
});

test('a schedule that cannot be moved harms itself alone, and is made when it can be', async () => {
  const names = await instances(6);
  const [broken, refused, ...others] = names;
  for (const instance of names) await daily(instance, [60], at('2031-05-05T01:00Z'));
  await daily(broken, [60], at('2031-05-05T01:00Z'), 'hotkey');
  await site.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''not this one''; END'`);
  await site.sql(`CREATE TRIGGER refuse BEFORE INSERT ON scan_task FOR EACH ROW
    WHEN (NEW.instance_id = '${refused}') EXECUTE FUNCTION refuse()`);
  await site.sql(`UPDATE autoscan SET next_at = CASE WHEN instance_id = $1 AND kind = 'bigkey' THEN '-infinity'
    ELSE ${aLittleAgo} END`, [broken]);
  const worker = await site.startWorker({ schedule_spread_seconds: 3600 });
  for (const [instance, kind] of [[broken, 'hotkey'], ...others.map((other) => [other, 'bigkey'])])
    await until('the others are made', async () => (await rounds(instance, kind)).length === 1);
  for (const [instance, text] of [[broken, /infinit/], [refused, /not this one/]]) {
    const { kind, reason } = await worker.event('schedule_set_aside', (event) => event.instance === instance);
    assert.deepEqual([kind, text.test(reason)], ['bigkey', true], reason);
    assert.equal((await rounds(instance, 'bigkey')).length, 0);
    const { deferred } = await schedule(instance, 'bigkey');
    assert.ok(deferred > Date.now() + 30_000 && deferred < Date.now() + 90_000, String(deferred));
  }
  // What is set aside costs nobody else a second try, and what is right again is made.
  const aside = () => worker.events.filter(({ event }) => event === 'schedule_set_aside').length;
  const before = aside();
  await site.sql('DROP TRIGGER refuse ON scan_task');
  await site.sql(`UPDATE autoscan SET deferred_until = now() WHERE instance_id = $1`, [refused]);
  await until('its round is made', async () => (await rounds(refused, 'bigkey')).length === 1);
  assert.deepEqual([aside(), before], [2, 2]);
  assert.equal((await tasks(refused)).length, 1);
  await worker.stop();
  await site.sql('DROP FUNCTION refuse');
});
