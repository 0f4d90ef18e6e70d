// Programs that are told to stop while they are at work: no request fails, no scan is lost, and they end in time.

import assert from 'node:assert/strict';
import net from 'node:net';
import tls from 'node:tls';
import { after, before, test } from 'node:test';
import { OPERATIONS, Operations } from '../support/probes.mjs';
import { World } from '../support/site.mjs';
import { until, within } from '../support/wait.mjs';

const CLIENTS = 6;
const KEYS = 20_000;
const DELAY_SECONDS = 2;
// What is left of a slow machine's time is not the program's to answer for.
const END_MS = (DELAY_SECONDS + 5) * 1000 + 15_000;

let world, site, alice;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
});
after(() => world?.close());

// Sends clients to servers that say that they are ready, as a balancer or a Kubernetes service does.
class Balancer {
  constructor() {
    this.backends = new Set();
  }

  async add() {
    const program = world.program('server', {
      ...world.serverSettings(site.database), ...OPERATIONS, drain_delay_seconds: DELAY_SECONDS,
    });
    const { port } = await program.event('listening', (event) => event.scheme === 'https');
    const backend = { program, operations: await Operations.of(program), client: site.client(alice.key, { port }), served: 0 };
    await backend.operations.reaches('/readyz', 200);
    this.backends.add(backend);
    backend.watching = this.#watch(backend);
    return backend;
  }

  // Out of it as soon as it is not ready.
  async #watch(backend) {
    while (this.backends.has(backend)) {
      const answer = await backend.operations.ask('/readyz').catch(() => undefined);
      if (answer?.status !== 200) this.backends.delete(backend);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  choose() {
    const ready = [...this.backends];
    assert.ok(ready.length > 0, 'somebody is ready');
    return ready[Math.floor(Math.random() * ready.length)];
  }
}

test('servers are exchanged one by one under load, and workers in mid-scan', async () => {
  const balancer = new Balancer();
  const redis = await world.redis();
  await redis.command('DEBUG', 'POPULATE', KEYS, 'k', 10);
  const caches = [];
  for (const name of ['first', 'second', 'third']) caches.push(await alice.instance(name, redis.endpoint));
  const slow = { scan_batch_keys: 10 };
  const workers = [await site.startWorker(slow), await site.startWorker(slow)];
  const servers = [await balancer.add(), await balancer.add()];

  let over = false;
  const answers = [];
  const load = Array.from({ length: CLIENTS }, async (_, i) => {
    for (let n = 0; !over; n++) {
      const backend = balancer.choose();
      const path = n % 2 ? alice.instances : caches[i % caches.length].path;
      answers.push((await backend.client.get(path)).status);
      backend.served++;
    }
  });
  const ended = Promise.all(load);
  ended.catch(() => {});

  const tasks = [];
  for (const cache of caches) tasks.push((await balancer.choose().client.post(cache.create)).json.id);
  for (let round = 0; round < 2; round++) {
    const running = async () => Number((await site.sql(`SELECT count(*) FROM scan_task WHERE status = 'running' AND lease_owner IS NOT NULL`))[0].count);
    if (round === 0) await until('scans are under way', async () => await running() > 0);
    const leaving = servers.shift();
    servers.push(await balancer.add());
    await until('it serves', () => leaving.served > 20);
    workers.push(await site.startWorker());
    await Promise.all([leaving.program.stop({ deadlineMs: END_MS }), workers.shift().stop({ deadlineMs: END_MS })]);
    await leaving.watching;
    assert.ok(!leaving.program.events.some((event) => event.event === 'audit_lost'));
  }
  const before = answers.length;
  await until('it goes on', () => answers.length > before + 20);
  over = true;
  await ended;
  assert.deepEqual(answers.filter((status) => status !== 200), []);
  for (const [i, id] of tasks.entries()) await caches[i].reaches(id, 'success');
  const attempts = await site.sql('SELECT attempt FROM scan_task');
  assert.deepEqual(attempts.map(({ attempt }) => attempt), ['1', '1', '1'], 'what was given back was not lost');
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
