// The database crashes, fails over to a stand-by, or stays reachable and falls silent: what is told to clients
// meanwhile, how soon, and that all goes on when it is back.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Proxy } from '../support/proxy.mjs';
import { Site, World } from '../support/site.mjs';
import { until, within } from '../support/wait.mjs';

// What is promised is two seconds for an answer, five to be ready again and fifteen to notice silence; the machine may
// be busy.
const ANSWER_MS = 5000;
const READY_MS = 10_000;
const NOTICED_MS = 15_000;

let world;

before(async () => {
  world = await World.open();
});
after(() => world?.close());

// A site whose programs reach the database by a URL of their own.
async function siteVia(url, { server = {}, worker, commit = 'off' } = {}) {
  const site = new Site(world, await world.postgres.createDatabase(world.template));
  // What a crash may take would be our loss where acknowledged writes are counted.
  await site.sql(`ALTER DATABASE ${site.database} SET synchronous_commit = ${commit}`);
  site.url = url(site.database);
  await site.startServer({ database_url: site.url, ...server });
  if (worker) site.worker = await site.startWorker({ database_url: site.url, ...worker });
  return site;
}

// What a statement may wait for a lock in these tests: it is the database that is silent then, for as long.
const PATIENT = '?options=-c%20lock_timeout%3D4s';

async function proxied(t, { query = '', ...how } = {}) {
  const proxy = await Proxy.start({ path: world.postgres.socket });
  t.after(() => proxy.stop());
  // A name, so that it is looked up.
  const site = await siteVia((database) => world.postgres.urlVia(`localhost:${proxy.port}`, database) + query, how);
  const tenant = await site.tenant('alice');
  return { proxy, site, tenant };
}

// Sends requests until told to end; what each was answered, and how fast.
function traffic(client, send, clients = 4) {
  const answers = [];
  let over = false;
  const one = async () => {
    while (!over) {
      const begun = Date.now();
      const answer = await send(client);
      answers.push({ answer, begun, ms: Date.now() - begun });
    }
  };
  const all = Promise.all(Array.from({ length: clients }, one));
  all.catch(() => {});
  return {
    answers,
    async end() {
      over = true;
      await all;
      return answers;
    },
  };
}

function assertOkOrUnavailable(answers) {
  for (const { answer, ms } of answers) {
    assert.ok([200, 503].includes(answer.status), `${answer.status} ${answer.body}`);
    if (answer.status === 503) assert.match(answer.headers['retry-after'] ?? '', /^\d+$/);
    assert.ok(ms < ANSWER_MS, `${answer.status} after ${ms} ms`);
  }
}

// Makes the first database one that only reads, or one that leads again.
async function readOnly(value) {
  const client = await world.postgres.connect('postgres');
  await client.query('SET default_transaction_read_only = off');
  await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
  await client.query('SELECT pg_reload_conf()');
  await client.end();
}

const slowest = (answers) => Math.max(0, ...answers.map(({ ms }) => ms));
const refused = (answers) => answers.filter(({ answer }) => answer.status === 503);

const serves = (client, target, deadlineMs = READY_MS) => until('it serves', async () =>
  (await client.get(target)).status === 200, deadlineMs);

// Notes how long something took.
async function timed(t, what, promise) {
  const begun = Date.now();
  await promise;
  t.diagnostic(`${what}: ${Date.now() - begun} ms`);
}

test('a crash under requests: each gets 200 or 503 in time, and all is well soon after', async (t) => {
  const site = await siteVia((database) => world.postgres.url(database));
  const alice = await site.tenant('alice');
  const cache = await alice.instance('cache', '127.0.0.1:1', '--no-probe');
  const requests = traffic(alice.client, (client) => client.get(cache.path));
  for (let round = 0; round < 3; round++) {
    const before = requests.answers.length;
    await until('requests are served', () => requests.answers.length > before + 20);
    await world.postgres.stopImmediately();
    const away = requests.answers.length;
    await until('requests are refused', () => refused(requests.answers.slice(away)).length > 20);
    await world.postgres.launch();
    await timed(t, 'ready again', serves(alice.client, cache.path));
  }
  const answers = await requests.end();
  assertOkOrUnavailable(answers);
  t.diagnostic(`${answers.length} answers, ${refused(answers).length} of them 503, slowest ${slowest(answers)} ms`);
});

