// Sealed secrets: they open in their own place only, keys change while everything runs, and a key that is missing is
// waited for.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillSmall } from '../support/dataset.mjs';
import { json } from '../support/http.mjs';
import { Program } from '../support/program.mjs';
import { keyId, newKey, sealed, sealedInFormat1 } from '../support/sealing.mjs';
import { PROGRAMS, World, environmentOf } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const PASSWORD = 'the password of Redis';
// More than a chunk of the walk.
const MANY = 600;

let world, redis;

before(async () => {
  world = await World.open();
  redis = await world.redis({ options: { requirepass: PASSWORD } });
  await fillSmall(redis);
});
after(() => world?.close());

let files = 0;
// A site with a key file of its own.
async function siteOf(keys, how = {}) {
  const key_file = join(world.directory, `keys-${++files}`);
  writeKeys(key_file, keys);
  const site = await world.site({ ...how, server: { ...how.server, key_file, access_key_cache_seconds: 0, loops: 1 },
    worker: { ...how.worker, key_file } });
  site.keyFile = key_file;
  site.environment = { ...environmentOf(world.settings(site.database)), DCS_KEY_FILE: key_file };
  site.tool = (...args) => world.dcsctl(site.database, args, { env: { DCS_KEY_FILE: key_file } });
  // The programs have taken the file once they say so.
  site.setKeys = async (...lines) => {
    const programs = [site.server, ...site.workers];
    const before = programs.map((program) => program.events.filter((e) => e.event === 'keys_loaded').length);
    writeKeys(key_file, lines);
    await until('the programs have the keys', () => programs.every((program, i) => {
      const loaded = program.events.filter((e) => e.event === 'keys_loaded').slice(before[i]);
      return loaded.some((e) => e.sealing_key === keyId(lines[0]) && e.keys === lines.length);
    }));
  };
  return site;
}

function writeKeys(path, keys) {
  writeFileSync(path, keys.map((key) => `${key}\n`).join(''), { mode: 0o600 });
}

async function tenantOf(site, name) {
  const must = async (...args) => {
    const { status, stdout, stderr } = await site.tool(...args, '--json');
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };
  const { id: projectId } = await must('project', 'add', name);
  const key = await must('key', 'add', '--project', name);
  const passwordFile = join(world.directory, 'password');
  writeFileSync(passwordFile, PASSWORD);
  const instance = async (label, ...options) => must('instance', 'add', label, '--project', name,
    '--endpoint', redis.endpoint, '--password-file', passwordFile, '--no-probe', ...options);
  return { projectId, key, must, instance, client: site.client(key), name,
    operator: site.client(await must('key', 'add', '--operator')) };
}

