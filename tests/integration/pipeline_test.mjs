// Statements that are sent while the answer to another one is being handled, all on one connection: what a request
// asks for is sent from within the answer that brought its key, and a statement that lost a race is sent again from
// within its failure.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { assertError } from '../support/golden.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const CLIENTS = 4;
const EACH = 100;

let world, site, alice, cache;

before(async () => {
  world = await World.open();
  site = await world.site({ server: { loops: 1, database_connections: 1, access_key_cache_seconds: 0 } });
  alice = await site.tenant('alice');
  cache = await alice.instance('cache', '127.0.0.1:1', '--no-probe');
  await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(), capabilities = '{bigkey}' WHERE id = $1`,
    [cache.id]);
});
after(() => world?.close());

const assertNoneLost = () =>
  assert.deepEqual(site.server.events.filter((event) => event.event === 'database_connection_lost'), []);

test('every request is answered with its own', async () => {
  const clients = Array.from({ length: CLIENTS }, () => site.client(alice.key));
  await Promise.all(clients.map(async (client) => {
    for (let i = 0; i < EACH; i++) {
      const [target, status] = i % 2 ? [cache.path, 200] : [cache.task(cache.id), 400];
      const answer = await client.get(target);
      assert.equal(answer.status, status, answer.body);
      if (status === 200) assert.equal(answer.json.instance_id, cache.id);
    }
  }));
  assertNoneLost();
});

// A key as the server remembers it: each part of what is hashed has its length before it.
const tokenOf = (key) => ['idempotency-key', key].reduce((hash, part) => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(part.length));
  return hash.update(length).update(part);
}, createHash('sha256')).digest();

test('a lost race is run again on the same connection', async () => {
  const other = new pg.Client({ host: world.postgres.directory, user: world.postgres.role, database: site.database });
  await other.connect();
  try {
    await other.query('BEGIN');
    await other.query('INSERT INTO remembered_request (project_id, token, fingerprint) VALUES ($1, $2, $3)',
      [alice.projectId, tokenOf('raced'), randomBytes(32)]);
    const answer = alice.client.post(cache.create, { headers: [['Idempotency-Key', 'raced']] });
    await until('the request waits for the other transaction', async () => (await site.sql(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)).length > 0);
    await other.query('COMMIT');
    assertError(await answer, 400, 'DCS.4800',
      'Invalid Idempotency-Key in the request: it was used for another request.');
  } finally {
    await other.end();
  }
  assertNoneLost();
  assert.equal((await alice.client.get(cache.list)).json.count, 0);
});

// What a transaction gives back may arrive before it is committed, and one that is not committed has done nothing.
test('a change is answered once it is committed', async () => {
  const keys = JSON.stringify(Array.from({ length: 100 }, (_, i) => ({ name: `key:${i}`.padEnd(200, 'x'), type: 'string', size: i, unit: 'byte', db: 0 })));
  const id = (await alice.client.post(cache.create)).json.id;
  await site.sql(`UPDATE scan_task SET status = 'success', started_at = now(), finished_at = now(), claimable_at = NULL
    WHERE id = $1`, [id]);
  await site.sql('INSERT INTO scan_result (project_id, task_id, keys) VALUES ($1, $2, $3)', [alice.projectId, id, keys]);
  await site.sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'not to be committed'; END $$`);
  await site.sql(`CREATE CONSTRAINT TRIGGER refuse AFTER DELETE ON scan_task DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse()`);
  try {
    const answers = await Promise.all([alice.client.delete(cache.task(id)),
      ...Array.from({ length: 8 }, () => site.client(alice.key).get(cache.path))]);
    assert.equal(answers[0].status, 500, answers[0].body);
    assert.equal((await alice.client.get(cache.task(id))).json.keys.length, 100);
  } finally {
    await site.sql('DROP TRIGGER refuse ON scan_task');
  }
  assert.equal((await alice.client.delete(cache.task(id))).status, 200);
});
