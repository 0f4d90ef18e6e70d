// Signatures against the running server.  The fixed vectors are a unit test; here are the edges that need
// the real clock, the real keys, and the real database.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { World } from '../support/site.mjs';
import { sign, stamp } from '../support/signer.mjs';

const FAILED = 'Incorrect IAM authentication information: verify aksk signature fail';

let world, site, alice, bob, target;

before(async () => {
  world = await World.open();
  site = await world.site({ server: { access_key_cache_seconds: 60 } });
  alice = await site.tenant('alice');
  bob = await site.tenant('bob');
  target = `${alice.instances}?limit=5&offset=0`;
});
after(() => world?.close());

const send = (how = {}) => alice.client.get(target, how);
const shifted = (seconds) => new Date(Date.now() + seconds * 1000);

test('the date may be off by the window and no more', async () => {
  // Two seconds of room: the clock moves between here and there.
  for (const seconds of [0, -897, 897]) assertAnswer(await send({ date: shifted(seconds) }), 200);
  for (const seconds of [-903, 903, -86400, 86400])
    assertError(await send({ date: shifted(seconds) }), 401, 'APIGW.0301',
      /^Incorrect IAM authentication information: calc aksk signature fail:signature expired, signature time:\d{8}T\d{6}Z,server time:\d{8}T\d{6}Z$/);
});

test('no credentials at all', async () => {
  assertError(await alice.client.send('GET', target, {}), 401, 'APIGW.0301',
    'Incorrect IAM authentication information: no Authorization or X-Auth-Token header');
});

test('a token is refused as long as no identity service is configured', async () => {
  const answer = await alice.client.send('GET', target, { headers: [['X-Auth-Token', 'MIIabc']] });
  assertError(answer, 401, 'DCS.1001', 'Invalid token.');
});

test('an Authorization that does not parse says what is wrong', async () => {
  const good = sign({ key: alice.key, method: 'GET', target, headers: [['Host', 'h']] });
  const authorization = good.at(-1)[1];
  const cases = [
    '', ' ', 'Basic YTpi', 'SDK-HMAC-SHA256', 'SDK-HMAC-SHA256 ', 'SDK-HMAC-SHA256 Access=',
    'SDK-HMAC-SHA256 Access=A, SignedHeaders=x-sdk-date',
    'SDK-HMAC-SHA256 SignedHeaders=x-sdk-date, Signature=00',
    authorization.replace('SDK-HMAC-SHA256', 'SDK-HMAC-SM3'),
    authorization.replace('Access=', 'access'), authorization.replace('Signature=', 'Signed='),
    authorization.replace(/Signature=.*/, 'Signature='), authorization.replace('SignedHeaders=', 'SignedHeaders=;;'),
    `${authorization}, ${'x'.repeat(5000)}`, 'ÿ'.repeat(100), ','.repeat(1000), ';='.repeat(1000),
  ];
  for (const value of cases) {
    const headers = [['Host', 'h'], good.find(([name]) => name === 'X-Sdk-Date'), ['Authorization', value]];
    assertError(await alice.client.send('GET', target, { headers }), 401, 'APIGW.0301',
      /^Incorrect IAM authentication information: /);
  }
});

test('a date that is missing, unsigned, repeated or malformed', async () => {
  const cases = [
    { date: '2026-11-22T17:09:23Z' }, { date: '' }, { date: 'yesterday' }, { date: '20261322T170923Z' },
    { signed: ['host'] },
  ];
  for (const how of cases) assertError(await send(how), 401, 'APIGW.0301');
  const headers = sign({ key: alice.key, method: 'GET', target, headers: [['Host', 'h']] })
    .filter(([name]) => name !== 'X-Sdk-Date');
  assertError(await alice.client.send('GET', target, { headers }), 401, 'APIGW.0301');
  const twice = sign({ key: alice.key, method: 'GET', target, headers: [['Host', 'h']] });
  const answer = await alice.client.send('GET', target,
    { headers: [...twice, ['X-Sdk-Date', stamp(shifted(-5000))]] });
  assertError(answer, 401, 'APIGW.0301');
});

