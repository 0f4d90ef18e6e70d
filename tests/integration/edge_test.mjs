// Who is let in, and what becomes of requests that come in odd ways: caps, displacement, trusted proxies,
// pipelines, expectations, bodies without and beyond measure, HTTP/2 by every door.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { exchangeRaw } from '../support/http.mjs';
import { Program } from '../support/program.mjs';
import { sign } from '../support/signer.mjs';
import { PROGRAMS, World, environmentOf } from '../support/site.mjs';
import { until } from '../support/wait.mjs';
import { Wire } from '../support/wire.mjs';

const LIMITS = {
  connections_max: 24, connections_per_address_max: 6, connections_unproved_max: 12, trusted_proxies: '127.0.0.9/32',
  listen_http: '127.0.0.1:0', loops: 1,
};
const GET = 'GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n';

let world, site, alice, plainPort;
let wires = [];

before(async () => {
  world = await World.open();
  site = await world.site({ server: LIMITS });
  plainPort = (await site.server.event('listening', (event) => event.scheme === 'http')).port;
  alice = await site.tenant('alice');
});
after(() => world?.close());
afterEach(async () => {
  for (const wire of wires) wire.destroy();
  wires = [];
  await until('all is well again', async () => (await alice.client.get(alice.instances)).status === 200);
});

function open(how = {}) {
  const wire = Wire.open({ port: site.port, ca: site.ca, ...how });
  wires.push(wire);
  return wire;
}

const plain = (how = {}) => open({ port: plainPort, secure: false, ...how });

// A connection that has been answered, and so has surely been let in.
async function admitted(how) {
  const wire = await open(how).send(GET);
  const [status] = await wire.answers(1);
  return status === 404 ? wire : undefined;
}

function signed(method = 'GET', target = alice.instances, body = '') {
  const headers = sign({ key: alice.key, method, target, headers: [['Host', 'h']], body });
  return `${method} ${target} HTTP/1.1\r\n${headers.map((pair) => pair.join(': ')).join('\r\n')}\r\n`;
}

test('an address has its share and no more, and gets it back', async () => {
  const from = '127.0.0.2';
  const all = [];
  for (let i = 0; i < LIMITS.connections_per_address_max; i++) all.push(await admitted({ from }));
  assert.ok(all.every(Boolean));
  await open({ from }).closed();
  await plain({ from }).closed();
  assert.ok(await admitted({ from: '127.0.0.3' }), 'another address is not touched');
  all[0].destroy();
  await until('there is room again', () => admitted({ from }));
});

test('a trusted proxy may have more, all together may not', async () => {
  const from = '127.0.0.9';
  const all = [];
  for (let wire; all.length < LIMITS.connections_max && (wire = await admitted({ from }));) all.push(wire);
  assert.ok(all.length > LIMITS.connections_per_address_max, `${all.length}`);
  assert.ok(all.length >= LIMITS.connections_max - 4, `${all.length}`); // the client of afterEach keeps some
  const late = [plain(), plain({ from }), plain({ from: '127.0.0.4' }), plain({ from: '127.0.0.5' }), plain(), plain()];
  await until('one of them is turned away', () => late.some((wire) => !wire.open));
});

test('who has shown nothing makes room, of the client with the most; who has signed stays', async () => {
  const proved = await open({ from: '127.0.1.1' }).send(`${signed()}\r\n`);
  assert.deepEqual(await proved.answers(1), [200]);
  // One each of many clients, then five of one client, then more of the many.
  const silent = (from) => plain({ from }).send('GET / HT');
  const few = [];
  const many = [];
  for (let i = 1; i <= LIMITS.connections_unproved_max - 5; i++) few.push(await silent(`127.0.2.${i}`));
  for (let i = 0; i < 5; i++) many.push(await silent('127.0.3.1'));
  const openOnes = (some) => some.filter((wire) => wire.open).length;
  for (let i = 1; i <= 4; i++) {
    few.push(await silent(`127.0.4.${i}`));
    await until('one of the many has gone', () => openOnes(many) === 5 - i);
  }
  assert.equal(openOnes(few), few.length);
  // Where all have one, the oldest goes.
  few.push(await silent('127.0.4.9'));
  await few[0].closed();
  assert.equal(openOnes(few) + openOnes(many), LIMITS.connections_unproved_max);
  await proved.send(`${signed()}\r\n`);
  assert.deepEqual(await proved.answers(2), [200, 200]);
});

