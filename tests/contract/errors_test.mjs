// Every documented error that these operations can give is provoked once, with its exact status, code and
// message; and what is not provoked is listed with its reason.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { assertError } from '../support/golden.mjs';
import { World } from '../support/site.mjs';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

// Rows of the table that no operation of this version gives.
const LATER = {
  'DCS.3053': 'offline analysis', 'DCS.4231': 'offline analysis', 'DCS.4232': 'offline analysis',
  'DCS.4922': 'hot keys', 'DCS.4941': 'hot keys',
  'DCS.4819': 'schedules', 'DCS.4820': 'schedules', 'DCS.4821': 'schedules', 'DCS.4822': 'schedules',
  'DCS.4004': 'bodies', 'DCS.4005': 'bodies',
  'DCS.4026': 'no operation depends on another state', 'DCS.4957': 'no operation depends on a task\'s state',
  'DCS.1002': 'tokens', 'DCS.1004': 'tokens', 'APIGW.0308': 'limits',
  '500 DCS.5000': 'a fault of ours has no input that provokes it',
};

// The public rows of the table that feeds the server.
const source = readFileSync(new URL('../../core/base/include/base/error.def', import.meta.url), 'utf8')
  .split('/* Failures that no client sees')[0].replace(/"\s*\n\s*"/g, '');
const TABLE = [...source.matchAll(/^X\((\w+), (\d+), "([^"]+)",\s*"([^"]+)"/gm)]
  .map(([, symbol, status, code, message]) => ({ symbol, status: Number(status), code, message }));

let world, site, alice, bob, cache, broken;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  bob = await site.tenant('bob');
  cache = await alice.instance('cache', (await world.redis()).endpoint);
  broken = await alice.instance('broken', '127.0.0.1:1', '--no-probe');
});
after(() => world?.close());

const raw = async (...lines) => (await site.raw(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`))).answers[0];

const unsupported = async (path) => {
  await site.sql(`UPDATE instance SET capabilities = '{}' WHERE id = $1`, [cache.id]);
  const answer = await alice.client.post(path);
  await site.sql(`UPDATE instance SET capabilities = '{bigkey,expired}' WHERE id = $1`, [cache.id]);
  return answer;
};

const PROVOKED = {
  INVALID_PROJECT_ID: () => alice.client.get('/v2/nonsense/instances'),
  INVALID_INSTANCE_ID: () => alice.client.get(`${alice.instances}/nonsense`),
  INVALID_TASK_ID: () => alice.client.get(cache.task('nonsense')),
  INVALID_PARAMETER: () => alice.client.get(`${cache.list}?offset=-1`),
  INSTANCE_NOT_RUNNING: () => alice.client.post(broken.create),
  BIGKEY_UNSUPPORTED: () => unsupported(cache.create),
  EXPIRED_UNSUPPORTED: () => unsupported(cache.expired),
  BIGKEY_RUNNING: async () => {
    await alice.client.post(cache.create);
    return alice.client.post(cache.create);
  },
  TASK_STILL_RUNNING: async () => {
    await alice.client.post(cache.expired);
    return alice.client.post(cache.expiredAgain);
  },
  UNKNOWN_BIGKEY_TASK: () => alice.client.get(cache.task(UNKNOWN)),
  INVALID_TOKEN: () => alice.client.send('GET', cache.path, { headers: [['X-Auth-Token', 'x']] }),
  UNAUTHENTICATED: () => alice.client.get(cache.path, { secretKey: 'wrong' }),
  FORBIDDEN: () => bob.client.get(cache.path),
  UNKNOWN_INSTANCE: () => alice.client.get(`${alice.instances}/${UNKNOWN}`),
  UNKNOWN_PATH: () => alice.client.get('/v2/nonsense'),
  METHOD_NOT_ALLOWED: () => alice.client.post(cache.list),
  BODY_TOO_LARGE: () => raw(`POST ${cache.create} HTTP/1.1`, 'Host: h', 'Content-Length: 10485760'),
  URI_TOO_LARGE: () => raw(`GET /${'x'.repeat(9000)} HTTP/1.1`, 'Host: h'),
  HEADERS_TOO_LARGE: () => raw('GET / HTTP/1.1', 'Host: h', `X-Big: ${'x'.repeat(70 * 1024)}`),
  UNAVAILABLE: async () => {
    await world.postgres.stop();
    const answer = await alice.client.get(cache.path);
    await world.postgres.launch();
    assert.match(answer.headers['retry-after'] ?? '', /^\d+$/);
    return answer;
  },
};

for (const { symbol, status, code, message } of TABLE) {
  const reason = LATER[code] ?? LATER[`${status} ${code}`];
  test(`${status} ${code} ${symbol}`, { skip: reason }, async () => {
    assert.ok(PROVOKED[symbol], `${symbol} is neither provoked nor listed as one for later`);
    const pattern = new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace('\\{0\\}', '.+')}$`);
    assertError(await PROVOKED[symbol](), status, code, pattern);
  });
}

test('the table has every row that is provoked', () => {
  for (const symbol of Object.keys(PROVOKED)) assert.ok(TABLE.some((row) => row.symbol === symbol), symbol);
});
