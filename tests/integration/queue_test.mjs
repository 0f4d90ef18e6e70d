// The queue under many hands, and what its statements read: rows by an index, as many whatever the tables hold.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { KNOWN } from '../support/kinds.mjs';
import { Program, must } from '../support/program.mjs';
import { World, environmentOf } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const STATEMENT = join(process.env.DCS_BUILD, 'tests/dcs_statement');
const PROJECTS = 20;

let world;

before(async () => {
  world = await World.open();
});
after(() => world?.close());

class Database {
  static async create() {
    const database = new Database();
    database.name = await world.postgres.createDatabase(world.template);
    database.env = environmentOf(world.settings(database.name));
    await database.sql(`INSERT INTO project (id, name) SELECT gen_random_uuid(), 'p' || n
      FROM generate_series(1, $1::integer) n`, [PROJECTS]);
    return database;
  }

  sql(text, values) {
    return world.postgres.sql(this.name, text, values);
  }

  // By an index as well: what the test itself reads is counted too.
  async touch(text, values) {
    const client = await world.postgres.connect(this.name);
    await client.query('SET enable_seqscan = off');
    const { rowCount } = await client.query(text, values);
    await client.end();
    assert.ok(rowCount > 0, text);
  }

  instances(perProject) {
    return this.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, probed_at, capabilities)
      SELECT id, gen_random_uuid(), 'i' || n, 'single', 'RUNNING', '{127.0.0.1:1}', now(), '{bigkey,hotkey,expired}'
      FROM project, generate_series(1, $1::integer) n ON CONFLICT DO NOTHING`, [perProject]);
  }
}

test('64 claimers: every task is claimed, each by one', async () => {
  const database = await Database.create();
  await database.instances(50);
  await database.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type)
    SELECT project_id, id, gen_random_uuid(), kind, 'manual' FROM instance, unnest('{bigkey,expired}'::text[]) kind`);
  const text = await must('the claim', STATEMENT, ['--text', 'scan_task_claim']);
  const claimed = [];
  const claimer = async (_, number) => {
    const client = await world.postgres.connect(database.name);
    let mine = 0;
    for (;;) {
      const { rows } = await client.query({ name: 'claim', text, values: [`w${number}`, 3600, 3, 0, KNOWN] });
      if (rows.length === 0) break;
      mine++;
      claimed.push(rows[0].id);
    }
    await client.end();
    return mine;
  };
  const shares = await Promise.all(Array.from({ length: 64 }, claimer));
  assert.ok(shares.filter((share) => share > 0).length > 1, 'they did run at once');
  assert.equal(claimed.length, PROJECTS * 100);
  assert.equal(new Set(claimed).size, claimed.length);
  const [state] = await database.sql(`SELECT count(*) AS all, count(*) FILTER (WHERE status = 'running' AND attempt = 1
    AND fence = 1) AS once, count(DISTINCT lease_owner) AS owners FROM scan_task`);
  assert.equal(state.once, state.all);
  assert.equal(Number(state.owners), shares.filter((share) => share > 0).length);
});

test('tasks of a kind that a worker does not know are left to those that do', async () => {
  const database = await Database.create();
  await database.instances(2);
  const text = await must('the claim', STATEMENT, ['--text', 'scan_task_claim']);
  const client = await world.postgres.connect(database.name);
  const claim = async (kinds) => (await client.query(text, ['w', 3600, 3, 0, kinds])).rows.map(({ kind, was_lost: lost }) => [kind, lost])[0];
  const older = 'bigkey,hotkey,expired';
  // In each project the older ones, so that they are at the head wherever is looked: those that wait, and what was lost.
  await database.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, claimable_at)
    SELECT project_id, id, gen_random_uuid(), 'analysis', 'manual', now() - interval '1 hour' FROM instance`);
  await database.sql(`UPDATE scan_task SET status = 'running', started_at = now(), lease_owner = 'gone', attempt = 1
    WHERE id = (SELECT id FROM scan_task LIMIT 1)`);
  assert.equal(await claim(older), undefined);
  await database.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type)
    SELECT project_id, id, gen_random_uuid(), 'expired', 'manual' FROM instance LIMIT 1`);
  assert.deepEqual(await claim(older), ['expired', 'f']);
  assert.equal(await claim(older), undefined);
  assert.deepEqual(await claim(KNOWN), ['analysis', 't']);
  assert.deepEqual(await claim(KNOWN), ['analysis', 'f']);
  await client.end();
});

