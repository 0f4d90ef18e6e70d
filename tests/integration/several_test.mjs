// Three servers and four workers on one PostgreSQL, three tenants: whoever is asked answers the same, and every
// task is run by one.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { enumerate, fillSmall, largest } from '../support/dataset.mjs';
import { assertError } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { sign } from '../support/signer.mjs';
import { Site, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const SERVERS = 3;
const WORKERS = 4;
const LOOPS = 2;
const CONNECTIONS = 3;
const THREADS = 2;
// Of a worker: for leases, schedules, probes, upkeep and webhooks.
const KEEPERS = 5;
const EACH = 5;
const CACHE_SECONDS = 2;

let world, sites, tenants, redis, expected, operators, still;

before(async () => {
  world = await World.open();
  const settings = { access_key_cache_seconds: CACHE_SECONDS, loops: LOOPS, database_connections: CONNECTIONS };
  const first = await world.site({ server: settings, workers: WORKERS,
    worker: { scan_threads: THREADS, scan_profile: 'fast' } });
  sites = [first];
  while (sites.length < SERVERS) {
    const other = new Site(world, first.database);
    await other.startServer(settings);
    sites.push(other);
  }
  redis = await world.redis();
  await fillSmall(redis);
  expected = largest(await enumerate(redis, [0, 3]));
  tenants = [];
  for (const name of ['alice', 'bob', 'carol']) {
    const tenant = await first.tenant(name);
    tenant.clients = sites.map((site) => site.client(tenant.key));
    tenant.each = [];
    for (let i = 0; i < EACH; i++) tenant.each.push(await tenant.instance(`i${i}`, redis.endpoint));
    tenants.push(tenant);
  }
  const key = await first.dcsctl('key', 'add', '--operator');
  operators = sites.map((site) => site.client({ id: key.id, secret: key.secret }));
  // No worker can end a scan of it: it holds every connection and answers nothing.
  const silent = await world.redis();
  still = await tenants[0].instance('still', silent.endpoint);
  silent.program.signal('SIGSTOP');
  world.onClose(async () => silent.program.signal('SIGCONT'));
});
after(() => world?.close());
beforeEach(() => sites[0].sql('DELETE FROM scan_task'));

const everywhere = (ask) => Promise.all(sites.map((_, i) => ask(i)));
const statuses = async (clients, target) => (await everywhere((i) => clients[i].get(target))).map((a) => a.status);
const refusedBy = (clients, target) => async () =>
  (await statuses(clients, target)).every((status) => status === 401);
const clientsOf = ({ id, secret }) => sites.map((site) => site.client({ id, secret }));

test('every task is run once, whoever took it in and whoever runs it', async () => {
  const creates = tenants.flatMap((tenant) => tenant.each.flatMap((instance) =>
    [instance.create, instance.expired].map((path) => ({ tenant, instance, path }))));
  const tasks = await Promise.all(creates.map(async ({ tenant, instance, path }, i) => {
    const answer = await tenant.clients[i % SERVERS].post(path);
    assert.equal(answer.status, 200, answer.body);
    return { id: answer.json.id, tenant, instance, big: path === instance.create };
  }));
  const ended = async () => Number((await sites[0].sql(
    `SELECT count(*) FROM scan_task WHERE status IN ('success', 'failed')`))[0].count);
  await until('every task has ended', async () => (await ended()) === tasks.length, 60_000);
  const rows = await sites[0].sql('SELECT id, status, attempt, fence FROM scan_task ORDER BY id');
  assert.deepEqual(rows, tasks.map(({ id }) => ({ id, status: 'success', attempt: '1', fence: '1' }))
    .sort((a, b) => (a.id < b.id ? -1 : 1)));
  const started = sites[0].workers.flatMap((worker) =>
    worker.events.filter(({ event }) => event === 'scan_started').map(({ task }) => task));
  for (const { id } of tasks) assert.equal(started.filter((task) => task === id).length, 1, id);
  for (const [i, { id, tenant, instance, big }] of tasks.entries()) {
    if (!big) continue;
    const answer = await tenant.clients[(i + 1) % SERVERS].get(instance.task(id));
    assert.deepEqual(answer.json.keys, expected);
  }
});

test('a key made by one server is good for the others at once', async () => {
  const [alice] = tenants;
  for (const [i, operator] of operators.entries()) {
    const made = await operator.post(`/admin/v1/projects/${alice.projectId}/access-keys`);
    assert.equal(made.status, 201, made.body);
    assert.deepEqual(await statuses(clientsOf(made.json), alice.instances), [200, 200, 200], `made by server ${i}`);
  }
});

test('a key disabled or deleted at one server is refused by all', async () => {
  const [alice] = tenants;
  const made = await operators[0].post(`/admin/v1/projects/${alice.projectId}/access-keys`);
  const path = `/admin/v1/access-keys/${made.json.id}`;
  const clients = clientsOf(made.json);
  const change = async (enabled) => {
    const { etag } = (await operators[1].get(path)).headers;
    assert.equal((await operators[1].put(path, json({ enabled }, { 'If-Match': etag }))).status, 200);
  };
  assert.deepEqual(await statuses(clients, alice.instances), [200, 200, 200]);
  await change(false);
  await until('the disabled key is refused everywhere', refusedBy(clients, alice.instances));
  await change(true);
  await until('it is taken again everywhere', async () =>
    (await statuses(clients, alice.instances)).every((status) => status === 200));
  assert.equal((await operators[2].delete(path)).status, 204);
  await until('the deleted key is refused everywhere', refusedBy(clients, alice.instances));
});

test('a key disabled without a notification is refused when the cache has forgotten it', async () => {
  const [alice] = tenants;
  const key = await sites[0].dcsctl('key', 'add', '--project', 'alice');
  const clients = clientsOf(key);
  assert.deepEqual(await statuses(clients, alice.instances), [200, 200, 200]);
  await sites[0].sql('UPDATE access_key SET disabled_at = now() WHERE id = $1', [key.id]);
  await until('the key is refused everywhere', refusedBy(clients, alice.instances), CACHE_SECONDS * 1000 + 3000);
});

test('an Idempotency-Key is honoured by every server', async () => {
  const [alice] = tenants;
  const headers = [['Content-Type', 'application/json'], ['Idempotency-Key', randomUUID()]];
  const answers = await Promise.all(Array.from({ length: 4 * SERVERS }, (_, i) =>
    alice.clients[i % SERVERS].post(still.create, { headers })));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(new Set(answers.map(({ json: task }) => task.id)).size, 1);
  assert.equal((await sites[0].sql('SELECT id FROM scan_task')).length, 1);
  for (const client of alice.clients)
    assertError(await client.post(still.create, { headers, body: '{}' }), 400, 'DCS.4800');
});

test('one signed request at every server is one task', async () => {
  const [alice] = tenants;
  const headers = sign({ key: alice.key, method: 'POST', target: still.create,
    headers: [['Host', 'api.example'], ['X-Nonce', randomUUID()]] });
  const answers = await everywhere((i) => alice.clients[i].send('POST', still.create, { headers }));
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200]);
  assert.equal(new Set(answers.map(({ json: task }) => task.id)).size, 1);
});

