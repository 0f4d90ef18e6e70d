// Streams of events: what they say of a task, whom they let in, and how they end.  No worker runs: rows say what one
// would tell.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EventStream } from '../support/event_stream.mjs';
import { ROLES } from '../support/postgres.mjs';
import { freePort } from '../support/redis.mjs';
import { PgProxy } from '../support/pg_proxy.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const STREAMS = 200;

let world, site, alice, redis;

before(async () => {
  world = await World.open();
  site = await world.site({ server: { event_comment_seconds: 1 } });
  redis = await world.redis();
  alice = await site.tenant('alice');
});
after(() => world?.close());

let count = 0;
async function task(tenant = alice) {
  const cache = await tenant.instance(`it${++count}`, redis.endpoint);
  const { id } = await cache.start();
  return { id, path: `/ext/v1/${tenant.projectId}/instances/${cache.id}/tasks/${id}`, cache };
}

// As a worker's claim, what it tells, and its end.
const runs = ({ id }, seen, progress = {}) => site.sql(
  `UPDATE scan_task SET status = 'running', started_at = coalesce(started_at, now()), lease_owner = 'w', attempt = 1, fence = 1,
   claimable_at = now() + interval '1 hour', keys_seen = $2, keys_total = 1000, progress = $3 WHERE id = $1`,
  [id, seen, JSON.stringify({ attempt: 1, keys_per_second: 100, updated_at: new Date().toISOString(), ...progress })]);
const fails = ({ id }, failure, code) => site.sql(
  `UPDATE scan_task SET status = 'failed', started_at = coalesce(started_at, now()), finished_at = now(), failure = $2,
   failure_code = $3, claimable_at = NULL, lease_owner = NULL WHERE id = $1`, [id, failure, code]);

const at = (port, key = alice.key) => ({ port, ca: site.ca, key });
const open = async (path, where = at(site.port), how = {}) => {
  const answer = await EventStream.open(where, `${path}/events`, how);
  world.onClose(async () => answer.stream?.close());
  return answer;
};
async function another(settings = {}) {
  const operations = await freePort();
  const server = world.program('server', { ...world.serverSettings(site.database), listen_operations: `127.0.0.1:${operations}`, ...settings });
  const { port } = await server.event('listening', (event) => event.scheme === 'https');
  const metric = async (name) => {
    const text = await (await fetch(`http://127.0.0.1:${operations}/metrics`)).text();
    return Number(text.split('\n').find((line) => line.startsWith(`${name} `)).split(' ')[1]);
  };
  return { server, port, metric };
}

test('from the first event to the last, which is what the task is asked for', async () => {
  const one = await task();
  const { status, headers, stream } = await open(one.path);
  assert.deepEqual([status, headers['content-type'], headers['cache-control'], headers['transfer-encoding'], headers.connection],
    [200, 'text/event-stream', 'no-store', 'chunked', 'close']);
  const first = await stream.has('what it is now', (data, type) => type === 'progress');
  assert.deepEqual(first.data, (await alice.client.get(one.path)).json);
  assert.equal(first.data.status, 'waiting');
  const cost = { profile: 'gentle', pauses: { guard: 0, ceiling: 1 }, paused_ms: 5, halvings: 1, baseline_us: 50, worst_us: 30000, latency_us: 21000, touched: 0, commands: 77 };
  const shards = [{ shard: '10.0.0.1:6379', state: 'running', keys_seen: 250, keys_total: 1000 }];
  await runs(one, 250, { pause: 'ceiling', cost: { ...cost, internal: 'x' }, shards });
  const { data } = await stream.has('how it goes on', ({ keys_seen }) => keys_seen === 250);
  assert.deepEqual([data.status, data.attempt, data.keys_total, data.keys_per_second, data.remaining_seconds, data.pause, data.cost, data.shards],
    ['running', 1, 1000, 100, 8, 'ceiling', cost, shards]);
  assert.deepEqual((await alice.client.get(one.path)).json, data);
  await until('it says that it lives', () => stream.comments > 1);
  await fails(one, `127.0.0.1:6379: connection refused by user x`, 'REDIS_CONNECTION');
  assert.equal(await stream.end(), 'end');
  assert.equal(stream.last.type, 'end');
  assert.deepEqual(stream.last.data, (await alice.client.get(one.path)).json);
  const { reason, keys_per_second, pause, cost: last } = stream.last.data;
  assert.deepEqual([reason, keys_per_second, pause, last.latency_us], ['The instance could not be reached, or stopped answering.', undefined, undefined, undefined]);
  assert.deepEqual(stream.retries, [2000]);
  const { stream: late } = await open(one.path);
  assert.equal(await late.end(), 'end');
  assert.deepEqual(late.events.map(({ type }) => type), ['end']);
});