// Twenty thousand of everything that is over: tasks, results, rounds, requests.
async function fill(database) {
  await database.instances(10);
  await database.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, status, scan_type, created_at, started_at,
      finished_at, claimable_at) SELECT project_id, id, gen_random_uuid(), 'bigkey', 'success', 'manual', t, t, t, NULL
    FROM instance, generate_series(now() - interval '100 hours', now() - interval '1 hour', interval '1 hour') t`);
  await database.sql(`INSERT INTO scan_result SELECT project_id, id, '[]' FROM scan_task WHERE status = 'success'
    ON CONFLICT DO NOTHING`);
  await database.sql(`INSERT INTO autoscan (project_id, instance_id, kind, enabled, schedule_minutes, next_at)
    SELECT project_id, id, 'bigkey', true, '{60}', now() + interval '1 day' FROM instance ON CONFLICT DO NOTHING`);
  await database.sql(`INSERT INTO autoscan_round (project_id, instance_id, kind, slot, outcome, reason, decided_at)
    SELECT project_id, id, 'bigkey', t, 'skipped', 'busy', t FROM instance,
      generate_series(now() - interval '100 hours', now() - interval '1 hour', interval '1 hour') t`);
  await database.sql(`INSERT INTO remembered_request (project_id, token, fingerprint, created_at)
    SELECT id, sha256((id::text || n)::bytea), sha256(''), now() - interval '1 hour'
    FROM project, generate_series(1, 1000) n`);
}

// Every statement of the path, on tasks of one instance, from their requests until they are forgotten.
async function round(database, [project, instance], execute) {
  const digest = () => `\\x${randomBytes(32).toString('hex')}`;
  const ended = {};
  for (const kind of ['bigkey', 'hotkey', 'expired']) {
    const token = digest();
    const [[outcome]] = await execute('scan_task_create', project, instance, randomUUID(), kind, token, '\\N', digest(), '\\N',
      '\\N', '\\N', '\\N');
    assert.equal(outcome, 'created');
    const [[, , id, , fence]] = await execute('scan_task_claim', 'w', 3600, 3, 0, KNOWN);
    const mine = [`{${project}}`, `{${id}}`, `{${fence}}`];
    assert.equal((await execute('scan_task_renew', 'w', 3600, ...mine, '{1}', '{1}', '{1}', '{NULL}')).length, 1);
    assert.equal((await execute('scan_task_check', ...mine)).length, 1);
    if (kind === 'bigkey') await execute('scan_task_succeed', project, id, fence, 0, '[]', 1, '\\N', 1, '\\N');
    else if (kind === 'hotkey') await execute('scan_task_fail', project, id, fence, 'why', 0, 1, 'REDIS_REFUSED');
    else await execute('scan_task_release', project, id, fence, '\\N', 1);
    ended[kind] = id;
    await database.touch(`UPDATE remembered_request SET created_at = now() - interval '25 hours'
      WHERE project_id = $1 AND token = $2`, [project, Buffer.from(token.slice(2), 'hex')]);
  }
  assert.equal((await execute('remembered_request_forget', 1000)).length, 3);
  await database.touch(`UPDATE scan_task SET attempt = 3, claimable_at = now() WHERE project_id = $1 AND id = $2`,
    [project, ended.expired]);
  assert.equal((await execute('scan_task_give_up', 3)).length, 1);
  for (const [kind, minutes, interval] of [['bigkey', '{60}', null], ['expired', '{}', 1]])
    await database.touch(`INSERT INTO autoscan (project_id, instance_id, kind, enabled, schedule_minutes, first_scan_at,
        interval_seconds, timeout_seconds, scan_keys_count, next_at)
      VALUES ($1, $2, $3, true, $4, now() - interval '1 second', $5, $5 * 2, $5 * 10, now() - interval '1 second')
      ON CONFLICT (project_id, instance_id, kind) DO UPDATE SET next_at = EXCLUDED.next_at`,
    [project, instance, kind, minutes, interval]);
  const due = await execute('autoscan_list_due');
  assert.deepEqual(due.map(([, , kind]) => kind).sort(), ['bigkey', 'expired']);
  assert.equal((await execute('autoscan_set_aside', project, instance, 'bigkey')).length, 1);
  const one = await execute('autoscan_advance_one', `{${randomUUID()}}`, 60, '\\N', project, instance, 'expired');
  await database.touch(`UPDATE autoscan SET deferred_until = now() WHERE project_id = $1 AND instance_id = $2
    AND kind = 'bigkey'`, [project, instance]);
  const many = await execute('autoscan_advance', `{${Array.from({ length: 1000 }, () => randomUUID())}}`, 60, '\\N');
  for (const [[taken, started]] of [one, many]) assert.deepEqual([taken, started].map(Number), [1, 1]);
  await database.touch(`DELETE FROM autoscan WHERE project_id = $1 AND instance_id = $2 AND kind = 'expired'`,
    [project, instance]);
  await database.touch(`UPDATE autoscan_round SET decided_at = now() - interval '8 days'
    WHERE project_id = $1 AND instance_id = $2 AND slot > now() - interval '1 minute'`, [project, instance]);
  assert.ok((await execute('autoscan_round_forget', 1000)).length > 0);
  await database.touch(`UPDATE scan_task SET finished_at = now() - interval '91 days'
    WHERE project_id = $1 AND id = $2`, [project, ended.hotkey]);
  assert.equal((await execute('scan_task_forget', 90, 100)).length, 1);
  await database.touch(`DELETE FROM scan_task WHERE project_id = $1 AND instance_id = $2
    AND status IN ('waiting', 'running')`, [project, instance]);
}

// A connection as the programs have it: statements are prepared once.
class Session {
  constructor(database) {
    this.program = new Program('dcs_statement', STATEMENT, ['-'], { env: database.env });
    this.answered = 0;
  }

  async execute(...words) {
    this.program.child.stdin.write(`${words.join('\t')}\n`);
    const line = await until(`${words[0]} is answered`, () => {
      if (!this.program.running) throw new Error(this.program.stderr);
      return this.program.stdout.split('\n').slice(0, -1)[this.answered];
    });
    this.answered++;
    return JSON.parse(line);
  }

  // Its counters are known to the server from then on.
  async end() {
    this.program.child.stdin.end();
    await this.program.wait();
    this.program.check(0);
  }
}

// Rows and index entries of each table that were read so far, by anyone.
async function reads(database) {
  const rows = await database.sql(`SELECT relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) + (SELECT
      coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes i WHERE i.relid = t.relid) AS read
    FROM pg_stat_user_tables t WHERE relname IN ('scan_task', 'scan_result', 'autoscan', 'autoscan_round', 'instance',
      'remembered_request')`);
  assert.equal(rows.length, 6);
  return new Map(rows.map((row) => [row.relname, Number(row.read)]));
}

async function pick(database) {
  const [{ project_id: project, id }] = await database.sql('SELECT project_id, id FROM instance LIMIT 1');
  return [project, id];
}

for (const [state, prepare] of [
  // Plans are kept from the sixth time on; of tables that were vacuumed while they were empty.
  ['filled since the plans were made', async (database, execute) => {
    await database.instances(1);
    await database.sql('VACUUM ANALYZE');
    const instance = await pick(database);
    for (let i = 0; i < 6; i++) await round(database, instance, execute);
    await fill(database);
  }],
  ['never looked at by the planner', fill],
  ['known to the planner', async (database) => {
    await fill(database);
    await database.sql('VACUUM ANALYZE');
  }],
]) {
  test(`no statement of the path reads what is over: tables ${state}`, async () => {
    const database = await Database.create();
    const session = new Session(database);
    const execute = (...words) => session.execute(...words);
    await prepare(database, execute);
    const instance = await pick(database);
    const before = await reads(database);
    await round(database, instance, execute);
    await session.end();
    const read = [...await reads(database)].map(([table, count]) => [table, count - before.get(table)]);
    console.log(`# rows read: ${read.map(([table, count]) => `${table} ${count}`).join(', ')}`);
    assert.ok(read.some(([, count]) => count > 0));
    assert.deepEqual(read.filter(([table, count]) => count > (table === 'instance' ? 180 : 1000)), []);
  });
}