test('a crash under writes: what was acknowledged is there, and a repeated request finds it', async () => {
  const site = await siteVia((database) => world.postgres.url(database), { commit: 'on' });
  const operator = await site.operator();
  let number = 0;
  const requests = traffic(operator, async (client) => {
    const name = `project-${++number}`;
    const answer = await client.post('/admin/v1/projects', {
      body: JSON.stringify({ name }), headers: [['Content-Type', 'application/json']] });
    answer.name = name;
    return answer;
  }, 2);
  await until('some are made', () => requests.answers.length > 10);
  await world.postgres.stopImmediately();
  await until('requests are refused', () => refused(requests.answers).length > 5);
  await world.postgres.launch();
  const before = requests.answers.length;
  await until('they are made again', () =>
    requests.answers.slice(before).some(({ answer }) => answer.status === 201), READY_MS);
  const answers = await requests.end();
  const there = new Set((await site.sql('SELECT name FROM project')).map(({ name }) => name));
  for (const { answer, ms } of answers) {
    assert.ok([201, 503].includes(answer.status), `${answer.status} ${answer.body}`);
    assert.ok(ms < ANSWER_MS);
    if (answer.status === 201) assert.ok(there.has(answer.name), `${answer.name} was acknowledged`);
  }
});

test('a fail-over to the stand-by: both programs go on there, nothing acknowledged is lost', async (t) => {
  const primary = world.postgres;
  const standby = await primary.standby(world.directory);
  t.after(() => standby.stop());
  const proxies = [await Proxy.start({ path: primary.socket }), await Proxy.start({ path: standby.socket })];
  for (const proxy of proxies) t.after(() => proxy.stop());
  // The stand-by stands first: what only reads is passed over.
  const hosts = `${proxies[1].endpoint},localhost:${proxies[0].port}`;
  const redis = await world.redis();
  await redis.command('SET', 'only', 'x');
  await primary.sql('postgres', `ALTER SYSTEM SET synchronous_standby_names = '*'`);
  await primary.sql('postgres', 'SELECT pg_reload_conf()');
  t.after(async () => {
    await readOnly('off');
    await primary.sql('postgres', 'ALTER SYSTEM RESET synchronous_standby_names');
    await primary.sql('postgres', 'SELECT pg_reload_conf()');
  });
  const site = await siteVia((database) => primary.urlVia(hosts, database), { worker: {}, commit: 'remote_apply' });
  const alice = await site.tenant('alice');
  const cache = await alice.instance('cache', redis.endpoint);
  await serves(alice.client, cache.path);
  const first = await cache.analyse();
  const requests = traffic(alice.client, (client) => client.get(cache.path), 2);
  await until('requests are served', () => requests.answers.length > 20);

  // The primary's machine is gone without a word, and its proxy with it.
  proxies[0].silence();
  await standby.promote();
  await timed(t, 'ready again after the promotion', serves(alice.client, cache.path));
  const answers = await requests.end();
  assertOkOrUnavailable(answers);
  t.diagnostic(`${answers.length} answers, ${refused(answers).length} of them 503, slowest ${slowest(answers)} ms`);
  assert.equal((await cache.detail(first.id)).status, 'success');
  const { id } = await cache.start();
  await until('a worker does it there', async () =>
    (await standby.sql(site.database, 'SELECT status FROM scan_task WHERE id = $1', [id]))[0].status === 'success');

  // The old primary is back, but does not lead any more: nothing of ours may go there while the new one is away.
  await readOnly('on');
  proxies[0].resume();
  proxies[1].silence();
  await site.server.event('database_unreachable', ({ reason }) => reason.includes('read-only'));
  assert.equal((await alice.client.get(cache.path)).status, 503);
  assert.equal((await alice.client.post(cache.create)).status, 503);
  proxies[1].resume();
  await timed(t, 'ready again after a silence', serves(alice.client, cache.path));
  const second = await cache.start();
  const [{ count }] = await standby.sql(site.database, 'SELECT count(*) FROM scan_task WHERE id = $1', [second.id]);
  assert.equal(count, '1');
  assert.deepEqual(await primary.sql(site.database, 'SELECT id FROM scan_task WHERE id IN ($1, $2)', [id, second.id]), []);
  await site.server.stop();
  await site.worker.stop();
});

