// Every operation with a golden answer, the order of checks, and HEAD.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertAnswer, assertError, assertGolden } from '../support/golden.mjs';
import { enumerate, fillExpired, fillSmall, largest } from '../support/dataset.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';

let world, site, alice, client, redis, cache;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  client = alice.client;
  redis = await world.redis();
  await fillSmall(redis);
  cache = await alice.instance('cache', redis.endpoint);
});
after(() => world?.close());

const withWorker = async (work) => {
  const worker = await site.startWorker();
  try {
    return await work();
  } finally {
    await worker.stop();
  }
};

const ended = (id) => until('the task ends', async () =>
  ['success', 'failed'].includes(await cache.status(id)));

test('big key: create, list, show, busy, delete of a waiting task', async () => {
  const created = await client.post(cache.create);
  assertGolden(created, 200,
    '{"id":"<1>","instance_id":"<2>","status":"waiting","scan_type":"manual","created_at":"<time>","num":0}');
  const { id } = created.json;
  assert.equal(created.json.instance_id, cache.id);

  assertError(await client.post(cache.create), 400, 'DCS.4918', 'Instance bigkey analyze is running.');
  assertGolden(await client.get(cache.task(id)), 200,
    '{"id":"<1>","instance_id":"<2>","status":"waiting","scan_type":"manual","created_at":"<time>","num":0}');
  assertGolden(await client.get(cache.list), 200,
    '{"instance_id":"<1>","count":1,"records":[{"id":"<2>","status":"waiting","scan_type":"manual","created_at":"<time>"}]}');
  assertGolden(await client.delete(cache.task(id)), 200,
    '{"id":"<1>","instance_id":"<2>","status":"waiting","scan_type":"manual","created_at":"<time>","num":0}');
  assertError(await client.get(cache.task(id)), 400, 'DCS.4942', 'The bigkey id does not exist.');
  assertAnswer(await client.delete(cache.task(id)), 204);
  assertGolden(await client.get(cache.list), 200, '{"instance_id":"<1>","count":0,"records":[]}');
});

test('big key: success carries the largest keys, exactly', async () => {
  const expected = largest(await enumerate(redis, [0, 3]));
  const { id } = await cache.start();
  await withWorker(() => ended(id));
  const shown = await client.get(cache.task(id));
  assertGolden(shown, 200,
    '{"id":"<1>","instance_id":"<2>","status":"success","scan_type":"manual","created_at":"<time>",'
    + `"started_at":"<time>","finished_at":"<time>","num":${expected.length},"keys":${JSON.stringify(shown.json.keys)}}`);
  assert.deepEqual(shown.json.keys, expected);
  assert.deepEqual(Object.keys(shown.json.keys[0]), ['name', 'type', 'db', 'size', 'unit']);
  assertGolden(await client.get(`${cache.list}?status=success`), 200,
    '{"instance_id":"<1>","count":1,"records":[{"id":"<2>","status":"success","scan_type":"manual",'
    + '"created_at":"<time>","started_at":"<time>","finished_at":"<time>"}]}');
  const gone = await client.delete(cache.task(id));
  assert.deepEqual(gone.json, shown.json);
});

test('expired keys: both paths, histories, and memory that is given back', async () => {
  const count = 3000;
  await fillExpired(redis, count);
  const keysBefore = await redis.command('DBSIZE');
  const created = await client.post(cache.expired);
  assertGolden(created, 200,
    '{"id":"<1>","instance_id":"<2>","status":"waiting","scan_type":"manual","created_at":"<time>"}');
  assertError(await client.post(cache.expiredAgain), 400, 'DCS.4017',
    'This DCS instance job task is still running.');
  assertGolden(await client.get(cache.histories), 200,
    '{"instance_id":"<1>","count":1,"total":0,"records":[{"id":"<2>","instance_id":"<1>","status":"waiting",'
    + '"scan_type":"manual","num":0,"created_at":"<time>"}]}');
  await withWorker(() => ended(created.json.id));
  assertGolden(await client.get(cache.histories), 200,
    `{"instance_id":"<1>","count":1,"total":${count},"records":[{"id":"<2>","instance_id":"<1>","status":"success",`
    + `"scan_type":"manual","num":${count},"created_at":"<time>","started_at":"<time>","finished_at":"<time>"}]}`);
  assert.equal(await redis.command('DBSIZE'), keysBefore - count);
  assertGolden(await client.post(cache.expiredAgain), 200,
    '{"id":"<1>","instance_id":"<2>","status":"waiting","scan_type":"manual","created_at":"<time>"}');
  const { id } = (await client.get(`${cache.histories}?status=waiting`)).json.records[0];
  await withWorker(() => ended(id));
  assert.equal((await client.get(cache.histories)).json.total, count);
});

