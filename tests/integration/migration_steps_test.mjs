// `dcsctl migrate` on tables that are in use, and cut off: it gives way, goes on where it was, and loses nothing.  The
// next release's migration (tests/fixtures/migrations) has every kind of step.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillInstances, fillTasks } from '../bench/fill.mjs';
import { Postgres, postgresDirectory } from '../support/postgres.mjs';
import { must, Program } from '../support/program.mjs';
import { Proxy } from '../support/proxy.mjs';
import { environmentOf, NEXT_PROGRAMS, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const NAME = '9001_next_release';
const TASKS = 1200;
const BATCH = 200;
const KILL_STEP_MS = 24;

let world, filled, wanted;

before(async () => {
  world = await World.open({ database: (directory) => Postgres.start(directory, { autovacuum: 'on', autovacuum_naptime: '1s' }) });
  filled = await world.postgres.createDatabase(world.template);
  const sql = (text, values) => world.postgres.sql(filled, text, values);
  await fillInstances(sql, { projects: 1, instances: 40 });
  await fillTasks(sql, { records: TASKS / 40, kinds: ['bigkey'] });
  wanted = await migrated(await fresh());
});
after(() => world?.close());

const fresh = () => world.postgres.createDatabase(filled);

function begin(database, { url = world.postgres.url(database), patience = 60 } = {}) {
  const tool = new Program('dcsctl-next', NEXT_PROGRAMS.dcsctl, ['migrate', '--patience', String(patience)],
    { env: environmentOf({ ...world.settings(database), database_url: url }) });
  world.onClose(async () => tool.signal('SIGKILL'));
  return tool;
}

const ends = (tool) => tool.stop({ signal: 0, deadlineMs: 60_000 });

// Undisturbed: the schema as it has to be.
async function migrated(database) {
  await ends(begin(database));
  return schema(database);
}

const schema = (database) => must('pg_dump', join(postgresDirectory(), 'pg_dump'),
  ['--schema-only', '-h', world.postgres.directory, '-U', world.postgres.role, database]).then((text) => text.replace(/^\\(un)?restrict .*$/gm, ''));

const one = async (database, text, values) => Object.values((await world.postgres.sql(database, text, values))[0])[0];
const stepsDone = (database) => one(database, 'SELECT count(*) FROM schema_migration_step').then(Number);
const hasNote = (database) => one(database, `SELECT count(*) FROM pg_attribute WHERE attrelid = 'scan_task'::regclass AND attname = 'note'`).then(Number);

// All of it, once.
async function assertWhole(database) {
  assert.equal(await schema(database), wanted);
  assert.deepEqual(await world.postgres.sql(database, 'SELECT note, filled, count(*) FROM scan_task GROUP BY 1, 2'),
    [{ note: 'old', filled: '1', count: String(TASKS) }]);
  assert.equal(await stepsDone(database), 0);
  assert.equal(await one(database, 'SELECT count(*) FROM schema_migration WHERE name = $1', [NAME]), '1');
  assert.equal(await one(database, 'SELECT count(*) FROM pg_index WHERE NOT indisvalid'), '0');
}

test('cut off at any time, it goes on where it was', async (t) => {
  const database = await fresh();
  let kills = 0;
  for (let ms = 2 * KILL_STEP_MS; ; ms += KILL_STEP_MS) {
    const tool = begin(database);
    const killing = setTimeout(() => tool.signal('SIGKILL'), ms);
    const status = await tool.wait();
    clearTimeout(killing);
    if (status === 0) break;
    assert.equal(status, 137, tool.stderr);
    kills++;
  }
  t.diagnostic(`${kills} times`);
  assert.ok(kills > 0);
  await assertWhole(database);
});

test('it gives way to who holds a table, and leaves nothing where it never gets it', async () => {
  const database = await fresh();
  const holder = await world.postgres.open(database, 'SELECT FROM scan_task LIMIT 1');
  const tool = begin(database, { patience: 1 });
  await tool.event('migration_waits');
  // Whoever comes after it waits no longer than it does.
  await world.postgres.sql(database, `SET lock_timeout = '10s'; UPDATE scan_task SET num = num WHERE id = (SELECT id FROM scan_task LIMIT 1)`);
  await tool.stop({ signal: 0, expected: 1, deadlineMs: 60_000 });
  assert.match(tool.stderr, new RegExp(`migration ${NAME}, step 1 of 6: .*lock timeout.*; the oldest transaction: pid \\d+ \\(.*\\), for \\d+ s`));
  assert.deepEqual([await hasNote(database), await stepsDone(database)], [0, 0]);
  await holder.commit();
  assert.equal(await migrated(database), wanted);
  await assertWhole(database);
});

test('killed while it waits for a table', async () => {
  const database = await fresh();
  const holder = await world.postgres.open(database, 'SELECT FROM scan_task LIMIT 1');
  const tool = begin(database);
  await tool.event('migration_waits');
  await tool.stop({ signal: 'SIGKILL', expected: 137 });
  assert.equal(await hasNote(database), 0);
  await holder.commit();
  await ends(begin(database));
  await assertWhole(database);
});

// What is read in it stays as it was then, which an index that is made meanwhile waits for; it holds no table of ours.
async function holdSnapshot(database) {
  const client = await world.postgres.connect(database);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await client.query('SELECT FROM pg_class LIMIT 1');
  return { end: () => client.query('COMMIT').then(() => client.end()) };
}

const builder = async (database) => (await world.postgres.sql(database,
  `SELECT pid FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting for old%' AND datname = current_database()`))[0]?.pid;

test('killed while an index is made: its own end is waited for', async () => {
  const database = await fresh();
  const snapshot = await holdSnapshot(database);
  const tool = begin(database);
  await until('it waits for what is read', () => builder(database));
  const index = () => one(database, `SELECT 'scan_task_without_note'::regclass::oid`);
  const begun = await index();
  await tool.stop({ signal: 'SIGKILL', expected: 137 });
  const second = begin(database);
  await second.event('migration_waits', ({ reason }) => /another/.test(reason));
  await snapshot.end();
  await ends(second);
  assert.equal(await index(), begun, 'what the first one began is not made again');
  await assertWhole(database);
});

test('an index that was left half made is made anew', async () => {
  const database = await fresh();
  const snapshot = await holdSnapshot(database);
  const tool = begin(database);
  const pid = await until('it waits for what is read', () => builder(database));
  await world.postgres.sql(database, 'SELECT pg_terminate_backend($1)', [pid]);
  await tool.event('migration_waits', ({ error }) => error === 'DATABASE_CONNECTION');
  assert.equal(await one(database, 'SELECT count(*) FROM pg_index WHERE NOT indisvalid'), '1');
  await until('it is made again', async () => ![undefined, pid].includes(await builder(database)));
  await snapshot.end();
  await ends(tool);
  await assertWhole(database);
});

test('an index that others never let it finish', async () => {
  const database = await fresh();
  const snapshot = await holdSnapshot(database);
  const tool = begin(database, { patience: 1 });
  await tool.stop({ signal: 0, expected: 1, deadlineMs: 60_000 });
  assert.match(tool.stderr, new RegExp(`migration ${NAME}, step 4 of 6: .*lock timeout`));
  await snapshot.end();
  await ends(begin(database));
  await assertWhole(database);
});

test('killed between two batches', async () => {
  const database = await fresh();
  const sql = (text, values) => world.postgres.sql(database, text, values);
  // A row in the middle is not to be had.
  await sql(`CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NEW; END $$`);
  const id = await one(database, 'SELECT id FROM scan_task ORDER BY project_id, id OFFSET $1 LIMIT 1', [2 * BATCH + 1]);
  await sql(`CREATE TRIGGER hold BEFORE UPDATE ON scan_task FOR EACH ROW WHEN (NEW.id = '${id}') EXECUTE FUNCTION hold()`);
  const holder = await world.postgres.open(database, 'SELECT pg_advisory_xact_lock(1)');
  const tool = begin(database);
  await tool.event('migration_waits');
  await tool.stop({ signal: 'SIGKILL', expected: 137 });
  assert.equal(await one(database, 'SELECT count(*) FROM scan_task WHERE filled = 1'), String(2 * BATCH));
  await holder.commit();
  await sql('DROP FUNCTION hold CASCADE');
  await ends(begin(database));
  await assertWhole(database);
});

test('its connection is cut, and it goes on by itself', async () => {
  const database = await fresh();
  const proxy = await Proxy.start({ path: world.postgres.socket });
  const holder = await world.postgres.open(database, 'SELECT FROM scan_task LIMIT 1');
  const tool = begin(database, { url: world.postgres.urlVia(proxy.endpoint, database) });
  await tool.event('migration_waits');
  proxy.cut();
  await until('it comes back', () => proxy.accepted > 1);
  await holder.commit();
  await ends(tool);
  await proxy.stop();
  await assertWhole(database);
});

test('the tool of the release before takes nothing away', async () => {
  const database = await fresh();
  const may = () => one(database, `SELECT has_table_privilege('dcs_server', 'scan_note', 'SELECT')`);
  await ends(begin(database));
  await world.postgres.sql(database, 'GRANT SELECT ON scan_note TO dcs_server');
  await world.must(database, 'migrate');
  assert.equal(await may(), 't');
  const { status, stderr } = await world.dcsctl(database, ['migrate', '--server-role', 'dcs_server']);
  assert.equal(status, 1);
  assert.match(stderr, new RegExp(`newer than this program, up to ${NAME}`));
  assert.equal(await may(), 't');
  await world.mustWith(NEXT_PROGRAMS, database, 'migrate', '--server-role', 'dcs_server');
  assert.equal(await may(), 'f');
});

test('several at once', async () => {
  const database = await fresh();
  await Promise.all(Array.from({ length: 3 }, () => begin(database)).map(ends));
  await assertWhole(database);
});

test('a vacuum of the database\'s own accord goes out of the way', async () => {
  const database = await fresh();
  const sql = (text, values) => world.postgres.sql(database, text, values);
  await sql(`ALTER TABLE scan_task SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)`);
  await sql('UPDATE scan_task SET num = num');
  await until('it is being vacuumed', async () => Number(await one(database,
    `SELECT count(*) FROM pg_stat_progress_vacuum WHERE relid = 'scan_task'::regclass`)) > 0);
  const tool = begin(database, { patience: 20 });
  await tool.event('migration_waits');
  await ends(tool);
  assert.equal(await one(database, 'SELECT count(*) FROM scan_task WHERE filled = 1'), String(TASKS));
});
