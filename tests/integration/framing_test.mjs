// Raw bytes over TLS: requests that two parsers could read in two ways, and what is no HTTP at all.  Each gets
// an error or a closed connection, never a second answer, and the next request works.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import net from 'node:net';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { sign } from '../support/signer.mjs';
import { World } from '../support/site.mjs';
import { within } from '../support/wait.mjs';

let world, site, alice, target;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  target = alice.instances;
});
after(() => world?.close());
afterEach(async () => assertAnswer(await alice.client.get(target), 200));

const lines = (...all) => Buffer.from(`${all.join('\r\n')}\r\n\r\n`, 'latin1');

// The headers of a request that would be answered with 200.
const signed = (method = 'GET', headers = [['Host', 'h']], body = '') =>
  sign({ key: alice.key, method, target, headers, body }).map(([name, value]) => `${name}: ${value}`);

const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n';

async function assertRefused(bytes, status = 400, code = 'DCS.4800') {
  const result = await site.raw(bytes, { answers: 2 });
  assert.ok(result.closed, 'the connection is closed');
  assert.ok(result.answers.length <= 1, 'one request, one answer');
  if (result.answers.length) assertError(result.answers[0], status, code);
  return result;
}

test('the plain request that all others are variations of works', async () => {
  const result = await site.raw(lines(`GET ${target} HTTP/1.1`, ...signed()));
  assertAnswer(result.answers[0], 200);
  assert.equal(result.closed, false);
});

test('two requests at once get two answers, in order', async () => {
  const result = await site.raw(Buffer.concat([
    lines(`GET ${target} HTTP/1.1`, ...signed()), lines('GET /nothing HTTP/1.1', 'Host: h'),
  ]), { answers: 2 });
  assertAnswer(result.answers[0], 200);
  assert.ok([401, 404].includes(result.answers[1].status));
});

test('a request in pieces is one request', async () => {
  const bytes = lines(`GET ${target} HTTP/1.1`, ...signed());
  const tls = await import('node:tls');
  const socket = tls.connect({ host: '127.0.0.1', port: site.port, ca: site.ca });
  const answered = new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject));
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  socket.setNoDelay(true);
  for (let i = 0; i < bytes.length; i += 7)
    await new Promise((resolve) => socket.write(bytes.subarray(i, i + 7), resolve));
  assert.match((await within('an answer', answered)).toString(), /^HTTP\/1\.1 200 /);
  socket.destroy();
});

const LENGTHS = {
  'two different Content-Length': ['Content-Length: 0', 'Content-Length: 5'],
  'two equal Content-Length': ['Content-Length: 5', 'Content-Length: 5'],
  'a list in Content-Length': ['Content-Length: 5, 5'],
  'a signed Content-Length': ['Content-Length: +5'],
  'a negative Content-Length': ['Content-Length: -5'],
  'a hexadecimal Content-Length': ['Content-Length: 0x5'],
  'an endless Content-Length': ['Content-Length: 99999999999999999999'],
  'an empty Content-Length': ['Content-Length: '],
  'a Content-Length with a blank': ['Content-Length: 5 5'],
  'Content-Length and Transfer-Encoding': ['Content-Length: 5', 'Transfer-Encoding: chunked'],
  'Transfer-Encoding and Content-Length': ['Transfer-Encoding: chunked', 'Content-Length: 5'],
  'two Transfer-Encoding': ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  'an unknown Transfer-Encoding': ['Transfer-Encoding: gzip'],
  'a second Transfer-Encoding': ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
  'a blank before the colon': ['Content-Length : 5'],
  'a folded header': ['X-Folded: a', ' b'],
  'a header folded by a tab': ['X-Folded: a', '\tb'],
  'a header without colon': ['Nonsense'],
  'a header without name': [': value'],
  'a name with a blank': ['X Y: value'],
  'two Host': ['Host: other'],
};

for (const [name, headers] of Object.entries(LENGTHS)) {
  test(`${name} is refused`, async () => {
    const bytes = Buffer.concat([
      lines(`GET ${target} HTTP/1.1`, ...signed(), ...headers), Buffer.from(`0\r\n\r\n${SMUGGLED}`),
    ]);
    const result = await site.raw(bytes, { answers: 2 });
    assert.ok(result.closed, 'the connection is closed');
    assert.ok(result.answers.length <= 1, 'one request, one answer');
    if (result.answers.length) {
      const [answer] = result.answers;
      const { status } = answer;
      assert.ok([400, 413, 501].includes(status), `${status}`);
      assertError(answer, status, answer.json.error_code);
    }
  });
}

test('no Host', async () => {
  await assertRefused(lines(`GET ${target} HTTP/1.1`, ...signed('GET', [])));
});