test('wrong secret, unknown key, changed request', async () => {
  assertError(await send({ secretKey: 'x'.repeat(40) }), 401, 'APIGW.0301', FAILED);
  assertError(await send({ accessKey: 'A'.repeat(20) }), 401, 'APIGW.0301', FAILED);
  assertError(await send({ accessKey: "A' OR '1'='1" }), 401, 'APIGW.0301');
  const headers = sign({ key: alice.key, method: 'GET', target, headers: [['Host', 'h']] });
  assertAnswer(await alice.client.send('GET', target, { headers }), 200);
  assertError(await alice.client.send('GET', `${target}&x=1`, { headers }), 401, 'APIGW.0301', FAILED);
  assertError(await alice.client.send('GET', target, { headers, body: '{}' }), 401, 'APIGW.0301', FAILED);
  for (const [i, [name, value]] of headers.entries()) {
    const changed = headers.map((header, j) => (i === j ? [name, `${value}0`] : header));
    assertError(await alice.client.send('GET', target, { headers: changed }), 401, 'APIGW.0301');
  }
});

test('the method is part of the signature', async () => {
  const task = `${alice.instances}/00000000-0000-4000-8000-000000000000/bigkey-task/00000000-0000-4000-8000-000000000000`;
  const headers = sign({ key: alice.key, method: 'GET', target: task, headers: [['Host', 'h']] });
  assertError(await alice.client.send('GET', task, { headers }), 404, 'DCS.3022');
  assertError(await alice.client.send('DELETE', task, { headers }), 401, 'APIGW.0301', FAILED);
});

test('every single changed digit of a signature is refused', async () => {
  const headers = sign({ key: alice.key, method: 'GET', target, headers: [['Host', 'h']] });
  const authorization = headers.at(-1)[1];
  const start = authorization.length - 64;
  for (let i = start; i < authorization.length; i += 7) {
    const digit = ((parseInt(authorization[i], 16) + 1) % 16).toString(16);
    const value = authorization.slice(0, i) + digit + authorization.slice(i + 1);
    assertError(await alice.client.send('GET', target,
      { headers: [...headers.slice(0, -1), ['Authorization', value]] }), 401, 'APIGW.0301', FAILED);
  }
});

test('what existing clients sign is accepted', async () => {
  const cases = [
    { headers: [] , signed: ['x-sdk-date'] },
    { headers: [['Content-Type', 'application/json']] },
    { headers: [['Content-Type', 'application/json;charset=utf-8'], ['X-Project-Id', alice.projectId]] },
    { headers: [['User-Agent', 'client/3.0; os/linux#6#x64 a/b; app/1'], ['Accept', ' */* ']] },
    { headers: [['X-Twice', 'b'], ['X-Twice', 'a']] },
  ];
  for (const how of cases) assertAnswer(await send(how), 200);
  const late = sign({ key: alice.key, method: 'GET', target, headers: [['Host', 'h']] });
  assertAnswer(await alice.client.send('GET', target,
    { headers: [...late, ['X-Project-Id', alice.projectId]] }), 200);
});

test('a project header that names another project', async () => {
  const answer = await send({ headers: [['X-Project-Id', bob.projectId]] });
  assert.ok([401, 403].includes(answer.status), answer.body);
  assertError(answer, answer.status, answer.json.error_code);
});

test('the body is part of the signature, and a declared hash must match it', async () => {
  const path = `${alice.instances}`;
  assertAnswer(await alice.client.get(path, { body: '{}' }), 200);
  for (const hash of ['UNSIGNED-PAYLOAD', '0'.repeat(64), ''])
    assertError(await alice.client.get(path, { body: '{}', headers: [['X-Sdk-Content-Sha256', hash]] }), 401,
      'APIGW.0301');
});

test("another project's key is forbidden, and does not tell what exists", async () => {
  assertError(await bob.client.get(alice.instances), 403, 'DCS.2003',
    'This role does not have the permission to perform this operation.');
  assertError(await bob.client.get('/v2/00000000000000000000000000000000/instances'), 403, 'DCS.2003');
});

test('a disabled key stops working although it is cached', async () => {
  const key = await site.dcsctl('key', 'add', '--project', 'alice');
  const client = site.client({ id: key.id, secret: key.secret });
  assertAnswer(await client.get(target), 200);
  await site.dcsctl('key', 'disable', key.id);
  const { until } = await import('../support/wait.mjs');
  await until('the disabled key is refused', async () => {
    for (let i = 0; i < 8; i++) if ((await client.get(target)).status !== 401) return false;
    return true;
  }, 5000);
  assertError(await client.get(target), 401, 'APIGW.0301', FAILED);
});
