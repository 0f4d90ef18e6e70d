// dcsctl migrate: once, twice, twice at once, and after a file was changed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { World } from '../support/site.mjs';

let world;

before(async () => {
  world = await World.open();
});
after(() => world?.close());

const applied = (database) =>
  world.postgres.sql(database, 'SELECT name, checksum FROM schema_migration ORDER BY name');

test('twice is once', async () => {
  const database = await world.postgres.createDatabase();
  await world.must(database, 'migrate');
  const first = await applied(database);
  assert.ok(first.length >= 1);
  await world.must(database, 'migrate');
  assert.deepEqual(await applied(database), first);
});

// Programs that carry the text of before take it for theirs, and the other way round.
test('a text that took another one\'s place is recorded as that one', async () => {
  const text = readFileSync(new URL('../../db/migrations/0009_cheaper_reads.sql', import.meta.url), 'utf8');
  const { checksum } = (await applied(world.template)).find(({ name }) => name === '0009_cheaper_reads');
  assert.equal(checksum, /^-- replaces: (\w+)$/m.exec(text)[1]);
});

test('many at once end well, and each migration is applied once', async () => {
  for (let round = 0; round < 3; round++) {
    const database = await world.postgres.createDatabase();
    const results = await Promise.all(Array.from({ length: 4 }, () => world.dcsctl(database, ['migrate'])));
    for (const { status, stderr } of results) assert.equal(status, 0, stderr);
    assert.equal((await applied(database)).length, (await applied(world.template)).length);
  }
});

