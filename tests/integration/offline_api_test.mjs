// Offline analyses, from the request to what is shown of them, under /v2 and beside scans in the extended interface.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Analyses, csvRows, documentOf } from '../support/analysis.mjs';
import { assertError, masked } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { CAPABLE } from '../support/kinds.mjs';
import { sign } from '../support/signer.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const NODE = ['DCS.3053', 'Incorrect node ID.'];
const BUSY = ['DCS.4231', 'Offline key analysis is running.'];
const UNKNOWN = ['DCS.4232', 'The offline key analysis task does not exist.'];
const STATE = ['DCS.4026', 'This operation is not allowed when the DCS instance is in the current state.'];
const invalid = (name) => ['DCS.4800', `Invalid ${name} in the request.`];
const OPTIONS = { measures: ['memory', 'ttl', 'encoding', 'usage'], separators: ':', prefix_depth: 8, top: 500 };
const NOTHING = '"largest_key_prefixes":[],"largest_keys":[],"total_bytes":0,"total_num":0,"type_bytes":[],"type_num":[]';
// As a worker writes them.
const MEMBERS = '"largest_key_prefixes":[{"key_prefix":"a:","type":"string","bytes":2147483647,"num":2}],'
  + '"largest_keys":[{"key":"a:1","type":"string","bytes":2147483647,"num_of_elem":2147483647}],"total_bytes":2147483647,'
  + '"total_num":2,"type_bytes":[{"type":"string","bytes":2147483647}],"type_num":[{"type":"string","num":2}]';
const LARGE = 5_000_000_000;
const DOCUMENT = { ...documentOf([{ name: 'a:1', bytes: LARGE }, { name: 'b', bytes: 7 }]), source: 'replication', memory_is: 'estimate' };

let world, site, alice, bob, client, next = 0;

before(async () => {
  world = await World.open();
  site = await world.site();
  [alice, bob] = [await site.tenant('alice'), await site.tenant('bob')];
  client = alice.client;
});
after(() => world?.close());

// An instance that can do everything, with nodes [host, role, shard]; nobody is there to dial it.
async function instance(nodes = [['10.0.0.7', 'master', 0]], { tenant = alice, status = 'RUNNING', capabilities = CAPABLE, backups } = {}) {
  const options = backups ? ['--backup-directory', backups] : [];
  const cache = await tenant.instance(`cache-${++next}`, '127.0.0.1:1', '--no-probe', ...options);
  await site.sql('UPDATE instance SET status = $2, probed_at = now(), capabilities = $3::text[] WHERE id = $1',
    [cache.id, status, capabilities]);
  cache.nodes = [];
  for (const [host, role, shard] of nodes) {
    cache.nodes.push(randomUUID());
    await site.sql(`INSERT INTO instance_node (project_id, instance_id, host, port, id, role, shard)
      SELECT project_id, id, $2, 6379, $3, $4, $5 FROM instance WHERE id = $1`, [cache.id, host, cache.nodes.at(-1), role, shard]);
  }
  cache.analyses = new Analyses(site, cache);
  cache.post = (body) => tenant.client.post(cache.offline, json({ node_id: cache.nodes[0], ...body }));
  return cache;
}

// Makes one that ended so: its id.
const record = (cache, options = {}, document = DOCUMENT) => cache.analyses.record(document,
  { path: `${cache.analyses.path}/offline-analyses`, options, members: MEMBERS });

