// Transactions of ours that lose against another one: run again where the server rolled them back, a few times, and
// only then; what may have been committed is not.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { ROLES } from '../support/postgres.mjs';
import { run } from '../support/program.mjs';
import { Site, World, environmentOf } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const SERVER_ATTEMPTS = 3;
const WORKER_ATTEMPTS = 4;

let world, site, alice, cache;

before(async () => {
  world = await World.open();
  site = new Site(world, await world.postgres.createDatabase(world.template));
  // So that a row which somebody else changed is a conflict, and a deadlock is ours to notice.
  await site.sql(`ALTER DATABASE ${site.database} SET default_transaction_isolation = 'repeatable read'`);
  await site.sql(`ALTER DATABASE ${site.database} SET deadlock_timeout = '2s'`);
  await site.sql('CREATE SEQUENCE attempt');
  // A statement that waits for a lock sees what the other one has done, rather than begin anew.
  await site.startServer({
    loops: 1, database_connections: 1, database_timeout_ms: 3000,
    database_url: `${world.postgres.url(site.database, ROLES.server)}&options=-c%20lock_timeout%3D2s`,
  });
  alice = await site.tenant('alice');
  cache = await alice.instance('cache', '127.0.0.1:1', '--no-probe');
});
after(() => world?.close());

// Tasks of one instance, of two kinds.
const tasks = {};
const makeTasks = async () => {
  await site.sql('DELETE FROM scan_task');
  for (const kind of ['bigkey', 'hotkey']) {
    [tasks[kind]] = await site.sql(`INSERT INTO scan_task
      (project_id, instance_id, id, kind, scan_type, status, claimable_at, started_at, lease_owner, fence, attempt)
      VALUES ($1, $2, gen_random_uuid(), $3, 'manual', 'running', now() + interval '1 hour', now(), 'w', 1, 1)
      RETURNING id`, [alice.projectId, cache.id, kind]);
  }
};
beforeEach(makeTasks);

const remove = () => alice.client.delete(cache.task(tasks.bigkey.id));

const execute = (name, ...parameters) => run(name, join(process.env.DCS_BUILD, 'tests/dcs_statement'),
  [name, ...parameters.map(String)], { env: environmentOf(world.settings(site.database)) });
const list = (...values) => `{${values.join(',')}}`;
const renewBoth = () => execute('scan_task_renew', 'w', 30, list(alice.projectId, alice.projectId),
  list(tasks.bigkey.id, tasks.hotkey.id), '{1,1}', '{1,1}', '{2,2}', '{3,3}', '{NULL,NULL}');

// Every change of a task fails with that code, until so many have; counts all of them.
async function failing(t, code, times) {
  await site.sql('ALTER SEQUENCE attempt RESTART');
  await site.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF nextval('attempt') <= ${times} THEN RAISE EXCEPTION 'refused' USING ERRCODE = '${code}'; END IF;
    RETURN NULL; END $$`);
  await site.sql(`CREATE TRIGGER refuse AFTER UPDATE OR DELETE ON scan_task
    FOR EACH STATEMENT EXECUTE FUNCTION refuse()`);
  t.after(async () => {
    await site.sql('DROP TRIGGER refuse ON scan_task');
    await site.sql('DROP FUNCTION refuse');
  });
}
const attempts = async () => Number((await site.sql('SELECT last_value FROM attempt'))[0].last_value);

test('a serialization failure of a request is not the client\'s', async () => {
  const other = await world.postgres.open(site.database, 'UPDATE scan_task SET keys_seen = 1');
  const answer = remove();
  await until('the request waits', () => other.isWaitedFor());
  await other.commit();
  assertAnswer(await answer, 200);
});

test('a serialization failure of a worker\'s statement is run again', async () => {
  const other = await world.postgres.open(site.database, 'UPDATE scan_task SET keys_seen = 1');
  const renewal = renewBoth();
  await until('the statement waits', () => other.isWaitedFor());
  await other.commit();
  const { status, stdout, stderr } = await renewal;
  assert.equal(status, 0, stderr);
  assert.equal(JSON.parse(stdout).length, 2);
  assert.match(stderr, /statement_repeated.*40001/);
});

test('a deadlock is as well', async () => {
  const other = await world.postgres.connect(site.database);
  try {
    await other.query(`SET deadlock_timeout = '1h'`);
    await other.query('BEGIN ISOLATION LEVEL READ COMMITTED');
    await other.query('SELECT FROM scan_task WHERE id = $1 FOR UPDATE', [tasks.hotkey.id]);
    const renewal = renewBoth();
    await until('the statement waits', async () => (await site.sql(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length > 0);
    await other.query('SELECT FROM scan_task WHERE id = $1 FOR UPDATE', [tasks.bigkey.id]);
    await other.query('COMMIT');
    const { status, stdout, stderr } = await renewal;
    assert.equal(status, 0, stderr);
    assert.equal(JSON.parse(stdout).length, 2);
    assert.match(stderr, /statement_repeated.*40P01/);
  } finally {
    await other.end();
  }
});

test('it is tried a few times, then told', async (t) => {
  await failing(t, '40001', 1000);
  const answer = await remove();
  assertError(answer, 503, 'DCS.5000');
  assert.match(answer.headers['retry-after'], /^\d+$/);
  assert.equal(await attempts(), SERVER_ATTEMPTS);
  await site.sql('ALTER SEQUENCE attempt RESTART');
  assert.equal((await renewBoth()).status, 1);
  assert.equal(await attempts(), WORKER_ATTEMPTS);
});

test('the last of these may succeed', async (t) => {
  await failing(t, '40P01', SERVER_ATTEMPTS - 1);
  assertAnswer(await remove(), 200);
  await makeTasks();
  await site.sql('ALTER SEQUENCE attempt RESTART');
  assert.equal((await renewBoth()).status, 0);
});

test('55P03: a lock is tried for again until the time of a statement is over', async (t) => {
  await failing(t, '55P03', 1000);
  const answer = await remove();
  assertError(answer, 503, 'DCS.5000');
  assert.match(answer.headers['retry-after'], /^\d+$/);
  assert.ok((await attempts()) > SERVER_ATTEMPTS, `${await attempts()} attempts`);
  await site.sql('ALTER SEQUENCE attempt RESTART');
  assert.equal((await renewBoth()).status, 1);
  assert.equal(await attempts(), 1);
});

test('55P03: what gets the lock in time is done once', async (t) => {
  await failing(t, '55P03', 3);
  assertAnswer(await remove(), 200);
  assert.equal(await attempts(), 4);
});

for (const code of ['40003', '08006', '57P01', '53100', '57014']) {
  test(`${code}: once, and the connection stays`, async (t) => {
    await failing(t, code, 1000);
    const answer = await remove();
    assertError(answer, 503, 'DCS.5000');
    assert.match(answer.headers['retry-after'], /^\d+$/);
    assert.equal(await attempts(), 1);
    await site.sql('ALTER SEQUENCE attempt RESTART');
    assert.equal((await renewBoth()).status, 1);
    assert.equal(await attempts(), 1);
    assert.deepEqual(site.server.events.filter((event) => event.event === 'database_connection_lost'), []);
  });
}

test('25006: the server is left for one that can write', async (t) => {
  await failing(t, '25006', 1);
  assertError(await remove(), 503, 'DCS.5000');
  await site.server.event('database_connection_lost', ({ reason }) => reason.includes('25006'));
  await until('it is there again', async () => (await remove()).status === 200, 10_000);
});
