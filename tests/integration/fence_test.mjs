// What the statements of the queue allow, one by one, without the worker's own care around them: only the
// last claim's fence may write, and each task is claimed once.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { must } from '../support/program.mjs';
import { World, environmentOf } from '../support/site.mjs';

const LEASE = '30';
const ATTEMPTS = '3';
const KEYS = '[{"name":"k"}]';

let world, site, alice, cache, task;

const execute = async (name, ...parameters) => JSON.parse(await must(name,
  join(process.env.DCS_BUILD, 'tests/dcs_statement'), [name, ...parameters.map(String)],
  { env: environmentOf(world.settings(site.database)) }));

const claim = async (owner, lease = LEASE) => {
  const [row] = await execute('scan_task_claim', owner, lease, ATTEMPTS);
  return row && { project: row[0], id: row[2], fence: row[4], attempt: row[5] };
};

// As if the lease had run out.
const expire = () => site.sql('UPDATE scan_task SET claimable_at = now() WHERE claimable_at IS NOT NULL');

const one = (value) => `{${value}}`;
const renew = ({ project, id, fence }) => execute('scan_task_renew', 'w', LEASE, one(project), one(id), one(fence), '{1}', '{2}');
const check = ({ project, id, fence }) => execute('scan_task_check', one(project), one(id), one(fence));
const succeed = ({ project, id, fence }, keys = KEYS) => execute('scan_task_succeed', project, id, fence, 1, keys, 5, '{}');
const fail = ({ project, id, fence }) => execute('scan_task_fail', project, id, fence, 'reason', 0);
const release = ({ project, id, fence }) => execute('scan_task_release', project, id, fence);

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  cache = await alice.instance('cache', (await world.redis()).endpoint);
});
after(() => world?.close());

beforeEach(async () => {
  await site.sql('DELETE FROM scan_task');
  task = await cache.start(cache.create);
});

test('a claim is exclusive until its lease ends, and each raises the fence', async () => {
  const first = await claim('a');
  assert.equal(first.id, task.id);
  assert.equal(await claim('b'), undefined);
  await expire();
  const second = await claim('b');
  assert.equal(second.id, task.id);
  assert.ok(Number(second.fence) > Number(first.fence));
  assert.equal(second.attempt, '2');
});

test('writes under an old fence match nothing', async () => {
  const old = await claim('a');
  await expire();
  const current = await claim('b');
  for (const write of [renew, check, succeed, fail, release]) assert.deepEqual(await write(old), [], write.name);
  const [row] = await site.sql('SELECT status, lease_owner, num, keys_seen FROM scan_task');
  assert.deepEqual(row, { status: 'running', lease_owner: 'b', num: '0', keys_seen: '0' });
  assert.equal((await site.sql('SELECT * FROM scan_result')).length, 0);

  assert.equal((await renew(current)).length, 1);
  assert.equal((await check(current)).length, 1);
  assert.equal((await succeed(current)).length, 1);
  assert.equal((await site.sql('SELECT keys FROM scan_result'))[0].keys, KEYS);
});

test('a task that ended takes no further write, not even of its own fence', async () => {
  const mine = await claim('a');
  await succeed(mine);
  for (const write of [renew, check, (t) => succeed(t, '[]'), fail, release]) assert.deepEqual(await write(mine), []);
  const [row] = await site.sql('SELECT status, failure FROM scan_task');
  assert.deepEqual(row, { status: 'success', failure: null });
  assert.equal((await site.sql('SELECT keys FROM scan_result'))[0].keys, KEYS);
});

test('a task that was deleted takes no write', async () => {
  const mine = await claim('a');
  await alice.client.delete(cache.task(task.id));
  for (const write of [renew, check, succeed, fail, release]) assert.deepEqual(await write(mine), []);
});

test('a released task may be claimed at once, as if it had not been tried', async () => {
  const mine = await claim('a');
  assert.equal((await release(mine)).length, 1);
  const next = await claim('b');
  assert.equal(next.attempt, '1');
  assert.deepEqual(await succeed(mine), []);
});

test('the last attempt is not claimed again but given up', async () => {
  for (let attempt = 1; attempt <= Number(ATTEMPTS); attempt++) {
    assert.equal((await claim('a')).attempt, String(attempt));
    assert.deepEqual(await execute('scan_task_give_up', ATTEMPTS), []);
    await expire();
  }
  assert.equal(await claim('b'), undefined);
  assert.deepEqual(await execute('scan_task_give_up', ATTEMPTS), [[task.id]]);
  const [row] = await site.sql('SELECT status, failure FROM scan_task');
  assert.equal(row.status, 'failed');
  assert.match(row.failure, /3 attempts/);
});

test('claimers at once: each task goes to one of them', async () => {
  const TASKS = 40;
  await site.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints)
    SELECT project_id, gen_random_uuid(), 'copy ' || n, 'single', 'CREATING', endpoints
    FROM instance, generate_series(1, $1) n WHERE name = 'cache'`, [TASKS - 1]);
  await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type)
    SELECT project_id, id, gen_random_uuid(), 'bigkey', 'manual' FROM instance WHERE name <> 'cache'`);
  const claims = [];
  const claimer = async (owner) => {
    for (let mine; (mine = await claim(owner));) claims.push(mine.id);
  };
  await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(claimer));
  assert.equal(claims.length, TASKS);
  assert.equal(new Set(claims).size, TASKS);
});
