// Two tenants cannot see each other, and a request that is repeated is one request.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { sign } from '../support/signer.mjs';
import { World } from '../support/site.mjs';

let world, site, alice, bob, cache, other;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  bob = await site.tenant('bob');
  const redis = await world.redis();
  cache = await alice.instance('cache', redis.endpoint);
  other = await bob.instance('cache', redis.endpoint);
});
after(() => world?.close());

test("another tenant's instance under one's own project does not exist", async () => {
  const task = await cache.start();
  const foreign = `${bob.instances}/${cache.id}`;
  const cases = [
    ['POST', '/bigkey-task'], ['GET', '/bigkey-tasks'], ['GET', `/bigkey-task/${task.id}`],
    ['DELETE', `/bigkey-task/${task.id}`], ['POST', '/scan-expire-keys-task'], ['POST', '/auto-expire/scan'],
    ['GET', '/auto-expire/histories'], ['GET', ''],
  ];
  for (const [method, path] of cases)
    assertError(await bob.client.request(method, foreign + path), 404, 'DCS.3022');
  assert.equal(await cache.status(task.id), 'waiting');
  assertAnswer(await alice.client.delete(cache.task(task.id)), 200);
});

test("another tenant's task under one's own instance does not exist", async () => {
  const task = await cache.start();
  assertError(await bob.client.get(other.task(task.id)), 400, 'DCS.4942');
  assertAnswer(await bob.client.delete(other.task(task.id)), 204);
  assert.equal(await cache.status(task.id), 'waiting');
  assert.equal((await bob.client.get(other.list)).json.count, 0);
  assertAnswer(await alice.client.delete(cache.task(task.id)), 200);
});

test("another instance's task does not exist either", async () => {
  const second = await alice.instance('second', '127.0.0.1:1', '--no-probe');
  const task = await cache.start();
  assertError(await alice.client.get(second.task(task.id)), 400, 'DCS.4942');
  assertAnswer(await alice.client.delete(second.task(task.id)), 204);
  assert.equal(await cache.status(task.id), 'waiting');
  assertAnswer(await alice.client.delete(cache.task(task.id)), 200);
});

test("another tenant's project is forbidden", async () => {
  for (const [method, path] of [['GET', alice.instances], ['GET', cache.path], ['POST', cache.create],
    ['GET', cache.list], ['POST', cache.expired], ['GET', cache.histories]])
    assertError(await bob.client.request(method, path), 403, 'DCS.2003');
});

test('instances are listed per tenant', async () => {
  const ids = async (tenant) =>
    (await tenant.client.get(tenant.instances)).json.instances.map((i) => i.instance_id);
  assert.deepEqual(await ids(bob), [other.id]);
  assert.ok(!(await ids(alice)).includes(other.id));
  assert.equal((await bob.client.get(`${bob.instances}?instance_id=${cache.id}`)).json.instance_num, 0);
});

const repeated = (client, path, headers, times) =>
  Promise.all(Array.from({ length: times }, () => client.send('POST', path, { headers })));

test('the same signature again is answered with the same task', async () => {
  for (const path of [cache.create, cache.expired]) {
    const headers = sign({ key: alice.key, method: 'POST', target: path, headers: [['Host', 'h']] });
    const first = await alice.client.send('POST', path, { headers });
    assertAnswer(first, 200);
    const second = await alice.client.send('POST', path, { headers });
    assertAnswer(second, 200);
    assert.equal(second.json.id, first.json.id);
  }
  assert.equal((await alice.client.get(`${cache.list}?status=waiting`)).json.count, 1);
});

test('the same signature many times at once makes one task', async () => {
  const path = other.create;
  const headers = sign({ key: bob.key, method: 'POST', target: path, headers: [['Host', 'h']] });
  const answers = await repeated(bob.client, path, headers, 16);
  for (const answer of answers) assertAnswer(answer, 200);
  assert.equal(new Set(answers.map((answer) => answer.json.id)).size, 1);
  assert.equal((await bob.client.get(other.list)).json.count, 1);
});

test('the same signature answers with the task as it is now', async () => {
  const path = other.expired;
  const headers = sign({ key: bob.key, method: 'POST', target: path, headers: [['Host', 'h']] });
  const first = await bob.client.send('POST', path, { headers });
  await site.sql(`UPDATE scan_task SET status = 'failed', started_at = now(), finished_at = now(), failure = 'test',
    claimable_at = NULL WHERE id = $1`, [first.json.id]);
  const second = await bob.client.send('POST', path, { headers });
  assertAnswer(second, 200);
  assert.deepEqual([second.json.id, second.json.status], [first.json.id, 'failed']);
});

test('different requests at once: one wins, all others are told that it is running', async () => {
  const third = await bob.instance('third', (await world.redis()).endpoint);
  const answers = await Promise.all(Array.from({ length: 16 }, (_, i) =>
    bob.client.post(third.create, { headers: [['X-Number', String(i)]] })));
  const made = answers.filter((answer) => answer.status === 200);
  assert.equal(made.length, 1);
  for (const answer of answers) if (answer !== made[0]) assertError(answer, 400, 'DCS.4918');
});
