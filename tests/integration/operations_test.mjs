// What a program says of itself on its operations listener, and to systemd.

import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { NotifySocket, OPERATIONS, Operations } from '../support/probes.mjs';
import { Proxy } from '../support/proxy.mjs';
import { ROLES } from '../support/postgres.mjs';
import { World } from '../support/site.mjs';
import { until, within } from '../support/wait.mjs';

let world, site, proxy, server, worker;

before(async () => {
  world = await World.open();
  proxy = await Proxy.start({ path: world.postgres.socket });
  site = await world.site({ server: OPERATIONS });
  const database = world.postgres.urlVia(`127.0.0.1:${proxy.port}`, site.database);
  server = await Operations.of(site.server);
  worker = await Operations.of(await site.startWorker({ ...OPERATIONS, database_url: database }));
});
after(async () => {
  await world?.close();
  await proxy?.stop();
});

const both = () => [server, worker];

test('a program that is well: alive, started and ready', async () => {
  for (const operations of both()) {
    await operations.reaches('/startupz', 200, 'started\n');
    const ready = await operations.reaches('/readyz', 200, 'ready\n');
    assert.equal(ready.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(ready.headers['cache-control'], 'no-store');
    assert.equal((await operations.ask('/healthz')).body, 'ok\n');
    assert.equal((await operations.ask('/readyz?verbose')).status, 200);
    assert.deepEqual([(await operations.ask('/healthz', { method: 'HEAD' })).body], ['']);
  }
});

test('it answers nothing else, and the API answers none of it', async () => {
  for (const operations of both()) {
    for (const path of ['/', '/healthz/', '/v3/projects', '/../readyz'])
      assert.equal((await operations.ask(path)).status, 404, path);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const refused = await operations.ask('/healthz', { method, body: method === 'POST' ? 'x'.repeat(100_000) : undefined });
      assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD'], method);
    }
  }
  const client = site.client({ id: 'none', secret: 'none' });
  for (const path of ['/healthz', '/readyz', '/startupz', '/metrics'])
    assert.equal((await client.get(path)).status, 404, path);
});

test('without a database: not ready, and well all the same', async () => {
  proxy.silence();
  await worker.reaches('/readyz', 503, 'not ready\ndatabase: not reachable\n');
  assert.equal((await worker.ask('/healthz')).status, 200);
  assert.equal((await worker.ask('/startupz')).status, 200);
  assert.equal((await server.ask('/readyz')).status, 200);
  proxy.resume();
  await worker.reaches('/readyz', 200);
  await world.postgres.stop();
  const gone = await server.reaches('/readyz', 503, 'database: not reachable\n');
  await server.reaches('/readyz', 503, 'loops: 2 of 2 have no database connection\n');
  assert.ok(!gone.body.includes(world.directory), 'where it is, is nobody\'s business');
  assert.equal((await server.ask('/healthz')).status, 200);
  await world.postgres.launch();
  for (const operations of both()) await operations.reaches('/readyz', 200, 'ready\n');
  await site.server.event('database_not_good');
  await site.server.event('database_good_again');
});

test('migrations that are missing, or changed, or newer', async () => {
  const [{ name, checksum }] = await site.sql('SELECT name, checksum FROM schema_migration ORDER BY name DESC LIMIT 1');
  await site.sql('UPDATE schema_migration SET name = $2 WHERE name = $1', [name, 'other']);
  for (const operations of both())
    await operations.reaches('/readyz', 503, `migrations: database is not migrated: ${name} is missing`);
  assert.equal((await server.ask('/healthz')).status, 200);
  await site.sql('UPDATE schema_migration SET name = $2, checksum = $3 WHERE name = $1', ['other', name, 'ab']);
  for (const operations of both()) await operations.reaches('/readyz', 503, `migrations: migration ${name} was changed`);
  await site.sql('UPDATE schema_migration SET checksum = $2 WHERE name = $1', [name, checksum]);
  for (const operations of both()) await operations.reaches('/readyz', 200);
  await site.sql(`INSERT INTO schema_migration (name, checksum) VALUES ('9998_next', 'a'), ('9999_after', 'b')`);
  for (const operations of both())
    assert.equal((await operations.reaches('/readyz', 200, '9999')).body, 'ready\nmigrations: 2 newer than this program, up to 9999_after\n');
  await site.sql(`DELETE FROM schema_migration WHERE name > '9'`);
});

