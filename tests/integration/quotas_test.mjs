// Quotas of projects: each met and raised again, and never passed by many at once.
//
// What makes them exact is provoked: somebody holds the project's row, others begin and wait, and the last place is
// taken before they may go on.  A count by the moment of their beginning would let them all pass.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { KNOWN } from '../support/kinds.mjs';
import { must } from '../support/program.mjs';
import { sign } from '../support/signer.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const FULL_OF_ENTRIES = 'Invalid schedule in the request: the project has as many scheduled analyses as it may.';

let world, site, operator, claim;

before(async () => {
  world = await World.open();
  site = await world.site({ server: { project_instances_max: 4, project_schedule_entries_max: 5 } });
  operator = await site.operator();
  claim = await must('the claim', join(process.env.DCS_BUILD, 'tests/dcs_statement'), ['--text', 'scan_task_claim']);
});
after(() => world?.close());

const set = (tenant, ...options) => site.dcsctl('project', 'set', tenant.name, ...options);

async function addInstance(tenant, name = randomUUID().slice(0, 8)) {
  return operator.post(`/admin/v1/projects/${tenant.projectId}/instances`, json({ name, endpoints: ['127.0.0.1:1'] }));
}

// Instances that can be analysed, without a probe and without asking for a place.
async function ready(tenant, count) {
  const rows = await site.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, probed_at,
      capabilities, probe_at) SELECT $1, gen_random_uuid(), 'ready-' || n, 'single', 'RUNNING', '{127.0.0.1:1}', now(),
      '{bigkey,hotkey,expired}', now() + interval '1 day' FROM generate_series(1, $2::integer) n RETURNING id`,
  [tenant.projectId, count]);
  return rows.map(({ id }) => id);
}

const waiting = (tenant, ids, age = '0') => site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind,
    scan_type, claimable_at) SELECT $1, i, gen_random_uuid(), 'bigkey', 'manual', now() - $3::interval
  FROM unnest($2::uuid[]) i`, [tenant.projectId, ids, age]);

// How many backends wait for a lock.
const blocked = async () => Number((await site.sql(`SELECT count(*) FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock'`))[0].count);

// Begins what `work` starts while the project's row is held, changes something meanwhile, and lets go.
async function meanwhile(tenant, work, change) {
  const client = await world.postgres.connect(site.database);
  try {
    await client.query('BEGIN');
    await client.query('SELECT FROM project WHERE id = $1 FOR NO KEY UPDATE', [tenant.projectId]);
    const begun = work();
    await until('it waits', async () => (await blocked()) >= 1);
    await change(client);
    await client.query('COMMIT');
    return await begun;
  } finally {
    await client.end();
  }
}

test('instances: refused as a conflict, by either way, until there is room', async () => {
  const alice = await site.tenant('alice');
  const shown = await set(alice, '--instances-max', '2');
  assert.equal(shown.instances_max, 2);
  const [first] = [await addInstance(alice), await addInstance(alice)];
  assert.equal(first.status, 201, first.body);
  const refused = await addInstance(alice);
  assert.equal(refused.status, 409);
  assert.deepEqual([refused.json.code, refused.json.detail],
    ['ADMIN.0411', 'The project has as many instances as it may.']);
  const tool = await world.dcsctl(site.database, ['instance', 'add', 'third', '--project', 'alice', '--endpoint',
    '127.0.0.1:1', '--no-probe']);
  assert.equal(tool.status, 1);
  assert.match(tool.stderr, /the project has as many instances as it may/);
  await set(alice, '--instances-max', '3');
  assert.equal((await addInstance(alice)).status, 201);
  assert.equal((await addInstance(alice)).status, 409);
  // A name that is taken, without room: there is no room.
  assert.equal((await addInstance(alice, first.json.name)).json.code, 'ADMIN.0411');
  assertAnswer(await operator.delete(`/admin/v1/projects/${alice.projectId}/instances/${first.json.id}`), 204);
  assert.equal((await addInstance(alice)).status, 201);
  // The server's setting is 4.
  assert.equal((await set(alice, '--instances-max', '')).instances_max, undefined);
  assert.equal((await addInstance(alice)).status, 201);
  assert.equal((await addInstance(alice)).status, 409);
  await set(alice, '--instances-max', '0');
  for (let i = 0; i < 3; i++) assert.equal((await addInstance(alice)).status, 201);
});

