// /metrics of both programs: well formed, bounded, and moved by what is done.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { after, before, test } from 'node:test';
import { Exposition } from '../support/exposition.mjs';
import { OPERATIONS, Operations } from '../support/probes.mjs';
import { json } from '../support/http.mjs';
import { must } from '../support/program.mjs';
import { sealed } from '../support/sealing.mjs';
import { PROGRAMS, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const SERIES_MAX = 2000, PROJECTS = 1000;
const LIST = 'GET /v2/{project_id}/instances';
const BIGKEY = { kind: 'bigkey' };

let world, site, server, alice;

before(async () => {
  world = await World.open();
  site = await world.site({ server: { ...OPERATIONS, lockout_failures: 3, key_rate: 1, key_burst: 500 } });
  server = await Operations.of(site.server);
  alice = await site.tenant('alice');
});
after(() => world?.close());

async function scrape(operations) {
  const { status, headers, body } = await operations.ask('/metrics');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  return new Exposition(body);
}

// Waits until the series have risen by exactly that since `before`: [[name, labels, by]].
const rises = (operations, before, expected) => until(JSON.stringify(expected), async () => {
  const now = await scrape(operations);
  for (const [name, labels, by] of expected)
    assert.equal(now.value(name, labels) - before.value(name, labels), by, `${name} ${JSON.stringify(labels)}`);
  return now;
});

// Waits until a gauge satisfies.
const shows = (operations, name, labels, satisfies) => until(`${name} ${JSON.stringify(labels)}`, async () =>
  satisfies((await scrape(operations)).value(name, labels)));

test('requests by operation and class, and how long they took', async () => {
  const before = await scrape(server);
  for (let i = 0; i < 3; i++) assert.equal((await alice.client.get(alice.instances)).status, 200);
  assert.equal((await alice.client.get(`${alice.instances}?limit=none`)).status, 400);
  assert.equal((await alice.client.get('/nothing')).status, 404);
  const now = await rises(server, before, [
    ['dcs_http_requests_total', { operation: LIST, class: '2xx' }, 3],
    ['dcs_http_requests_total', { operation: LIST, class: '4xx' }, 1],
    ['dcs_http_requests_total', { operation: LIST, class: '5xx' }, 0],
    ['dcs_http_requests_total', { operation: 'none', class: '4xx' }, 1],
    ['dcs_http_request_duration_seconds_count', { operation: LIST }, 4],
    ['dcs_access_key_lookups_total', { result: 'miss' }, 1],
    ['dcs_access_key_lookups_total', { result: 'hit' }, 3],
    ['dcs_database_statements_total', { effect: 'read', result: 'ok' }, 4],
    ['dcs_database_statement_duration_seconds_count', { effect: 'read' }, 4],
    ['dcs_database_pipeline_depth_count', {}, 4],
    ['dcs_http_requests_in_flight', {}, 0],
  ]);
  assert.ok(now.value('dcs_http_request_duration_seconds_sum', { operation: LIST }) > 0);
});

test('connections and handshakes', async () => {
  const before = await scrape(server);
  const open = (options) => new Promise((resolve, reject) => {
    let session;
    const socket = tls.connect({ host: '127.0.0.1', port: site.port, ca: site.ca, ...options });
    socket.on('session', (ticket) => (session = ticket)).on('error', reject)
      .once('data', () => resolve({ socket, session }))
      .write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  });
  const first = await open({});
  await rises(server, before, [['dcs_connections', {}, 1], ['dcs_connections_accepted_total', {}, 1],
    ['dcs_tls_handshakes_total', { result: 'full' }, 1]]);
  const second = await open({ session: first.session });
  assert.ok(second.socket.isSessionReused());
  await rises(server, before, [['dcs_connections', {}, 2], ['dcs_tls_handshakes_total', { result: 'resumed' }, 1]]);
  for (const { socket } of [first, second]) socket.destroy();
  const plain = net.connect(site.port, '127.0.0.1');
  plain.on('error', () => {}).write('GET / HTTP/1.1\r\n\r\n');
  await site.raw('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
  await rises(server, before, [['dcs_connections', {}, 0], ['dcs_tls_handshakes_total', { result: 'failed' }, 1],
    ['dcs_connections_turned_away_total', { reason: 'handshake' }, 1], ['dcs_connections_turned_away_total', { reason: 'refused' }, 1]]);
  plain.destroy();
});

test('limits, locks and the audit log', async () => {
  const before = await scrape(server);
  const carol = await site.tenant('carol');
  const wrong = site.client({ id: carol.key.id, secret: 'wrong' });
  for (let i = 0; i < 4; i++) await wrong.get(carol.instances);
  await rises(server, before, [['dcs_access_keys_locked_total', {}, 1], ['dcs_requests_limited_total', { limit: 'locked' }, 1],
    ['dcs_requests_limited_total', { limit: 'credential' }, 0], ['dcs_audit_events_total', {}, 3]]);
  const bob = await site.tenant('bob');
  let limited = 0;
  while (!limited) limited += (await bob.client.get(bob.instances)).status === 429;
  await rises(server, before, [['dcs_requests_limited_total', { limit: 'credential' }, 1], ['dcs_audit_events_pending', {}, 0],
    ['dcs_audit_events_lost_total', {}, 0]]);
});

test('database connections that are lost', async () => {
  const lost = ['dcs_database_connections_lost_total', { reason: 'lost' }];
  await shows(server, 'dcs_database_connections', {}, (value) => value === 4);
  const before = (await scrape(server)).value(...lost);
  await site.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'dcs-server'`);
  // On a slow machine one may be given up once more.
  await shows(server, ...lost, (value) => value >= before + 4);
  await shows(server, 'dcs_database_connections', {}, (value) => value === 4);
  await server.reaches('/readyz', 200);
  assert.equal((await scrape(server)).value('dcs_ready'), 1);
});

// One thread, on a Redis that stands still: what is asked for meanwhile waits.
test('a worker: its queue, its scans, a rescue', async () => {
  const still = await world.redis();
  const quick = await world.redis();
  await still.command('DEBUG', 'POPULATE', 1000, 'k', 10);
  await quick.command('DEBUG', 'POPULATE', 20_000, 'secret-name', 10);
  const caches = [];
  for (const [name, redis] of [['still', still], ['quick', quick], ['other', quick]])
    caches.push(await alice.instance(name, redis.endpoint));
  still.program.signal('SIGSTOP');
  const first = await site.startWorker({ ...OPERATIONS, scan_threads: 1 });
  const one = await Operations.of(first);
  const held = await caches[0].start();
  await shows(one, 'dcs_scans_running', {}, (value) => value === 1);
  const tasks = [held, await caches[1].start(), await caches[2].start()];
  await shows(one, 'dcs_tasks_waiting', {}, (value) => value === 2);
  await shows(one, 'dcs_tasks_oldest_waiting_seconds', {}, (value) => value > 0.5 && value < 60);
  const busy = await scrape(one);
  assert.deepEqual(['dcs_scan_threads', 'dcs_scans_running', 'dcs_tasks_running'].map((name) => busy.value(name)), [1, 1, 1]);
  assert.equal(busy.value('dcs_task_attempts_total', BIGKEY), 1);
  assert.ok(Date.now() / 1000 - busy.value('dcs_queue_survey_timestamp_seconds') < 30);

  await first.stop({ signal: 'SIGKILL', expected: 137 });
  const second = await site.startWorker({ ...OPERATIONS, scan_threads: 1 });
  const two = await Operations.of(second);
  await shows(two, 'dcs_tasks_rescued_total', {}, (value) => value === 1);
  still.program.signal('SIGCONT');
  for (const [i, { id }] of tasks.entries()) await caches[i].reaches(id, 'success');
  await shows(two, 'dcs_task_attempts_ended_total', { ...BIGKEY, outcome: 'succeeded' }, (value) => value === 3);
  for (const name of ['dcs_tasks_waiting', 'dcs_tasks_running', 'dcs_tasks_oldest_waiting_seconds', 'dcs_scans_running'])
    await shows(two, name, {}, (value) => value === 0);
  const now = await scrape(two);
  assert.equal(now.value('dcs_tasks_rescued_total'), 1);
  assert.equal(now.value('dcs_task_attempts_total', BIGKEY), 3);
  assert.equal(now.value('dcs_task_attempt_duration_seconds_count', BIGKEY), 3);
  assert.equal(now.value('dcs_scan_keys_total', BIGKEY), 41_000);
  assert.equal(now.value('dcs_scan_keys_total', { kind: 'hotkey' }), 0);
  assert.ok(now.value('dcs_scan_added_latency_seconds_count') > 0);
  await second.stop();
});

test('a worker: what fails, is deleted, or comes too late', async () => {
  const program = await site.startWorker({ ...OPERATIONS, attempts_max: 2, probe_seconds: 1 });
  const worker = await Operations.of(program);
  const redis = await world.redis();
  const gone = await world.redis();
  const lost = await alice.instance('gone', gone.endpoint);
  const cache = await alice.instance('cache', redis.endpoint);
  await gone.stop();
  const failing = await lost.start();
  await lost.reaches(failing.id, 'failed');
  await shows(worker, 'dcs_task_attempts_ended_total', { ...BIGKEY, outcome: 'failed' }, (value) => value === 1);

  redis.program.signal('SIGSTOP');
  const deleted = await cache.start();
  await shows(worker, 'dcs_scans_running', {}, (value) => value === 1);
  await alice.client.delete(cache.task(deleted.id));
  await shows(worker, 'dcs_task_attempts_ended_total', { ...BIGKEY, outcome: 'stopped' }, (value) => value === 1);
  redis.program.signal('SIGCONT');

  await site.sql(`CREATE FUNCTION too_late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER too_late BEFORE UPDATE ON scan_task FOR EACH ROW WHEN (NEW.status = 'success') EXECUTE FUNCTION too_late()`);
  const late = await cache.start();
  await shows(worker, 'dcs_writes_fenced_total', {}, (value) => value === 1);
  await site.sql('DROP TRIGGER too_late ON scan_task');
  await alice.client.delete(cache.task(late.id));

  const now = await scrape(worker);
  const ended = ['succeeded', 'failed', 'retried', 'given_back', 'stopped'].map((outcome) =>
    now.value('dcs_task_attempts_ended_total', { ...BIGKEY, outcome }));
  assert.deepEqual(ended, [1, 1, 1, 0, 1]);
  assert.deepEqual(['dcs_leases_lost_total', 'dcs_tasks_rescued_total', 'dcs_tasks_given_up_total'].map((name) => now.value(name)), [1, 0, 0]);
  assert.equal(now.value('dcs_task_attempts_total', BIGKEY), 4);
  await shows(worker, 'dcs_probes_total', { result: 'failed' }, (value) => value > 0);
  await shows(worker, 'dcs_probes_total', { result: 'succeeded' }, (value) => value > 0);
  assert.ok(now.value('dcs_database_calls_total', { effect: 'write', result: 'ok' }) > 10);
  await program.stop();
});

test('a worker: rounds, how late they are; and a database that is away', async () => {
  const program = await site.startWorker(OPERATIONS);
  const worker = await Operations.of(program);
  const cache = await alice.instance('scheduled', (await world.redis()).endpoint);
  const configured = await alice.client.put(cache.autoscan, json({ enable_auto_scan: true, schedule_at: ['00:00'] }));
  assert.equal(configured.status, 200, configured.body);
  await site.sql(`UPDATE autoscan SET next_at = now() - interval '20 s' WHERE instance_id = $1`, [cache.id]);
  await shows(worker, 'dcs_schedule_rounds_total', { outcome: 'started' }, (value) => value === 1);
  await shows(worker, 'dcs_schedule_lag_seconds', {}, (value) => value === 0);

  // Whoever has its row keeps the round from being made.
  await site.sql(`UPDATE autoscan SET next_at = now() + interval '3 s' WHERE instance_id = $1`, [cache.id]);
  const holder = await world.postgres.open(site.database, 'SELECT FROM autoscan WHERE instance_id = $1 FOR UPDATE', [cache.id]);
  await shows(worker, 'dcs_schedule_lag_seconds', {}, (value) => value > 0.5 && value < 120);
  await holder.commit();

  await world.postgres.stop();
  for (const unit of ['claim', 'upkeep', 'prober', 'scheduler'])
    await shows(worker, 'dcs_worker_database_failures_total', { unit }, (value) => value > 0);
  await shows(worker, 'dcs_ready', {}, (value) => value === 0);
  // What is remembered of the key is enough to come as far as the statement.
  await shows(server, 'dcs_database_connections', {}, (value) => value === 0);
  const before = await scrape(server);
  for (let i = 0; i < 3; i++) assert.equal((await alice.client.get(alice.instances)).status, 503);
  await rises(server, before, [['dcs_database_statements_refused_total', { reason: 'away' }, 3],
    ['dcs_database_statements_refused_total', { reason: 'full' }, 0], ['dcs_http_requests_total', { operation: LIST, class: '5xx' }, 3]]);
  await world.postgres.launch();
  await worker.reaches('/readyz', 200);
  await program.stop();
});

// Projects with an access key each, made without the tool, which would take minutes.
async function manyTenants(count) {
  const [master] = readFileSync(world.keyFile, 'utf8').split('\n');
  const tenants = Array.from({ length: count }, (_, i) => {
    const project = randomUUID(), id = `MANY${String(i).padStart(16, '0')}`;
    return { project, key: { id, secret: `secret of ${id}` },
      sealed: sealed(master, { column: 'access_key.sealed_secret', project, row: id }, `secret of ${id}`) };
  });
  await site.sql('INSERT INTO project (id, name) SELECT n.id, $2 || n.id FROM unnest($1::uuid[]) AS n (id)',
    [tenants.map(({ project }) => project), 'tenant of ']);
  await site.sql(`INSERT INTO access_key (id, project_id, sealed_secret)
    SELECT n.* FROM unnest($1::text[], $2::uuid[], $3::bytea[]) AS n`,
  [tenants.map(({ key }) => key.id), tenants.map(({ project }) => project), tenants.map((tenant) => tenant.sealed)]);
  return tenants;
}

// Each operation as its project asks for it, as another one does, with a body that is none, and unsigned.
async function useEverything(tenants) {
  const listed = await must('operations', PROGRAMS.server, ['--operations']);
  const operations = listed.trim().split('\n').map((line) => line.split(' '));
  assert.ok(operations.length > 30);
  const client = site.client(tenants[0].key);
  const statuses = new Set();
  const send = async (key, method, path, how) => {
    client.key = key;
    statuses.add((await (key ? client.request(method, path, how) : client.send(method, path, how))).status);
  };
  let next = 0;
  for (const [method, path] of operations) {
    const [own, other] = [tenants[next++ % tenants.length], tenants[next++ % tenants.length]];
    const target = path.replace('{project_id}', own.project).replace(/\{\w+\}/g, () => randomUUID());
    await send(own.key, method, target, method === 'GET' ? {} : json({}));
    await send(other.key, method, target);
    await send(own.key, method, target, { headers: [['Content-Type', 'application/json']], body: method === 'GET' ? '' : '{' });
    await send(undefined, method, target);
  }
  for (const { project, key } of tenants) await send(key, 'GET', `/v2/${project}/instances`);
  await send(undefined, 'PATCH', '/nothing');
  return [...statuses].sort();
}

test('a thousand projects, every operation and every kind of answer add no series', async () => {
  const program = await site.startWorker(OPERATIONS);
  const both = [server, await Operations.of(program)];
  const before = [];
  for (const operations of both) before.push([...(await scrape(operations)).series.keys()]);
  const tenants = await manyTenants(PROJECTS);
  const statuses = await useEverything(tenants);
  for (const status of [200, 400, 401, 404]) assert.ok(statuses.includes(status), `${status} of ${statuses}`);
  const redis = await world.redis();
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  await redis.command('SET', 'name-of-a-key', 'value');
  const cache = await alice.instance('counted', redis.endpoint);
  for (const path of [cache.create, cache.createHot, cache.expired]) {
    const answer = await alice.client.post(path);
    assert.ok(answer.status < 300, answer.body);
  }
  await until('all kinds were scanned', async () => (await site.sql(
    `SELECT count(*) FROM scan_task WHERE instance_id = $1 AND finished_at IS NOT NULL`, [cache.id]))[0].count === '3');
  for (const [i, operations] of both.entries()) {
    const { text, series } = await scrape(operations);
    assert.deepEqual([...series.keys()], before[i]);
    assert.ok(series.size < SERIES_MAX, `${series.size} series`);
    for (const { project, key } of tenants)
      assert.ok(!text.includes(project) && !text.includes(project.replaceAll('-', '')) && !text.includes(key.id));
    assert.ok(!text.includes('name-of-a-key') && !text.includes('tenant of'));
  }
  await program.stop();
});

test('bounded, without names, and as OpenMetrics', async () => {
  const worker = await Operations.of(await site.startWorker(OPERATIONS));
  for (const operations of [server, worker]) {
    const answer = await operations.ask('/metrics', {
      headers: { accept: 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1' },
    });
    assert.equal(answer.headers['content-type'], 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    const open = new Exposition(answer.body, { open: true });
    const text = await scrape(operations);
    assert.deepEqual([...open.series.keys()], [...text.series.keys()].map((key) =>
      key.replace(/le="([0-9]+)"/, 'le="$1.0"')));
    assert.ok(text.series.size > 50 && text.series.size < SERIES_MAX, `${text.series.size} series`);
    for (const name of [alice.projectId, alice.key.id, 'alice', 'secret-name', '127.0.0.1', world.directory])
      assert.ok(!text.text.includes(name), name);
    assert.doesNotMatch(text.text, /[0-9a-f]{8}-[0-9a-f]{4}-/);
  }
  assert.ok((await scrape(server)).value('process_resident_memory_bytes') > 1 << 20);
  // What is counted is documented, and the other way round.
  const documented = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const named = new Set([...documented.matchAll(/`((dcs|process)_[a-z_]+)`/g)].map((match) => match[1]));
  const exposed = new Set([...(await scrape(server)).families.keys(), ...(await scrape(worker)).families.keys()]);
  assert.deepEqual([...exposed].filter((name) => !named.has(name)), []);
  assert.deepEqual([...named].filter((name) => !exposed.has(name)), []);
  assert.deepEqual([(await scrape(server)).value('dcs_build_info', { program: 'dcs-server', version: '0.1.0' })], [1]);
});
