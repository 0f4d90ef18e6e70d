// The sequences of the official Terraform provider, replayed with its own logic: what it sends, how it polls and
// pages, what it takes for gone, what it retries.  It does not sign Host, and asks every list without a limit.
// Where it pauses between two polls, this does not.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fillExpired, fillSmall } from '../support/dataset.mjs';
import { sign } from '../support/signer.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const RETRIED = new Set(['DCS.4026', 'DCS.4049', 'DCS.4096', 'DCS.4097', 'DCS.4111', 'DCS.4113', 'DCS.4114', 'DCS.4115',
  'DCS.4116', 'DCS.4117', 'DCS.4118', 'DCS.4120', 'DCS.4121', 'DCS.4231', 'DCS.4975']);
const GONE = new Set(['DCS.4942', 'DCS.4941', 'DCS.4232']);
const EXPIRED = 500;

let world, site, alice, cache, redis, signed;

before(async () => {
  world = await World.open();
  site = await world.site({
    workers: 1,
    worker: { probe_seconds: 1, probe_down_seconds: 1, redis_connect_timeout_ms: 300, redis_reply_timeout_ms: 300 },
  });
  alice = await site.tenant('alice');
  redis = await world.redis({ options: { 'maxmemory-policy': 'volatile-lfu' } });
  await fillSmall(redis);
  cache = await alice.instance('cache', redis.endpoint);
});
after(() => world?.close());

// Another second than the last request's: its signatures have no nonce.
let lastSecond;
const nextSecond = async () => {
  const now = () => Math.floor(Date.now() / 1000);
  await until('the next second', () => lastSecond !== now());
  lastSecond = now();
};

class ProviderError extends Error {
  constructor(answer) {
    super(`${answer.status} ${answer.body}`);
    this.status = answer.status;
    this.code = answer.body ? JSON.parse(answer.body).error_code : undefined;
  }
}

// Signs X-Sdk-Date and the content type, and nothing else.
async function request(method, path, body) {
  if (method === 'POST') await nextSecond();
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = sign({ key: alice.key, method, target: path, headers: [['Content-Type', 'application/json']], body: text });
  signed = headers.at(-1)[1];
  const answer = await alice.client.send(method, path, { headers, body: text });
  const right = { GET: [200], POST: [200, 201, 202], PUT: [200, 201, 202, 204], DELETE: [200, 202, 204] }[method];
  if (!right.includes(answer.status)) throw new ProviderError(answer);
  return answer.body ? JSON.parse(answer.body) : {};
}

const get = (path) => request('GET', path);

// Waits for an instance that is RUNNING and has no task.
const instanceReady = () => until('the instance is ready', async () => {
  const instance = await get(cache.path);
  return instance.status === 'RUNNING' && !('task' in instance);
});

async function retried(work) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (error.status !== 400 || !RETRIED.has(error.code)) throw error;
      await instanceReady();
    }
  }
}

// Every item of a list.
async function pages(path) {
  const items = [];
  for (let offset = 0; ;) {
    const body = await get(`${path}?offset=${offset}`);
    const page = Object.values(body).find(Array.isArray);
    if (page.length === 0) return items;
    items.push(...page);
    offset += page.length;
  }
}

const isGone = async (path) => {
  try {
    await get(path);
    return false;
  } catch (error) {
    if (error.status === 404 || (error.status === 400 && GONE.has(error.code))) return true;
    throw error;
  }
};

const settled = async (what, read) => {
  const record = await until(what, async () => {
    const found = await read();
    return !['waiting', 'running'].includes(found.status) && found;
  });
  assert.equal(record.status, 'success');
  return record;
};

const RESOURCES = [
  { name: 'big-key analysis', create: () => cache.create, one: (id) => cache.task(id), list: () => cache.list },
  { name: 'hot-key analysis', create: () => cache.createHot, one: (id) => cache.hotTask(id), list: () => cache.listHot },
];

for (const { name, create, one, list } of RESOURCES) {
  test(`${name}: create, poll, read, delete, gone`, async () => {
    const { id } = await retried(() => request('POST', create()));
    assert.match(signed, /SignedHeaders=content-type;x-sdk-date,/);
    const detail = await settled('the analysis ends', () => get(one(id)));
    assert.ok(detail.num > 0 && detail.keys.length === detail.num);
    assert.equal(detail.instance_id, cache.id);
    // The data source finds it in the pages.
    const found = (await pages(list())).filter((record) => record.id === id);
    assert.deepEqual(found.map((record) => record.status), ['success']);
    await request('DELETE', one(id));
    assert.ok(await isGone(one(id)));
    // It may be asked to delete what is gone.
    await request('DELETE', one(id));
    assert.deepEqual((await pages(list())).filter((record) => record.id === id), []);
  });
}