test('of several creates at several servers one is made', async () => {
  const [alice] = tenants;
  const answers = await Promise.all(Array.from({ length: 4 * SERVERS }, (_, i) =>
    alice.clients[i % SERVERS].post(still.create)));
  const refused = answers.filter(({ status }) => status !== 200);
  assert.equal(refused.length, answers.length - 1);
  for (const answer of refused) assertError(answer, 400, 'DCS.4918');
});

test('what one server did is seen by the others with the next request', async () => {
  const [alice, bob] = tenants;
  for (let i = 0; i < SERVERS; i++) {
    const [maker, viewer, remover] = [0, 1, 2].map((n) => alice.clients[(i + n) % SERVERS]);
    const { id } = (await maker.post(still.create)).json;
    assert.equal((await viewer.get(still.task(id))).status, 200);
    assertError(await bob.clients[i].get(still.task(id)), 403, 'DCS.2003');
    assert.equal((await remover.delete(still.task(id))).status, 200);
    assertError(await maker.get(still.task(id)), 400, 'DCS.4942');
  }
});

test('servers that end leave their work to those that stay', async () => {
  const [alice] = tenants;
  const [, second, third] = sites;
  await second.server.stop();
  await third.server.stop({ signal: 'SIGKILL', expected: 137 });
  const task = await alice.each[0].analyse();
  assert.equal(task.status, 'success');
  assert.deepEqual(task.keys, expected);
  for (const site of [second, third]) {
    await site.startServer({ access_key_cache_seconds: CACHE_SECONDS, loops: LOOPS, database_connections: CONNECTIONS });
    const answer = await site.client(alice.key).get(alice.each[0].task(task.id));
    assert.deepEqual(answer.json.keys, expected);
  }
});

// docs/scaling.md counts on these.  A worker's keepers connect when they first have something to do.
test('connections: loops by database_connections for a server, scan_threads and a few for a worker', async () => {
  const count = async () => Object.fromEntries((await sites[0].sql(`SELECT application_name, count(*)
    FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dcs-%' GROUP BY 1`))
    .map((row) => [row.application_name, Number(row.count)]));
  const wanted = [SERVERS * LOOPS * CONNECTIONS, WORKERS * THREADS];
  await until(`${wanted.join(' and ')} connections`, async () => {
    const { 'dcs-server': servers, 'dcs-worker': runners, ...keepers } = await count();
    assert.deepEqual([servers, runners], wanted);
    assert.ok(Object.values(keepers).every((number) => number <= WORKERS), JSON.stringify(keepers));
    assert.ok(Object.keys(keepers).length <= KEEPERS, JSON.stringify(keepers));
    return true;
  });
});
