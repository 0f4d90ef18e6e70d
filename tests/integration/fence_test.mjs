// What the statements of the queue allow, one by one, without the worker's own care around them: only the
// last claim's fence may write, and each task is claimed once.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { KNOWN } from '../support/kinds.mjs';
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
  const [row] = await execute('scan_task_claim', owner, lease, ATTEMPTS, 0, KNOWN);
  return row && { project: row[0], id: row[2], fence: row[4], attempt: row[5], scanMs: row[9], checkpoint: row[10] };
};

// As if the lease had run out.
const expire = () => site.sql('UPDATE scan_task SET claimable_at = now() WHERE claimable_at IS NOT NULL');

const one = (value) => `{${value}}`;
const quoted = (text) => (text === undefined ? 'NULL' : JSON.stringify(text));
const renew = ({ project, id, fence }, checkpoint) => execute('scan_task_renew', 'w', LEASE, one(project), one(id),
  one(fence), '{1}', '{2}', '{3000}', one(quoted(checkpoint)));
const check = ({ project, id, fence }) => execute('scan_task_check', one(project), one(id), one(fence));
const succeed = ({ project, id, fence }, keys = KEYS) =>
  execute('scan_task_succeed', project, id, fence, 1, keys, 5, '{}', 4000, '\\N');
const fail = ({ project, id, fence }) => execute('scan_task_fail', project, id, fence, 'reason', 0, 4000, 'REDIS_REFUSED');
const release = ({ project, id, fence }, checkpoint = '\\N') =>
  execute('scan_task_release', project, id, fence, checkpoint, 5000);
const retry = ({ project, id, fence }, checkpoint = '\\N', seconds = 10, most = 15) =>
  execute('scan_task_retry', project, id, fence, checkpoint, 6000, 'why', seconds, most);
const WRITES = [renew, check, succeed, fail, release, retry];

const row = async () => (await site.sql('SELECT * FROM scan_task'))[0];
const checkpoints = () => site.sql('SELECT * FROM scan_checkpoint');
const checkpoint = async () => (await checkpoints())[0]?.checkpoint;
const msUntilClaimable = async () => Number((await site.sql(
  'SELECT extract(epoch FROM claimable_at - now()) * 1000 AS ms FROM scan_task'))[0].ms);

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
  for (const write of WRITES) assert.deepEqual(await write(old), [], write.name);
  const { status, lease_owner: owner, num, keys_seen: seen } = await row();
  assert.deepEqual({ status, owner, num, seen }, { status: 'running', owner: 'b', num: '0', seen: '0' });
  assert.deepEqual(await renew(old, '{"old":1}'), []);
  assert.deepEqual(await release(old, '{"old":1}'), []);
  assert.equal(await checkpoint(), undefined);
  assert.equal((await site.sql('SELECT * FROM scan_result')).length, 0);

  assert.equal((await renew(current)).length, 1);
  assert.equal((await check(current)).length, 1);
  assert.equal((await succeed(current)).length, 1);
  assert.equal((await site.sql('SELECT keys FROM scan_result'))[0].keys, KEYS);
});

test('a task that ended takes no further write, not even of its own fence', async () => {
  const mine = await claim('a');
  await succeed(mine);
  for (const write of [renew, check, (t) => succeed(t, '[]'), fail, release, retry]) assert.deepEqual(await write(mine), []);
  const { status, failure } = await row();
  assert.deepEqual({ status, failure }, { status: 'success', failure: null });
  assert.equal((await site.sql('SELECT keys FROM scan_result'))[0].keys, KEYS);
});

test('a task that was deleted takes no write', async () => {
  const mine = await claim('a');
  await alice.client.delete(cache.task(task.id));
  for (const write of WRITES) assert.deepEqual(await write(mine), []);
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
  assert.deepEqual((await execute('scan_task_give_up', ATTEMPTS)).map(([id]) => id), [task.id]);
  const { status, failure } = await row();
  assert.equal(status, 'failed');
  assert.match(failure, /3 attempts/);
});

test('what is still on its way when a task is let go does not take it back', async () => {
  for (const letGo of [release, retry]) {
    const mine = await claim('a');
    assert.equal((await letGo(mine)).length, 1);
    const rested = await row();
    assert.equal(rested.lease_owner, null);
    for (const write of WRITES) assert.deepEqual(await write(mine), [], write.name);
    assert.deepEqual(await row(), rested);
    await expire();
  }
});

