// Well-formed HTTP with bad content: each gets the documented error, and the next request works.

import assert from 'node:assert/strict';
import { after, before, beforeEach, afterEach, test } from 'node:test';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { World } from '../support/site.mjs';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

let world, site, alice, client, cache, health;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  client = alice.client;
  cache = await alice.instance('cache', (await world.redis()).endpoint);
});
after(() => world?.close());
beforeEach(() => (health = async () => assertAnswer(await client.get(cache.path), 200)));
afterEach(() => health());

test('malformed ids', async () => {
  const bad = ['x', '1', '-', 'null', '0'.repeat(31), '0'.repeat(33), UNKNOWN.slice(1), `${UNKNOWN}0`,
    UNKNOWN.replaceAll('-', '_'), `${UNKNOWN.slice(0, 35)}g`, '%00', '%FF', "'%20OR%201=1--", '..%2F..%2Fetc'];
  for (const id of bad) {
    assertError(await client.get(`/v2/${id}/instances`), 400, 'DCS.4002', 'Invalid project ID format.');
    assertError(await client.get(`${alice.instances}/${id}`), 400, 'DCS.4061', 'Invalid instance ID format.');
    assertError(await client.post(`${alice.instances}/${id}/bigkey-task`), 400, 'DCS.4061');
    assertError(await client.get(cache.task(id)), 400, 'DCS.4070', 'Invalid task ID format.');
    assertError(await client.delete(cache.task(id)), 400, 'DCS.4070');
  }
  assertError(await client.get(`${alice.instances}/${'0'.repeat(32)}`), 400, 'DCS.4061');
});

test('unknown paths', async () => {
  const paths = ['/', '//', '/v2', '/v2/', `/v2/${alice.projectId}`, `/v1/${alice.projectId}/instances`,
    `${alice.instances}x`, `${cache.path}/nothing`, `${cache.path}/bigkey-task/x/y`, `${cache.path}//bigkey-tasks`,
    `${cache.create}s/${UNKNOWN}`, '/favicon.ico', '/%2e%2e/%2e%2e', `/v2//instances`, '/%', '/v2/%/instances',
    '/v2/%zz/instances', `${cache.path}/bigkey-tasks%00`, `/${'x'.repeat(2000)}`, `${'/x'.repeat(500)}`];
  for (const path of paths) {
    const answer = await client.get(path);
    assert.ok(['DCS.4001', 'DCS.4002'].includes(answer.json.error_code), `${path}: ${answer.body}`);
    assertError(answer, answer.json.error_code === 'DCS.4001' ? 404 : 400, answer.json.error_code);
    if (!path.includes('%') && !path.includes('//instances'))
      assertError(answer, 404, 'DCS.4001', 'The requested URL does not exist.');
  }
});

test('a NUL in a path', async () => {
  for (const path of [`${cache.path}/bigkey-tasks%00`, `${cache.path}%00/bigkey-tasks`, '/v2%00',
    cache.task(`${UNKNOWN}%00`), cache.task('%00')]) {
    const answer = await client.get(path);
    assert.ok([400, 404].includes(answer.status), answer.body);
    assertError(answer, answer.status, answer.json.error_code);
  }
});

test('a method that the path does not have', async () => {
  const cases = [
    [cache.create, ['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE'], 'POST'],
    [cache.list, ['POST', 'PUT', 'DELETE'], 'GET, HEAD'],
    [cache.task(UNKNOWN), ['POST', 'PUT', 'PATCH'], 'GET, HEAD, DELETE'],
    [cache.expired, ['GET', 'DELETE'], 'POST'],
    [cache.expiredAgain, ['GET', 'PUT'], 'POST'],
    [cache.histories, ['POST', 'DELETE'], 'GET, HEAD'],
    [alice.instances, ['POST', 'DELETE'], 'GET, HEAD'],
    [cache.path, ['POST', 'DELETE', 'PUT'], 'GET, HEAD'],
  ];
  for (const [path, methods, allow] of cases) {
    for (const method of methods) {
      const answer = await client.request(method, path);
      assert.equal(answer.headers.allow, allow, `${method} ${path}: ${answer.body}`);
      if (method === 'HEAD') assert.equal(answer.status, 405);
      else assertError(answer, 405, 'DCS.5001', 'This request method is not allowed.');
    }
  }
});

