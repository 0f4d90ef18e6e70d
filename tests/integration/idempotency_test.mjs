// Retries: the same signature twice, or the same Idempotency-Key, is the same task.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { assertError } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { sign } from '../support/signer.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const REUSED = 'Invalid Idempotency-Key in the request: it was used for another request.';
const BAD_KEY = 'Invalid Idempotency-Key header in the request.';
const AT_ONCE = 20;

let world, site, alice, client, cache, other;

const CREATES = {
  bigkey: { path: (c) => c.create, unknown: ['DCS.4942', 'The bigkey id does not exist.'], busy: 'DCS.4918' },
  hotkey: { path: (c) => c.createHot, unknown: ['DCS.4941', 'The hotkey id does not exist.'], busy: 'DCS.4017' },
  expired: { path: (c) => c.expired, unknown: ['DCS.4070', 'Invalid task ID format.'], busy: 'DCS.4017' },
};

const able = async (name) => {
  const instance = await alice.instance(name, '127.0.0.1:1', '--no-probe');
  await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(),
    capabilities = '{bigkey,hotkey,expired}' WHERE id = $1`, [instance.id]);
  return instance;
};

// No worker runs: a task waits until it is deleted here.
before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  client = alice.client;
  cache = await able('cache');
  other = await able('other');
});
after(() => world?.close());
beforeEach(() => site.sql('DELETE FROM scan_task'));

const keyed = (path, key, how = {}) =>
  client.post(path, { ...how, headers: [['Content-Type', 'application/json'], ['Idempotency-Key', key]] });

const signedOnce = (path, body = '') => {
  const headers = sign({ key: alice.key, method: 'POST', target: path, body,
    headers: [['Host', `127.0.0.1:${client.port}`], ['X-Nonce', randomUUID()]] });
  return () => client.send('POST', path, { headers, body });
};

const count = async () => Number((await site.sql('SELECT count(*) FROM scan_task'))[0].count);

const assertSame = (answers) => {
  for (const answer of answers) assert.equal(answer.status, 200, answer.body);
  assert.equal(new Set(answers.map((a) => a.json.id)).size, 1);
};

for (const [kind, { path, unknown, busy }] of Object.entries(CREATES)) {
  test(`${kind}: the same signature twice`, async () => {
    const send = signedOnce(path(cache));
    const first = await send();
    assertSame([first, await send()]);
    assert.equal(await count(), 1);
    // As the task is now, not as it was.
    await site.sql(`UPDATE scan_task SET status = 'failed', failure = 'test', finished_at = now(), claimable_at = NULL`);
    const again = await send();
    assertSame([first, again]);
    assert.equal(again.json.status, 'failed');
    assertError(await client.post(path(cache)).then((made) => {
      assert.equal(made.status, 200);
      return client.post(path(cache));
    }), 400, busy);
    await site.sql('DELETE FROM scan_task');
    assertError(await send(), 400, ...unknown);
    assert.equal(await count(), 0);
  });

  test(`${kind}: the same signature ${AT_ONCE} times at once`, async () => {
    const send = signedOnce(path(cache));
    assertSame(await Promise.all(Array.from({ length: AT_ONCE }, send)));
    assert.equal(await count(), 1);
  });

  test(`${kind}: the same key under other signatures`, async () => {
    const key = `retry ${randomUUID()}`;
    const first = await keyed(path(cache), key);
    assertSame([first, await keyed(path(cache), key), await keyed(path(cache), key)]);
    assert.equal(await count(), 1);
    await site.sql('DELETE FROM scan_task');
    assertError(await keyed(path(cache), key), 400, ...unknown);
    assert.equal(await count(), 0);
    assert.equal((await keyed(path(cache), `${key}2`)).status, 200);
  });

  test(`${kind}: the same key ${AT_ONCE} times at once`, async () => {
    const key = randomUUID();
    assertSame(await Promise.all(Array.from({ length: AT_ONCE }, () => keyed(path(cache), key))));
    assert.equal(await count(), 1);
  });

  test(`${kind}: the same key with another request`, async () => {
    const key = randomUUID();
    assert.equal((await keyed(path(cache), key)).status, 200);
    assertError(await keyed(path(other), key), 400, 'DCS.4800', REUSED);
    assertError(await keyed(path(cache), key, { body: '{}' }), 400, 'DCS.4800', REUSED);
    assertError(await keyed(`${path(cache)}?x=1`, key), 400, 'DCS.4800', REUSED);
    const next = Object.values(CREATES).find((c) => c.path !== path);
    assertError(await keyed(next.path(cache), key), 400, 'DCS.4800', REUSED);
    assert.equal(await count(), 1);
  });
}

test('two requests with one key at once: one is made, the other refused', async () => {
  for (let round = 0; round < 10; round++) {
    await site.sql('DELETE FROM scan_task');
    const key = randomUUID();
    const answers = await Promise.all([cache, other].map((c) => keyed(c.create, key)));
    assert.deepEqual(answers.map((a) => a.status).sort(), [200, 400],
      [...answers.map((a) => a.body), site.server.stderr.slice(-2000)].join('\n'));
    assertError(answers.find((a) => a.status === 400), 400, 'DCS.4800', REUSED);
    assert.equal(await count(), 1);
  }
});

test('a refusal is not remembered', async () => {
  const key = randomUUID();
  const blocking = await client.post(cache.create);
  assertError(await keyed(cache.create, key), 400, 'DCS.4918');
  assert.equal((await client.delete(cache.task(blocking.json.id))).status, 200);
  assert.equal((await keyed(cache.create, key)).status, 200);
});

test('a key belongs to a project', async () => {
  const bob = await site.tenant('bob');
  const theirs = await bob.instance('cache', '127.0.0.1:1', '--no-probe');
  await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(), capabilities = '{bigkey}' WHERE id = $1`,
    [theirs.id]);
  const key = randomUUID();
  const mine = await keyed(cache.create, key);
  const answer = await bob.client.post(theirs.create, { headers: [['Idempotency-Key', key]] });
  assert.deepEqual([mine.status, answer.status], [200, 200]);
  assert.notEqual(mine.json.id, answer.json.id);
});