for (const path of ['scan-expire-keys-task', 'auto-expire/scan']) {
  test(`expired-key scan by ${path}: create, find in the histories, poll`, async () => {
    await fillExpired(redis, EXPIRED);
    const { id } = await retried(() => request('POST', `${cache.path}/${path}`));
    // One that is not found at the first poll is an error.
    const read = async () => {
      const record = (await pages(cache.histories)).find((r) => r.id === id);
      assert.ok(record, 'it is in the histories at once');
      return record;
    };
    await read();
    const record = await settled('the scan ends', read);
    assert.equal(record.num, EXPIRED);
  });
}

test('more than a page of histories', async () => {
  for (let i = 0; i < 12; i++)
    await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, status, num, created_at, started_at,
      finished_at, claimable_at) VALUES ($1, $2, gen_random_uuid(), 'expired', 'auto', 'success', 1, '2026-01-01', '2026-01-01',
      '2026-01-02', NULL)`, [alice.projectId, cache.id]);
  const records = await pages(cache.histories);
  assert.equal(records.length, 14);
  assert.equal(new Set(records.map((r) => r.id)).size, 14);
});

test('an instance is refreshed: it is shown, and all three autoscan configurations are read', async () => {
  const instance = await get(cache.path);
  assert.equal(instance.instance_id, cache.id);
  for (const path of [cache.autoscan, cache.autoscanHot]) {
    assert.deepEqual(await get(path), { instance_id: cache.id, enable_auto_scan: false, schedule_at: [] });
    // Unset, it is written as an empty list.
    const off = await retried(() => request('PUT', path, { enable_auto_scan: false, schedule_at: [] }));
    assert.deepEqual(off.schedule_at, []);
    const on = await retried(() => request('PUT', path, { enable_auto_scan: true, schedule_at: ['10:00', '05:30'] }));
    assert.deepEqual(on.schedule_at, ['05:30', '10:00']);
    const { updated_at: updated, ...rest } = await get(path);
    assert.deepEqual(rest, { instance_id: cache.id, enable_auto_scan: true, schedule_at: ['05:30', '10:00'] });
    assert.ok(updated);
    await retried(() => request('PUT', path, { enable_auto_scan: false, schedule_at: [] }));
  }
  assert.deepEqual(await get(cache.autoscanExpired), { instance_id: cache.id, enable_auto_scan: false });
  const config = { enable_auto_scan: true, first_scan_at: '2099-01-01T00:00:00.000Z', interval: 10, timeout: 20,
    scan_keys_count: 10 };
  await retried(() => request('PUT', cache.autoscanExpired, config));
  const { updated_at: updated, ...rest } = await get(cache.autoscanExpired);
  assert.deepEqual(rest, { instance_id: cache.id, ...config });
  assert.ok(updated);
  await retried(() => request('PUT', cache.autoscanExpired, { enable_auto_scan: false }));
});

test('nodes, configuration and instances, as the data sources read them', async () => {
  const policy = await until('the configuration is recorded', async () => (await get(`${cache.path}/configs`))
    .redis_config.find((p) => p.param_name === 'maxmemory-policy'));
  assert.equal(policy.param_value, 'volatile-lfu');
  const nodes = await get(`${cache.path}/logical-nodes`);
  assert.equal(nodes.nodes.length, 1);
  assert.equal(typeof nodes.nodes[0].node_port, 'string');
  const instances = await pages(alice.instances);
  assert.deepEqual(instances.map((i) => i.instance_id), [cache.id]);
});

test('an analysis that is running is no reason to retry', async () => {
  const [{ id }] = await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, status, started_at,
    attempt, fence, lease_owner, claimable_at) VALUES ($1, $2, gen_random_uuid(), 'bigkey', 'manual', 'running', now(), 1, 1,
    'another', now() + interval '1 hour') RETURNING id`, [alice.projectId, cache.id]);
  await assert.rejects(retried(() => request('POST', cache.create)), (error) =>
    error.status === 400 && error.code === 'DCS.4918');
  await request('DELETE', cache.task(id));
  assert.ok(await isGone(cache.task(id)));
});

test('an instance that is not RUNNING is waited for', async () => {
  redis.program.signal('SIGSTOP');
  let refusals = 0;
  try {
    await until('it is not RUNNING', async () => (await get(cache.path)).status === 'ERROR');
    const { id } = await retried(async () => {
      try {
        return await request('POST', cache.create);
      } catch (error) {
        assert.equal(error.code, 'DCS.4049');
        refusals++;
        redis.program.signal('SIGCONT');
        throw error;
      }
    });
    await settled('the analysis ends', () => get(cache.task(id)));
    await request('DELETE', cache.task(id));
  } finally {
    redis.program.signal('SIGCONT');
  }
  assert.ok(refusals > 0);
});