test('instances: many at once get what is left and no more', async () => {
  const bob = await site.tenant('bob');
  await set(bob, '--instances-max', '3');
  await ready(bob, 1);
  const answers = await meanwhile(bob, () => Promise.all(Array.from({ length: 8 }, () => addInstance(bob))),
    (client) => client.query(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints)
      VALUES ($1, gen_random_uuid(), 'meanwhile', 'single', 'CREATING', '{127.0.0.1:1}')`, [bob.projectId]));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, ...Array(7).fill(409)]);
});

const times = (count, enabled = true) => ({
  enable_auto_scan: enabled, schedule_at: Array.from({ length: count }, (_, i) => `0${i}:00`),
});
const INTERVAL = {
  enable_auto_scan: true, first_scan_at: '2099-01-01T00:00:00Z', interval: 60, timeout: 120, scan_keys_count: 100,
};
const of = (tenant, id, what) => `${tenant.instances}/${id}/${what}`;
const BIG = 'bigkey/autoscan', HOT = 'hotkey/autoscan', EXPIRED = 'scan-expire-keys/autoscan-config';

test('schedules: the sum over instances and kinds, and an error that clients take for final', async () => {
  const carol = await site.tenant('carol');
  await set(carol, '--schedule-entries-max', '4');
  const [one, two] = await ready(carol, 2);
  const put = (id, what, body) => carol.client.put(of(carol, id, what), json(body));
  const refused = async (...how) => assertError(await put(...how), 400, 'DCS.4800', FULL_OF_ENTRIES);
  assertAnswer(await put(one, BIG, times(2)), 200);
  assertAnswer(await put(two, HOT, times(1)), 200);
  await refused(two, BIG, times(2));
  assertAnswer(await put(two, EXPIRED, INTERVAL), 200);
  await refused(one, EXPIRED, INTERVAL);
  await refused(one, BIG, times(3));
  assert.deepEqual((await carol.client.get(of(carol, one, BIG))).json.schedule_at, ['00:00', '01:00']);
  // What is refused is not remembered as done.
  assert.equal((await carol.client.get(of(carol, one, EXPIRED))).json.enable_auto_scan, false);
  // What is disabled takes nothing, and makes room.
  assertAnswer(await put(one, HOT, times(5, false)), 200);
  assertAnswer(await put(one, BIG, times(2, false)), 200);
  assertAnswer(await put(two, BIG, times(2)), 200);
  // Below what there is, it may be less but not more.
  await set(carol, '--schedule-entries-max', '1');
  assertAnswer(await put(two, BIG, times(2)), 200);
  assertAnswer(await put(two, BIG, times(1)), 200);
  await refused(two, BIG, times(2));
  assertAnswer(await put(two, EXPIRED, { ...INTERVAL, interval: 30 }), 200);
  // The server's setting is 5; there are three.
  await set(carol, '--schedule-entries-max', '');
  assertAnswer(await put(two, BIG, times(3)), 200);
  await refused(two, BIG, times(4));
  await set(carol, '--schedule-entries-max', '0');
  assertAnswer(await put(two, BIG, times(9)), 200);
});

test('schedules: a request that is repeated is answered as before', async () => {
  const dora = await site.tenant('dora');
  const [one] = await ready(dora, 1);
  const target = of(dora, one, BIG), body = JSON.stringify(times(3));
  const headers = sign({ key: dora.key, method: 'PUT', target, body, headers: [['Host', 'h']] });
  assertAnswer(await dora.client.send('PUT', target, { headers, body }), 200);
  await set(dora, '--schedule-entries-max', '1');
  assertAnswer(await dora.client.put(target, json(times(1))), 200);
  assertAnswer(await dora.client.send('PUT', target, { headers, body }), 200);
  assert.equal((await dora.client.get(target)).json.schedule_at.length, 1);
});

test('schedules: many at once get what is left and no more', async () => {
  const emil = await site.tenant('emil');
  await set(emil, '--schedule-entries-max', '4');
  const [taken, ...free] = await ready(emil, 7);
  const answers = await meanwhile(emil,
    () => Promise.all(free.map((id) => emil.client.put(of(emil, id, BIG), json(times(1))))),
    (client) => client.query(`INSERT INTO autoscan (project_id, instance_id, kind, enabled, schedule_minutes, next_at)
      VALUES ($1, $2, 'hotkey', true, '{1,2,3}', now() + interval '1 day')`, [emil.projectId, taken]));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(free.length - 1).fill(400)]);
});

test('schedules: what takes no more than it had waits for nobody', async () => {
  const jan = await site.tenant('jan');
  const [one] = await ready(jan, 1);
  for (const [what, body] of [[BIG, times(2)], [EXPIRED, INTERVAL]]) assertAnswer(await jan.client.put(of(jan, one, what), json(body)), 200);
  await set(jan, '--schedule-entries-max', '1');
  const holder = await world.postgres.open(site.database, 'SELECT FROM project WHERE id = $1 FOR NO KEY UPDATE', [jan.projectId]);
  for (const [what, body] of [[BIG, times(2)], [BIG, times(1)], [EXPIRED, INTERVAL], [BIG, times(1, false)]])
    assertAnswer(await jan.client.put(of(jan, one, what), json(body)), 200);
  await holder.commit();
  assertAnswer(await jan.client.put(of(jan, one, BIG), json(times(1))), 400);
});

test('schedules: what it had is taken away meanwhile', async () => {
  const kim = await site.tenant('kim');
  const [one, other] = await ready(kim, 2);
  await set(kim, '--schedule-entries-max', '3');
  assertAnswer(await kim.client.put(of(kim, one, BIG), json(times(2))), 200);
  const holder = await world.postgres.open(site.database, `UPDATE autoscan SET enabled = false, next_at = NULL WHERE instance_id = $1`, [one]);
  const answer = kim.client.put(of(kim, one, BIG), json(times(2)));
  await until('it waits', () => holder.isWaitedFor());
  assertAnswer(await kim.client.put(of(kim, other, BIG), json(times(1))), 200);
  await holder.query(`INSERT INTO autoscan (project_id, instance_id, kind, enabled, schedule_minutes, next_at)
    VALUES ($1, $2, 'hotkey', true, '{1}', now() + interval '1 day')`, [kim.projectId, other]);
  await holder.commit();
  assertAnswer(await answer, 400);
});

const running = async (tenant) => Number((await site.sql(`SELECT count(*) FROM scan_task
  WHERE project_id = $1 AND status = 'running'`, [tenant.projectId]))[0].count);
const claimOn = async (client, usual = 0) => (await client.query(claim, ['w', 3600, 3, usual, KNOWN])).rows[0];
const uuid = (id) => id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

test('scans: those beyond wait, and hold up nobody else', async () => {
  const fay = await site.tenant('fay'), gus = await site.tenant('gus');
  const client = await world.postgres.connect(site.database);
  await set(fay, '--scans-max', '2');
  // A long queue, older than all that the other one has.
  await waiting(fay, await ready(fay, 300), '1 hour');
  await waiting(gus, await ready(gus, 4));
  const claimed = [];
  for (let row; (row = await claimOn(client));) claimed.push(row);
  const by = (tenant) => claimed.filter((row) => row.project_id === uuid(tenant.projectId));
  assert.deepEqual([by(fay).length, by(gus).length, claimed.length], [2, 4, 6]);
  // One that ends makes room for one; one that rests keeps its place.
  await site.sql(`UPDATE scan_task SET status = 'success', finished_at = now(), claimable_at = NULL, lease_owner = NULL
    WHERE id = $1`, [by(fay)[0].id]);
  assert.equal((await claimOn(client)).project_id, uuid(fay.projectId));
  await site.sql(`UPDATE scan_task SET lease_owner = NULL, claimable_at = now() + interval '1 hour' WHERE id = $1`,
    [by(fay)[1].id]);
  assert.equal(await claimOn(client), undefined);
  // What a lost worker left is taken over: it counts already.
  await site.sql(`UPDATE scan_task SET claimable_at = now() WHERE id = $1`, [by(fay)[1].id]);
  assert.equal((await claimOn(client)).id, by(fay)[1].id);
  // The workers' setting is for projects that have none of their own.
  await set(fay, '--scans-max', '');
  assert.equal(await claimOn(client, 2), undefined);
  assert.equal((await claimOn(client, 3)).project_id, uuid(fay.projectId));
  await set(fay, '--scans-max', '0');
  assert.ok(await claimOn(client, 3));
  await client.end();
  await site.sql('DELETE FROM scan_task');
});

test('scans: of many claims at once no more than there are places', async () => {
  const hal = await site.tenant('hal');
  await set(hal, '--scans-max', '3');
  const ids = await ready(hal, 20);
  await waiting(hal, ids);
  const clients = await Promise.all(Array.from({ length: 6 }, () => world.postgres.connect(site.database)));
  // Two places are taken while they wait.
  const rows = await meanwhile(hal, () => Promise.all(clients.map((client) => claimOn(client))),
    (client) => client.query(`UPDATE scan_task SET status = 'running', started_at = now(), lease_owner = 'x',
      claimable_at = now() + interval '1 hour' WHERE instance_id = ANY ($1::uuid[])`, [ids.slice(0, 2)]));
  assert.equal(rows.filter(Boolean).length, 1);
  assert.equal(await running(hal), 3);
  await Promise.all(clients.map((client) => client.end()));
  await site.sql('DELETE FROM scan_task');
});

test('scans: a worker with more threads runs as many as may, and all in the end', async () => {
  const ida = await site.tenant('ida');
  await set(ida, '--scans-max', '2', '--instances-max', '0');
  const redis = await world.redis();
  const paths = [];
  for (let i = 0; i < 8; i++) paths.push(await ida.instance(`i${i}`, redis.endpoint));
  for (const path of paths) await path.start();
  // What each claim sees when it is made.
  await site.sql(`CREATE TABLE seen (running bigint)`);
  await site.sql(`CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO seen SELECT count(*) FROM scan_task WHERE project_id = NEW.project_id AND status = 'running';
    RETURN NULL; END $$`);
  await site.sql(`CREATE TRIGGER see AFTER UPDATE ON scan_task FOR EACH ROW
    WHEN (OLD.status = 'waiting' AND NEW.status = 'running') EXECUTE FUNCTION see()`);
  await site.startWorker({ scan_threads: 8 });
  await until('all have ended', async () => (await site.sql(`SELECT count(*) FROM scan_task WHERE project_id = $1
    AND status = 'success'`, [ida.projectId]))[0].count === '8');
  const [{ most, claims }] = await site.sql('SELECT max(running) AS most, count(*) AS claims FROM seen');
  assert.equal(claims, '8');
  assert.ok(Number(most) <= 2, `${most} ran at once`);
});

test('quotas are shown, and set by the administration interface as well', async () => {
  const created = await operator.post('/admin/v1/projects', json({ name: 'shop', instances_max: 7, scans_max: 0 }));
  assert.equal(created.status, 201, created.body);
  assert.deepEqual([created.json.instances_max, created.json.scans_max, created.json.schedule_entries_max],
    [7, 0, undefined]);
  const path = created.headers.location;
  const update = async (body, etag) => operator.put(path, json({ name: 'shop', ...body }, { 'If-Match': etag }));
  // What is left out stays, null takes away.
  const updated = await update({ instances_max: null, schedule_entries_max: 9 }, created.headers.etag);
  assert.equal(updated.status, 200, updated.body);
  assert.deepEqual([updated.json.instances_max, updated.json.scans_max, updated.json.schedule_entries_max],
    [undefined, 0, 9]);
  assert.equal((await update({ scans_max: -1 }, updated.headers.etag)).status, 400);
  assert.deepEqual((await operator.get(path)).json, updated.json);
  const listed = (await operator.get('/admin/v1/projects?limit=1000')).json.projects;
  assert.deepEqual(listed.find(({ name }) => name === 'shop'), updated.json);
  const shown = await site.dcsctl('project', 'show', 'shop');
  assert.deepEqual([shown.name, shown.scans_max, shown.schedule_entries_max, 'instances_max' in shown],
    ['shop', 0, 9, false]);
  assert.deepEqual((await site.dcsctl('project', 'list')).projects.find(({ name }) => name === 'shop'), shown);
  for (const [option, value] of [['--scans-max', '-1'], ['--scans-max', 'x'], ['--instances-max', '1000001']])
    assert.equal((await world.dcsctl(site.database, ['project', 'set', 'shop', option, value])).status, 2);
  assert.equal((await world.dcsctl(site.database, ['project', 'set', 'nobody', '--scans-max', '1'])).status, 1);
});