const dashed = (hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

test('a blob that was moved to another row, column or project does not open', async () => {
  const site = await siteOf([newKey()]);
  const [alice, bob] = [await tenantOf(site, 'alice'), await tenantOf(site, 'bob')];
  const [mine, other] = [await alice.instance('mine'), await alice.instance('other')];
  const probed = async (project, id) => (await site.tool('instance', 'probe', id, '--project', project));
  assert.equal((await probed('alice', mine.id)).status, 0);

  const refused = async (project, id) => {
    const { status, stderr } = await probed(project, id);
    assert.equal(status, 1);
    assert.match(stderr, /password: a sealed secret does not open: damaged, or sealed for another place/);
  };
  await site.sql(`UPDATE instance i SET sealed_password = o.sealed_password FROM instance o
    WHERE i.id = $1 AND o.id = $2`, [other.id, mine.id]);
  await refused('alice', other.id);
  // Nobody asked the server, so that nothing is said of it.
  const [row] = await site.sql('SELECT status, probe_error FROM instance WHERE id = $1', [other.id]);
  assert.deepEqual([row.status, row.probe_error], ['CREATING', null]);

  // The same id in another project.
  await site.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, sealed_password)
    SELECT $1, id, name, cache_mode, 'CREATING', endpoints, sealed_password FROM instance WHERE id = $2`,
  [bob.projectId, mine.id]);
  await refused('bob', mine.id);

  // A password in the place of a TLS key.
  await site.sql(`UPDATE instance SET enable_ssl = true, tls_certificate = 'PEM', sealed_tls_key = sealed_password
    WHERE id = $1 AND project_id = $2`, [mine.id, alice.projectId]);
  const { stderr } = await probed('alice', mine.id);
  assert.match(stderr, /TLS key: a sealed secret does not open/);

  // An access key that was given to another project, or to the operators.
  assert.equal((await alice.client.get(`/v2/${alice.projectId}/instances`)).status, 200);
  await site.sql('UPDATE access_key SET project_id = $2 WHERE id = $1', [alice.key.id, bob.projectId]);
  assert.equal((await alice.client.get(`/v2/${bob.projectId}/instances`)).status, 500);
  await site.sql(`UPDATE access_key SET project_id = NULL, role = 'operator' WHERE id = $1`, [alice.key.id]);
  assert.equal((await alice.client.get('/admin/v1/projects')).status, 500);
  const failures = site.server.events.filter((e) => e.event === 'request' && e.level === 'error');
  assert.ok(failures.length === 2 && failures.every((e) => /does not open/.test(e.reason)), site.server.stderr);
});

// Rows as an earlier version sealed them.
async function fillInFormat1(site, project, key) {
  const ids = Array.from({ length: MANY }, () => randomUUID());
  const accessKeys = ids.map((_, i) => `OLD${String(i).padStart(17, '0')}`);
  await site.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, sealed_password, probe_at,
      enable_ssl, tls_certificate, sealed_tls_key)
    SELECT $1, n.id, n.id::text, 'single', 'CREATING', '{127.0.0.1:1}', n.password, 'infinity', true, 'PEM', n.tls_key
    FROM unnest($2::uuid[], $3::bytea[], $4::bytea[]) AS n (id, password, tls_key)`,
  [project, ids, ids.map((id) => sealedInFormat1(key, id, 'password')),
    ids.map((id) => sealedInFormat1(key, `tls_key:${id}`, 'PEM'))]);
  await site.sql(`INSERT INTO access_key (id, project_id, sealed_secret)
    SELECT n.id, $1, n.sealed FROM unnest($2::text[], $3::bytea[]) AS n (id, sealed)`,
  [project, accessKeys, accessKeys.map((id) => sealedInFormat1(key, id, `secret of ${id}`))]);
  return { ids, accessKeys };
}

const BLOBS = `SELECT sealed_secret AS sealed FROM access_key
  UNION ALL SELECT sealed_password FROM instance UNION ALL SELECT sealed_tls_key FROM instance`;
async function countBy(site, key) {
  const [{ count }] = await site.sql(
    `SELECT count(*) FROM (${BLOBS}) b WHERE substr(sealed, 1, 9) = $1::bytea`, [`\\x02${keyId(key)}`]);
  return Number(count);
}

const rotation = (site) => new Program('rotation', PROGRAMS.dcsctl, ['secret', 'rotate', '--json'],
  { env: site.environment });
async function rotated(program) {
  await program.wait();
  program.check(0);
  return JSON.parse(program.stdout);
}