test('a bare LF, in the request line, in a header, at the end', async () => {
  const good = lines(`GET ${target} HTTP/1.1`, ...signed()).toString('latin1');
  const breaks = [...good.matchAll(/\r\n/g)].map((match) => match.index);
  for (const place of breaks)
    await assertRefused(Buffer.from(good.slice(0, place) + good.slice(place + 1), 'latin1'));
  await assertRefused(Buffer.from(good.replaceAll('\r\n', '\n'), 'latin1'));
});

test('a bare CR inside a header', async () => {
  const good = lines(`GET ${target} HTTP/1.1`, ...signed(), 'X-A: b\rX-C: d');
  await assertRefused(good);
});

test('a NUL, and other control bytes, in a header and in the target', async () => {
  for (const byte of ['\0', '\x01', '\x7f']) {
    await assertRefused(lines(`GET ${target}${byte} HTTP/1.1`, ...signed()), 400);
    const result = await site.raw(lines(`GET ${target} HTTP/1.1`, ...signed(), `X-A: b${byte}c`), { answers: 1 });
    assert.ok(result.answers.length <= 1);
    if (result.answers.length) assert.ok([200, 400].includes(result.answers[0].status));
  }
});

test('Transfer-Encoding on HTTP/1.0', async () => {
  await assertRefused(Buffer.concat([
    lines(`GET ${target} HTTP/1.0`, ...signed(), 'Transfer-Encoding: chunked'), Buffer.from(`0\r\n\r\n${SMUGGLED}`),
  ]));
});

test('HTTP/1.0 is answered and closed', async () => {
  const result = await site.raw(lines(`GET ${target} HTTP/1.0`, ...signed()), { answers: 2 });
  assertAnswer(result.answers[0], 200);
  assert.ok(result.closed);
});

test('a chunked body is hashed as it was sent', async () => {
  const head = lines(`GET ${target} HTTP/1.1`, ...signed('GET', [['Host', 'h']], 'abcdef'), 'Transfer-Encoding: chunked');
  const result = await site.raw(Buffer.concat([head, Buffer.from('3\r\nabc\r\n3;x=y\r\ndef\r\n0\r\n\r\n')]));
  assertAnswer(result.answers[0], 200);
});

test('chunks that are none', async () => {
  for (const body of ['zz\r\n', '-1\r\n', '3\r\nabcdef\r\n0\r\n\r\n', 'ffffffffffffffffffff\r\n', '\r\n\r\n'])  {
    const head = lines(`POST ${target} HTTP/1.1`, 'Host: h', 'Transfer-Encoding: chunked');
    const result = await site.raw(Buffer.concat([head, Buffer.from(body)]), { answers: 2, halfClose: true });
    assert.ok(result.answers.length <= 1);
    for (const answer of result.answers) assert.ok(answer.status >= 400, answer.body);
  }
});

test('what is not HTTP', async () => {
  const cases = ['hello\r\n\r\n', '\r\n\r\n\r\n\r\n', 'GET\r\n\r\n', 'GET /\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n',
    'GET / HTTP/1.1 x\r\n\r\n', 'GET  / HTTP/1.1\r\nHost: h\r\n\r\n', ' GET / HTTP/1.1\r\nHost: h\r\n\r\n',
    'SSH-2.0-OpenSSH_9.2\r\n', '*1\r\n$4\r\nPING\r\n', '\0'.repeat(1000), '{"jsonrpc":"2.0"}\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: h\r\n', Buffer.from(Array.from({ length: 2048 }, (_, i) => (i * 7 + 1) % 256))];
  for (const bytes of cases) {
    const result = await site.raw(Buffer.from(bytes), { answers: 2, halfClose: true });
    assert.ok(result.closed);
    assert.ok(result.answers.length <= 1);
    for (const answer of result.answers) assertError(answer, 400, 'DCS.4800');
  }
});

test('targets that are no path', async () => {
  for (const [word, statuses] of [['*', [400, 401, 404]], ['http://h/v2', [400, 401, 404]], ['h:443', [400, 401, 404]],
    ['', [400]], ['v2', [400, 401, 404]], ['/\xff', [400, 401, 404]]]) {
    const result = await site.raw(lines(`GET ${word} HTTP/1.1`, 'Host: h'));
    for (const answer of result.answers) {
      assert.ok(statuses.includes(answer.status), `${word}: ${answer.status}`);
      assertError(answer, answer.status, answer.json.error_code);
    }
    assert.ok(result.answers.length || result.closed);
  }
});