// Its log is not read: what writes to it is stuck.
test('a loop that is stuck', async () => {
  const stuck = world.program('server', {
    ...world.serverSettings(site.database), ...OPERATIONS, stuck_seconds: 1, loops: 1, log_level: 'debug', listen_http: '127.0.0.1:0',
  });
  const operations = await Operations.of(stuck);
  const { port } = await stuck.event('listening', (event) => event.scheme === 'http');
  await operations.reaches('/healthz', 200);
  stuck.child.stderr.pause();
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {}).on('data', () => {}).write('GET /none HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3000));
  const answer = await operations.reaches('/healthz', 503, 'stuck\nloop 0: silent for ');
  assert.match(answer.body, /^stuck\nloop 0: silent for \d+ s\n$/);
  stuck.child.stderr.resume();
  await operations.reaches('/healthz', 200, 'ok\n');
  socket.destroy();
  await stuck.stop();
});

test('a server that drains: not ready, while it serves', async () => {
  const draining = world.program('server', {
    ...world.serverSettings(site.database), ...OPERATIONS, drain_delay_seconds: 600,
  });
  const { port } = await draining.event('listening', (event) => event.scheme === 'https');
  const operations = await Operations.of(draining);
  const client = site.client({ id: 'none', secret: 'none' }, { port });
  await operations.reaches('/readyz', 200);
  assert.equal((await client.get('/v3/projects')).headers.connection, 'keep-alive');
  draining.signal('SIGTERM');
  assert.match((await operations.reaches('/readyz', 503, 'draining\n')).body, /^not ready\ndraining\n$/);
  const last = await until('it is told to go', async () => {
    const answer = await client.get('/v3/projects');
    return answer.headers.connection === 'close' && answer;
  });
  assert.equal(last.status, 401);
  for (const path of ['/healthz', '/startupz']) assert.equal((await operations.ask(path)).status, 200);
  // Asked once more, it makes it short.
  await draining.stop();
});

test('a worker that drains', async () => {
  const draining = await site.startWorker({ ...OPERATIONS });
  const operations = await Operations.of(draining);
  await operations.reaches('/readyz', 200);
  await world.postgres.freeze();
  try {
    draining.signal('SIGTERM');
    await operations.reaches('/readyz', 503, 'draining\n');
  } finally {
    await world.postgres.thaw();
  }
  await draining.stop();
});