test('keys change while server and workers run', async () => {
  const [old, fresh] = [newKey(), newKey()];
  const site = await siteOf([old], { workers: 1, worker: { probe_seconds: 3600 } });
  const alice = await tenantOf(site, 'alice');
  const { ids, accessKeys } = await fillInFormat1(site, alice.projectId, old);
  const real = await alice.instance('real');
  await until('it is probed', async () => (await alice.must('instance', 'show', 'real', '--project', 'alice'))
    .status === 'RUNNING');
  const all = 3 * MANY + 3;
  const check = () => alice.must('secret', 'rotate', '--check');

  // First everywhere as one that opens, then as the one that seals; by the file's change, and by the signal.
  await site.setKeys(old, fresh);
  assert.deepEqual(await check(), { sealing_key: keyId(old), secrets: all, resealed: 0, left: 3 * MANY, without_key: 0,
    damaged: 0, old_keys_removable: false });
  await site.setKeys(fresh, old);
  const loaded = () => site.server.events.filter((e) => e.event === 'keys_loaded').length;
  const before = loaded();
  site.server.signal('SIGHUP');
  await until('the server answers the signal', () => loaded() > before);
  assert.equal((await check()).left, all);
  assert.equal(await countBy(site, fresh), 0);

  // Cut short at any moment.
  const killed = rotation(site);
  await until('it has begun', async () => (await countBy(site, fresh)) > 20);
  await killed.stop({ signal: 'SIGKILL', expected: null });
  const done = await countBy(site, fresh);
  assert.ok(done > 0 && done < all, `${done} of ${all}`);

  // Whoever changes a row in between wins, and what is sealed by the old key behind the walk is found.
  const [changed] = await site.sql(`SELECT id FROM instance WHERE substr(sealed_password, 1, 1) = '\\x01'
    ORDER BY id DESC LIMIT 1`);
  const update = await world.postgres.open(site.database, 'UPDATE instance SET sealed_password = $2 WHERE id = $1',
    [changed.id, sealed(old, { column: 'instance.sealed_password', project: dashed(alice.projectId), row: changed.id },
      'changed')]);
  const both = [rotation(site), rotation(site)];
  await until('a rotation waits for the row', () => update.isWaitedFor());
  await update.commit();
  const [first, second] = await Promise.all(both.map(rotated));
  // Each row by one of them, and the changed one as well.
  assert.equal(first.resealed + second.resealed, all - done);
  for (const end of [first, second])
    assert.deepEqual([end.sealing_key, end.secrets, end.left, end.old_keys_removable], [keyId(fresh), all, 0, true]);
  assert.equal(await countBy(site, fresh), all);

  // Once is enough, and nobody needs the old key.
  assert.equal((await rotated(rotation(site))).resealed, 0);
  await site.setKeys(fresh);
  assert.deepEqual(await check(), { sealing_key: keyId(fresh), secrets: all, resealed: 0, left: 0, without_key: 0,
    damaged: 0, old_keys_removable: true });
  assert.equal((await alice.client.get(`/v2/${alice.projectId}/instances`)).status, 200);
  const early = site.client({ id: accessKeys[MANY - 1], secret: `secret of ${accessKeys[MANY - 1]}` });
  assert.equal((await early.get(`/v2/${alice.projectId}/instances`)).status, 200);
  const task = (await alice.client.post(`/v2/${alice.projectId}/instances/${real.id}/bigkey-task`)).json;
  await until('the task ends', async () =>
    (await site.sql('SELECT status FROM scan_task WHERE id = $1', [task.id]))[0].status === 'success');
  // What was re-sealed is what it was: one of each, opened by the tool.
  await site.sql(`UPDATE instance SET enable_ssl = false, tls_certificate = NULL, sealed_tls_key = NULL, endpoints = $2
    WHERE id = ANY ($1)`, [[ids[0], changed.id], `{${redis.endpoint}}`]);
  for (const [id, password] of [[ids[0], 'password'], [changed.id, 'changed']]) {
    await redis.command('CONFIG', 'SET', 'requirepass', password);
    const { status, stderr } = await site.tool('instance', 'probe', id, '--project', 'alice');
    assert.equal(status, 0, stderr);
  }
  await redis.command('CONFIG', 'SET', 'requirepass', PASSWORD);
  // Nobody's version or time of update moved.
  const [moved] = await site.sql(`SELECT count(*) FROM instance WHERE version <> 1 OR updated_at <> created_at`);
  assert.equal(moved.count, '0');
});