test('parameters of a list', async () => {
  const cases = [
    ['limit=-1', 'limit'], ['limit=0', 'limit'], ['limit=1001', 'limit'], ['limit=', 'limit'], ['limit', 'limit'],
    ['limit=99999999999999999999', 'limit'], ['limit=1e1', 'limit'], ['limit=+1', 'limit'], ['limit=%201', 'limit'],
    ['limit=0x10', 'limit'], ['limit=1%00', undefined], ['limit=ten', 'limit'], ['limit=1.0', 'limit'],
    ['offset=-1', 'offset'], ['offset=1e9', 'offset'], ['offset=99999999999999999999', 'offset'], ['offset=', 'offset'],
    ['offset=-99999999999999999999', 'offset'], ['offset=%EF%BC%91', 'offset'],
    ['limit=1&limit=1', 'limit'], ['offset=1&limit=1&offset=2', 'offset'], ['a=1&a=2', 'a'], ['%61=1&a=2', 'a'],
  ];
  const status = [['status=done', 'status'], ['status=', 'status'], ['status=Success', 'status'],
    ['status=success&status=success', 'status'], ["status='", 'status'], ['status=success%20', 'status']];
  for (const path of [cache.list, cache.histories, alice.instances]) {
    for (const [query, name] of path === alice.instances ? cases : [...cases, ...status]) {
      assertError(await client.get(`${path}?${query}`), 400, 'DCS.4800',
        name ? `Invalid ${name} in the request.` : /^Invalid .* in the request\.$/);
    }
  }
  for (const query of ['instance_id=x', 'instance_id=', 'name_equal=yes', `name=${'x'.repeat(300)}`])
    assertError(await client.get(`${alice.instances}?${query}`), 400, 'DCS.4800');
});

test('a query that is not percent-encoded has no canonical form, so no signature can be right', async () => {
  for (const query of ['limit=%', 'limit=%4', 'limit=%zz', '%=1'])
    assertError(await client.get(`${alice.instances}?${query}`), 401, 'APIGW.0301',
      /^Incorrect IAM authentication information: .*query/);
});

test('a query that is no UTF-8, or too large', async () => {
  for (const query of ['name=%FF', 'name=%C3%28', '%C0%80=1', 'name=%00',
    'name=%ED%A0%80', Array.from({ length: 100 }, (_, i) => `p${i}=1`).join('&'), `name=${'%41'.repeat(2000)}`])
    assertError(await client.get(`${alice.instances}?${query}`), 400, 'DCS.4800', /^Invalid .* in the request\.$/);
});

test('parameters that do not matter are ignored', async () => {
  for (const query of ['?', '?&', '?&&limit=1&', '?unknown=1', '?x', '?x=%20y', '?offset=1000000000', '?='])
    assertAnswer(await client.get(`${cache.list}${query}`), 200);
});

test('an error that repeats what the client sent stays valid and short', async () => {
  for (const name of ['%22%5C%0A', '%3Cscript%3E', 'x'.repeat(500), '%F0%9F%98%80'.repeat(40)]) {
    const answer = await client.get(`${cache.list}?${name}=1&${name}=2`);
    assertError(answer, 400, 'DCS.4800');
    assert.ok(answer.body.length < 1200);
  }
});

test('a body where none belongs is read and ignored', async () => {
  const bodies = ['{}', '[]', 'not json', '\0\xff', ' ', 'x'.repeat(48 * 1024)];
  for (const body of bodies) {
    assertAnswer(await client.get(cache.list, { body }), 200);
    assertAnswer(await client.delete(cache.task(UNKNOWN), { body }), 204);
    const created = await client.post(cache.create, { body });
    assertAnswer(created, 200);
    assertAnswer(await client.delete(cache.task(created.json.id), { body }), 200);
  }
});

test('a body of 10 MiB is refused by its length, before it is sent', async () => {
  for (const [method, path] of [['POST', cache.create], ['GET', cache.list]]) {
    const result = await site.raw(Buffer.from(
      `${method} ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${10 * 1024 * 1024}\r\n\r\n`));
    assertError(result.answers[0], 413, 'APIGW.0201', 'Request entity too large.');
  }
});

// The server answers before it has read all of it, and lingers, so that the answer is not lost in a reset.
test('a body of 10 MiB that is sent all the same', async () => {
  const body = 'x'.repeat(10 * 1024 * 1024);
  const framings = [
    [`Content-Length: ${body.length}`, body],
    ['Transfer-Encoding: chunked', `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
  ];
  for (const [header, content] of framings) {
    const result = await site.raw(Buffer.from(`POST ${cache.create} HTTP/1.1\r\nHost: h\r\n${header}\r\n\r\n${content}`),
      { answers: 2 });
    assert.equal(result.answers.length, 1);
    assertError(result.answers[0], 413, 'APIGW.0201');
    await health();
  }
});

test('a body just inside and just outside the limit', async () => {
  const limit = 48 * 1024;
  assertAnswer(await client.get(cache.list, { body: 'x'.repeat(limit) }), 200);
  const path = cache.list;
  const head = `GET ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${limit + 1}\r\n\r\n`;
  assertError((await site.raw(Buffer.from(head))).answers[0], 413, 'APIGW.0201');
});

test('order of checks: credentials before ids, ids before what they name', async () => {
  const unsigned = (method, path) => client.send(method, path);
  assertError(await unsigned('GET', `${alice.instances}/${UNKNOWN}`), 401, 'APIGW.0301');
  assertError(await unsigned('POST', cache.create), 401, 'APIGW.0301');
  assertError(await unsigned('GET', `${cache.list}?limit=0`), 401, 'APIGW.0301');
  assertError(await client.get(`${alice.instances}/${UNKNOWN}/bigkey-tasks?limit=0`), 400, 'DCS.4800');
});
