// Roles, policies and temporary keys: how they are given and changed, that a change counts everywhere at once, and
// that nobody can make more of a key than it is.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { sign } from '../support/signer.mjs';
import { Site, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const FAILED = 'Incorrect IAM authentication information: verify aksk signature fail';
const FORBIDDEN = 'This role does not have the permission to perform this operation.';
const LONGEST = 7 * 24 * 3600;

let world, sites, site, operators, operator, alice, bob, cache, second;

before(async () => {
  world = await World.open();
  // Only a notification can change what a server remembers of a key.
  const settings = { access_key_cache_seconds: 3600, loops: 2 };
  site = await world.site({ server: settings });
  const other = new Site(world, site.database);
  await other.startServer(settings);
  sites = [site, other];
  const key = await site.dcsctl('key', 'add', '--operator');
  operators = sites.map((each) => each.client(key));
  [operator] = operators;
  alice = await site.tenant('alice');
  bob = await site.tenant('bob');
  cache = await alice.instance('cache', '127.0.0.1:1', '--no-probe');
  second = await alice.instance('second', '127.0.0.1:1', '--no-probe');
});
after(() => world?.close());

const keysOf = (tenant) => `/admin/v1/projects/${tenant.projectId}/access-keys`;
const pathOf = (key) => `/admin/v1/access-keys/${key.id}`;

async function create(body, tenant = alice) {
  const made = await operator.post(keysOf(tenant), json(body));
  assert.equal(made.status, 201, made.body);
  return made.json;
}

async function update(key, body, by = operator) {
  const { etag } = (await by.get(pathOf(key))).headers;
  return by.put(pathOf(key), json({ enabled: true, ...body }, { 'If-Match': etag }));
}

async function updated(key, body, by) {
  const answer = await update(key, body, by);
  assert.equal(answer.status, 200, answer.body);
  return answer.json;
}

const everywhere = (key) => sites.map((each) => each.client({ id: key.id, secret: key.secret }));

// All servers, and all loops of each: several requests.
const statuses = async (clients, method, target) => new Set((await Promise.all(clients.flatMap((client) =>
  Array.from({ length: 6 }, () => client.request(method, target))))).map(({ status }) => status));
const reaches = (clients, method, target, status) => until(`${method} ${target} is ${status}`, async () => {
  const found = await statuses(clients, method, target);
  return found.size === 1 && found.has(status);
}, 5000);

function assertProblem(answer, status, detail) {
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.json.detail, detail);
}

test('a role is given, shown, and changed', async () => {
  const key = await create({ role: 'DCS ReadOnlyAccess' });
  assert.equal(key.role, 'DCS ReadOnlyAccess');
  assert.ok(!('policy' in key) && !('security_token' in key) && !('expires_at' in key));
  const clients = everywhere(key);
  assertAnswer(await clients[0].get(cache.list), 200);
  assertError(await clients[0].post(cache.create), 403, 'DCS.2003', FORBIDDEN);
  assert.equal((await updated(key, { role: 'DCS UserAccess' })).role, 'DCS UserAccess');
  await reaches(clients, 'POST', cache.create, 400);
  // What is left out stays.
  assert.equal((await updated(key, {})).role, 'DCS UserAccess');
});

test('a change counts at once, at all servers', async () => {
  const key = await create({});
  const clients = everywhere(key);
  await reaches(clients, 'GET', cache.path, 200);
  await updated(key, { policy: { actions: ['dcs:instance:list'] } }, operators[1]);
  await reaches(clients, 'GET', cache.path, 403);
  await reaches(clients, 'GET', alice.instances, 200);
  await updated(key, { policy: { actions: ['dcs:instance:get'], instances: [cache.id] } });
  await reaches(clients, 'GET', cache.path, 200);
  await reaches(clients, 'GET', second.path, 403);
  await site.dcsctl('key', 'set', key.id, '--instance', 'second');
  await reaches(clients, 'GET', second.path, 200);
  await reaches(clients, 'GET', cache.path, 403);
  await updated(key, { policy: null });
  await reaches(clients, 'GET', cache.path, 200);
});