test('what a key may be', async () => {
  for (const key of ['x', 'x'.repeat(255), ' ~ !"#$%&\'()*+,-./:;<=>?@[\\]^_`{|} '.trim(), 'a b']) {
    assertSame([await keyed(cache.create, key), await keyed(cache.create, key)]);
    await site.sql('DELETE FROM scan_task');
  }
  for (const key of ['x'.repeat(256), '', ' ', 'a\tb', '\u00fc']) {
    const headers = sign({ key: alice.key, method: 'POST', target: cache.create, headers: [['X-Nonce', randomUUID()]] });
    assertError(await client.send('POST', cache.create, { headers: [...headers, ['Idempotency-Key', key]] }),
      400, 'DCS.4800', BAD_KEY);
  }
  const twice = [['Idempotency-Key', 'a'], ['Idempotency-Key', 'a']];
  assertError(await client.post(cache.create, { headers: twice }), 400, 'DCS.4800', BAD_KEY);
  assert.equal(await count(), 0);
});

test('the key need not be signed', async () => {
  const key = randomUUID();
  const answers = [];
  for (let i = 0; i < 2; i++) {
    const headers = sign({ key: alice.key, method: 'POST', target: cache.create, headers: [['X-Nonce', randomUUID()]] });
    answers.push(await client.send('POST', cache.create, { headers: [...headers, ['Idempotency-Key', key]] }));
  }
  assertSame(answers);
});

test('the same signature twice on a configuration', async () => {
  const write = async (times) => {
    const body = JSON.stringify({ enable_auto_scan: true, schedule_at: times });
    const headers = sign({ key: alice.key, method: 'PUT', target: cache.autoscan, body,
      headers: [['X-Nonce', randomUUID()]] });
    const send = () => client.send('PUT', cache.autoscan, { headers, body });
    const answer = await send();
    assert.equal(answer.status, 200, answer.body);
    return send;
  };
  const early = await write(['01:00']);
  await write(['02:00']);
  const again = await early();
  assert.deepEqual(again.json.schedule_at, ['02:00'], 'a late retry changes nothing');
  const fresh = await client.put(cache.autoscan, json({ enable_auto_scan: true, schedule_at: ['01:00'] }));
  assert.deepEqual(fresh.json.schedule_at, ['01:00']);
});