test('where it may listen', async () => {
  const refuses = async (kind, settings, ...expected) => {
    const program = world.program(kind, { ...world.serverSettings(site.database), ...settings });
    assert.equal(await program.wait(), 1, program.stderr);
    for (const pattern of [/listen_operations/, ...expected]) assert.match(program.stderr, pattern);
  };
  for (const kind of ['server', 'worker']) {
    await refuses(kind, { listen_operations: 'nonsense' }, /not address:port/);
    await refuses(kind, { listen_operations: `127.0.0.1:${server.port}` }, /in use/i);
  }
  await refuses('server', { listen_https: '127.0.0.1:8443', listen_operations: '0.0.0.0:8443' }, /the API's port/);
  await refuses('server', { listen_http: '127.0.0.1:8080', listen_operations: ':8080' }, /the API's port/);
});

test('a program that has not started says so', async () => {
  const silent = await Proxy.start({ path: world.postgres.socket });
  silent.silence();
  const starting = world.program('server', {
    ...world.serverSettings(site.database), ...OPERATIONS, database_url: world.postgres.urlVia(`127.0.0.1:${silent.port}`, site.database),
  });
  const operations = await Operations.of(starting);
  assert.deepEqual((await operations.ask('/startupz')).status, 503);
  assert.match((await operations.ask('/readyz')).body, /^not ready\nstarting\ndatabase: not /);
  assert.equal((await operations.ask('/healthz')).status, 200);
  await starting.wait();
  starting.check(1);
  await silent.stop();
});

test('who holds connections open keeps nobody out for long', async () => {
  const ended = (socket) => new Promise((resolve) => socket.on('error', () => {}).on('close', resolve));
  const open = () => {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.resume();
    return socket;
  };
  // Never silent, never at an end.
  const slow = open();
  const slowEnds = ended(slow);
  slow.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  const drip = setInterval(() => slow.write('x'), 500);
  try {
    const ends = Array.from({ length: 40 }, () => ended(open()));
    await within('those past the bound are closed', Promise.race(ends), 4000);
    await within('the silent ones are closed', Promise.all(ends));
    await within('the slow one is closed', slowEnds);
  } finally {
    clearInterval(drip);
    slow.destroy();
  }
  const large = open();
  large.write(`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(100_000)}\r\n\r\n`);
  await within('the large one is closed', ended(large));
  assert.equal((await server.ask('/healthz')).status, 200);
});

test('systemd is told: ready, reloading, still well, stopping', async () => {
  for (const [kind, settings, abstract] of [
    ['server', world.serverSettings(site.database), false],
    ['worker', world.settings(site.database, ROLES.worker), true],
  ]) {
    const notify = await NotifySocket.open(world, { abstract });
    const program = world.program(kind, settings, { env: { NOTIFY_SOCKET: notify.name, WATCHDOG_USEC: '200000' } });
    await notify.heard('READY=1');
    assert.ok(program.events.some((event) => ['listening', 'working'].includes(event.event)), 'not before it is');
    await notify.heard('WATCHDOG=1');
    program.signal('SIGHUP');
    await notify.heard(/^RELOADING=1 MONOTONIC_USEC=\d+$/);
    await until('it is ready again', () => notify.messages.filter((message) => message === 'READY=1').length === 2);
    const before = notify.messages.filter((message) => message === 'WATCHDOG=1').length;
    await until('it goes on', () => notify.messages.filter((message) => message === 'WATCHDOG=1').length > before + 3);
    await program.stop();
    await notify.heard('STOPPING=1');
  }
});

// It may take longer to end than the watchdog waits.
test('systemd is told that all is well until the end', async () => {
  const start = async (kind, settings) => {
    const notify = await NotifySocket.open(world);
    const program = world.program(kind, settings, { env: { NOTIFY_SOCKET: notify.name, WATCHDOG_USEC: '200000' } });
    await notify.heard('READY=1');
    return { notify, program };
  };
  const ticksAfterStopping = ({ notify }) => notify.messages.slice(notify.messages.indexOf('STOPPING=1') + 1)
    .filter((message) => message === 'WATCHDOG=1').length;
  const alice = await site.tenant('watchdog');
  const cache = await alice.instance('held', (await world.redis()).endpoint);
  const draining = await start('server', { ...world.serverSettings(site.database), drain_seconds: 60, database_timeout_ms: 60_000 });
  const { port } = await draining.program.event('listening', (event) => event.scheme === 'https');
  const holder = await world.postgres.open(site.database, 'LOCK TABLE remembered_request IN ACCESS EXCLUSIVE MODE');
  const answer = site.client(alice.key, { port }).post(cache.create);
  await until('the request is in flight', () => holder.isWaitedFor());
  try {
    draining.program.signal('SIGTERM');
    await until('the server goes on telling', () => ticksAfterStopping(draining) > 5);
    assert.ok(draining.program.running);
  } finally {
    await holder.commit();
  }
  assert.equal((await answer).status, 200);
  await draining.program.stop();

  const waiting = await start('worker', world.settings(site.database, ROLES.worker));
  await world.postgres.freeze();
  try {
    waiting.program.signal('SIGTERM');
    await until('the worker goes on telling', () => ticksAfterStopping(waiting) > 5);
    assert.ok(waiting.program.running);
  } finally {
    await world.postgres.thaw();
  }
  await waiting.program.stop();
});

// One that is stuck is not vouched for: systemd ends it.
test('systemd is not told that all is well where it is not', async () => {
  const notify = await NotifySocket.open(world);
  const program = world.program('server', {
    ...world.serverSettings(site.database), stuck_seconds: 1, loops: 1, log_level: 'debug', listen_http: '127.0.0.1:0',
  }, { env: { NOTIFY_SOCKET: notify.name, WATCHDOG_USEC: '200000' } });
  const { port } = await program.event('listening', (event) => event.scheme === 'http');
  const count = () => notify.messages.filter((message) => message === 'WATCHDOG=1').length;
  await until('it is well', () => count() > 2);
  program.child.stderr.pause();
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {}).on('data', () => {}).write('GET /none HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3000));
  let last, since;
  await until('nothing is told for a second', () => {
    if (count() !== last) [last, since] = [count(), Date.now()];
    return Date.now() - since > 1000;
  });
  program.child.stderr.resume();
  await until('it is well again', () => count() > last);
  socket.destroy();
  await program.stop();
});
