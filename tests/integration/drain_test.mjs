// A server that is told to stop while it is at work: what is in flight is finished, and it ends in time.  What clients see
// of servers and workers that are exchanged under load, upgrade_test.mjs tells.

import assert from 'node:assert/strict';
import net from 'node:net';
import tls from 'node:tls';
import { after, before, test } from 'node:test';
import { Lifecycle } from '../support/lifecycle.mjs';
import { SANITIZER, World } from '../support/site.mjs';
import { until, within } from '../support/wait.mjs';

// ThreadSanitizer makes all of it many times slower.
const [KEYS, RATE] = SANITIZER === 'thread' ? [60_000, 100] : [200_000, 500];

let world, site, alice;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
});
after(() => world?.close());

// What a drain may take by the default settings, and what a machine may be late by.
const EXIT_MS = 30_000;

test('a server and a worker end under load: no request fails, scans go on elsewhere', async () => {
  const lifecycle = await Lifecycle.open(world, { keys: KEYS });
  const { results: [load], serverMs, workerMs, made, repeated } = await lifecycle.trial({ rate: RATE, connections: 40, seconds: 6 });
  assert.equal(load.failed, 0, load.said);
  assert.ok(load.requests > 5 * RATE, `${load.requests} requests`);
  assert.equal(lifecycle.balancer.refused, 0);
  assert.ok(serverMs < EXIT_MS && workerMs < EXIT_MS, `${serverMs} ms, ${workerMs} ms`);
  assert.ok(made > 0);
  // A batch or two for each scan that was given back.
  assert.ok(repeated < 0.1, `${repeated} of the keys were read again`);
});

const isClosed = (port) => until('nobody else is let in', () => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('connect', () => socket.destroy()).on('connect', () => resolve(false)).on('error', () => resolve(true));
}));

test('what is in flight is finished, and its connection ends', async () => {
  const server = world.program('server', world.serverSettings(site.database));
  const { port } = await server.event('listening', (event) => event.scheme === 'https');
  const client = site.client(alice.key, { port });
  const cache = await alice.instance('in-flight', (await world.redis()).endpoint);
  assert.equal((await client.get(cache.path)).status, 200);
  const holder = await world.postgres.open(site.database, 'LOCK TABLE remembered_request IN ACCESS EXCLUSIVE MODE');
  const answer = client.post(cache.create);
  await until('the request is in flight', () => holder.isWaitedFor());
  server.signal('SIGTERM');
  await isClosed(port);
  assert.ok(server.running);
  await holder.commit();
  const { status, headers } = await answer;
  assert.deepEqual([status, headers.connection], [200, 'close']);
  await server.stop();
});

test('a connection that was just made brings its request, an idle one ends', async () => {
  const server = world.program('server', world.serverSettings(site.database));
  const { port } = await server.event('listening', (event) => event.scheme === 'https');
  const connect = async () => {
    const socket = tls.connect({ host: '127.0.0.1', port, ca: site.ca });
    socket.text = '';
    socket.on('data', (chunk) => (socket.text += chunk)).on('error', () => {});
    socket.ended = new Promise((resolve) => socket.on('close', resolve));
    await within('a handshake', new Promise((resolve) => socket.once('secureConnect', resolve)));
    return socket;
  };
  const request = 'GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n';
  const idle = await connect();
  idle.write(request);
  await until('it is answered', () => idle.text.includes('404'));
  const fresh = await connect();
  server.signal('SIGTERM');
  await isClosed(port);
  fresh.write(request);
  await within('both end', Promise.all([idle.ended, fresh.ended]));
  assert.match(fresh.text, /^HTTP\/1\.1 404 [^]*\r\nconnection: close\r\n/i);
  await server.stop();
});

test('what does not end is cut off after drain_seconds', async () => {
  const server = world.program('server', { ...world.serverSettings(site.database), drain_seconds: 1, database_timeout_ms: 60_000, request_timeout_ms: 60_000 });
  const { port } = await server.event('listening', (event) => event.scheme === 'https');
  const client = site.client(alice.key, { port });
  const cache = await alice.instance('held', (await world.redis()).endpoint);
  const holder = await world.postgres.open(site.database, 'LOCK TABLE remembered_request IN ACCESS EXCLUSIVE MODE');
  const answer = client.post(cache.create);
  const outcome = answer.then(({ status }) => status, () => 'cut off');
  await until('the request is in flight', () => holder.isWaitedFor());
  await server.stop({ deadlineMs: 20_000 });
  assert.ok([503, 'cut off'].includes(await outcome));
  await holder.commit();
});