test('a big-key task is none of the expired kind, and the reverse', async () => {
  const task = await cache.start(cache.expired);
  assertError(await client.get(cache.task(task.id)), 400, 'DCS.4942');
  assertAnswer(await client.delete(cache.task(task.id)), 204);
  assert.equal(await cache.status(task.id), 'waiting');
  await withWorker(() => ended(task.id));
});

test('instances: list and show', async () => {
  const listed = await client.get(alice.instances);
  assertAnswer(listed, 200);
  const [item] = listed.json.instances;
  const time = '<time>';
  const members = {
    instance_id: cache.id, name: 'cache', engine: 'Redis', engine_version: item.engine_version,
    ip: '127.0.0.1', port: redis.port, domain_name: item.domain_name, status: 'RUNNING', sub_status: 'normal',
    spec_code: item.spec_code, capacity: item.capacity, max_memory: item.max_memory,
    used_memory: item.used_memory, no_password_access: 'true', enable_ssl: false,
    created_at: item.created_at, updated_at: item.updated_at, description: '', tags: [],
  };
  assert.deepEqual(item, members);
  assert.match(item.engine_version, /^\d+\.\d+$/);
  for (const name of ['capacity', 'max_memory', 'used_memory']) assert.ok(Number.isInteger(item[name]));
  assertGolden(listed, 200, JSON.stringify({
    instance_num: 1,
    instances: [{ ...members, instance_id: '<1>', created_at: time, updated_at: time }],
  }));
  assertGolden(await client.get(cache.path), 200, JSON.stringify({
    ...members, instance_id: '<1>', created_at: time, updated_at: time, cache_mode: 'single', db_number: 16,
    replica_count: 1, sharding_count: 1, product_type: 'generic',
  }));
  assert.ok(!('task' in (await client.get(cache.path)).json));
});

test('instances: filters and pages', async () => {
  const second = await alice.instance('Other', redis.endpoint);
  const ids = async (query) => {
    const answer = await client.get(`${alice.instances}${query}`);
    assertAnswer(answer, 200);
    return [answer.json.instance_num, answer.json.instances.map((i) => i.instance_id)];
  };
  const cases = [
    ['', [2, [second.id, cache.id]]],
    ['?limit=1', [2, [second.id]]],
    ['?limit=1&offset=1', [2, [cache.id]]],
    ['?offset=2', [2, []]],
    [`?instance_id=${cache.id}`, [1, [cache.id]]],
    [`?instance_id=${UNKNOWN}`, [0, []]],
    ['?name=ach', [1, [cache.id]]],
    ['?name=oth', [1, [second.id]]],
    ['?name=ach&name_equal=true', [0, []]],
    ['?name=cache&name_equal=true', [1, [cache.id]]],
    ['?status=RUNNING', [2, [second.id, cache.id]]],
    ['?status=ERROR', [0, []]],
    ['?ip=127.0.0.1', [2, [second.id, cache.id]]],
    ['?ip=10.0.0.1', [0, []]],
    ['?name=%25', [0, []]],
  ];
  for (const [query, expected] of cases) assert.deepEqual(await ids(query), expected, query);
});