test('a policy is shown as it was written, and limits what the role allows', async () => {
  const policy = { actions: ['dcs:instance:analyze', 'dcs:instance:analyzeBigKey'], instances: [cache.id, second.id] };
  const key = await create({ role: 'DCS ReadOnlyAccess', policy });
  assert.deepEqual(key.policy, policy);
  assert.deepEqual((await operator.get(pathOf(key))).json.policy, policy);
  assert.deepEqual((await site.dcsctl('key', 'show', key.id)).actions, policy.actions);
  const [client] = everywhere(key);
  assertAnswer(await client.get(cache.list), 200);
  assertError(await client.post(cache.create), 403, 'DCS.2003');
  // A policy that is given is all of it.
  assert.deepEqual((await updated(key, { policy: { actions: ['dcs:instance:get'] } })).policy,
    { actions: ['dcs:instance:get'] });
});

test('an instance that is removed is forbidden, as it was before it was made', async () => {
  const third = await alice.instance('third', '127.0.0.1:1', '--no-probe');
  const key = await create({ policy: { instances: [third.id] } });
  const [client] = everywhere(key);
  assertAnswer(await client.get(third.path), 200);
  await site.dcsctl('instance', 'remove', '--project', 'alice', 'third');
  assertError(await client.get(third.path), 404, 'DCS.3022');
  assert.deepEqual((await client.get(alice.instances)).json, { instance_num: 0, instances: [] });
});

test('what cannot be given is refused, and named', async () => {
  const theirs = await bob.instance('cache', '127.0.0.1:1', '--no-probe');
  const cases = [
    [{ role: 'operator' }, 'role'], [{ role: 'tenant' }, 'role'],
    [{ policy: { actions: ['dcs:instance:get', 'dcs:instance:format'] } }, 'policy.actions: dcs:instance:format'],
    [{ policy: { actions: ['admin:project:list'] } }, 'policy.actions'],
    [{ policy: { instances: [theirs.id] } }, 'policy.instances'],
    [{ policy: { instances: [cache.id, randomUUID()] } }, 'policy.instances'],
  ];
  const key = await create({});
  for (const [body, name] of cases) {
    assertProblem(await operator.post(keysOf(alice), json(body)), 400, `Invalid ${name} in the request.`);
    assertProblem(await update(key, body), 400, `Invalid ${name} in the request.`);
  }
  const shown = (await operator.get(pathOf(key))).json;
  assert.deepEqual([shown.role, shown.policy], ['DCS FullAccess', undefined]);
});

test("an operator's key stays one, a tenant's key never becomes one", async () => {
  const key = await site.dcsctl('key', 'add', '--operator', '--action', 'admin:project:list');
  const client = site.client(key);
  assert.equal((await client.get('/admin/v1/projects')).status, 200);
  assert.equal((await client.get(keysOf(alice))).status, 403);
  for (const body of [{ role: 'DCS FullAccess' }, { policy: { actions: ['dcs:instance:list'] } },
    { policy: { instances: [cache.id] } }])
    assert.equal((await update(key, body)).status, 400, JSON.stringify(body));
  assert.equal((await updated(key, { role: 'operator' })).role, 'operator');
  const refused = async (...args) => {
    const { status } = await world.dcsctl(site.database, ['key', ...args]);
    assert.equal(status, 2, args.join(' '));
  };
  await refused('set', alice.key.id, '--role', 'operator');
  await refused('set', key.id, '--role', 'DCS FullAccess');
  await refused('add', '--project', 'alice', '--role', 'operator');
  await refused('add', '--operator', '--role', 'DCS UserAccess');
  await refused('add', '--operator', '--instance', cache.id);
  await refused('add', '--operator', '--action', 'dcs:instance:list');
  await refused('add', '--project', 'alice', '--action', 'admin:project:list');
  await refused('add', '--project', 'alice', '--action', 'dcs:instance:format');
  await refused('add', '--project', 'alice', '--temporary', '0');
  await refused('add', '--project', 'alice', '--temporary', String(LONGEST + 1));
  await refused('set', alice.key.id);
  await refused('set', alice.key.id, '--no-policy', '--action', 'dcs:instance:list');
  // Not even by one who writes to the table.
  await assert.rejects(site.sql(`UPDATE access_key SET role = 'operator' WHERE id = $1`, [alice.key.id]), /check/);
});