test('headers of 1 MiB', async () => {
  const big = 'x'.repeat(1024 * 1024);
  const many = Array.from({ length: 16 * 1024 }, (_, i) => `X-Header-${i}: ${'x'.repeat(50)}`);
  for (const headers of [[`X-Big: ${big}`], many, [`${big}: x`]])
    await assertRefused(lines(`GET ${target} HTTP/1.1`, 'Host: h', ...headers), 431, 'APIGW.0201');
  await assertRefused(lines(`GET /${big} HTTP/1.1`, 'Host: h'), 414, 'APIGW.0201').catch(async (error) => {
    // A head that is too large as a whole may be refused before its first line is looked at.
    await assertRefused(lines(`GET /${big} HTTP/1.1`, 'Host: h'), 431, 'APIGW.0201').catch(() => { throw error; });
  });
});

test('a target, a head, and a number of headers just past the limits', async () => {
  await assertRefused(lines(`GET /${'x'.repeat(9000)} HTTP/1.1`, 'Host: h'), 414, 'APIGW.0201');
  await assertRefused(lines(`GET ${target} HTTP/1.1`, 'Host: h', `X-Big: ${'x'.repeat(70 * 1024)}`), 431, 'APIGW.0201');
  const bare = `GET ${target} HTTP/1.1\r\nHost: h\r\nX-Big: \r\n\r\n`.length;
  const full = (more) => lines(`GET ${target} HTTP/1.1`, 'Host: h', `X-Big: ${'x'.repeat(16 * 1024 - bare + more)}`);
  assert.equal((await site.raw(full(0))).answers[0].status, 401);
  await assertRefused(full(1), 431, 'APIGW.0201');
  const result = await site.raw(lines(`GET ${target} HTTP/1.1`, 'Host: h',
    ...Array.from({ length: 150 }, (_, i) => `X-H${i}: v`)), { answers: 2 });
  assert.ok(result.closed && result.answers.length <= 1);
  assertError(result.answers[0], 431, 'APIGW.0201');
});

test('an upgrade to HTTP/2 is not taken', async () => {
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const result = await site.raw(preface, { answers: 2, halfClose: true });
  assert.ok(result.closed && result.answers.length <= 1);
  for (const answer of result.answers) assertError(answer, 400, 'DCS.4800');
  const upgrade = await site.raw(lines(`GET ${target} HTTP/1.1`, ...signed(), 'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'));
  assert.notEqual(upgrade.answers[0]?.status, 101);
});

test('ALPN: http/1.1 is chosen, h2 alone is not spoken', async () => {
  const both = await site.raw(lines(`GET ${target} HTTP/1.1`, ...signed()), { alpn: ['h2', 'http/1.1'] });
  assert.equal(both.protocol, 'http/1.1');
  assertAnswer(both.answers[0], 200);
  const only = await site.raw(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    { alpn: ['h2'], answers: 2, halfClose: true });
  assert.notEqual(only.protocol, 'h2');
});

// The bytes as they come, without TLS.
async function plain(bytes) {
  const socket = net.connect({ host: '127.0.0.1', port: site.port });
  const received = [];
  const closed = new Promise((resolve) => {
    socket.on('data', (chunk) => received.push(chunk)).on('error', () => {}).on('close', resolve);
  });
  socket.on('connect', () => socket.end(bytes));
  await within('the connection is closed', closed);
  return Buffer.concat(received);
}

test('a TLS hello that is garbage closes the connection', async () => {
  const hello = Buffer.from('160301020001000', 'hex');
  const cases = [
    Buffer.from('garbage that is no TLS\r\n\r\n'), Buffer.alloc(1024, 0xff), Buffer.alloc(0), hello,
    Buffer.concat([Buffer.from([0x16, 3, 1, 0xff, 0xff]), Buffer.alloc(0xffff, 1)]),
    lines(`GET ${target} HTTP/1.1`, 'Host: h'),
  ];
  for (const bytes of cases) {
    const received = (await plain(bytes)).toString('latin1');
    assert.ok(!received.includes('HTTP/1.1 200'), received);
  }
});

test('old TLS is refused', async () => {
  const tls = await import('node:tls');
  for (const version of ['TLSv1', 'TLSv1.1']) {
    const socket = tls.connect({
      host: '127.0.0.1', port: site.port, ca: site.ca, minVersion: version, maxVersion: version,
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const outcome = new Promise((resolve) => socket.once('secureConnect', () => resolve('connected')).once('error', resolve));
    assert.notEqual(await within('the handshake ends', outcome), 'connected');
    socket.destroy();
  }
});

test('a client that leaves in the middle does no harm', async () => {
  const head = lines(`POST ${target} HTTP/1.1`, ...signed(), 'Content-Length: 1000');
  for (const bytes of [head, head.subarray(0, 50), Buffer.concat([head, Buffer.alloc(10)])])
    await site.raw(bytes, { halfClose: true, answers: 2 });
});