// What is there before a migration is there after it.
test('instances and tasks of an older schema are kept', async () => {
  const database = await world.postgres.createDatabase();
  const sql = (text, values) => world.postgres.sql(database, text, values);
  await sql('CREATE TABLE schema_migration (name text PRIMARY KEY, checksum text NOT NULL, '
    + 'applied_at timestamptz NOT NULL DEFAULT now())');
  const older = (await applied(world.template)).filter(({ name }) => name < '0003');
  for (const { name, checksum } of older) {
    await sql(readFileSync(new URL(`../../db/migrations/${name}.sql`, import.meta.url), 'utf8'));
    await sql('INSERT INTO schema_migration (name, checksum) VALUES ($1, $2)', [name, checksum]);
  }
  await sql(`INSERT INTO project (id, name) VALUES (gen_random_uuid(), 'p')`);
  await sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, enable_ssl)
    SELECT id, gen_random_uuid(), 'i' || n, 'single', 'CREATING', '{a:1}', n % 2 = 0 FROM project, generate_series(1, 100) n`);
  await sql(TASK, ['bigkey', 'success', 'auto', NOW, NOW, null, null, null]);
  await sql(TASK, ['expired', 'running', 'manual', NOW, null, NOW, null, 'w']);
  await world.must(database, 'migrate');
  assert.deepEqual(await applied(database), await applied(world.template));
  const [{ instances, profiles }] = await sql('SELECT count(*) AS instances, count(scan_profile) AS profiles FROM instance');
  const [{ tasks, costs }] = await sql('SELECT count(*) AS tasks, count(cost) AS costs FROM scan_task');
  assert.deepEqual([instances, profiles, tasks, costs].map(Number), [100, 0, 200, 0]);
});

test('a migration that was changed after it was applied is refused', async () => {
  const database = await world.postgres.createDatabase(world.template);
  await world.postgres.sql(database, "UPDATE schema_migration SET checksum = repeat('0', 64)");
  const { status, stderr } = await world.dcsctl(database, ['migrate']);
  assert.equal(status, 1);
  assert.match(stderr, /changed after it was applied/);
  const server = world.program('server', world.serverSettings(database));
  assert.notEqual(await server.wait(), 0);
  assert.match(server.stderr, /changed after it was applied/);
});

test('a migration that fails leaves nothing behind', async () => {
  const database = await world.postgres.createDatabase();
  await world.postgres.sql(database, 'CREATE TABLE scan_task (id int)');
  const { status } = await world.dcsctl(database, ['migrate']);
  assert.equal(status, 1);
  const tables = await world.postgres.sql(database,
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1");
  assert.deepEqual(tables.map((t) => t.tablename), ['scan_task', 'schema_migration', 'schema_migration_step']);
  assert.deepEqual(await applied(database), []);
});

test('a database that knows more than the program is accepted', async () => {
  const database = await world.postgres.createDatabase(world.template);
  await world.postgres.sql(database,
    "INSERT INTO schema_migration (name, checksum) VALUES ('9999_later', repeat('0', 64))");
  const server = world.program('server', world.serverSettings(database));
  await server.event('listening');
  await server.stop();
});

// The schema refuses what no program should write.
const TASK = `INSERT INTO scan_task (project_id, instance_id, id, kind, status, scan_type, started_at, finished_at,
  claimable_at, failure, lease_owner) SELECT project_id, id, gen_random_uuid(), $1, $2, $3, $4, $5, $6, $7, $8 FROM instance`;
const NOW = '2026-01-01T00:00:00Z';

test('invariants are the schema\'s', async () => {
  const database = await world.postgres.createDatabase(world.template);
  const sql = (text, values) => world.postgres.sql(database, text, values);
  await sql(`INSERT INTO project (id, name) VALUES (gen_random_uuid(), 'p')`);
  await sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints)
    SELECT id, gen_random_uuid(), 'i', 'single', 'CREATING', '{a:1}' FROM project`);
  await sql(TASK, ['bigkey', 'waiting', 'manual', null, null, NOW, null, null]);
  await sql(TASK, ['expired', 'running', 'manual', NOW, null, NOW, null, 'w']);
  await sql(TASK, ['bigkey', 'success', 'auto', NOW, NOW, null, null, null]);
  await sql(TASK, ['bigkey', 'failed', 'auto', null, NOW, null, 'why', null]);
  const refused = [
    ['bigkey', 'waiting', 'manual', null, null, NOW, null, null], // a second active one
    ['bigkey', 'running', 'manual', NOW, null, NOW, null, null],
    ['hot', 'success', 'manual', NOW, NOW, null, null, null],
    ['bigkey', 'done', 'manual', NOW, NOW, null, null, null],
    ['bigkey', 'success', 'robot', NOW, NOW, null, null, null],
    ['bigkey', 'success', 'manual', null, NOW, null, null, null], // success without start
    ['bigkey', 'success', 'manual', NOW, null, null, null, null], // without end
    ['bigkey', 'success', 'manual', NOW, NOW, NOW, null, null], // claimable
    ['bigkey', 'success', 'manual', NOW, NOW, null, 'why', null], // with a failure
    ['bigkey', 'failed', 'manual', NOW, NOW, null, null, null], // without a reason
    ['bigkey', 'success', 'manual', NOW, NOW, null, null, 'w'], // with an owner
  ];
  for (const row of refused) await assert.rejects(sql(TASK, row), /constraint/, JSON.stringify(row));
  await assert.rejects(sql(`UPDATE instance SET status = 'RUNNING'`), /constraint/);
  await assert.rejects(sql(`UPDATE instance SET username = 'u'`), /constraint/);
  await assert.rejects(sql(`UPDATE instance SET endpoints = '{}'`), /constraint/);
  await assert.rejects(sql(`UPDATE instance SET scan_profile = 'furious'`), /constraint/);
  await assert.rejects(sql(`UPDATE instance SET tls_certificate = 'x', enable_ssl = true`), /constraint/);
  await assert.rejects(sql(`UPDATE instance SET tls_certificate = 'x', sealed_tls_key = 'x'`), /constraint/);
  await assert.rejects(sql(`UPDATE instance SET sentinel_master = 'm'`), /constraint/);
  await assert.rejects(sql(`UPDATE scan_task SET cost = '{}' WHERE status = 'failed'`), /constraint/);
});