test('of two leases of a task in one worker the older one is not renewed with the newer', async () => {
  const old = await claim('a');
  await expire();
  const current = await claim('a');
  const { project, id } = current;
  const both = [`{${project},${project}}`, `{${id},${id}}`, `{${old.fence},${current.fence}}`];
  assert.deepEqual(await execute('scan_task_check', ...both), [[id, current.fence]]);
  assert.deepEqual(await execute('scan_task_renew', 'a', LEASE, ...both, '{1,2}', '{1,2}', '{1,2}',
    '{"\\"old\\"","\\"current\\""}'), [[id, current.fence]]);
  assert.equal((await row()).keys_seen, '2');
  assert.equal(await checkpoint(), '"current"');
});

test('a checkpoint is written with the heartbeat, kept where none comes, and handed to whoever is next', async () => {
  const first = await claim('a');
  assert.deepEqual([first.checkpoint, first.scanMs], ['', '0']);
  await renew(first);
  assert.equal(await checkpoint(), undefined);
  const text = '{"name":"a\\"b\\\\c","é":"\u2028{},NULL"}';
  await renew(first, text);
  assert.equal(await checkpoint(), text);
  const [written] = await checkpoints();
  await renew(first);
  assert.deepEqual(await checkpoints(), [written]);
  await renew(first, '{"later":1}');
  assert.equal(await checkpoint(), '{"later":1}');
  await expire();
  const second = await claim('b');
  assert.deepEqual([second.checkpoint, second.scanMs], ['{"later":1}', '3000']);
  assert.equal((await checkpoints()).length, 1);
});

test('a task is let go with its checkpoint, or keeps the one it has', async () => {
  const first = await claim('a');
  await release(first, '{"at":1}');
  const second = await claim('b');
  assert.deepEqual([second.checkpoint, second.scanMs, second.attempt], ['{"at":1}', '5000', '1']);
  await release(second);
  const third = await claim('c');
  assert.equal(third.checkpoint, '{"at":1}');
  await retry(third, '{"at":2}');
  await expire();
  const fourth = await claim('d');
  assert.deepEqual([fourth.checkpoint, fourth.scanMs, fourth.attempt], ['{"at":2}', '6000', '2']);
});

test('no checkpoint outlives its task', async () => {
  const ends = [succeed, fail, () => alice.client.delete(cache.task(task.id)),
    async () => { await expire(); await execute('scan_task_give_up', 1); }];
  for (const end of ends) {
    const mine = await claim('a');
    await renew(mine, '{}');
    assert.equal((await checkpoints()).length, 1);
    await end(mine);
    assert.deepEqual(await checkpoints(), []);
    await site.sql('DELETE FROM scan_task');
    task = await cache.start(cache.create);
  }
});

test('a checkpoint has a bound', async () => {
  const mine = await claim('a');
  await assert.rejects(site.sql(`INSERT INTO scan_checkpoint (project_id, task_id, checkpoint)
    VALUES ($1, $2, repeat('x', 1048577))`, [mine.project, mine.id]), /constraint/);
});

test('a task that is to be tried again stays running, keeps its start, and rests for longer each time', async () => {
  let started;
  for (const [attempt, seconds] of [[1, 10], [2, 15], [3, 15]]) {
    const mine = await claim('a');
    assert.equal(mine.attempt, String(attempt));
    started ??= (await row()).started_at;
    const [[, waitMs]] = await retry(mine);
    const rest = await msUntilClaimable();
    assert.ok(rest <= Number(waitMs) && Number(waitMs) <= seconds * 1200, `${rest} ${waitMs}`);
    assert.ok(Number(waitMs) >= seconds * 800, waitMs);
    const task = await row();
    assert.deepEqual([task.status, task.started_at, task.lease_owner, task.last_error, task.failure],
      ['running', started, null, 'why', null]);
    assert.equal(await claim('b'), undefined);
    await expire();
  }
  await execute('scan_task_give_up', ATTEMPTS);
  assert.equal((await row()).failure, 'given up after 3 attempts: why');
});

test('a lost task may be taken over a while after its lease, longer with every attempt', async () => {
  for (const [attempt, least, most] of [[1, 32.4, 33.6], [2, 34.8, 37.2], [3, 37.2, 40.8]]) {
    const mine = await claim('a');
    assert.ok(await msUntilClaimable() > 30_000);
    await renew(mine);
    const ms = await msUntilClaimable();
    assert.ok(ms <= most * 1000, `${attempt}: ${ms}`);
    assert.ok(ms > least * 1000 - 2000, `${attempt}: ${ms}`);
    await expire();
  }
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
