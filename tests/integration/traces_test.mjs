// Traces at a collector: a request, what it waited for, the task that it made and the nodes that were read, each in
// its place; which traces are sent; and that a collector which is bad does nothing to those who ask.

import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAuthority, createCertificate } from '../support/certificates.mjs';
import {
  BUSY, Collector, ENDLESS, REFUSING, REJECTING, RESETTING, RUBBISH, STALLING, TAKING,
} from '../support/collector.mjs';
import { Exposition } from '../support/exposition.mjs';
import { json } from '../support/http.mjs';
import { Pipe } from '../support/pipe.mjs';
import { OPERATIONS, Operations } from '../support/probes.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const CALLER = '00f067aa0ba902b7';
const CREATE = '/v2/{project_id}/instances/{instance_id}/bigkey-task';
const KEYS = 60;
const SPANS_MAX = 2048;

let world, collector, site, alice, cluster, cache, worker;
let traces = 0;

before(async () => {
  world = await World.open();
  collector = await Collector.open(world);
  const traced = { trace_endpoint: collector.endpoint, trace_sample_ratio: '1', trace_interval_ms: 20 };
  site = await world.site({ server: { ...traced, trace_resource: 'deployment.environment.name=test' } });
  cluster = await world.cluster({ replicas: 0 });
  const owners = await cluster.owners();
  for (let i = 0; i < KEYS; i++) {
    const key = `secret-name-${i}`;
    await owners[await cluster.nodes[0].command('CLUSTER', 'KEYSLOT', key)].command('SET', key, 'x'.repeat(i));
  }
  alice = await site.tenant('alice');
  cache = await alice.instance('it', cluster.masters[0].endpoint, '--cache-mode', 'cluster');
  worker = await site.startWorker({ ...traced, attempts_max: 2, schedule_spread_seconds: 0 });
});
after(() => world?.close());

// A trace of the caller's.
const newTrace = () => (++traces).toString(16).padStart(32, 'c');
const parentOf = (trace, flags = '01') => [['traceparent', `00-${trace}-${CALLER}-${flags}`]];
const create = (headers, path = cache.create) => alice.client.request('POST', path, { headers });
const contains = (outer, inner) => assert.ok(outer.from <= inner.from && inner.to <= outer.to, `${outer.name} contains ${inner.name}`);

// The span of that name in a trace, once it is there.
const spanOf = (trace, name) => collector.span((span) => span.trace === trace && span.name === name);

function assertStatement(span, parent, name) {
  assert.deepEqual([span.name, span.kind, span.parent, span.failed], [name, 'client', parent.id, false]);
  assert.deepEqual(span.attributes, { 'db.system.name': 'postgresql', 'db.query.summary': name });
  contains(parent, span);
}

test('a request, its task, the nodes of the cluster', async () => {
  const trace = newTrace();
  const began = BigInt(Date.now()) * 1_000_000n;
  const answer = await create(parentOf(trace));
  assert.equal(answer.status, 200, answer.body);
  const { id } = answer.json;
  const attempt = await spanOf(trace, 'scan bigkey');
  await cache.reaches(id, 'success');
  const request = await spanOf(trace, `POST ${CREATE}`);
  assert.deepEqual([request.kind, request.parent, request.failed], ['server', CALLER, false]);
  assert.deepEqual(request.attributes, {
    'http.request.method': 'POST', 'http.route': CREATE, 'url.scheme': 'https', 'http.response.status_code': 200,
    'dcs.request_id': answer.headers['x-request-id'], 'dcs.project_id': alice.projectId, 'dcs.instance_id': cache.id,
  });
  assert.ok(request.from >= began - 5_000_000n, 'it began after it was sent');
  assert.deepEqual([request.resource['service.name'], request.resource['service.version']], ['dcs-server', '0.1.0']);
  assert.equal(request.resource['deployment.environment.name'], 'test');
  assert.ok(request.resource['service.instance.id'].endsWith(`:${site.server.pid}`));

  assert.deepEqual([attempt.kind, attempt.parent, attempt.failed], ['consumer', request.id, false]);
  assert.deepEqual(attempt.attributes, {
    'dcs.project_id': alice.projectId, 'dcs.instance_id': cache.id, 'dcs.task_id': id, 'dcs.kind': 'bigkey', 'dcs.attempt': 1,
    'dcs.outcome': 'succeeded', 'dcs.keys_seen': KEYS, 'dcs.pauses': 0,
  });
  assert.deepEqual([attempt.resource['service.name'], attempt.resource['service.instance.id']], ['dcs-worker', worker.workerName]);
  assert.ok(attempt.from >= request.from);

  const spans = collector.of(trace);
  const children = (parent) => spans.filter((span) => span.parent === parent.id && span !== attempt);
  assert.deepEqual(children(request).map((span) => span.name).sort(), ['access_key_find', 'scan_task_create']);
  for (const span of children(request)) assertStatement(span, request, span.name);
  const nodes = children(attempt).filter((span) => span.name === 'scan node');
  const others = children(attempt).filter((span) => span.name !== 'scan node');
  assert.equal(others.length, 1);
  assertStatement(others[0], attempt, 'scan_task_succeed');
  assert.deepEqual(nodes.map((span) => span.attributes['server.port']).sort(), cluster.masters.map(({ port }) => port).sort());
  assert.equal(nodes.reduce((sum, span) => sum + span.attributes['dcs.keys_seen'], 0), KEYS);
  for (const span of nodes) {
    const { 'server.port': port, 'dcs.keys_seen': keys, 'dcs.commands': commands, ...rest } = span.attributes;
    assert.deepEqual([span.kind, span.failed], ['client', false]);
    assert.deepEqual(rest, { 'db.system.name': 'redis', 'server.address': '127.0.0.1', 'dcs.pauses': 0, 'dcs.paused_ms': 0 });
    assert.ok(port > 0 && keys > 0 && commands > 0);
    contains(attempt, span);
  }
  assert.equal(spans.length, 2 + children(request).length + children(attempt).length, 'and no other');
  assert.equal(new Set(spans.map((span) => span.id)).size, spans.length);
});