test('what is told of a failure says nothing of hosts and users', async () => {
  const one = await task();
  const reasonOf = async (code) => {
    await fails(one, 'redis-7.internal:6379: WRONGPASS for admin', code);
    return (await alice.client.get(one.path)).json.reason;
  };
  assert.equal(await reasonOf('REDIS_REFUSED'), 'The instance refused the credentials or a command that the scan needs.');
  assert.equal(await reasonOf('BIGKEY_UNSUPPORTED'), 'Does not support bigkey analyze.');
  assert.equal(await reasonOf('SECRET_KEY'), 'Internal service error.');
  assert.equal(await reasonOf('OF_A_LATER_RELEASE'), 'Internal service error.');
  assert.equal(await reasonOf(null), 'Internal service error.');
  assert.equal(await reasonOf('GIVEN_UP'), 'It was given up after 0 attempts.');
});

test('who asks for what there is not, or may not, gets no stream; HEAD gets its head', async () => {
  const one = await task();
  const bob = await site.tenant('bob');
  const nothing = one.path.replace(one.id, '00000000-0000-4000-8000-000000000000');
  const codes = async (path, how) => {
    const { status, headers, json } = await open(path, ...(how ?? []));
    assert.equal(headers['content-type'], 'application/problem+json');
    return [status, json.code];
  };
  assert.deepEqual(await codes(nothing), [404, 'EXT.0405']);
  assert.deepEqual(await codes(one.path.replace(one.cache.id, '00000000-0000-4000-8000-000000000000')), [404, 'DCS.3022']);
  assert.deepEqual(await codes(one.path, [at(site.port, bob.key)]), [403, 'DCS.2003']);
  assert.deepEqual(await codes(one.path, [at(site.port, { ...alice.key, secret: 'x' })]), [401, 'APIGW.0301']);
  const head = await open(one.path, at(site.port), { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-type'], head.body], [200, 'text/event-stream', '']);
});

test('a task that is deleted ends its streams', async () => {
  const one = await task();
  const [a, b] = [(await open(one.path)).stream, (await open(one.path)).stream];
  await a.has('an event', () => true);
  await alice.client.delete(one.cache.task(one.id));
  for (const stream of [a, b]) {
    await stream.end();
    assert.deepEqual(stream.last, { type: 'end', data: { id: one.id, instance_id: one.cache.id, status: 'deleted' } });
  }
});

test('a credential that is not good for it any more', async () => {
  const one = await task();
  const own = await site.dcsctl('key', 'add', '--project', 'alice');
  const { stream } = await open(one.path, at(site.port, own));
  const { stream: other } = await open(one.path);
  await stream.has('an event', () => true);
  await site.dcsctl('key', 'disable', own.id);
  assert.equal(await stream.end(), 'end');
  assert.deepEqual(stream.events.map(({ type }) => type), ['progress']);
  assert.equal((await open(one.path, at(site.port, own))).status, 401);
  await runs(one, 5);
  await other.has('others go on', ({ keys_seen }) => keys_seen === 5);
  other.close();
});

test('no more of them than a key, a project and the server may have; who is gone has none', async () => {
  const { port, metric } = await another({ event_streams_per_key_max: 2, event_streams_per_project_max: 3, event_streams_max: 4 });
  const one = await task(), carol = await site.tenant('carol'), two = await task(carol);
  const second = await site.dcsctl('key', 'add', '--project', 'alice');
  const streams = [];
  const take = async (path, key) => {
    const answer = await open(path, at(port, key));
    if (answer.stream) streams.push(answer.stream);
    return [answer.status, answer.json?.code, answer.headers['retry-after']];
  };
  for (const key of [alice.key, alice.key]) assert.deepEqual(await take(one.path, key), [200, undefined, undefined]);
  assert.deepEqual(await take(one.path, alice.key), [429, 'APIGW.0308', '5']);
  assert.equal((await take(one.path, second))[0], 200);
  assert.deepEqual(await take(one.path, second), [429, 'APIGW.0308', '5']);
  assert.equal((await take(two.path, carol.key))[0], 200);
  assert.deepEqual(await take(two.path, carol.key), [503, 'DCS.5000', '1']);
  assert.deepEqual([await metric('dcs_event_streams'), await metric('dcs_requests_limited_total{limit="streams"}')], [4, 2]);
  streams[0].close(); /* is gone */
  streams[1].request.socket.end(); /* says that it is going, and goes on listening */
  await until('both are gone', async () => (await metric('dcs_event_streams')) === 2);
  assert.equal((await take(one.path, alice.key))[0], 200);
  assert.equal(await metric('dcs_event_streams_ended_total{reason="gone"}'), 2);
});

test(`${STREAMS} streams: one statement a second, a database that goes and comes, a server that stops`, async () => {
  const proxy = await PgProxy.open(world.postgres, world.directory);
  world.onClose(() => proxy.close());
  let statements = 0;
  proxy.listen = () => (bytes) => (statements += bytes.toString('latin1').split('\0scan_task_watch\0').length - 1);
  const { server, port, metric } = await another({ database_url: proxy.url(site.database, ROLES.server), event_comment_seconds: 1,
    event_streams_max: STREAMS, event_streams_per_project_max: STREAMS, event_streams_per_key_max: STREAMS });
  const tasks = [await task(), await task(), await task()];
  const before = Date.now();
  // A machine that is busy may have a database that answers late: 503 is asked again, as clients do.
  const openOne = (i) => until(`stream ${i} is open`, async () => (await open(tasks[i % 3].path, at(port))).stream);
  const streams = [];
  while (streams.length < STREAMS)
    streams.push(...await Promise.all(Array.from({ length: 20 }, (_, i) => openOne(streams.length + i))));
  await runs(tasks[0], 10);
  const watching = streams.filter((_, i) => i % 3 === 0);
  await Promise.all(watching.map((stream) => stream.has('progress', ({ keys_seen }) => keys_seen === 10)));
  const seconds = (Date.now() - before) / 1000;
  assert.ok(statements > 0 && statements <= 2 * (seconds + 1), `${statements} statements in ${seconds} s`);

  proxy.goAway();
  const said = streams.map((stream) => stream.comments);
  await until('all say that they live', () => streams.every((stream, i) => stream.comments > said[i] + 1));
  await runs(tasks[0], 20);
  proxy.comeBack();
  await Promise.all(watching.map((stream) => stream.has('they go on', ({ keys_seen }) => keys_seen === 20)));
  assert.equal(await metric('dcs_event_streams'), STREAMS);

  server.signal('SIGTERM');
  assert.deepEqual(new Set(await Promise.all(streams.map((stream) => stream.end()))), new Set(['end']));
  for (const stream of streams) {
    const [first, last] = stream.retries;
    assert.ok(stream.retries.length === 2 && first === 2000 && last >= 500 && last <= 2500, String(stream.retries));
    assert.equal(stream.last.type, 'progress');
  }
  await server.stop();
});
