// Clients that take their time: each kind is cut off when its time is over, and none of it touches others.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import net from 'node:net';
import { sign } from '../support/signer.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';
import { Wire } from '../support/wire.mjs';

const TIMES = { head_timeout_ms: 700, body_timeout_ms: 700, request_timeout_ms: 1500, idle_timeout_ms: 1200 };
// A busy machine is late, the server's tick a tenth of a second.
const LATE_MS = 20_000;

let world, site, alice, wires;

before(async () => {
  world = await World.open();
  site = await world.site({ server: TIMES });
  alice = await site.tenant('alice');
});
after(() => world?.close());
afterEach(async () => {
  for (const wire of wires ?? []) wire.destroy();
  wires = [];
  // One that was kept may be past its time just now.
  await until('others are served', async () => (await alice.client.get(alice.instances)).status === 200);
});

function open(how = {}) {
  const wire = Wire.open({ port: site.port, ca: site.ca, ...how });
  (wires ??= []).push(wire);
  return wire;
}

const GET = 'GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n';

async function assertCutOff(wire, ms) {
  await wire.closed();
  assert.ok(wire.livedMs >= ms - 100, `closed after ${wire.livedMs} ms, not before ${ms}`);
  assert.ok(wire.livedMs < ms + LATE_MS, `closed after ${wire.livedMs} ms, not long after ${ms}`);
}

test('nothing at all, without and with TLS', async () => {
  await assertCutOff(open({ secure: false }), TIMES.head_timeout_ms);
  await assertCutOff(open(), TIMES.head_timeout_ms);
});

test('half a TLS hello, and one that drips', async () => {
  const hello = Buffer.from('16030100fe010000fa0303', 'hex');
  await assertCutOff(await open({ secure: false }).send(hello), TIMES.head_timeout_ms);
  await assertCutOff(await open({ secure: false }).drip([hello.subarray(0, 5), Buffer.from([1])]),
    TIMES.head_timeout_ms);
});

test('a head that drips', async () => {
  const wire = open();
  await wire.send('GET / HTTP/1.1\r\nHost: a\r\n');
  await assertCutOff(await wire.drip(['X: y\r\n']), TIMES.head_timeout_ms);
  assert.equal(wire.received, '');
});

test('a head that drips on a connection that had an answer', async () => {
  const wire = open();
  await wire.send(GET);
  assert.deepEqual(await wire.answers(1), [404]);
  wire.began = Date.now();
  await wire.send('GET / HT');
  await assertCutOff(await wire.drip(['x']), TIMES.head_timeout_ms);
});

test('a body that drips, with a length and in chunks', async () => {
  for (const [framing, bytes] of [['Content-Length: 40000', ['x']], ['Transfer-Encoding: chunked', ['1\r\nx\r\n']],
    ['Transfer-Encoding: chunked\r\nExpect: 100-continue', ['1\r\nx\r\n']]]) {
    const wire = open();
    await wire.send(`POST /nothing HTTP/1.1\r\nHost: a\r\n${framing}\r\n\r\n`);
    await assertCutOff(await wire.drip(bytes), TIMES.body_timeout_ms);
    assert.ok(wire.statuses.every((status) => status === 100), wire.received);
  }
});

test('a client that does not read', async () => {
  const wire = open({ reading: false });
  wire.socket.pause();
  await wire.send('GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20));
  await until('the server has taken it', async () => (await connectionsOf(wire.socket.localPort)) === 1);
  // What is not read hides the end from the client: the server's view counts.
  await until('the server has let it go', async () => (await connectionsOf(wire.socket.localPort)) === 0);
  const livedMs = Date.now() - wire.began;
  assert.ok(livedMs >= TIMES.request_timeout_ms - 100, `let go after ${livedMs} ms`);
  assert.ok(livedMs < TIMES.request_timeout_ms + LATE_MS, `let go after ${livedMs} ms`);
});

// The server's ends of the connections from a port, as the kernel has them open.
async function connectionsOf(port) {
  const { readdir, readlink } = await import('node:fs/promises');
  const hex = (number) => number.toString(16).toUpperCase().padStart(4, '0');
  // Not the asynchronous one: Node.js 18 takes a short read of it, such as /proc gives, for the end.
  const table = readFileSync(`/proc/${site.server.pid}/net/tcp`, 'utf8');
  const inodes = table.split('\n').map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote]) => local?.endsWith(`:${hex(site.port)}`) && remote?.endsWith(`:${hex(port)}`))
    .map((columns) => `socket:[${columns[9]}]`);
  const descriptors = await readdir(`/proc/${site.server.pid}/fd`);
  const links = await Promise.all(descriptors.map((name) =>
    readlink(`/proc/${site.server.pid}/fd/${name}`).catch(() => '')));
  return links.filter((link) => inodes.includes(link)).length;
}

test('an idle connection is kept for its time, and closed in good order', async () => {
  const wire = open();
  await wire.send(GET);
  assert.deepEqual(await wire.answers(1), [404]);
  wire.began = Date.now();
  await assertCutOff(wire, TIMES.idle_timeout_ms);
  assert.equal(wire.error, undefined);
});

test('a connection that is used outlives all of them', async () => {
  const wire = open();
  let sent = 0;
  while (Date.now() < wire.began + 2 * TIMES.request_timeout_ms) {
    await wire.send(GET);
    assert.equal((await wire.answers(++sent)).length, sent, `open after ${Date.now() - wire.began} ms`);
  }
  assert.ok(wire.open);
});

test('clients that vanish: in the hello, in a head, in a body, before the answer', async () => {
  const { instances: target, key } = alice;
  const headers = sign({ key, method: 'GET', target, headers: [['Host', 'h']] }).map((pair) => pair.join(': '));
  const signed = `GET ${target} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`;
  const ports = [];
  for (const bytes of ['', signed.slice(0, 40), 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc', signed,
    signed.repeat(20)]) {
    const wire = await open().send(bytes);
    ports.push(wire.socket.localPort);
    wire.destroy();
  }
  const bare = net.connect({ host: '127.0.0.1', port: site.port });
  await new Promise((resolve) => bare.once('connect', resolve));
  ports.push(bare.localPort);
  bare.destroy();
  for (const port of ports)
    await until(`nothing is left of ${port}`, async () => (await connectionsOf(port)) === 0);
});