test('a thousand requests at once are answered, in their order', async () => {
  const wire = open();
  const requests = Array.from({ length: 1000 }, (_, i) =>
    (i % 3 === 0 ? `${signed()}\r\n` : i % 3 === 1 ? GET : 'PATCH /v2/x/instances HTTP/1.1\r\nHost: a\r\n\r\n'));
  await wire.send(requests.join(''));
  const statuses = await wire.answers(1000);
  assert.equal(statuses.length, 1000);
  statuses.forEach((status, i) => assert.ok((i % 3 === 0 ? [200] : [404, 405]).includes(status), `${i}: ${status}`));
  assert.ok(wire.open);
});

test('behind a good request a bad one is refused, and nothing after it is read', async () => {
  for (const bad of ['GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\nHost: a\r\n\r\n', '\x16\x03\x01',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na']) {
    const wire = await open().send(`${GET}${GET}${bad}${GET}`);
    await wire.closed();
    assert.deepEqual(wire.statuses, [404, 404, 400], JSON.stringify(bad));
    assert.match(wire.received, /Connection: close/);
  }
});

test('a request whose beginning came with the one before it', async () => {
  for (let cut = 1; cut < GET.length; cut += 5) {
    const wire = await plain().send(GET + GET.slice(0, cut));
    assert.deepEqual(await wire.answers(1), [404]);
    await wire.send(GET.slice(cut));
    assert.deepEqual(await wire.answers(2), [404, 404], `cut at ${cut}`);
    wire.destroy();
  }
});

test('what comes behind a body is another request', async () => {
  const body = 'x'.repeat(1000);
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  for (const bytes of [`Content-Length: 1000\r\n\r\n${body}`, `Transfer-Encoding: chunked\r\n\r\n${chunked}`]) {
    const wire = await open().send(`POST /nothing HTTP/1.1\r\nHost: a\r\n${bytes}${GET}`);
    assert.deepEqual(await wire.answers(2), [404, 404]);
  }
});

test('chunks with bare LF, with blanks, with anything but their one form', async () => {
  for (const body of ['3\nabc\r\n0\r\n\r\n', '3\r\nabc\n0\r\n\r\n', '3\r\nabc\r\n0\n\r\n', '3\r\nabc\r\n0\r\n\n',
    '3 \r\nabc\r\n0\r\n\r\n', '3;x\nabc\r\n0\r\n\r\n', '0x3\r\nabc\r\n0\r\n\r\n', '3\r\nabc\r\r\n0\r\n\r\n']) {
    for (const way of [open, plain]) {
      const wire = await way().send(`POST /nothing HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}${GET}`);
      await wire.closed();
      assert.deepEqual(wire.statuses, [400], JSON.stringify(body));
    }
  }
});

test('100 Continue, and what expects something else', async () => {
  const wire = await open().send(`${signed('POST', '/admin/v1/projects', '{}')}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
  assert.deepEqual(await wire.answers(1), [100]);
  await wire.send('{}');
  assert.deepEqual(await wire.answers(2), [100, 403]);
  for (const head of ['POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 2\r\n\r\n',
    'POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n']) {
    const other = await open().send(head);
    await other.closed();
    assert.deepEqual(other.statuses, [400]);
  }
  // Refused before its body is asked for.
  const large = await open().send('POST /nothing HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999\r\n\r\n');
  await large.closed();
  assert.deepEqual(large.statuses, [413]);
});

test('a POST without a length has no body: what follows is no part of it', async () => {
  const wire = await open().send(`POST /nothing HTTP/1.1\r\nHost: a\r\n\r\n${GET}{"a": 1}\r\n`);
  await wire.closed();
  assert.deepEqual(wire.statuses, [404, 404, 400]);
});

test('bodies of 48 KiB and one byte more', async () => {
  const full = 'x'.repeat(48 * 1024);
  for (const [body, status] of [[full, 404], [`${full}x`, 413]]) {
    const head = 'POST /nothing HTTP/1.1\r\nHost: a\r\n';
    const lengthwise = `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
    const chunks = body.match(/.{1,10000}/gs).map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('');
    for (const bytes of [lengthwise, `${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`]) {
      const answers = await exchangeRaw({ port: site.port, ca: site.ca }, Buffer.from(bytes), {});
      if (status === 413) assertError(answers.answers[0], 413, 'APIGW.0201');
      assert.equal(answers.answers[0].status, status);
    }
  }
  const administrative = await exchangeRaw({ port: site.port, ca: site.ca },
    Buffer.from('POST /admin/v1/projects HTTP/1.1\r\nHost: a\r\nContent-Length: 49153\r\n\r\n'), {});
  assert.equal(administrative.answers[0].status, 413);
  assert.match(administrative.answers[0].headers['content-type'], /problem\+json/);
});

test('HTTP/2 by ALPN, by prior knowledge, by upgrade', async () => {
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';
  const only = open({ ALPNProtocols: ['h2'] });
  await only.closed();
  assert.ok(only.error, 'the handshake fails');
  const both = await open({ ALPNProtocols: ['h2', 'http/1.1'] }).send(GET);
  assert.deepEqual(await both.answers(1), [404]);
  assert.equal(both.socket.alpnProtocol, 'http/1.1');
  for (const wire of [open(), plain(), open({ ALPNProtocols: ['http/1.1'] })]) {
    await (await wire.send(preface)).closed();
    assert.deepEqual(wire.statuses, [400]);
  }
  for (const wire of [open(), plain()]) {
    const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n';
    await wire.send(`GET /nothing HTTP/1.1\r\nHost: a\r\n${upgrade}\r\n${preface}`);
    await wire.closed();
    // A Connection header that does not say keep-alive ends it.
    assert.deepEqual(wire.statuses, [404]);
  }
});

test('what was turned away is said', async () => {
  await site.server.event('connections_turned_away', (event) => event.address > 0 || event.displaced > 0);
});

// A server under limits of its own.
async function limited(descriptors, settings) {
  const database = await world.postgres.createDatabase(world.template);
  const program = new Program('dcs-server', 'prlimit', [`--nofile=${descriptors}`, PROGRAMS.server],
    { env: environmentOf({ ...world.serverSettings(database), loops: 1, ...settings }) });
  world.onClose(async () => program.running && program.stop());
  return program;
}

test('descriptors: the soft limit is raised, the hard one bounds the connections, too few end the start', async () => {
  const raised = await limited('256:4096', { connections_max: 1000 });
  await raised.event('listening');
  assert.equal(raised.events.find((event) => event.event === 'connections_limited'), undefined);
  await raised.stop();
  const bounded = await limited('512:512', { connections_max: 1000 });
  await bounded.event('listening');
  const { connections, descriptors } = await bounded.event('connections_limited');
  assert.equal(descriptors, 512);
  assert.ok(connections >= 64 && connections < 512);
  await bounded.stop();
  const refused = await limited('256:256', { connections_max: 1000 });
  assert.match((await refused.event('start_failed')).reason, /RLIMIT_NOFILE: 256/);
  assert.equal(await refused.wait(), 1);
});

test('an address that is none ends the start', async () => {
  const program = await limited('4096', { trusted_proxies: '10.0.0.0/8, 10.0.0.1/8' });
  assert.match((await program.event('start_failed')).reason, /trusted_proxies: '10\.0\.0\.1\/8'/);
  assert.equal(await program.wait(), 1);
});
