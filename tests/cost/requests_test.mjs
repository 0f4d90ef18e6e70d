// What a request costs the server, counted and not timed: instructions, allocations, system calls and statements, each
// against the figures of support/cost.mjs.  docs/benchmarks.md ("instructions") says how to read a failure.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  boundOf, FIGURES, MEASURED, rowsOf, Stage, underCallgrind, withCountedCalls, withCountedMessages,
} from '../support/cost.mjs';
import { Pipe } from '../support/pipe.mjs';
import { World } from '../support/site.mjs';

const MANY = 16;
const REQUESTS = { instructions: 40, calls: 160, messages: 64 };
const CALLS = ['allocations', 'reads', 'writes', 'waits'];

// Written by the audit log at times, many events in one statement.
const AUDIT = 'audit_insert';
// A connection that nothing is asked of is tried now and then, by a statement without a name.
const HEARTBEAT = '';

let world, stage, rows;

before(async () => {
  world = await World.open();
  stage = await Stage.open(world);
  rows = rowsOf(stage);
});
after(() => world?.close());

function assertWithin(row, what, figures) {
  const figure = figures[what];
  const most = boundOf(row, what, figures);
  assert.ok(figure <= most, `${figure.toFixed(1)} ${what} a request, and ${FIGURES[row.name][what]} on ${MEASURED}: `
    + `at most ${most.toFixed(1)} are let pass (tests/support/cost.mjs)`);
  // Nothing would be found in a server that is not seen.
  assert.ok(figure > 0, `no ${what} were seen`);
}

test('every row has figures, and every figure a row', () => {
  assert.deepEqual(Object.keys(FIGURES), rows.map((row) => row.name));
});

test('instructions', async (t) => {
  const server = await underCallgrind(stage);
  for (const row of rows) {
    await t.test(row.name, async () => {
      assertWithin(row, 'instructions', await stage.measure(row, server, { n: REQUESTS.instructions }));
    });
  }
  await server.program.stop();
});

test('allocations and system calls', async (t) => {
  const server = await withCountedCalls(stage);
  for (const row of rows) {
    for (const connections of [1, MANY]) {
      await t.test(`${row.name}, ${connections} at a time`, async () => {
        const figures = await stage.measure(row, server, { n: REQUESTS.calls, connections });
        for (const what of CALLS) assertWithin(row, what, figures);
      });
    }
  }
  // One message to the database for all that come together, an answer to each.
  await t.test(`${rows[0].name}, ${MANY} that come together`, async () => {
    const { writes } = await stage.measure(rows[0], server, { n: REQUESTS.calls, connections: MANY, together: true });
    assert.ok(writes <= 1 + 2 / MANY, `${writes} writes a request`);
  });
  await server.program.stop();
});

// Of the statements, those that requests are answered by.
const asked = ({ [AUDIT]: audit, [HEARTBEAT]: heartbeat, ...statements }) => statements;

test('statements: one of a signed request', async (t) => {
  const server = await withCountedMessages(stage);
  const expected = (row, n) => (row.statement ? { [row.statement]: n } : {});
  for (const row of rows) {
    for (const connections of [1, MANY]) {
      await t.test(`${row.name}, ${connections} at a time`, async () => {
        const { counts, requests } = await stage.measure(row, server, { n: REQUESTS.messages, connections, warm: 2 });
        assert.deepEqual(asked(counts.statements), expected(row, requests));
        assert.equal(counts.queries, 0);
        // One may belong to a statement that was counted before.
        assert.ok(counts.syncs <= counts.binds + 1, `${counts.syncs} syncs of ${counts.binds} statements`);
      });
    }
  }

  // What only reads shares a transaction, and with it a sync; what changes something has its own.
  for (const row of rows.filter(({ statement }) => statement)) {
    await t.test(`${row.name}, ${MANY} that come together`, async () => {
      const { counts, requests } = await stage.measure(row, server,
        { n: REQUESTS.messages, connections: MANY, warm: 2, together: true });
      const reads = /_(show|list)$/.test(row.statement);
      const most = reads ? requests / MANY * 2 : counts.binds + 1;
      assert.deepEqual(asked(counts.statements), expected(row, requests));
      assert.ok(counts.syncs <= most, `${counts.syncs} syncs of ${requests} requests; at most ${most} are let pass`);
      assert.ok(reads || counts.syncs >= requests, 'each change is a transaction of its own');
    });
  }

  await server.program.stop();
});

test('statements: two of the first request of a key', async () => {
  const server = await withCountedMessages(stage);
  const connection = await Pipe.open({ port: server.ports.http });
  const [row] = rows;
  const ask = async () => {
    await server.taken();
    await stage.send(row, [connection], 1);
    return asked((await server.taken()).statements);
  };
  assert.deepEqual(await ask(), { access_key_find: 1, [row.statement]: 1 });
  assert.deepEqual(await ask(), { [row.statement]: 1 });
  connection.close();
  await server.program.stop();
});
