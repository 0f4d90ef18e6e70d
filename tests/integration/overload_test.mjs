// Under a full load of requests that are right, what goes wrong with some clients, or with some statements, is felt by
// these alone: every other answer is the one that it should be, and what was made is what was said.  The long form
// is `script/bench overload`.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { residentKiB } from '../support/floods.mjs';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { Load, PHASES, compareTasks, failStatements, makeInstances, makeTask, pathsOf, vanish } from '../support/overload.mjs';
import { Pipe, signedRequest } from '../support/pipe.mjs';
import { ROLES } from '../support/postgres.mjs';
import { SANITIZER, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const GROWTH_KIB = 48 * 1024;
const TIMEOUT_MS = 3000;
const PIPELINED = 1000;

let world, site, plain, alice, bob, instances, targets;

before(async () => {
  world = await World.open();
  site = await world.site({ server: {
    listen_http: '127.0.0.1:0', database_timeout_ms: TIMEOUT_MS, request_timeout_ms: 8000, head_timeout_ms: 2000,
    connections_per_address_max: 1000,
  } });
  plain = (await site.server.event('listening', (event) => event.scheme === 'http')).port;
  alice = await site.tenant('alice');
  bob = await site.tenant('bob');
  instances = await makeInstances(site, alice, 40);
  targets = await Promise.all(instances.slice(0, 20).map(async (id, i) => {
    const paths = pathsOf(alice, id);
    const task = await makeTask(site, alice, id, `[{"key_name":"k${i}"}]`);
    return [paths.show, paths.configs, paths.list, paths.task(task)];
  }));
});
after(() => world?.close());

const open = (secure) => Pipe.open(secure ? { port: site.port, ca: site.ca } : { port: plain });
const descriptors = () => readdirSync(`/proc/${site.server.pid}/fd`).length;

// Runs it beside the load, which must not notice; the load.
async function underLoad({ readers = 12, depth = 2, read = targets.flat(), writers = 4, made = 4, refusedReads, refusedWrites, write }, trouble) {
  const ledger = new Set();
  const mine = write ?? await makeInstances(site, bob, writers * made);
  const load = new Load(site, plain);
  const before = residentKiB(site.server.pid);
  await load.readers(readers, alice, read, { depth, refused: refusedReads });
  load.writers(writers, bob, mine, ledger, { refused: refusedWrites });
  try {
    await load.answers(200);
    await trouble(load);
  } finally {
    await load.stop();
  }
  assert.deepEqual(load.failures, []);
  assert.deepEqual(await compareTasks(site, mine, ledger), { lost: [], unknown: [] });
  const growth = residentKiB(site.server.pid) - before;
  if (!SANITIZER) assert.ok(growth < GROWTH_KIB, `${growth} KiB`);
  await site.sql('DELETE FROM scan_task WHERE project_id = $1', [bob.projectId]);
  await site.sql('DELETE FROM instance WHERE project_id = $1', [bob.projectId]);
  return load;
}

test('a thousand requests at once on a connection: as many answers, in their order', async () => {
  await underLoad({ readers: 4, writers: 2 }, () =>
    Promise.all([false, true].map(async (secure) => {
      const pipe = await open(secure);
      const asked = Array.from({ length: PIPELINED }, (_, i) => instances[i % instances.length]);
      const requests = asked.map((id, i) => (i % 10 === 9 ? 'GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n'
        : signedRequest(alice.key, 'GET', pathsOf(alice, id).show)));
      const answers = await pipe.exchange(requests);
      answers.forEach((answer, i) => {
        if (i % 10 === 9) assertError(answer, 404, 'DCS.4001');
        else assert.equal(answer.status === 200 && answer.json.instance_id, asked[i], answer.body);
      });
      pipe.close();
    })));
});

test('clients that vanish, in every phase', async () => {
  const before = descriptors();
  await underLoad({}, async (load) => {
    const sockets = [];
    for (let round = 0; round < 3; round++) {
      for (const how of ['reset', 'end']) {
        sockets.push(...await Promise.all(PHASES.flatMap((phase) => [{ port: plain }, { port: site.port, ca: site.ca }]
          .map((address) => vanish(address, alice.key, targets[round][0], phase, how)))));
      }
    }
    await load.answers(200);
    for (const socket of sockets) socket.destroy();
  });
  await until('nothing is left of them', () => descriptors() <= before);
});

test('what a client that vanished has asked for is done once at most', async () => {
  const ids = await makeInstances(site, alice, 16);
  await underLoad({}, async () => {
    const requests = ids.map((id) => signedRequest(alice.key, 'POST', pathsOf(alice, id).create));
    await Promise.all(requests.map(async (request, i) => {
      const first = await open(i % 2);
      first.socket.write(request);
      if (i % 4 === 0) first.socket.resetAndDestroy();
      else first.close();
    }));
    const again = await Promise.all(requests.map(async (request, i) => {
      const pipe = await open(i % 2);
      const [answer] = await pipe.exchange([request]);
      pipe.close();
      return answer;
    }));
    for (const answer of again) assertAnswer(answer, 200);
    const ledger = new Set(again.map((answer) => answer.json.id));
    assert.deepEqual(await compareTasks(site, ids, ledger), { lost: [], unknown: [] });
  });
});

test('clients that do not read, with one request and with many', async () => {
  const before = descriptors();
  await underLoad({}, async (load) => {
    const pipes = await Promise.all(Array.from({ length: 40 }, (_, i) => open(i % 2)));
    pipes.forEach((pipe, i) => {
      pipe.socket.pause();
      pipe.socket.write((i % 4 < 2 ? 'GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n' : signedRequest(alice.key, 'GET', targets[0][0]))
        .repeat(i % 8 < 4 ? 1 : PIPELINED));
    });
    await load.answers(400);
    for (const pipe of pipes) pipe.close();
  });
  await until('nothing is left of them', () => descriptors() <= before);
});

// Asks for each target on a connection of its own: [the answers to come, how many have].
function ask(method, chosen) {
  const asked = { count: 0 };
  asked.answers = Promise.all(chosen.map(async (target, i) => {
    const pipe = await open(i % 2);
    const [answer] = await pipe.exchange([signedRequest(alice.key, method, target)]);
    asked.count++;
    pipe.close();
    return answer;
  }));
  asked.answers.catch(() => {});
  return asked;
}

const assertLocked = (answers) => {
  for (const answer of answers) {
    assertError(answer, 503, 'DCS.5000', 'Internal service error.');
    assert.equal(answer.headers['retry-after'], '1');
  }
};

// While something is locked: who needs it is told so when the time is over, others go on; who asks later has it once
// it is free.  Some of those who wait leave.
async function locked({ lock, values, method, chosen, leaving = [], ...load }) {
  let late;
  await underLoad(load, async (running) => {
    const held = await world.postgres.open(site.database, lock, values);
    const asked = ask(method, chosen);
    await until('it is waited for', () => held.isWaitedFor());
    const pipes = await Promise.all(leaving.map((_, i) => open(i % 2)));
    pipes.forEach(({ socket }, i) => socket.write(signedRequest(alice.key, method, leaving[i])));
    await running.answers(200);
    for (const pipe of pipes) pipe.close();
    assert.equal(asked.count, 0);
    assertLocked(await asked.answers);
    await running.answers(100);
    const later = ask(method, chosen);
    await until('it is waited for again', () => held.isWaitedFor());
    await running.answers(100);
    await held.commit();
    late = await later.answers;
  });
  return late;
}

// One, and so many that it could be the table.
for (const rows of [1, 4]) {
  test(`${rows} rows that are locked for longer than a statement may take`, async () => {
    const ids = await makeInstances(site, alice, rows);
    const answers = await locked({
      lock: 'SELECT FROM instance WHERE id = ANY ($1) FOR UPDATE', values: [ids],
      method: 'POST', chosen: Array.from({ length: 24 }, (_, i) => pathsOf(alice, ids[i % rows]).create),
    });
    const made = answers.filter(({ status }) => status === 200);
    assert.equal(made.length, rows);
    for (const answer of answers.filter(({ status }) => status !== 200)) assertError(answer, 400, 'DCS.4918');
    assert.deepEqual(await compareTasks(site, ids, new Set(made.map(({ json }) => json.id))), { lost: [], unknown: [] });
  });
}

test('a table that is locked', async () => {
  const answers = await locked({
    lock: 'LOCK TABLE scan_result IN ACCESS EXCLUSIVE MODE', method: 'GET', chosen: targets.map(([, , , task]) => task),
    read: targets.flatMap(([show, configs, list]) => [show, configs, list]), writers: 0,
    leaving: targets.slice(0, 8).map(([, , , task]) => task),
  });
  answers.forEach((answer, i) => {
    assertAnswer(answer, 200);
    assert.equal(answer.json.keys[0].key_name, `k${i}`);
  });
});

test('a server that is to stop while requests wait for a lock does so', async () => {
  const server = world.program('server', {
    ...world.serverSettings(site.database), database_timeout_ms: 60_000, request_timeout_ms: 60_000, drain_seconds: 1,
  });
  const { port } = await server.event('listening');
  const held = await world.postgres.open(site.database, 'LOCK TABLE scan_result IN ACCESS EXCLUSIVE MODE');
  const pipes = await Promise.all(targets.map(() => Pipe.open({ port, ca: site.ca })));
  pipes.forEach(({ socket }, i) => socket.write(signedRequest(alice.key, 'GET', targets[i][3])));
  await server.event('locks_waited_for');
  await server.stop();
  await held.commit();
  for (const pipe of pipes) pipe.close();
});

test('one statement in a hundred fails: its own request is told so, once, and nobody else notices', async () => {
  const [unreadable, full] = await makeInstances(site, alice, 2);
  const write = await makeInstances(site, bob, 100);
  await failStatements(site, ROLES.server, {
    reads: new Map([[unreadable, '22012'], [full, '53100']]), writes: new Map([[write[7], '22012'], [write[60], '53200']]), commits: new Map([[write[33], '22012']]),
  });
  const refusedReads = new Map([[pathsOf(alice, unreadable).show, 500], [pathsOf(alice, full).show, 503]]);
  const refusedWrites = new Map([[write[7], 500], [write[60], 503], [write[33], 500]]);
  const read = [...targets.flat(), ...targets.flat(), ...targets[0], ...refusedReads.keys()];
  const logged = () => site.server.events.filter((event) => event.event === 'request' && event.status >= 500).length;
  const audited = async () => Number((await site.sql('SELECT count(*) FROM audit_event WHERE project_id = $1', [bob.projectId]))[0].count);
  const before = { logged: logged(), audited: await audited() };
  const load = await underLoad({ readers: 24, depth: 5, read, writers: 10, write, refusedReads, refusedWrites },
    (running) => running.answers(4000));
  assert.ok(load.refusedReads > 10 && load.refusedWrites > 4, `${load.refusedReads}, ${load.refusedWrites}`);
  await until('all of it is logged', () => logged() - before.logged >= load.refusedReads + load.refusedWrites);
  assert.equal(logged() - before.logged, load.refusedReads + load.refusedWrites);
  await until('all of it is in the audit log', async () => (await audited()) - before.audited >= load.written + load.refusedWrites);
  assert.equal((await audited()) - before.audited, load.written + load.refusedWrites);
  assert.deepEqual(site.server.events.filter((event) => event.event === 'database_connection_lost'), []);
});
