// Files of secrets that change while the programs run: no request and no scan fails, what is broken changes nothing,
// and whoever logs in next does so with what the file holds.

import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Exposition } from '../support/exposition.mjs';
import { assertAnswer } from '../support/golden.mjs';
import { ROLES } from '../support/postgres.mjs';
import { PROGRAMS, World, environmentOf } from '../support/site.mjs';
import { run } from '../support/program.mjs';
import { Rotating, requirePasswords } from '../support/rotations.mjs';
import { until } from '../support/wait.mjs';

const ROTATIONS = 100;
const PASSWORD = 'the password of Redis';

let world, rotating, tenant, cache;

before(async () => {
  world = await World.open();
  await requirePasswords(world.postgres);
  rotating = await Rotating.open(world);
  const redis = await world.redis({ options: { requirepass: PASSWORD } });
  await redis.command('SET', 'key', 'value');
  const password = join(world.directory, 'redis-password');
  writeFileSync(password, PASSWORD, { mode: 0o600 });
  const must = async (...args) => {
    const { status, stdout, stderr } = await rotating.tool(...args);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };
  const { id: project } = await must('project', 'add', 'alice');
  const key = await must('key', 'add', '--project', 'alice');
  const { id } = await must('instance', 'add', 'cache', '--project', 'alice', '--endpoint', redis.endpoint, '--password-file', password);
  tenant = { client: rotating.site.client(key), instances: `/v2/${project}/instances` };
  cache = `${tenant.instances}/${id}/bigkey-task`;
});
after(() => world?.close());

const value = async (operations, name, labels) => new Exposition((await operations.ask('/metrics')).body).value(name, labels);
const shows = (operations, name, labels, wanted) => until(`${name} ${JSON.stringify(labels)} is ${wanted}`, async () =>
  (await value(operations, name, labels)) === wanted);
const now = async () => (await rotating.site.sql('SELECT clock_timestamp() AS at'))[0].at;

test('100 changes of keys and passwords under load, and nothing fails', async () => {
  const failures = [];
  let over = false, requests = 0, scans = 0;
  const ask = async () => {
    for (; !over; requests++) assertAnswer(await tenant.client.get(tenant.instances), 200);
  };
  const scan = async () => {
    for (; !over; scans++) {
      const { json: { id } } = await tenant.client.post(cache);
      await until('the scan ends', async () => {
        const answer = await tenant.client.get(`${cache}/${id}`);
        assertAnswer(answer, 200);
        assert.notEqual(answer.json.status, 'failed');
        return answer.json.status === 'success';
      });
    }
  };
  const load = [ask(), ask(), scan()].map((work) => work.catch((error) => {
    failures.push(error);
    over = true;
  }));
  for (let i = 0; i < ROTATIONS && !over; i++) await rotating.rotate(i);
  over = true;
  await Promise.all(load);
  assert.deepEqual(failures, []);
  assert.ok(requests > ROTATIONS && scans > 2, `${requests} requests, ${scans} scans`);
  const attempts = await rotating.site.sql('SELECT attempt FROM scan_task WHERE attempt <> 1');
  assert.deepEqual(attempts, [], 'no scan was tried twice');
  for (const name of ['password_not_loaded', 'password_refused', 'keys_not_loaded'])
    assert.deepEqual(rotating.counts(name), [0, 0], name);
  const [server, worker] = rotating.operations;
  for (const [operations, file] of [[server, 'database_password_file'], [worker, 'database_password_file'], [server, 'audit_database_password_file'],
    [server, 'key_file'], [worker, 'key_file']]) {
    // What a look of the program's own came upon is counted as well.
    assert.ok(await value(operations, 'dcs_secret_file_loads_total', { file, result: 'loaded' }) >= ROTATIONS, file);
    assert.equal(await value(operations, 'dcs_secret_file_unused', { file }), 0, file);
  }
});

test('whoever logs in next uses what the file holds', async () => {
  const began = await now();
  await rotating.endConnections('server', 'worker');
  for (const role of ['server', 'worker'])
    await until(`${role} is back`, async () => (await rotating.connectionsSince(role, began)) > 3);
  for (const operations of rotating.operations) await operations.reaches('/readyz', 200);
  assertAnswer(await tenant.client.get(tenant.instances), 200);
  assert.deepEqual(rotating.counts('password_refused'), [0, 0]);
});