test('lists: pages, newest first, filter by status', async () => {
  const made = [];
  for (let i = 0; i < 3; i++) {
    made.unshift((await cache.start()).id);
    await site.sql(`UPDATE scan_task SET status = 'failed', failure = 'test', finished_at = now(),
      claimable_at = NULL WHERE id = $1`, [made[0]]);
  }
  const page = async (query) => {
    const answer = await client.get(`${cache.list}${query}`);
    assertAnswer(answer, 200);
    return [answer.json.count, answer.json.records.map((r) => r.id)];
  };
  assert.deepEqual(await page(''), [3, made]);
  assert.deepEqual(await page('?limit=2'), [3, made.slice(0, 2)]);
  assert.deepEqual(await page('?limit=2&offset=2'), [3, made.slice(2)]);
  assert.deepEqual(await page('?offset=3'), [3, []]);
  assert.deepEqual(await page('?offset=1000000000'), [3, []]);
  assert.deepEqual(await page('?limit=1000'), [3, made]);
  assert.deepEqual(await page('?status=failed&limit=1'), [3, made.slice(0, 1)]);
  assert.deepEqual(await page('?status=running'), [0, []]);
});

test('order of checks: state, then kind, then one at a time', async () => {
  const broken = await alice.instance('broken', '127.0.0.1:1', '--no-probe');
  assertError(await client.post(broken.create), 400, 'DCS.4049', 'The instance status is not running.');
  assertError(await client.post(broken.expired), 400, 'DCS.4049');
  await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(), capabilities = '{}' WHERE id = $1`,
    [broken.id]);
  assertError(await client.post(broken.create), 400, 'DCS.4919', 'Does not support bigkey analyze.');
  assertError(await client.post(broken.expired), 400, 'DCS.4818', 'Do not support auto expire scan.');
  await site.sql(`UPDATE instance SET capabilities = '{bigkey,expired}' WHERE id = $1`, [broken.id]);
  await broken.start();
  await broken.start(broken.expired);
  await site.sql(`UPDATE instance SET capabilities = '{}' WHERE id = $1`, [broken.id]);
  assertError(await client.post(broken.create), 400, 'DCS.4919');
  await site.sql(`UPDATE instance SET status = 'ERROR' WHERE id = $1`, [broken.id]);
  assertError(await client.post(broken.create), 400, 'DCS.4049');
});

test('an unknown instance is 404 on every operation', async () => {
  const nowhere = `${alice.instances}/${UNKNOWN}`;
  const cases = [
    ['POST', '/bigkey-task'], ['GET', '/bigkey-tasks'], ['GET', `/bigkey-task/${UNKNOWN}`],
    ['DELETE', `/bigkey-task/${UNKNOWN}`], ['POST', '/scan-expire-keys-task'], ['POST', '/auto-expire/scan'],
    ['GET', '/auto-expire/histories'], ['GET', ''],
  ];
  for (const [method, path] of cases)
    assertError(await client.request(method, nowhere + path), 404, 'DCS.3022', 'This DCS instance does not exist.');
});

test('HEAD answers as GET without a body', async () => {
  const { id } = await cache.start();
  for (const path of [cache.list, cache.task(id), cache.histories, alice.instances, cache.path,
    `${cache.list}?limit=0`, `${alice.instances}/${UNKNOWN}`, cache.task(UNKNOWN)]) {
    const get = await client.get(path);
    const head = await client.request('HEAD', path);
    assert.equal(head.status, get.status, path);
    assert.equal(head.body, '');
    assert.equal(head.headers['content-type'], get.headers['content-type']);
    assert.equal(head.headers['content-length'], get.headers['content-length']);
    assert.ok(head.headers['x-request-id']);
  }
  await client.delete(cache.task(id));
});

test('ids are taken as clients write them', async () => {
  const { projectId } = alice;
  const dashed = projectId.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  const paths = [
    `/v2/${dashed}/instances/${cache.id}`,
    `/v2/${projectId.toUpperCase()}/instances/${cache.id.toUpperCase()}`,
    `/v2/${projectId}/instances/${cache.id}/`,
    `/v2/${projectId}/instances/%${cache.id.charCodeAt(0).toString(16)}${cache.id.slice(1)}`,
  ];
  for (const path of paths) {
    const answer = await client.get(path);
    assertAnswer(answer, 200);
    assert.equal(answer.json.instance_id, cache.id);
  }
});

test('every answer has its own request id', async () => {
  const seen = new Set();
  for (let i = 0; i < 20; i++) seen.add((await client.get(cache.path)).headers['x-request-id']);
  assert.equal(seen.size, 20);
});