test('which traces are sent: the caller decides of its own, the ratio of all others', async () => {
  const unsampled = newTrace();
  const { id: quiet } = (await create(parentOf(unsampled, '00'))).json;
  await cache.reaches(quiet, 'success');
  const answer = await create([['traceparent', 'nonsense']]);
  const trace = answer.headers['x-request-id'];
  const attempt = await spanOf(trace, 'scan bigkey');
  const request = await spanOf(trace, `POST ${CREATE}`);
  assert.equal(request.parent, undefined);
  assert.equal(attempt.parent, request.id);
  assert.deepEqual(collector.of(unsampled), []);
  assert.equal((await site.sql('SELECT trace_parent FROM scan_task WHERE id = $1', [quiet]))[0].trace_parent.slice(-3), '-00');
});

test('what nobody asked for begins a trace, which has the task\'s id', async () => {
  const configured = await alice.client.put(cache.autoscan, json({ enable_auto_scan: true, schedule_at: ['00:00'] }));
  assert.equal(configured.status, 200, configured.body);
  await site.sql(`UPDATE autoscan SET next_at = now() - interval '1 s' WHERE instance_id = $1`, [cache.id]);
  const attempt = await collector.span((span) => span.kind === 'consumer' && span.parent === undefined);
  assert.equal(attempt.trace, attempt.attributes['dcs.task_id'].replaceAll('-', ''));
  assert.equal(collector.of(attempt.trace).filter((span) => span.name === 'scan node').length, 3);
});

test('what is refused, what only reads, what is no operation', async () => {
  const cases = [
    ['GET', alice.instances, 200, 'GET /v2/{project_id}/instances'],
    ['HEAD', `${alice.instances}?limit=none`, 400, 'GET /v2/{project_id}/instances', 'HEAD'],
    ['GET', `/v2/${'0'.repeat(32)}/instances`, 403, 'GET /v2/{project_id}/instances'],
    ['GET', '/secret-name', 404, 'GET'],
    ['BREW', '/secret-name', 404, 'HTTP', '_OTHER'],
  ];
  for (const [method, path, status, name, known = method] of cases) {
    const trace = newTrace();
    const answer = await alice.client.request(method, path, { headers: parentOf(trace) });
    assert.equal(answer.status, status, `${method} ${path}`);
    const { attributes, failed } = await spanOf(trace, name);
    assert.equal(attributes['http.request.method'], known);
    assert.equal(attributes['http.response.status_code'], status);
    assert.equal('dcs.error_code' in attributes, status !== 200);
    assert.equal('http.route' in attributes, name.includes('/'));
    assert.ok(!failed, 'it is not the server that failed');
  }
});