test('dcsctl gives the same, each list by itself', async () => {
  const added = await site.dcsctl('key', 'add', '--project', 'alice', '--role', 'DCS ReadOnlyAccess',
    '--action', 'dcs:instance:get', '--action', 'dcs:instance:list', '--instance', 'cache', '--instance', second.id);
  assert.deepEqual([added.role, added.actions, added.instances],
    ['DCS ReadOnlyAccess', ['dcs:instance:get', 'dcs:instance:list'], [cache.id, second.id]]);
  const set = await site.dcsctl('key', 'set', added.id, '--action', 'dcs:instance:getConfiguration');
  assert.deepEqual([set.role, set.actions, set.instances],
    ['DCS ReadOnlyAccess', ['dcs:instance:getConfiguration'], [cache.id, second.id]]);
  const listed = (await site.dcsctl('key', 'list', '--project', 'alice')).keys.find(({ id }) => id === added.id);
  assert.deepEqual(listed, set);
  const free = await site.dcsctl('key', 'set', added.id, '--no-policy', '--role', 'DCS FullAccess');
  assert.deepEqual([free.role, free.actions, free.instances], ['DCS FullAccess', undefined, undefined]);
  const { stdout } = await world.dcsctl(site.database, ['key', 'show', added.id]);
  assert.match(stdout, /DCS FullAccess/);
});

test('what this release does not know grants nothing', async () => {
  const key = await create({});
  await site.sql(`UPDATE access_key SET policy_actions = '{dcs:instance:fromTomorrow,dcs:instance:list}' WHERE id = $1`,
    [key.id]);
  const [client] = everywhere(key);
  assertAnswer(await client.get(alice.instances), 200);
  assertError(await client.get(cache.path), 403, 'DCS.2003');
  const other = await create({});
  await site.sql('ALTER TABLE access_key DROP CONSTRAINT access_key_role_check');
  await site.sql(`UPDATE access_key SET role = 'DCS FromTomorrow' WHERE id = $1`, [other.id]);
  assertError(await everywhere(other)[0].get(alice.instances), 403, 'DCS.2003');
  await site.sql('DELETE FROM access_key WHERE id = $1', [other.id]);
});

test('what a server of the release before writes is a key that may do all', async () => {
  const key = await create({});
  await site.sql(`UPDATE access_key SET role = 'tenant' WHERE id = $1`, [key.id]);
  assert.equal((await operator.get(pathOf(key))).json.role, 'DCS FullAccess');
  assertAnswer(await everywhere(key)[0].get(alice.instances), 200);
});

// A request with a temporary key.
const withToken = (key, token, how = {}) => {
  const tokens = token === undefined ? [] : [['X-Security-Token', token]];
  return site.client(key).request('GET', cache.list, { headers: [...tokens, ...(how.headers ?? [])], ...how });
};

test('a temporary key works with its token alone, signed', async () => {
  const key = await create({ expires_in: 3600 });
  assert.match(key.security_token, /^[A-Za-z0-9]{64}$/);
  const left = Date.parse(key.expires_at) - Date.now();
  assert.ok(left > 3_590_000 && left < 3_601_000, key.expires_at);
  const shown = await operator.get(pathOf(key));
  assert.equal(shown.json.expires_at, key.expires_at);
  assert.ok(!shown.body.includes(key.security_token));
  const [{ row }] = await site.sql('SELECT k::text AS row FROM access_key k WHERE id = $1', [key.id]);
  assert.ok(!row.includes(key.security_token));
  assert.ok(row.includes(createHash('sha256').update(key.security_token).digest('hex')));

  assertAnswer(await withToken(key, key.security_token), 200);
  const other = await create({ expires_in: 3600 });
  const bad = [undefined, '', 'x', key.security_token.slice(1), `${key.security_token}x`,
    key.security_token.toLowerCase(), other.security_token];
  for (const token of bad) assertError(await withToken(key, token), 401, 'APIGW.0301', FAILED);
  assertError(await withToken(key, key.security_token,
    { headers: [['X-Security-Token', key.security_token], ['X-Security-Token', 'x']] }), 401, 'APIGW.0301', FAILED);

  // Sent, and not among what is signed.
  const unsigned = sign({ key, method: 'GET', target: cache.list,
    headers: [['Host', 'h'], ['X-Security-Token', key.security_token]], signed: ['host', 'x-sdk-date'] });
  assertError(await site.client(key).send('GET', cache.list, { headers: unsigned }), 401, 'APIGW.0301', FAILED);
  // Signed as another one.
  const changed = sign({ key, method: 'GET', target: cache.list,
    headers: [['Host', 'h'], ['X-Security-Token', 'x']] })
    .map(([name, value]) => [name, name === 'X-Security-Token' ? key.security_token : value]);
  assertError(await site.client(key).send('GET', cache.list, { headers: changed }), 401, 'APIGW.0301', FAILED);
});