// Signed once, with one version where it is a change, and sent as often as one likes.
const signedFor = (key, method, target, { body = '', headers = [] } = {}) => {
  const all = sign({ key, method, target, body, headers: [['X-Nonce', randomUUID()], ...headers] });
  return () => client.send(method, target, { headers: all, body });
};

// Of answers at once and later exactly one is the first's.
const assertOnce = async (send, first, again) => {
  const answers = [...await Promise.all(Array.from({ length: 5 }, send)), await send()];
  assert.deepEqual(answers.map((a) => a.status).sort(), [first, ...Array(5).fill(again)].sort(),
    answers.map((a) => a.body).join('\n'));
  return answers.find((a) => a.status === first);
};

test('the same signature twice on every configuration', async () => {
  const times = JSON.stringify({ enable_auto_scan: true, schedule_at: ['01:00'] });
  const never = JSON.stringify({ enable_auto_scan: false });
  const interval = JSON.stringify({ enable_auto_scan: true, interval: 60, timeout: 300, scan_keys_count: 100,
    first_scan_at: new Date(Date.now() + 3600_000).toISOString() });
  for (const [target, first, other] of [
    [cache.autoscan, times, JSON.stringify({ enable_auto_scan: false, schedule_at: [] })],
    [cache.autoscanHot, times, JSON.stringify({ enable_auto_scan: false, schedule_at: [] })],
    [cache.autoscanExpired, interval, never],
  ]) {
    const send = signedFor(alice.key, 'PUT', target, { body: first });
    assert.equal((await send()).json.enable_auto_scan, true);
    assert.equal((await client.put(target, { body: other })).json.enable_auto_scan, false);
    assert.equal((await send()).json.enable_auto_scan, false, target);
    assert.equal((await client.get(target)).json.enable_auto_scan, false, target);
  }
});

test('the same signature twice on a deletion', async () => {
  const made = await client.post(cache.create);
  const send = signedFor(alice.key, 'DELETE', cache.task(made.json.id));
  await assertOnce(send, 200, 204);
  const next = await client.post(cache.create);
  assert.equal((await send()).status, 204);
  assert.equal((await client.get(cache.task(next.json.id))).json.status, 'waiting');
});

test('the same signature twice by an operator', async () => {
  const operator = await site.operator();
  const rows = async (table) => Number((await site.sql(`SELECT count(*) FROM ${table}`))[0].count);
  const create = async (target, value, table) => {
    const before = await rows(table);
    const send = signedFor(operator.key, 'POST', target, { body: value ? JSON.stringify(value) : '' });
    const made = await assertOnce(send, 201, 409);
    assert.equal(await rows(table), before + 1);
    return { made, again: async () => {
      assert.equal((await send()).status, 409);
      assert.equal(await rows(table), before);
    } };
  };
  // What was deleted meanwhile is not made again.
  const project = await create('/admin/v1/projects', { name: 'shop' }, 'project');
  const home = project.made.headers.location;
  const key = await create(`${home}/access-keys`, null, 'access_key');
  const instance = await create(`${home}/instances`, { name: 'c', endpoints: ['127.0.0.1:1'] }, 'instance');

  const rename = signedFor(operator.key, 'PUT', home,
    { body: JSON.stringify({ name: 'shop2' }), headers: [['If-Match', (await operator.get(home)).headers.etag]] });
  await assertOnce(rename, 200, 412);
  for (const { made, again } of [instance, key, project]) {
    await assertOnce(signedFor(operator.key, 'DELETE', made.headers.location), 204, 404);
    await again();
  }
});

test('keys are forgotten after a day', async () => {
  const key = randomUUID();
  const first = await keyed(cache.create, key);
  await site.sql('DELETE FROM scan_task');
  await site.sql(`UPDATE remembered_request SET created_at = now() - interval '23 hours 59 minutes'`);
  assertError(await keyed(cache.create, key), 400, 'DCS.4942');
  await site.sql(`UPDATE remembered_request SET created_at = now() - interval '24 hours 1 minute'`);
  const worker = await site.startWorker();
  await until('the worker has forgotten it', async () =>
    (await site.sql('SELECT count(*) FROM remembered_request'))[0].count === '0');
  await worker.stop();
  const again = await keyed(cache.create, key);
  assert.equal(again.status, 200, again.body);
  assert.notEqual(again.json.id, first.json.id);
});