test('an attempt that fails, and the one after it', async () => {
  const redis = await world.redis();
  const lost = await alice.instance('lost', redis.endpoint);
  await redis.stop();
  const trace = newTrace();
  const { id } = (await create(parentOf(trace), lost.create)).json;
  await lost.reaches(id, 'failed');
  await collector.span((span) => span.trace === trace && span.attributes['dcs.attempt'] === 2);
  const request = await spanOf(trace, `POST ${CREATE}`);
  const attempts = collector.of(trace).filter((span) => span.kind === 'consumer');
  assert.deepEqual(attempts.map((span) => [span.attributes['dcs.outcome'], span.attributes['error.type'], span.parent]).sort(),
    [['failed', 'REDIS_CONNECTION', request.id], ['retried', 'REDIS_CONNECTION', request.id]]);
  const nodes = collector.of(trace).filter((span) => span.name === 'scan node');
  assert.deepEqual(nodes.map((span) => [span.parent, span.attributes['error.type']]),
    attempts.map((span) => [span.id, 'REDIS_CONNECTION']));
});

test('a database that is away', async () => {
  await worker.stop();
  await world.postgres.stop();
  const trace = newTrace();
  await until('it is answered 503', async () =>
    (await alice.client.request('GET', alice.instances, { headers: parentOf(trace) })).status === 503);
  const failed = await collector.span((span) => span.trace === trace && span.failed && span.kind === 'server');
  assert.equal(failed.attributes['http.response.status_code'], 503);
  await world.postgres.launch();
  await until('the database is there', async () => (await alice.client.get(alice.instances)).status === 200);
});

test('no secret ever', async () => {
  await site.server.stop();
  const all = JSON.stringify(collector.spans, (key, value) => (typeof value === 'bigint' ? String(value) : value));
  for (const name of ['secret-name', alice.key.id, alice.key.secret, 'limit=none'])
    assert.ok(!all.includes(name), name);
});

// A server for bad collectors: what it counts, and requests to it.
class Tried {
  static async start(settings) {
    const tried = new Tried();
    await site.startServer({ ...OPERATIONS, trace_sample_ratio: '1', trace_interval_ms: 20, ...settings });
    tried.operations = await Operations.of(site.server);
    tried.client = site.client(alice.key);
    return tried;
  }

  async count(name, labels) {
    return new Exposition((await this.operations.ask('/metrics')).body).value(`dcs_trace_${name}_total`, labels);
  }

  // Asks, and is answered as ever.
  async serve(times = 5) {
    for (let i = 0; i < times; i++) assert.equal((await this.client.get(alice.instances)).status, 200);
  }
}

test('the last ones are sent at the stop', async () => {
  const tried = await Tried.start({ trace_endpoint: collector.endpoint, trace_interval_ms: 60_000 });
  const trace = newTrace();
  await tried.client.request('GET', '/nowhere', { headers: parentOf(trace) });
  await site.server.stop();
  assert.equal(collector.of(trace).length, 1);
});

test('a lock that is met, and met again', async () => {
  await Tried.start({ trace_endpoint: collector.endpoint });
  const holder = await world.postgres.open(site.database, 'SELECT FROM autoscan WHERE instance_id = $1 FOR UPDATE', [cache.id]);
  const trace = newTrace();
  const body = json({ enable_auto_scan: false, schedule_at: ['00:00'] });
  const asked = site.client(alice.key).request('PUT', cache.autoscan, { ...body, headers: [...body.headers, ...parentOf(trace)] });
  const met = await collector.span((span) => span.trace === trace && span.failed);
  await holder.commit();
  assert.equal((await asked).status, 200);
  const request = await spanOf(trace, 'PUT /v2/{project_id}/instances/{instance_id}/bigkey/autoscan');
  assert.deepEqual([met.parent, met.attributes['error.type'], request.failed], [request.id, 'DATABASE_LOCKED', false]);
  assert.ok(collector.of(trace).some((span) => span.name === met.name && !span.failed));
  await site.server.stop();
});