describe('/v2', () => {
  test('created, listed, shown, its node, refused while one is active, deleted', async () => {
    const cache = await instance([['10.0.0.7', 'slave', 3]]);
    const made = await cache.post();
    assert.equal(made.status, 200, made.body);
    const { task_id: id } = made.json;
    assert.equal(made.body, `{"task_id":"${id}"}`);
    const listed = await client.get(cache.offline);
    assert.equal(masked(listed.body), '{"instance_id":"<1>","total":1,"records":[{"id":"<2>","status":"waiting","created_at":"<time>"}]}');
    assert.equal(listed.json.records[0].id, id);
    assert.equal((await client.get(cache.offlineTask(id))).body, `{"id":"${id}","instance_id":"${cache.id}",`
      + `"node_id":"${cache.nodes[0]}","group_name":"group-3","node_ip":"10.0.0.7","node_type":"slave",`
      + `"analysis_type":"new_backup",${NOTHING}}`);
    assert.equal((await client.get(`${cache.offlineTask(id)}/nodes`)).body, `{"nodes":[{"id":"${cache.nodes[0]}",`
      + '"name":"10.0.0.7:6379","group_name":"group-3","node_ip":"10.0.0.7"}]}');
    assertError(await cache.post(), 400, ...BUSY);
    // Of another kind one more may run.
    assert.equal((await client.post(cache.create)).status, 200);
    assert.equal((await client.delete(cache.offlineTask(id))).body, `{"task_id":"${id}"}`);
    for (const answer of [await client.delete(cache.offlineTask(id)), await client.get(cache.offlineTask(id)),
      await client.get(`${cache.offlineTask(id)}/nodes`)]) assertError(answer, 400, ...UNKNOWN);
    assert.equal((await client.get(cache.offline)).json.total, 0);
    assert.equal((await cache.post()).status, 200);
  });

  test('what was found is sent as it was recorded, and the node as it was', async () => {
    const cache = await instance([['2001:db8::7', 'master', 0]]);
    const id = await record(cache);
    await site.sql('DELETE FROM instance_node WHERE instance_id = $1', [cache.id]);
    const shown = await client.get(cache.offlineTask(id));
    assert.equal(masked(shown.body), '{"id":"<1>","instance_id":"<2>","node_id":"<3>","group_name":"group-0",'
      + '"node_ip":"2001:db8::7","node_ipv6":"2001:db8::7","node_type":"master","analysis_type":"new_backup",'
      + `"started_at":"<time>","finished_at":"<time>",${MEMBERS}}`);
    const [node] = (await client.get(`${cache.offlineTask(id)}/nodes`)).json.nodes;
    assert.deepEqual(node, { id: shown.json.node_id, name: '[2001:db8::7]:6379', group_name: 'group-0', node_ip: '2001:db8::7',
      node_ipv6: '2001:db8::7' });
    const list = await client.get(`${cache.offline}?status=success`);
    assert.deepEqual(Object.keys(list.json.records[0]), ['id', 'status', 'created_at', 'started_at', 'finished_at']);
    assertError(await client.get(`${cache.offline}?status=done`), 400, ...invalid('status'));
    assert.deepEqual((await client.get(`${cache.offline}?offset=1`)).json, { instance_id: cache.id, total: 1, records: [] });
  });

  test('refused in the order of the contract', async () => {
    const other = await instance(), foreign = await instance(undefined, { tenant: bob });
    const post = (cache, body) => client.post(cache.offline, json(body));
    const nowhere = { offline: `${alice.instances}/${randomUUID()}/offline/key-analysis` };
    const node_id = randomUUID();
    assertError(await post(nowhere, {}), 400, ...invalid('node_id'));
    assertError(await post(nowhere, { node_id }), 404, 'DCS.3022', 'This DCS instance does not exist.');
    const down = await instance(undefined, { status: 'ERROR', capabilities: '{}' });
    assertError(await post(down, { node_id }), 400, 'DCS.4049', 'The instance status is not running.');
    assertError(await post(await instance(undefined, { capabilities: '{bigkey,analysis}' }), { node_id }), 400, ...STATE);
    const cache = await instance();
    assert.equal((await cache.post()).status, 200);
    for (const wrong of [node_id, other.nodes[0], foreign.nodes[0], 'node-1', '', `${cache.nodes[0]} `, "' OR true --"])
      assertError(await post(cache, { node_id: wrong, backup_id: 'a.rdb' }), 400, ...NODE);
    assertError(await cache.post({ backup_id: 'a.rdb' }), 400, ...invalid('backup_id'));
    assertError(await cache.post(), 400, ...BUSY);
    assert.equal((await post(other, { node_id: other.nodes[0].toUpperCase() })).status, 200);
  });

  test('of a backup', async () => {
    const cache = await instance(undefined, { backups: 'shop/cache' });
    for (const wrong of ['', '.rdb', '../x', 'a/b', 'x'.repeat(129), 7])
      assertError(await cache.post({ backup_id: wrong }), 400, ...invalid('backup_id'));
    const { task_id: id } = (await cache.post({ backup_id: 'nightly_1-2.rdb' })).json;
    const shown = (await client.get(cache.offlineTask(id))).json;
    assert.deepEqual([shown.backup_id, shown.analysis_type], ['nightly_1-2.rdb', 'old_backup']);
    const operator = await site.operator();
    const path = `/admin/v1/projects/${alice.projectId}/instances/${cache.id}`;
    const { json: { backup_directory: directory, name }, headers } = await operator.get(path);
    assert.equal(directory, 'shop/cache');
    // Without it there is none any more; what was asked for stays.
    const changed = await operator.put(path, json({ name, endpoints: ['127.0.0.1:1'] }, { 'If-Match': headers.etag }));
    assert.equal(changed.status, 200, changed.body);
    assert.equal(changed.json.backup_directory, undefined);
    await client.delete(cache.offlineTask(id));
    assertError(await cache.post({ backup_id: 'nightly_1-2.rdb' }), 400, ...invalid('backup_id'));
  });

  test('another tenant\'s instance and tasks are as if there were none', async () => {
    const [cache, foreign] = [await instance(), await instance(undefined, { tenant: bob })];
    const { task_id: id } = (await cache.post()).json;
    for (const path of [foreign.offlineTask(id), `${foreign.offlineTask(id)}/nodes`])
      assertError(await bob.client.get(path), 400, ...UNKNOWN);
    assertError(await bob.client.delete(foreign.offlineTask(id)), 400, ...UNKNOWN);
    const stolen = cache.offlineTask(id).replace(alice.projectId, bob.projectId);
    for (const answer of [await bob.client.get(stolen), await bob.client.delete(stolen)])
      assertError(answer, 404, 'DCS.3022', 'This DCS instance does not exist.');
    assert.equal((await client.get(cache.offlineTask(id))).status, 200);
    // Nor is a task of another kind one of this.
    const { id: big } = (await client.post(cache.create)).json;
    assertError(await client.get(cache.offlineTask(big)), 400, ...UNKNOWN);
    assertError(await client.get(cache.task(id)), 400, 'DCS.4942', 'The bigkey id does not exist.');
  });

  test('the same request again is the same task', async () => {
    const cache = await instance();
    const body = JSON.stringify({ node_id: cache.nodes[0] });
    const headers = sign({ key: alice.key, method: 'POST', target: cache.offline, body,
      headers: [['Host', `127.0.0.1:${client.port}`], ['X-Nonce', randomUUID()]] });
    const send = () => client.send('POST', cache.offline, { headers, body });
    const made = await send();
    assert.equal(made.status, 200, made.body);
    assert.equal((await send()).body, made.body);
    const key = { 'Idempotency-Key': randomUUID() };
    assertError(await client.post(cache.offline, json({ node_id: cache.nodes[0] }, key)), 400, ...BUSY);
    await client.delete(cache.offlineTask(made.json.task_id));
    assertError(await send(), 400, ...UNKNOWN);
    const keyed = await client.post(cache.offline, json({ node_id: cache.nodes[0] }, key));
    assert.equal((await client.post(cache.offline, json({ node_id: cache.nodes[0] }, key))).body, keyed.body);
    const reused = await client.post(cache.offline, json({ node_id: randomUUID() }, key));
    assertError(reused, 400, 'DCS.4800', 'Invalid Idempotency-Key in the request: it was used for another request.');
  });

  test('of a hundred records the oldest goes', async () => {
    const cache = await instance();
    await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, status, scan_type, created_at, started_at,
        finished_at, claimable_at, node_id, node_host, node_port, node_role, node_shard, node_has_all)
      SELECT i.project_id, i.id, gen_random_uuid(), 'offline', 'success', 'manual', t, t, t, NULL, n.id, host, port, role, shard, true
      FROM instance i JOIN instance_node n ON n.instance_id = i.id, generate_series(1, 100) s,
        LATERAL (SELECT now() - s * interval '1 hour' AS t) moment WHERE i.id = $1`, [cache.id]);
    const ids = async () => (await client.get(`${cache.offline}?limit=1000`)).json.records.map(({ id }) => id);
    const full = await ids();
    assert.equal(full.length, 100);
    const { task_id: id } = (await cache.post()).json;
    assert.deepEqual(await ids(), [id, ...full.slice(0, 99)]);
  });
});

describe('the extended interface', () => {
  test('both kinds in one list, each with its source', async () => {
    const cache = await instance([['10.0.0.7', 'master', 0], ['10.0.0.8', 'slave', 0]], { backups: 'b' });
    const { path } = cache.analyses;
    const made = await client.post(`${path}/offline-analyses`);
    assert.equal(made.status, 200, made.body);
    const node = { id: cache.nodes[1], name: '10.0.0.8:6379', group_name: 'group-0', role: 'slave' };
    const { id, created_at } = made.json;
    assert.deepEqual(made.json, { id, instance_id: cache.id, status: 'waiting', scan_type: 'manual', created_at,
      source: 'replication', node, options: OPTIONS });
    assert.equal((await client.post(`${path}/offline-analyses`)).json.code, 'EXT.0409');
    assert.equal((await client.post(`${path}/analyses`)).json.source, 'scan');
    assert.equal((await client.get(`${path}/tasks/${id}`)).json.kind, 'offline');
    assert.equal((await client.get(`${path}/tasks?kind=offline`)).json.count, 1);
    assert.deepEqual((await client.get(`${path}/analyses/${id}`)).json, made.json);
    assert.deepEqual((await client.delete(`${path}/analyses/${id}`)).json, made.json);
    assert.equal((await client.delete(`${path}/analyses/${id}`)).status, 204);
    assert.equal((await client.get(`${path}/analyses/${id}`)).json.code, 'EXT.0404');
    const backup = await client.post(`${path}/offline-analyses`, json({ node_id: cache.nodes[0], backup_id: 'x', top: 7 }));
    assert.deepEqual([backup.json.source, backup.json.backup_id, backup.json.node.role, backup.json.options.top],
      ['backup', 'x', 'master', 7]);
    const listed = (await client.get(`${path}/analyses`)).json;
    assert.deepEqual([listed.count, listed.records.map(({ source, backup_id }) => [source, backup_id])],
      [2, [['backup', 'x'], ['scan', undefined]]]);
    assert.deepEqual(listed.records[0].node, backup.json.node);
    // What /v2 made is there, and the other way around.
    assert.equal((await client.get(cache.offlineTask(backup.json.id))).json.backup_id, 'x');
  });

  test('found, exported, compared with a scan, kept in the series and shown in the overview', async () => {
    const cache = await instance();
    const { analyses, analyses: { path } } = cache;
    const scan = await analyses.record(documentOf([{ name: 'a:1', bytes: 3 }]));
    const id = await record(cache);
    const shown = await client.get(`${path}/analyses/${id}`);
    assert.ok(shown.body.endsWith(`"result":${JSON.stringify(DOCUMENT)}}`), shown.body);
    assert.equal((await analyses.export(id)).body, JSON.stringify(DOCUMENT));
    assert.equal(csvRows((await analyses.export(id, '?format=csv')).body).length, 3);
    const compared = (await analyses.compare(scan, id)).json;
    assert.deepEqual([compared.before.source, compared.before.node, compared.after.source, compared.after.node.id],
      ['scan', undefined, 'replication', cache.nodes[0]]);
    assert.deepEqual(compared.keys.grown.map(({ name, bytes_delta }) => [name, bytes_delta]), [['a:1', LARGE - 3]]);
    const { points } = (await client.get(`${path}/series`)).json;
    assert.deepEqual(points.map(({ task_id, bytes }) => [task_id, bytes]), [[scan, 3], [id, LARGE + 7]]);
    const { instances: [{ last_analysis: last }] } = (await client.get(`/ext/v1/${alice.projectId}/instances?instance_id=${cache.id}`)).json;
    assert.deepEqual([last.id, last.bytes, last.source, last.node.id], [id, LARGE + 7, 'replication', cache.nodes[0]]);
    const [record0] = (await client.get(`${path}/analyses`)).json.records;
    assert.deepEqual([record0.id, record0.keys, record0.bytes], [id, 2, LARGE + 7]);
    await client.delete(cache.offlineTask(id));
    assert.equal((await client.get(`${path}/series`)).json.points.length, 1);
  });

  test('of a part of the keys, or of another day, it is in the list only', async () => {
    const cluster = await instance([['10.0.0.7', 'master', 0], ['10.0.0.8', 'slave', 0], ['10.0.0.9', 'master', 1]]);
    const { path } = cluster.analyses;
    const refused = await client.post(`${path}/offline-analyses`);
    assert.deepEqual([refused.status, refused.json.code, refused.json.detail], [400, 'DCS.4800', 'Invalid node_id in the request.']);
    const dated = await instance(undefined, { backups: 'b' });
    for (const [cache, options] of [[cluster, { node_id: cluster.nodes[2] }], [dated, { backup_id: 'x' }]]) {
      const id = await record(cache, options);
      const [listed] = (await client.get(`${cache.analyses.path}/analyses`)).json.records;
      assert.deepEqual([listed.id, listed.keys, listed.bytes], [id, 2, LARGE + 7]);
      assert.deepEqual((await client.get(`${cache.analyses.path}/series`)).json.points, []);
      const overview = (await client.get(`/ext/v1/${alice.projectId}/instances?instance_id=${cache.id}`)).json;
      assert.equal(overview.instances[0].last_analysis, undefined);
    }
  });

  test('webhooks are told of it, and of a limit only by what has all keys', async () => {
    const hooks = `/ext/v1/${alice.projectId}/webhooks`;
    const cluster = await instance([['10.0.0.7', 'master', 0], ['10.0.0.9', 'master', 1]]);
    const cache = await instance();
    const { json: { id: hook } } = await client.post(hooks, json({ name: 'offline', url: 'https://hooks.example.org/', enabled: true,
      events: ['task.succeeded', 'limit.passed'], kinds: ['offline'], limits: [{ subject: 'key', bytes: 100 }] }));
    const told = async () => (await site.sql('SELECT event, payload FROM webhook_delivery WHERE webhook_id = $1 ORDER BY created_at, event',
      [hook])).map(({ event, payload }) => ({ event, data: JSON.parse(payload).data }));
    const part = await record(cluster, { node_id: cluster.nodes[1] });
    const [first, ...others] = await told();
    assert.deepEqual([first.event, first.data.task_id, first.data.kind, first.data.source, first.data.bytes, others],
      ['task.succeeded', part, 'offline', 'replication', LARGE + 7, []]);
    assert.deepEqual(first.data.node, { id: cluster.nodes[1], name: '10.0.0.9:6379', group_name: 'group-1', role: 'master' });
    await record(cache);
    assert.deepEqual((await told()).slice(1).map(({ event, data }) => [event, data.instance_id, data.value]),
      [['limit.passed', cache.id, LARGE], ['task.succeeded', cache.id, undefined]]);
    await client.delete(`${hooks}/${hook}`);
  });
});

describe('by a worker', () => {
  const KEYS = 2000;
  let redis, cache, root;
  const node = async () => (await client.get(`${cache.path}/logical-nodes`)).json.nodes[0].node_id;
  const start = async (body = {}) => {
    const made = await client.post(cache.offline, json({ node_id: await node(), ...body }));
    assert.equal(made.status, 200, made.body);
    return made.json.task_id;
  };
  const ended = async (id) => {
    await until(`analysis ${id} ends`, async () => ['success', 'failed'].includes(await cache.status(id)));
    return (await client.get(cache.offlineTask(id))).json;
  };
  const replicas = async () => /connected_slaves:(\d+)/.exec(await redis.command('INFO', 'replication'))[1];
  const work = async (settings, body) => {
    const worker = await site.startWorker({ backup_root: root, offline_fork_memory_percent: 0, ...settings });
    try {
      return await body(worker);
    } finally {
      await worker.stop();
    }
  };

  before(async () => {
    root = join(world.directory, 'backups');
    mkdirSync(join(root, 'shop'), { recursive: true });
    redis = await world.redis({ options: { 'repl-diskless-sync-delay': 0, 'repl-diskless-sync': 'no' } });
    await redis.pipeline(Array.from({ length: KEYS }, (_, i) => ['SET', `user:${i}`, 'x'.repeat(200)]));
    await redis.pipeline([['RPUSH', 'queue', 'a', 'b', 'c'], ['SAVE']]);
    copyFileSync(join(String((await redis.command('CONFIG', 'GET', 'dir'))[1]), 'dump.rdb'), join(root, 'shop', 'nightly.rdb'));
    cache = await alice.instance('real', redis.endpoint, '--backup-directory', 'shop');
  });

  test('from the stream and from a backup it is the same', () => work({}, async () => {
    const [live, saved] = [await ended(await start()), await ended(await start({ backup_id: 'nightly.rdb' }))];
    const found = ({ largest_key_prefixes, largest_keys, total_bytes, total_num, type_bytes, type_num }) =>
      ({ largest_key_prefixes, largest_keys, total_bytes, total_num, type_bytes, type_num });
    assert.deepEqual(found(live), found(saved));
    assert.deepEqual([live.total_num, live.type_num], [KEYS + 1, [{ type: 'string', num: KEYS }, { type: 'list', num: 1 }]]);
    assert.deepEqual(live.largest_key_prefixes.map(({ key_prefix, type, num }) => [key_prefix, type, num]), [['user:', 'string', KEYS]]);
    assert.equal(live.largest_keys.length, 500);
    assert.deepEqual([live.analysis_type, saved.analysis_type], ['new_backup', 'old_backup']);
    const path = `/ext/v1/${alice.projectId}/instances/${cache.id}`;
    const { records } = (await client.get(`${path}/analyses`)).json;
    assert.deepEqual(records.map(({ source, keys, bytes }) => [source, keys, bytes]),
      [['backup', KEYS + 1, live.total_bytes], ['replication', KEYS + 1, live.total_bytes]]);
    const shown = (await client.get(`${path}/analyses/${live.id}`)).json;
    assert.deepEqual([shown.result.source, shown.result.memory_is, shown.result.keys], ['replication', 'estimate', KEYS + 1]);
    assert.deepEqual((await client.get(`${path}/series`)).json.points.map(({ task_id }) => task_id), [live.id]);
    const exported = csvRows((await client.get(`${path}/tasks/${live.id}/export?format=csv&part=prefixes_by_type`)).body);
    assert.deepEqual([exported[0][0], exported[1].slice(0, 2)], ['type', ['string', 'user:']]);
    const told = await site.inspect(live.id);
    assert.deepEqual([told.kind, told.node, told.backup_id, told.num], ['offline', redis.endpoint, undefined, 500]);
  }));

  test('a backup that is not there fails, once, with a reason', () => work({}, async () => {
    const shown = await ended(await start({ backup_id: 'missing.rdb' }));
    assert.deepEqual([shown.total_num, shown.largest_keys, typeof shown.finished_at], [0, [], 'string']);
    const { attempt, failure, backup_id } = await site.inspect(shown.id);
    assert.deepEqual([attempt, backup_id], [1, 'missing.rdb']);
    assert.match(failure, /missing\.rdb/);
  }));

  test('deleted while it runs, it lets go of the server', () => work({ offline_bytes_per_second: 1000 }, async (worker) => {
    const id = await start();
    await until('the server has a replica', async () => (await replicas()) === '1');
    assert.equal((await client.get(`${cache.offline}?status=running`)).json.records[0].id, id);
    assert.equal((await client.delete(cache.offlineTask(id))).json.task_id, id);
    await worker.event('scan_stopped', (line) => line.task === id);
    await until('it has none', async () => (await replicas()) === '0');
    assertError(await client.get(cache.offlineTask(id)), 400, ...UNKNOWN);
  }));
});
