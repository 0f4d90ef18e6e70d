// Signed requests that were changed on their way, against the running server: none is done, and none changes
// anything.  tests/bench/mutants has the many, in one process; here are TLS, h2o and the database as well.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Random } from '../support/random.mjs';
import { canonicalRequest, sign } from '../support/signer.mjs';
import { World } from '../support/site.mjs';

const MUTANTS = 240;
const AT_ONCE = 8;

let world, site, alice, bob, cache, random;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  bob = await site.tenant('bob');
  cache = await alice.instance('cache', '127.0.0.1:1', '--no-probe');
  await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(), capabilities = '{bigkey,hotkey,expired}'`);
  random = new Random();
});
after(() => world?.close());

const write = ({ method, target, headers, body }) => Buffer.from(
  `${method} ${target} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`, 'latin1');

// What the contract sees of the bytes; nothing where they are no signed request.
function read(bytes) {
  const [head, ...rest] = bytes.toString('latin1').split('\r\n\r\n');
  const [line, ...lines] = head.split('\r\n');
  const [, method, target] = /^(\S+) (\S+) HTTP\/1\.1$/.exec(line) ?? [];
  const headers = lines.map((text) => [text.split(':')[0], text.slice(text.indexOf(':') + 1)]);
  const find = (name) => headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value.trim());
  const [authorization = ''] = find('authorization');
  const field = (name) => new RegExp(`[ ,]${name}=([^,]*)`).exec(authorization)?.[1].trim();
  const length = Number(find('content-length')[0] ?? 0);
  if (!method || !field('SignedHeaders')) return undefined;
  return JSON.stringify([field('Access'), field('Signature'), find('x-sdk-date'),
    canonicalRequest(method, target, headers, field('SignedHeaders').split(';'),
      Buffer.from(rest.join('\r\n\r\n').slice(0, length), 'latin1'))]);
}

const TIMES = ['06:00', '07:00'];

// One of each shape that clients send, each with something to do.
function genuine() {
  const body = JSON.stringify({ enable_auto_scan: true, schedule_at: [random.pick(TIMES)] });
  const [method, target, sent] = random.pick([
    ['GET', `${alice.instances}?limit=5&offset=0&name=a%20b`, ''],
    ['POST', cache.create, ''],
    ['POST', cache.createHot, '{}'],
    ['PUT', cache.autoscan, body],
    ['PUT', cache.autoscanHot, body],
    ['DELETE', cache.task(randomUUID()), ''],
  ]);
  const own = [['Host', 'h'], ['Content-Type', 'application/json'], ['X-Nonce', randomUUID()]];
  if (random.below(2)) own.push(['X-Project-Id', alice.projectId], ['X-Extra', ' zeta '], ['X-Extra', 'alpha']);
  const headers = sign({ key: alice.key, method, target, headers: own, body: sent });
  if (sent) headers.push(['Content-Length', sent.length]);
  return { method, target, headers, body: sent };
}

const replaceAt = (text, at, piece, count = 1) => text.slice(0, at) + piece + text.slice(at + count);
const anywhere = (text) => random.below(text.length);
const anyOf = (request, change) => {
  const i = anywhere(request.headers);
  const headers = request.headers.map((pair) => [...pair]);
  change(headers, i);
  return { ...request, headers };
};
const authorized = (request, change) => ({ ...request, headers: request.headers.map(([name, value]) =>
  [name, name === 'Authorization' ? change(value) : value]) });

const CHANGES = [
  (r) => ({ ...r, method: random.pick(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']) }),
  (r) => ({ ...r, target: replaceAt(r.target, 1 + random.below(r.target.length - 1), random.pick([...'a0/%?&=~'])) }),
  (r) => ({ ...r, target: r.target.replace('bigkey', 'hotkey') }),
  (r) => ({ ...r, target: r.target.replace(alice.projectId, bob.projectId) }),
  (r) => ({ ...r, target: `${r.target}${r.target.includes('?') ? '&' : '?'}limit=1000` }),
  (r) => ({ ...r, target: r.target.replace('limit=5&offset=0', random.pick(['offset=0&limit=5', 'offset=5&limit=0'])) }),
  (r) => ({ ...r, body: r.body.replace('06:00', '08:00').replace('07:00', '08:00') }),
  (r) => ({ ...r, body: r.body && replaceAt(r.body, anywhere(r.body), random.pick([...'a01{} '])) }),
  (r) => anyOf(r, (headers, i) => { headers[i][1] = `${headers[i][1]}0`; }),
  (r) => anyOf(r, (headers, i) => headers.splice(i, 1)),
  (r) => anyOf(r, (headers, i) => headers.push([headers[i][0], 'b'])),
  (r) => anyOf(r, (headers, i) => { headers[i][0] = `${headers[i][0]}x`; }),
  (r) => authorized(r, (value) => value.replace(/SignedHeaders=[^;]*;/, 'SignedHeaders=')),
  (r) => authorized(r, (value) => value.replace(', Signature', ';host, Signature')),
  (r) => authorized(r, (value) => value.replace(alice.key.id, random.pick([bob.key.id, 'A'.repeat(20)]))),
  (r) => authorized(r, (value) => replaceAt(value, value.length - 1 - random.below(64), random.pick([...'0123456789abcdef']))),
  (r) => authorized(r, (value) => value.replace(/Signature=.*/, (digits) => digits.toUpperCase().replace('SIGNATURE', 'Signature'))),
];

// Bytes of a mutant: of the request as it was, with one part or one byte changed.
function mutate(request) {
  if (random.below(4) > 0) return write(random.pick(CHANGES)(request));
  const bytes = write(request);
  const at = random.below(bytes.length);
  return random.below(2) ? Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
    : Buffer.concat([bytes.subarray(0, at), Buffer.from([bytes[at] ^ (1 << random.below(7))]), bytes.subarray(at + 1)]);
}

const FRAMING = /^Invalid (((Host|Content-Length|Transfer-Encoding|Expect|folded) )?header|byte in the request head|line ending|request (line|head)|HTTP (version|message)) in/;

// Not signed by the key, or not even a request; whatever else is answered was let in.
const isRefusal = ({ answers: [answer] }) => !answer || answer.status === 401 ||
  [413, 414, 431].includes(answer.status) ||
  (answer.status === 404 && answer.json.error_code === 'DCS.4001') ||
  (answer.status === 405 && answer.json.error_code === 'DCS.5001') ||
  (answer.status === 400 && FRAMING.test(answer.json.error_msg)) ||
  // HEAD has no body to read.
  (answer.body === '' && answer.status >= 400);

const state = () => site.sql(`SELECT 'task', id::text FROM scan_task UNION ALL
  SELECT 'autoscan', kind || schedule_minutes::text || updated_at::text FROM autoscan ORDER BY 1, 2`);

test(`${MUTANTS} changed requests`, async () => {
  const before = await state();
  let sent = 0;
  while (sent < MUTANTS) {
    const mutants = [];
    while (mutants.length < AT_ONCE) {
      const request = genuine();
      const mutant = mutate(request);
      if (read(mutant) !== read(write(request))) mutants.push(mutant);
    }
    const results = await Promise.all(mutants.map((bytes) => site.raw(bytes, { halfClose: true })));
    for (const [i, result] of results.entries())
      assert.ok(isRefusal(result), `${mutants[i]}\n\n${result.answers[0]?.status} ${result.answers[0]?.body}`);
    sent += mutants.length;
  }
  assert.deepEqual(await state(), before);
});

// And what the mutants were made of is done.
test('the same requests unchanged', async () => {
  for (let i = 0; i < 30; i++) {
    const request = genuine();
    const { answers: [answer] } = await site.raw(write(request));
    if (request.method === 'POST') assert.ok([200, 400].includes(answer.status) && !isRefusal({ answers: [answer] }), answer.body);
    else assert.equal(answer.status, request.method === 'DELETE' ? 204 : 200, answer.body);
  }
  const kinds = new Set((await state()).map((row) => Object.values(row)[0]));
  assert.deepEqual([...kinds].sort(), ['autoscan', 'task']);
});