test('bad collectors: requests are answered as ever', async (t) => {
  const bad = await Collector.open(world);
  const tried = await Tried.start({ trace_endpoint: bad.endpoint, trace_timeout_ms: 1000 });
  const dropped = (reason) => tried.count('spans_dropped', { reason });
  const results = (result) => tried.count('exports', { result });

  for (const behaviour of [STALLING, RESETTING, BUSY]) {
    await t.test(`${behaviour.name}: it is sent again`, async () => {
      const before = await results('later');
      bad.behave(behaviour);
      const from = bad.requests.length;
      await tried.serve();
      const refused = await bad.request(behaviour, from);
      await tried.serve();
      await until('it is counted', async () => (await results('later')) > before);
      bad.behave(TAKING);
      const again = await bad.request(TAKING, from);
      assert.deepEqual(again.spans.map((span) => span.id), refused.spans.map((span) => span.id));
      if (behaviour === BUSY) assert.ok(again.at - refused.at >= 1000, 'as late as it asked for');
    });
  }
  for (const [behaviour, reason] of [[REFUSING, 'refused'], [RUBBISH, 'refused'], [ENDLESS, 'refused'], [REJECTING, 'rejected']]) {
    await t.test(`${behaviour.name}: it is dropped`, async () => {
      const before = await dropped(reason);
      bad.behave(behaviour);
      const from = bad.requests.length;
      await tried.serve();
      const { spans, response } = await bad.request(behaviour, from);
      await tried.serve();
      await until('it was answered', () => response.writableFinished || response.destroyed);
      assert.equal(response.writableFinished, behaviour !== ENDLESS, 'so much of it was read');
      await until('it is counted', async () => (await dropped(reason)) > before);
      bad.behave(TAKING);
      await tried.serve(1);
      const again = await bad.request(TAKING, from);
      assert.ok(!again.spans.some((span) => span.id === spans[0].id));
    });
  }
  const events = site.server.events.map((event) => event.event);
  assert.ok(events.includes('traces_not_exported') && events.includes('traces_exported_again'));
  await until('all are counted as taken', async () => (await tried.count('spans_exported')) >= bad.of().length);
  await site.server.stop();
});

// While one request to the collector is in flight nothing else is sent: what is held has an end.
test('a collector that never answers: a bounded number is held, and the stop does not wait', async () => {
  const bad = await Collector.open(world, { behaviour: STALLING });
  const tried = await Tried.start({ trace_endpoint: bad.endpoint, trace_timeout_ms: 60_000 });
  await tried.serve(1);
  const first = await bad.request(STALLING);
  const waiting = 3 - first.spans.length;
  const more = 100;
  const pipe = await Pipe.open({ port: site.port, ca: site.ca });
  for (const answer of await pipe.exchange(Array(SPANS_MAX + more).fill('GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n')))
    assert.equal(answer.status, 404);
  pipe.close();
  assert.equal(await tried.count('spans_dropped', { reason: 'full' }), more + waiting);
  assert.equal(bad.requests.length, 1);
  await site.server.stop();
});

test('a token from a file, which may change; TLS', async () => {
  const certificate = await createCertificate(world.directory, world.authority, 'collector');
  const secure = await Collector.open(world, { certificate });
  const file = join(world.directory, 'headers');
  const write = (token) => {
    writeFileSync(`${file}.new`, `Authorization: Bearer ${token}\nX-Scope-OrgID: dcs\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  write('hunter2-first');
  const tried = await Tried.start({ trace_endpoint: secure.endpoint, trace_headers_file: file, trace_ca: world.authority.certificate, log_level: 'debug' });
  const sent = (token) => until(`a request with ${token}`, async () => {
    await tried.serve(1);
    return secure.requests.find(({ headers }) => headers.authorization === `Bearer ${token}` && headers['x-scope-orgid'] === 'dcs');
  });
  await sent('hunter2-first');
  write('hunter2-second');
  await sent('hunter2-second');
  writeFileSync(file, 'hunter2-broken');
  await until('a file that is none is told of', async () => {
    await tried.serve(1);
    return site.server.events.some(({ event, reason }) => event === 'traces_not_exported' && /line 1 is not/.test(reason));
  });
  write('hunter2-third');
  await sent('hunter2-third');
  await site.server.stop();
  assert.ok(!site.server.stderr.includes('hunter2'));
});

test('TLS with another authority, and nobody there', async () => {
  const other = await createAuthority(world.directory, 'other');
  const certificate = await createCertificate(world.directory, other, 'stranger');
  const stranger = await Collector.open(world, { certificate });
  const tried = await Tried.start({ trace_endpoint: stranger.endpoint, trace_ca: world.authority.certificate });
  await tried.serve();
  const { reason } = await site.server.event('traces_not_exported');
  assert.match(reason, /certificate/i);
  await tried.serve();
  assert.equal(stranger.requests.length, 0);
  await stranger.close();
  await tried.serve();
  await until('it is tried again', async () => (await tried.count('exports', { result: 'later' })) >= 2);
  await site.server.stop();
});