test('a primary that turns read-only under open connections is left', async (t) => {
  const { proxy, site, tenant } = await proxied(t, { worker: {}, server: { loops: 2, database_connections: 2 } });
  const cache = await tenant.instance('cache', '127.0.0.1:1', '--no-probe');
  await serves(tenant.client, cache.path);
  await readOnly('on');
  try {
    const left = () => site.server.events.filter(({ event, reason }) =>
      event === 'database_connection_lost' && reason.includes('read-only'));
    await until('every connection is left, those without requests too', () => left().length === 4);
    const seen = proxy.accepted;
    await until('it is asked again', () => proxy.accepted > seen + 4);
    assert.equal((await tenant.client.get(cache.path)).status, 503);
  } finally {
    await readOnly('off');
  }
  await timed(t, 'ready again', serves(tenant.client, cache.path));
  await until('the worker as well', async () => (await site.sql(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dcs-worker%'`)).length >= 3);
});

test('a database that falls silent in mid-statement: answers in time, bounded, and back when it is', async (t) => {
  const { proxy, site, tenant } = await proxied(t, { server: { loops: 1, database_in_flight: 4 }, query: PATIENT });
  const cache = await tenant.instance('cache', '127.0.0.1:1', '--no-probe');
  await serves(tenant.client, cache.path);
  const clients = Array.from({ length: 20 }, () => site.client(tenant.key));
  // The first ones are in the middle of their statements, the others come when nothing is answered any more.
  const lock = await world.postgres.open(site.database, 'LOCK TABLE instance IN ACCESS EXCLUSIVE MODE');
  const first = clients.map((client) => client.get(cache.path));
  await until('statements wait', () => lock.isWaitedFor());
  proxy.silence();
  const begun = Date.now();
  await lock.commit();
  for (const answer of await Promise.all(first)) assert.equal(answer.status, 503, answer.body);
  const told = Date.now() - begun;
  t.diagnostic(`20 requests were told so after ${told} ms`);
  assert.ok(told < ANSWER_MS, `${told} ms`);
  const lost = site.server.events.filter((event) => event.event === 'database_connection_lost');
  for (const event of lost) assert.ok(event.in_flight <= 4, JSON.stringify(event));
  const answers = [];
  for (const client of clients) {
    const sent = Date.now();
    answers.push({ answer: await client.get(cache.path), ms: Date.now() - sent });
  }
  for (const { answer } of answers) assert.equal(answer.status, 503);
  assertOkOrUnavailable(answers);
  t.diagnostic(`later ones: slowest ${slowest(answers)} ms`);
  proxy.resume();
  await timed(t, 'ready again', serves(tenant.client, cache.path));
});

test('a slow statement is not taken for a silent database', async (t) => {
  const { proxy, site, tenant } = await proxied(t, { server: { loops: 1 }, query: PATIENT });
  const cache = await tenant.instance('cache', '127.0.0.1:1', '--no-probe');
  await serves(tenant.client, cache.path);
  const lock = await world.postgres.open(site.database, 'LOCK TABLE instance IN ACCESS EXCLUSIVE MODE');
  const accepted = proxy.accepted;
  const answer = tenant.client.get(cache.path);
  await until('the server has asked whether the database is there', () => proxy.accepted > accepted);
  await lock.commit();
  assert.equal((await answer).status, 200);
  assert.deepEqual(site.server.events.filter((event) => event.event === 'database_connection_lost'), []);
});

test('idle connections find out as well', async (t) => {
  const { proxy, site, tenant } = await proxied(t);
  const cache = await tenant.instance('cache', '127.0.0.1:1', '--no-probe');
  await serves(tenant.client, cache.path);
  proxy.silence();
  await timed(t, 'noticed without a request',
    site.server.event('database_connection_lost', () => true, NOTICED_MS));
  proxy.resume();
  await serves(tenant.client, cache.path);
});

test('a worker whose database falls silent: every thread notices, stops its scan, and comes back', async (t) => {
  const redis = await world.redis();
  await redis.command('DEBUG', 'POPULATE', 300_000, 'k', 10);
  const { proxy, site, tenant } = await proxied(t, {
    worker: { scan_batch_keys: 10, lease_seconds: 6, heartbeat_seconds: 1, poll_seconds: 60, scan_threads: 2 } });
  const cache = await tenant.instance('cache', redis.endpoint);
  const { id } = await cache.start();
  await until('the scan is under way', async () => {
    const [row] = await site.sql('SELECT status, keys_seen FROM scan_task WHERE id = $1', [id]);
    return row.status === 'running' && Number(row.keys_seen) > 0;
  });
  proxy.silence();
  const begun = Date.now();
  // The keeper of leases, the listener for tasks and the prober each have a connection of their own.
  await Promise.all(['heartbeat_failed', 'upkeep_failed', 'prober_waits'].map((name) =>
    timed(t, name, site.worker.event(name, () => true, NOTICED_MS))));
  await within('the scan is let go', until('no connection to Redis', async () =>
    (await redis.command('CLIENT', 'LIST')).toString().trim().split('\n').length === 1, NOTICED_MS), NOTICED_MS);
  t.diagnostic(`all noticed after ${Date.now() - begun} ms`);
  proxy.resume();
  await redis.command('FLUSHALL');
  await timed(t, 'taken up again', cache.reaches(id, 'success', 30_000));
  const [{ count }] = await site.sql('SELECT count(*) FROM scan_result WHERE task_id = $1', [id]);
  assert.equal(count, '1');
  await site.worker.stop();
});

test('a Redis that falls silent in mid-scan is noticed', async (t) => {
  const redis = await world.redis();
  await redis.command('DEBUG', 'POPULATE', 300_000, 'k', 10);
  const proxy = await Proxy.start({ host: '127.0.0.1', port: Number(redis.endpoint.split(':').at(-1)) });
  t.after(() => proxy.stop());
  const site = await siteVia((database) => world.postgres.url(database), {
    // The default of the setting is what is shown here.
    worker: { scan_batch_keys: 10, lease_seconds: 60, redis_reply_timeout_ms: 12_000 } });
  const alice = await site.tenant('alice');
  const cache = await alice.instance('cache', proxy.endpoint);
  const { id } = await cache.start();
  await until('the scan is under way', async () => {
    const [row] = await site.sql('SELECT status, keys_seen FROM scan_task WHERE id = $1', [id]);
    return row.status === 'running' && Number(row.keys_seen) > 0;
  });
  const task = async () => (await site.sql('SELECT status, attempt, lease_owner, last_error FROM scan_task WHERE id = $1', [id]))[0];
  proxy.silence();
  await timed(t, 'noticed', until('the scan gives the connection up', async () => (await task()).last_error,
    NOTICED_MS + 2000));
  proxy.resume();
  await until('the scan goes on in another attempt', async () => {
    const { status, attempt, lease_owner: owner } = await task();
    assert.equal(status, 'running');
    return Number(attempt) === 2 && owner;
  });
  assert.equal((await alice.client.delete(cache.task(id))).status, 200);
  await site.worker.stop();
});