test('what cannot be re-sealed is named and counted, and the old keys stay', async () => {
  const [old, fresh, lost] = [newKey(), newKey(), newKey()];
  const site = await siteOf([fresh, old]);
  const alice = await tenantOf(site, 'alice');
  const [damaged, missing] = [await alice.instance('damaged'), await alice.instance('missing')];
  await site.sql(`UPDATE instance SET sealed_password = '\\x00' WHERE id = $1`, [damaged.id]);
  await site.sql('UPDATE instance SET sealed_password = $2 WHERE id = $1',
    [missing.id, sealedInFormat1(lost, missing.id, 'password')]);
  for (const args of [['secret', 'rotate'], ['secret', 'rotate', '--check']]) {
    const { status, stdout, stderr } = await site.tool(...args, '--json');
    assert.equal(status, 3, stderr);
    assert.deepEqual(JSON.parse(stdout), { sealing_key: keyId(fresh), secrets: 4, resealed: 0, left: 2, without_key: 1,
      damaged: 1, old_keys_removable: false });
    assert.match(stderr, new RegExp(`instance.sealed_password of ${damaged.id}.*: not a sealed secret`));
    assert.match(stderr, new RegExp(`${missing.id}.*: sealed by the key ${keyId(lost)}, which is not in the key file`));
  }
  await site.sql('UPDATE instance SET sealed_password = NULL WHERE id = $1', [missing.id]);
  for (const args of [['secret', 'rotate'], ['secret', 'rotate', '--check']])
    assert.equal((await site.tool(...args)).status, 1, 'what is damaged alone is a failure like others');
});

test('a key that a program does not have yet', async () => {
  const [old, fresh] = [newKey(), newKey()];
  const site = await siteOf([old], { workers: 1,
    worker: { probe_seconds: 1, attempts_max: 100, retry_seconds: 1, retry_seconds_max: 1 } });
  const alice = await tenantOf(site, 'alice');
  const real = await alice.instance('real');
  const state = async () => (await site.sql('SELECT status, probe_error, probe_at FROM instance'))[0];
  await until('it is probed', async () => (await state()).status === 'RUNNING');
  const list = `/v2/${alice.projectId}/instances`;

  // A file that cannot be used leaves the keys as they are, and is complained of once.
  writeKeys(site.keyFile, ['nonsense']);
  const complaints = (program) => program.events.filter((e) => e.event === 'keys_not_loaded').length;
  await until('both complain', () => complaints(site.server) && complaints(site.workers[0]));
  assert.equal((await alice.client.get(list)).status, 200);

  await site.setKeys(fresh);
  for (let i = 0; i < 5; i++) {
    const answer = await alice.client.get(list);
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1']);
  }
  const refusals = site.server.events.filter((e) => e.event === 'request' && e.status === 503);
  assert.equal(refusals.length, 1);
  assert.match(refusals[0].reason, new RegExp(`sealed by the key ${keyId(old)}, which is not in the key file`));

  // The worker neither says anything of the instance nor gives its task up.
  const worker = site.workers[0];
  const taskId = randomUUID();
  await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, status, scan_type)
    VALUES ($1, $2, $3, 'bigkey', 'waiting', 'manual')`, [alice.projectId, real.id, taskId]);
  await worker.event('scan_to_be_tried_again', (e) => e.error === 'SECRET_KEY' && e.task === taskId);
  await worker.event('probe_failed', (e) => e.error === 'SECRET_KEY');
  const { probe_at: at } = await state();
  await until('it was to be probed twice more', async () => new Date((await state()).probe_at) - new Date(at) > 2000);
  assert.equal(worker.events.filter((e) => e.event === 'probe_failed').length, 1);
  assert.deepEqual([(await state()).status, (await state()).probe_error], ['RUNNING', null]);
  assert.equal(complaints(site.server) + complaints(worker), 2);

  await site.setKeys(fresh, old);
  assert.equal((await alice.client.get(list)).status, 200);
  await until('the task ends', async () =>
    (await site.sql('SELECT status FROM scan_task WHERE id = $1', [taskId]))[0].status === 'success');
});