// Few projects, so that every claim comes all the way round, and one of them with a queue in front of the others'.
for (const [state, prepare] of [['never looked at by the planner', () => {}],
  ['known to the planner', (database) => database.sql('VACUUM ANALYZE')]]) {
  test(`a claim reads no more of a long queue than of a short one: tables ${state}`, async () => {
    const database = await Database.create();
    const [long, ...short] = await database.sql('SELECT id FROM project LIMIT 3');
    for (const [{ id }, count, age] of [[long, 4000, 'hour'], ...short.map((project) => [project, 4, 'minute'])])
      await database.sql(`WITH i AS (INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints)
          SELECT $1, gen_random_uuid(), 'i' || n, 'single', 'CREATING', '{127.0.0.1:1}'
          FROM generate_series(1, $2::integer) n RETURNING project_id, id)
        INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, claimable_at)
        SELECT project_id, id, gen_random_uuid(), kind, 'manual', now() - ('1 ' || $3)::interval
        FROM i, unnest('{bigkey,hotkey,expired}'::text[]) kind`, [id, count, age]);
    await prepare(database);
    const session = new Session(database);
    const CLAIMS = 30;
    const before = await reads(database);
    const claimed = new Map([long, ...short].map(({ id }) => [id, 0]));
    for (let i = 0; i < CLAIMS; i++) {
      const [[project]] = await session.execute('scan_task_claim', 'w', 3600, 3, 0, KNOWN);
      claimed.set(project, claimed.get(project) + 1);
    }
    await session.end();
    assert.deepEqual([...claimed.values()], [CLAIMS / 3, CLAIMS / 3, CLAIMS / 3]);
    const read = (await reads(database)).get('scan_task') - before.get('scan_task');
    console.log(`# rows read for each claim: ${read / CLAIMS}`);
    assert.ok(read / CLAIMS < 200, `${read / CLAIMS} rows for each claim`);
  });
}