test('a permanent key that brings a token is refused, whatever it is; an empty one is none', async () => {
  assertError(await withToken(alice.key, 'x'), 401, 'APIGW.0301', FAILED);
  assertAnswer(await withToken(alice.key, ''), 200);
});

test('a temporary key ends by itself, also where a server remembers it', async () => {
  const key = await create({ expires_in: 2 });
  const end = Date.parse(key.expires_at);
  const first = await withToken(key, key.security_token);
  if (Date.now() < end) assertAnswer(first, 200);
  await until('it has ended', async () => (await withToken(key, key.security_token)).status === 401, 10_000);
  assert.ok(Date.now() >= end - 50, 'not before its time');
  assertError(await withToken(key, key.security_token), 401, 'APIGW.0301', FAILED);
});

test('a temporary key has a role and a policy, and is disabled as any other', async () => {
  const key = await site.dcsctl('key', 'add', '--project', 'alice', '--temporary', '3600',
    '--action', 'dcs:instance:listBigKey');
  const get = (target) => site.client(key).get(target, { headers: [['X-Security-Token', key.security_token]] });
  assertAnswer(await get(cache.list), 200);
  assertError(await get(cache.path), 403, 'DCS.2003');
  await site.dcsctl('key', 'disable', key.id);
  await until('it is refused', async () => (await get(cache.list)).status === 401, 5000);
});

test('an end that is past or too far away is refused', async () => {
  const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();
  for (const seconds of [-60, 0, LONGEST + 60])
    assertProblem(await operator.post(keysOf(alice), json({ expires_at: at(seconds) })), 400,
      'Invalid expires_at in the request.');
  const key = await create({ expires_at: at(LONGEST - 60) });
  assertAnswer(await withToken(key, key.security_token), 200);
});

test('temporary keys that have ended are removed, and no others', async () => {
  await site.sql(`INSERT INTO access_key (id, project_id, sealed_secret, expires_at, token_digest)
    SELECT 'ENDED' || lpad(n::text, 15, '0'), $1, '', now() - n * interval '1 second', sha256('')
    FROM generate_series(1, 2500) n`, [alice.projectId]);
  const later = await create({ expires_in: 3600 });
  const count = async () => Number((await site.sql(
    `SELECT count(*) FROM access_key WHERE id LIKE 'ENDED%'`))[0].count);
  assert.equal(await count(), 2500);
  await site.startWorker();
  await until('they are gone', async () => (await count()) === 0);
  for (const key of [later, alice.key])
    assert.equal((await operator.get(pathOf(key))).status, 200, key.id);
});

test("one's own project, whatever region is asked for", async () => {
  const expected = (tenant) => ({
    projects: [{ id: tenant.projectId, name: tenant.name, enabled: true }], links: {},
  });
  for (const tenant of [alice, bob]) {
    for (const query of ['', '?name=eu-west-0', `?name=${alice.projectId}`, '?name=alice&domain_id=x']) {
      const answer = await tenant.client.get(`/v3/projects${query}`);
      assertAnswer(answer, 200);
      assert.deepEqual(answer.json, expected(tenant));
    }
  }
  const least = await create({ role: 'DCS ReadOnlyAccess',
    policy: { actions: ['dcs:instance:list'], instances: [cache.id] } });
  assert.deepEqual((await everywhere(least)[0].get('/v3/projects?name=r')).json, expected(alice));
  assertError(await operator.get('/v3/projects'), 403, 'DCS.2003');
  assertError(await bob.client.send('GET', '/v3/projects'), 401, 'APIGW.0301');
});
