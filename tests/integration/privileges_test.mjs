// Each program's role in the database may do what the program does (all other suites run with them), and here is
// what it may not.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ROLES } from '../support/postgres.mjs';
import { World } from '../support/site.mjs';

let world, site, tables;

before(async () => {
  world = await World.open();
  site = await world.site();
  const tenant = await site.tenant('alice');
  await tenant.instance('cache', '127.0.0.1:1', '--no-probe');
  tables = (await site.sql(`SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    ORDER BY relname`)).map((row) => row.relname);
});
after(() => world?.close());

const DENIED = '42501';

const tries = {
  server: [
    `UPDATE scan_task SET status = 'success'`, `UPDATE scan_task SET fence = fence + 1`,
    `INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, status)
      SELECT project_id, id, gen_random_uuid(), 'bigkey', 'manual', 'success' FROM instance`,
    `INSERT INTO scan_result SELECT project_id, id, '[]' FROM scan_task`, 'DELETE FROM scan_result',
    'SELECT FROM scan_checkpoint', 'SELECT FROM autoscan_round', 'DELETE FROM autoscan', 'DELETE FROM remembered_request',
    'INSERT INTO instance_node SELECT * FROM instance_node', 'SELECT FROM audit_event', 'DELETE FROM audit_event',
    `UPDATE audit_event SET status = 200`, 'TRUNCATE audit_event', 'TRUNCATE project CASCADE', `SELECT FROM database_role`,
    `UPDATE schema_migration SET checksum = ''`,
  ],
  worker: [
    'SELECT FROM access_key', 'SELECT sealed_secret FROM access_key', `INSERT INTO access_key (id) VALUES ('A')`,
    'DELETE FROM access_key', 'UPDATE access_key SET expires_at = now()',
    'SELECT FROM project', `INSERT INTO project (id, name) VALUES (gen_random_uuid(), 'x')`,
    `UPDATE instance SET endpoints = '{127.0.0.1:2}'`, `UPDATE instance SET sealed_password = ''`,
    `UPDATE instance SET name = 'x'`, 'DELETE FROM instance', `UPDATE autoscan SET enabled = true`,
    `INSERT INTO autoscan SELECT * FROM autoscan`, 'DELETE FROM scan_result', `UPDATE scan_result SET keys = '[]'`,
    `UPDATE autoscan_round SET outcome = 'started'`, 'SELECT FROM audit_event', 'DELETE FROM audit_event',
    'SELECT FROM database_role', 'TRUNCATE scan_task CASCADE',
  ],
  audit: [
    'SELECT FROM audit_event', `UPDATE audit_event SET status = 200`, 'DELETE FROM audit_event', 'TRUNCATE audit_event',
    'SELECT FROM project', 'SELECT FROM access_key', 'SELECT FROM instance', 'SELECT FROM scan_task',
    'SELECT FROM schema_migration', 'SELECT project_may_scan(gen_random_uuid(), 1)',
  ],
  operator: [
    `UPDATE audit_event SET status = 200`, 'DELETE FROM audit_event', `UPDATE scan_task SET status = 'success'`,
    'DELETE FROM scan_result', `UPDATE schema_migration SET checksum = ''`,
    `UPDATE database_role SET role = 'dcs_operator'`,
  ],
};

for (const [purpose, statements] of Object.entries(tries)) {
  test(`${purpose}: what it does not need is refused`, async () => {
    for (const statement of [...statements, 'CREATE TABLE own ()', 'DROP TABLE project CASCADE',
      'ALTER TABLE project ADD COLUMN x text', 'CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$',
      'ALTER TABLE audit_event DISABLE TRIGGER ALL', 'SET ROLE postgres', 'CREATE ROLE another',
      `COPY project TO PROGRAM 'cat'`])
      await assert.rejects(site.sql(statement, [], ROLES[purpose]), (error) =>
        [DENIED, '22023'].includes(error.code) || assert.fail(`${purpose}: ${statement}: ${error.message}`), statement);
  });
}

test('what the worker removes of access keys is what has ended', async () => {
  const forget = () => site.sql('SELECT forget_ended_access_keys(1000)', [], ROLES.worker);
  const before = await site.sql('SELECT id FROM access_key ORDER BY id');
  await site.sql(`INSERT INTO access_key (id, sealed_secret, role, expires_at, token_digest)
    VALUES ('${'A'.repeat(20)}', '', 'operator', now() - interval '1 second', sha256(''))`);
  assert.equal((await forget()).length, 1);
  assert.deepEqual(await forget(), []);
  assert.deepEqual(await site.sql('SELECT id FROM access_key ORDER BY id'), before);
});

test('operator: what dcsctl adds from day to day is allowed', async () => {
  const env = { DCS_DATABASE_URL: world.postgres.url(site.database, ROLES.operator) };
  for (const args of [['project', 'add', 'shop'], ['key', 'add', '--project', 'shop'], ['key', 'add', '--operator'],
    ['instance', 'add', 'cache', '--project', 'shop', '--endpoint', '127.0.0.1:1', '--no-probe']]) {
    const result = await world.dcsctl(site.database, [...args, '--json'], { env });
    assert.equal(result.status, 0, `${args.join(' ')}: ${result.stderr}`);
  }
});

test('nobody else has anything, and no role more than its own', async () => {
  assert.ok(tables.length >= 12);
  const open = await site.sql(`SELECT relname, relacl FROM pg_class c, aclexplode(c.relacl) a
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND a.grantee = 0`);
  assert.deepEqual(open, []);
  const strong = await site.sql(`SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)
    AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication)`, [Object.values(ROLES)]);
  assert.deepEqual(strong, []);
  for (const privilege of ['TRUNCATE', 'REFERENCES', 'TRIGGER'])
    for (const role of Object.values(ROLES))
      assert.deepEqual(await site.sql(`SELECT relname FROM pg_class WHERE relkind = 'r'
        AND relnamespace = 'public'::regnamespace AND has_table_privilege($1, oid, $2)`, [role, privilege]), []);
});

test('what a role was given beside is taken away by the next migration, and what it needs is given again', async () => {
  await site.sql('GRANT SELECT ON access_key TO dcs_worker');
  await site.sql('REVOKE SELECT ON instance FROM dcs_worker');
  await site.dcsctl('migrate');
  await assert.rejects(site.sql('SELECT FROM access_key', [], ROLES.worker), { code: DENIED });
  await site.sql('SELECT FROM instance', [], ROLES.worker);
});

test('a role that does not exist is refused and changes nothing', async () => {
  const { status, stderr } = await world.dcsctl(site.database, ['migrate', '--worker-role', 'no_such_role']);
  assert.equal(status, 1);
  assert.match(stderr, /no_such_role/);
  await site.dcsctl('migrate', '--worker-role', ROLES.worker);
  await site.sql('SELECT FROM instance', [], ROLES.worker);
});

test('not even the owner changes a line of the audit log', async () => {
  for (const statement of ['UPDATE audit_event SET status = 200', 'TRUNCATE audit_event'])
    await assert.rejects(site.sql(statement), /append-only/);
});
