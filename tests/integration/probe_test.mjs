// The status of an instance follows the probe, and what tenants read of it is what the probe recorded.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertError, assertGolden } from '../support/golden.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

let world, site, alice, client, redis, cache;

before(async () => {
  world = await World.open();
  site = await world.site({
    workers: 1,
    worker: { probe_seconds: 1, probe_down_seconds: 2, redis_connect_timeout_ms: 500, redis_reply_timeout_ms: 500 },
  });
  alice = await site.tenant('alice');
  client = alice.client;
  redis = await world.redis();
  cache = await alice.instance('cache', redis.endpoint, '--no-probe');
});
after(() => world?.close());

const status = async () => (await client.get(cache.path)).json.status;
const becomes = (wanted) => until(`it is ${wanted}`, async () => (await status()) === wanted);

test('registered and not probed, it becomes RUNNING', async () => {
  await becomes('RUNNING');
  assert.match((await client.get(cache.path)).json.engine_version, /^\d+\.\d+$/);
});

test('its nodes and its configuration, as the probe found them', async () => {
  const nodes = await until('nodes are recorded', async () => {
    const answer = await client.get(`${cache.path}/logical-nodes`);
    return answer.json.total > 0 && answer;
  });
  assertGolden(nodes, 200, '{"instance_id":"<1>","total":1,"nodes":[{"logical_node_id":"<2>",'
    + `"name":"127.0.0.1:${redis.port}","status":"Active","node_role":"redis-server","node_type":"master",`
    + `"node_ip":"127.0.0.1","node_port":"${redis.port}","node_id":"<2>","group_id":"0","group_name":"group-0",`
    + '"is_access":true}]}');
  const policy = async () => (await client.get(`${cache.path}/configs`)).json.redis_config
    .find(({ param_name: name }) => name === 'maxmemory-policy')?.param_value;
  await until('the policy is recorded', async () => (await policy()) === 'noeviction');
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  await until('the policy is the new one', async () => (await policy()) === 'allkeys-lfu');
  const { id } = (await until('hot keys are possible', async () => {
    const answer = await client.post(cache.createHot);
    return answer.status === 200 && answer;
  })).json;
  await cache.reaches(id, 'success');
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await until('hot keys are not possible', async () => (await policy()) === 'allkeys-lru');
  assertError(await client.post(cache.createHot), 400, 'DCS.4922', 'Does not support hotkey analyze.');
});

test('one that does not answer is not RUNNING, and is again when it does', async () => {
  redis.program.signal('SIGSTOP');
  await becomes('ERROR');
  assertError(await client.post(cache.create), 400, 'DCS.4049', 'The instance status is not running.');
  assertError(await client.post(cache.createHot), 400, 'DCS.4049');
  assertError(await client.post(cache.expired), 400, 'DCS.4049');
  assert.deepEqual((await client.get(`${alice.instances}?status=ERROR`)).json.instances.map((i) => i.instance_id),
    [cache.id]);
  redis.program.signal('SIGCONT');
  await becomes('RUNNING');
  assert.equal((await cache.analyse()).status, 'success');
});

test('one that is gone, and comes back on the same port', async () => {
  redis.connection.close();
  await redis.program.stop({ signal: 'SIGKILL', expected: null });
  await becomes('ERROR');
  assertError(await client.post(cache.create), 400, 'DCS.4049');
  assert.ok(await redis.launch({}));
  await becomes('RUNNING');
  assert.equal((await cache.analyse()).status, 'success');
});

test('a short absence is none', async () => {
  const other = await world.site({
    workers: 1, worker: { probe_seconds: 1, probe_down_seconds: 3600, redis_connect_timeout_ms: 500 },
  });
  const bob = await other.tenant('bob');
  const theirs = await bob.instance('cache', redis.endpoint);
  redis.connection.close();
  await redis.program.stop({ signal: 'SIGKILL', expected: null });
  const row = async () => (await other.sql('SELECT status, probe_error FROM instance WHERE id = $1', [theirs.id]))[0];
  await until('a probe has failed', async () => (await row()).probe_error);
  assert.equal((await row()).status, 'RUNNING');
  assert.ok(await redis.launch({}));
  await until('a probe has succeeded', async () => !(await row()).probe_error);
});