test('a file that is broken or half written keeps the old password, and is complained of', async () => {
  const { server: password } = rotating.passwords;
  const [server] = rotating.operations;
  const labels = { file: 'database_password_file' };
  const failed = () => value(server, 'dcs_secret_file_loads_total', { ...labels, result: 'failed' });
  const spoil = [
    () => rotating.spoil('server', ''),
    () => rotating.spoil('server', `${password}\n${password}\n`),
    () => chmodSync(rotating.paths.server, 0o604),
    () => rmSync(rotating.paths.server),
  ];
  for (const [i, act] of spoil.entries()) {
    const before = await failed();
    act();
    // Without a signal.
    await until(`fault ${i} is noticed`, async () => (await failed()) === before + 1);
    assert.equal(await value(server, 'dcs_secret_file_unused', labels), 1);
  }
  const complaints = rotating.site.server.events.filter(({ event }) => event === 'password_not_loaded');
  assert.equal(complaints.length, spoil.length, 'once each');
  for (const { level, setting, error, reason } of complaints) {
    assert.deepEqual([level, setting, error], ['error', 'database_password_file', 'SECRET']);
    assert.ok(!reason.includes(password));
  }
  let began = await now();
  await rotating.endConnections('server');
  await until('it logs in as before', async () => (await rotating.connectionsSince('server', began)) > 3);

  rotating.spoil('server', password.slice(0, 8));
  await rotating.hangUp('password_loaded');
  began = await now();
  await rotating.endConnections('server');
  await until('it logs in with the last one', async () => (await rotating.connectionsSince('server', began)) > 3);
  await server.reaches('/readyz', 200);
  assertAnswer(await tenant.client.get(tenant.instances), 200);
  await shows(server, 'dcs_secret_file_unused', labels, 1);
  assert.deepEqual(rotating.counts('password_refused'), [1, 0]);

  rotating.put('server', password);
  await rotating.hangUp('password_loaded');
  await shows(server, 'dcs_secret_file_unused', labels, 0);
});

test('the database is changed first and the file much later', async () => {
  const [server] = rotating.operations;
  await rotating.alter({ server: 'changed' });
  await rotating.endConnections('server');
  await server.reaches('/readyz', 503);
  rotating.put('server', 'changed\n');
  await server.reaches('/readyz', 200);
  assertAnswer(await tenant.client.get(tenant.instances), 200);
});

test('a program without a password does not start, and the tool says why', async () => {
  const missing = join(world.directory, 'missing');
  for (const [kind, settings] of [['server', world.serverSettings(rotating.site.database)], ['worker', world.settings(rotating.site.database)]]) {
    const program = world.program(kind, { ...settings, database_password_file: missing });
    assert.match((await program.event('start_failed')).reason, /^database_password_file: .*missing: No such file/);
    await program.stop({ expected: 1 });
    const checked = await run('check', PROGRAMS[kind], ['--check-config'], { env: environmentOf({ ...settings, database_password_file: missing }) });
    assert.equal(checked.status, 1);
    assert.match(checked.stderr, /database_password_file: /);
  }
  await rotating.alter({ operator: 'of the operator' });
  const file = join(world.directory, 'operator-password');
  writeFileSync(file, 'of the operator\n', { mode: 0o600 });
  const dcsctl = (path, ...args) => world.dcsctl(rotating.site.database, args, { env: {
    DCS_DATABASE_URL: world.postgres.url(rotating.site.database, ROLES.operator), DCS_DATABASE_PASSWORD_FILE: path } });
  assert.equal((await dcsctl(file, 'project', 'list')).status, 0);
  for (const args of [['project', 'list'], ['project', 'add', 'nobody'], ['migrate'], ['audit', 'list']]) {
    const { status, stderr } = await dcsctl(missing, ...args);
    assert.equal(status, 1, args.join(' '));
    assert.match(stderr, /^dcsctl: database_password_file: .*missing: No such file or directory\n$/);
  }
  assert.equal((await dcsctl(missing, 'completion', 'bash')).status, 0, 'what needs no database');
});
