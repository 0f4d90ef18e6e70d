// A test per row of the operations of the wire contract, by the official signing core for
// Node.js over TLS: what it reads, and the body it was answered with, byte for byte but for ids and times.

import assert from 'node:assert/strict';
import https from 'node:https';
import { after, before, test } from 'node:test';
import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core';
import { ClientBuilder } from '@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js';
import { contract } from '../support/contract.mjs';
import { fillSmall } from '../support/dataset.mjs';
import { masked } from '../support/golden.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
// An LFU counter of a key that was just written, and how often the hot one was read on top.
const FREQ_NEW = 5;
const READS = 40;

let world, site, alice, cache, redis, client, agent, last;
const covered = new Set();
// The second of the last POST of each operation: the core signs with seconds and no nonce, so two POSTs of one
// second are one request.
const posted = new Map();
const second = () => Math.floor(Date.now() / 1000);

// The body as it came is kept: { status, headers, body }.
const keep = (body, headers, status) => {
  last = { status, headers: Object.fromEntries(Object.entries(headers)), body: body ?? '' };
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
};

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1 });
  alice = await site.tenant('alice');
  redis = await world.redis({ options: { 'maxmemory-policy': 'allkeys-lfu', 'lfu-log-factor': 0, 'lfu-decay-time': 0,
    'repl-diskless-sync-delay': 0 } });
  await fillSmall(redis);
  for (let i = 0; i < READS; i++) await redis.command('GET', 'plain');
  cache = await alice.instance('cache', redis.endpoint);
  agent = new https.Agent({ ca: world.ca, keepAlive: true });
  client = new ClientBuilder((hcClient) => hcClient)
    .withCredential(new BasicCredentials().withAk(alice.key.id).withSk(alice.key.secret).withProjectId(alice.projectId))
    .withEndpoint(`https://127.0.0.1:${site.port}`)
    .withOptions({ axiosRequestConfig: { httpsAgent: agent, timeout: 10_000, transformResponse: [keep] } })
    .build();
});
after(async () => {
  agent?.destroy();
  await world?.close();
});

// A request as the generated models of the SDK build it.
async function send(operationId, { task, query = {}, data } = {}) {
  const { method, path } = contract.operation(operationId);
  if (method === 'POST') {
    await until('the next second', () => posted.get(operationId) !== second());
    posted.set(operationId, second());
  }
  const answer = await client.sendRequest({
    method, url: path, contentType: 'application/json', queryParams: query,
    pathParams: { project_id: alice.projectId, instance_id: cache.id, ...(task && { task_id: task }) },
    headers: {}, data: data ?? {},
  });
  const target = path.replace('{project_id}', alice.projectId).replace('{instance_id}', cache.id)
    .replace('{task_id}', task ?? '');
  contract.check(method, target, { ...last, get json() { return JSON.parse(last.body); } });
  covered.add(operationId);
  return answer;
}

const golden = (body, status = 200) => {
  assert.equal(last.status, status);
  assert.equal(masked(last.body), body);
};

async function refused(operationId, how, status, code, message) {
  const error = await send(operationId, how).then(() => assert.fail('it was not refused'), (e) => e);
  assert.deepEqual([error.httpStatusCode, error.errorCode, error.errorMsg], [status, code, message],
    `${error.message} ${JSON.stringify(error)}`);
  assert.equal(last.body, JSON.stringify({ error_code: code, error_msg: message }));
  covered.add(operationId);
}

const WAITING = '{"id":"<1>","instance_id":"<2>","status":"waiting","scan_type":"manual","created_at":"<time>"';
const ENDED = '"status":"success","scan_type":"manual","created_at":"<time>","started_at":"<time>","finished_at":"<time>"';

const BIG = [
  ['plain', 'string', 0, 5000, 'byte'], ['plain', 'string', 3, 5000, 'byte'],
  ['f\\xff\\\\ü\\xed\\xa0\\x80', 'string', 0, 400, 'byte'], ['with space', 'string', 0, 300, 'byte'],
  ['größe-😀', 'string', 0, 200, 'byte'], ['quote"back\\slash\n', 'string', 0, 100, 'byte'],
  ['', 'string', 0, 7, 'byte'], ['list', 'list', 0, 50, 'count'], ['set', 'set', 0, 40, 'count'],
  ['zset', 'zset', 0, 30, 'count'], ['hash', 'hash', 3, 25, 'count'], ['hash', 'hash', 0, 20, 'count'],
].map(([name, type, db, size, unit]) => ({ name, type, db, size, unit }));

const ended = (show, task) => until('the task ends', async () =>
  ['success', 'failed'].includes((await send(show, { task })).status));

const KINDS = [
  { name: 'big key', create: 'CreateBigkeyScanTask', list: 'ListBigkeyScanTasks', show: 'ShowBigkeyScanTaskDetails',
    remove: 'DeleteBigkeyScanTask', getConfig: 'ShowBigkeyAutoscanConfig', putConfig: 'UpdateBigkeyAutoscanConfig',
    busy: ['DCS.4918', 'Instance bigkey analyze is running.'], unknown: ['DCS.4942', 'The bigkey id does not exist.'] },
  { name: 'hot key', create: 'CreateHotkeyScanTask', list: 'ListHotKeyScanTasks', show: 'ShowHotkeyTaskDetails',
    remove: 'DeleteHotkeyScanTask', getConfig: 'ShowHotkeyAutoscanConfig', putConfig: 'UpdateHotkeyAutoScanConfig',
    busy: ['DCS.4017', 'This DCS instance job task is still running.'],
    unknown: ['DCS.4941', 'The hotkey id does not exist.'] },
];

// What a success carries: the big keys are known wholly, of the hot ones all but those that the scan itself reads.
function checkKeys(kind, keys) {
  if (kind.name === 'big key') {
    assert.deepEqual(keys, BIG);
    return;
  }
  assert.deepEqual(Object.keys(keys[0]), ['name', 'type', 'db', 'size', 'unit', 'freq']);
  assert.deepEqual([keys[0].name, keys[0].db, keys[0].size], ['plain', 0, 5000]);
  assert.ok(keys[0].freq >= FREQ_NEW + READS);
  const order = (a, b) => b.freq - a.freq || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
  assert.deepEqual(keys.map((key) => key.freq), [...keys].sort(order).map((key) => key.freq));
  const strip = ({ freq, ...key }) => JSON.stringify(key);
  assert.deepEqual(keys.map(strip).sort(), BIG.map(strip).sort());
}

for (const kind of KINDS) {
  test(`${kind.name}: create, list, show, busy, delete`, async () => {
    redis.program.signal('SIGSTOP');
    let task;
    try {
      const created = await send(kind.create);
      task = created.id;
      assert.deepEqual([created.httpStatusCode, created.status, created.num], [200, 'waiting', 0]);
      golden(`${WAITING},"num":0}`);
      await refused(kind.create, {}, 400, ...kind.busy);
    } finally {
      redis.program.signal('SIGCONT');
    }
    await ended(kind.show, task);
    const shown = await send(kind.show, { task });
    checkKeys(kind, shown.keys);
    golden(`{"id":"<1>","instance_id":"<2>",${ENDED},"num":${BIG.length},"keys":${JSON.stringify(shown.keys)}}`);
    await send(kind.list, { query: { limit: 10, offset: 0, status: 'success' } });
    golden(`{"instance_id":"<1>","count":1,"records":[{"id":"<2>",${ENDED}}]}`);
    await send(kind.list, { query: { offset: 1 } });
    golden('{"instance_id":"<1>","count":1,"records":[]}');
    await send(kind.remove, { task });
    golden(`{"id":"<1>","instance_id":"<2>",${ENDED},"num":${BIG.length},"keys":${JSON.stringify(shown.keys)}}`);
    await send(kind.remove, { task });
    golden('', 204);
    await refused(kind.show, { task }, 400, ...kind.unknown);
  });

  test(`${kind.name}: autoscan, read and written`, async () => {
    await send(kind.getConfig);
    golden('{"instance_id":"<1>","enable_auto_scan":false,"schedule_at":[]}');
    await send(kind.putConfig, { data: { enable_auto_scan: true, schedule_at: ['15:00', '03:30', '15:00'] } });
    golden('{"instance_id":"<1>","enable_auto_scan":true,"schedule_at":["03:30","15:00"],"updated_at":"<time>"}');
    const shown = await send(kind.getConfig);
    golden('{"instance_id":"<1>","enable_auto_scan":true,"schedule_at":["03:30","15:00"],"updated_at":"<time>"}');
    assert.deepEqual(shown.schedule_at, ['03:30', '15:00']);
    await send(kind.putConfig, { data: { enable_auto_scan: false, schedule_at: [] } });
    golden('{"instance_id":"<1>","enable_auto_scan":false,"schedule_at":[],"updated_at":"<time>"}');
  });
}

test('hot key: export', async () => {
  const { id: task } = await send('CreateHotkeyScanTask');
  await ended('ShowHotkeyTaskDetails', task);
  const { keys } = await send('ShowHotkeyTaskDetails', { task });
  await send('DownloadHotKey', { task });
  assert.equal(last.status, 200);
  assert.equal(last.headers['content-type'], 'text/csv; charset=utf-8');
  assert.equal(last.headers['content-disposition'], `attachment; filename="hotkey-${task}.csv"`);
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  assert.equal(last.body, ['name,type,size,unit,freq,db,shard', ...keys.map((key) => [quoted(key.name), quoted(key.type),
    key.size, quoted(key.unit), key.freq, key.db, '""'].join(','))].map((line) => `${line}\r\n`).join(''));
  await refused('DownloadHotKey', { task: UNKNOWN }, 400, 'DCS.4941', 'The hotkey id does not exist.');
});

test('hot key: a server without LFU', async () => {
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await site.dcsctl('instance', 'probe', 'cache', '--project', 'alice');
  await refused('CreateHotkeyScanTask', {}, 400, 'DCS.4922', 'Does not support hotkey analyze.');
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  await site.dcsctl('instance', 'probe', 'cache', '--project', 'alice');
});

test('expired keys: both ways to create, and the histories', async () => {
  const records = [];
  for (const operation of ['CreateAutoExpireScanTask', 'ScanExpireKey']) {
    const { id } = await send(operation);
    golden(`${WAITING}}`);
    // Just created, it is in the histories at once.
    const listed = await send('ShowExpireKeyScanInfo');
    assert.equal(listed.records[0].id, id);
    await until('the scan ends', async () => ['success', 'failed'].includes(
      (await send('ShowExpireKeyScanInfo')).records.find((record) => record.id === id).status));
    records.unshift(id);
  }
  const listed = await send('ShowExpireKeyScanInfo', { query: { limit: 2, status: 'success' } });
  assert.deepEqual(listed.records.map((record) => record.id), records);
  golden(`{"instance_id":"<1>","count":2,"total":0,"records":[{"id":"<2>","instance_id":"<1>","status":"success",`
    + '"scan_type":"manual","num":0,"created_at":"<time>","started_at":"<time>","finished_at":"<time>"},'
    + '{"id":"<3>","instance_id":"<1>","status":"success","scan_type":"manual","num":0,"created_at":"<time>",'
    + '"started_at":"<time>","finished_at":"<time>"}]}');
});

test('expired keys: autoscan, read and written', async () => {
  await send('ShowExpireAutoScanConfig');
  golden('{"instance_id":"<1>","enable_auto_scan":false}');
  const data = { enable_auto_scan: true, first_scan_at: '2099-01-01T00:00:00', interval: 3600, timeout: 7200,
    scan_keys_count: 1000 };
  const written = await send('UpdateExpireAutoScanConfig', { data });
  const body = '{"instance_id":"<1>","enable_auto_scan":true,"first_scan_at":"<time>","interval":3600,"timeout":7200,'
    + '"scan_keys_count":1000,"updated_at":"<time>"}';
  golden(body);
  assert.equal(written.first_scan_at, '2099-01-01T00:00:00.000Z');
  await send('ShowExpireAutoScanConfig');
  golden(body);
  await refused('UpdateExpireAutoScanConfig', { data: { ...data, scan_keys_count: 20000 } }, 400, 'DCS.4822',
    'The scan_keys_count parameter is invalid. Its must Greater than or equal to 10, and Less than or equal to 1000.');
});

test('offline: create, list, show, nodes, busy, delete', async () => {
  const { nodes: [{ node_id }] } = await send('ShowNodesInformation');
  const data = { node_id };
  const of = (operation, task) => send(operation, { task });
  let task;
  redis.program.signal('SIGSTOP');
  try {
    ({ task_id: task } = await send('CreateOfflineKeyAnalysis', { data }));
    golden('{"task_id":"<1>"}');
    await refused('CreateOfflineKeyAnalysis', { data }, 400, 'DCS.4231', 'Offline key analysis is running.');
    await refused('CreateOfflineKeyAnalysis', { data: { node_id: UNKNOWN } }, 400, 'DCS.3053', 'Incorrect node ID.');
    const { started_at: started } = await of('ShowOfflineKeyAnalysisTask', task);
    golden('{"id":"<1>","instance_id":"<2>","node_id":"<3>","group_name":"group-0","node_ip":"127.0.0.1","node_type":"master",'
      + `"analysis_type":"new_backup",${started ? '"started_at":"<time>",' : ''}"largest_key_prefixes":[],"largest_keys":[],`
      + '"total_bytes":0,"total_num":0,"type_bytes":[],"type_num":[]}');
  } finally {
    redis.program.signal('SIGCONT');
  }
  await until('the analysis ends', async () =>
    (await send('ListOfflineKeyAnalysisTask', { query: { status: 'success' } })).total === 1);
  golden('{"instance_id":"<1>","total":1,"records":[{"id":"<2>","status":"success","created_at":"<time>","started_at":"<time>",'
    + '"finished_at":"<time>"}]}');
  const { largest_key_prefixes: prefixes, largest_keys: keys, total_bytes: bytes, total_num: num, type_bytes, type_num } =
    await of('ShowOfflineKeyAnalysisTask', task);
  golden('{"id":"<1>","instance_id":"<2>","node_id":"<3>","group_name":"group-0","node_ip":"127.0.0.1","node_type":"master",'
    + '"analysis_type":"new_backup","started_at":"<time>","finished_at":"<time>",'
    + `"largest_key_prefixes":${JSON.stringify(prefixes)},"largest_keys":${JSON.stringify(keys)},"total_bytes":${bytes},`
    + `"total_num":${num},"type_bytes":${JSON.stringify(type_bytes)},"type_num":${JSON.stringify(type_num)}}`);
  const largest = BIG.map(({ name, type, size }) => [name, type, size]);
  const found = keys.map(({ key, type, num_of_elem }) => [key, type, num_of_elem]);
  assert.deepEqual(found.map(String).sort().filter((key) => largest.map(String).includes(key)), largest.map(String).sort());
  await of('ListOfflineKeyAnalysisNodes', task);
  golden(`{"nodes":[{"id":"<1>","name":"127.0.0.1:${redis.port}","group_name":"group-0","node_ip":"127.0.0.1"}]}`);
  await of('DeleteOfflineKeyAnalysisTask', task);
  golden('{"task_id":"<1>"}');
  for (const operation of ['ShowOfflineKeyAnalysisTask', 'ListOfflineKeyAnalysisNodes', 'DeleteOfflineKeyAnalysisTask'])
    await refused(operation, { task }, 400, 'DCS.4232', 'The offline key analysis task does not exist.');
});

test('instances: list, show, nodes, configuration', async () => {
  const { instances: [item] } = await send('ListInstances', { query: { name: 'cache', limit: 1 } });
  const version = (await redis.info('server')).redis_version.split('.').slice(0, 2).join('.');
  const members = '"instance_id":"<1>","name":"cache","engine":"Redis","engine_version":"' + version
    + `","ip":"127.0.0.1","port":${redis.port},"domain_name":"127.0.0.1","status":"RUNNING","sub_status":"normal",`
    + `"spec_code":"redis.single","capacity":0,"max_memory":0,"used_memory":${item.used_memory},`
    + '"no_password_access":"true","enable_ssl":false,"created_at":"<time>","updated_at":"<time>","description":"",'
    + '"tags":[]';
  golden(`{"instance_num":1,"instances":[{${members}}]}`);
  const shown = await send('ShowInstance');
  golden(`{${members},"cache_mode":"single","db_number":16,"replica_count":1,"sharding_count":1,"product_type":"generic"}`);
  assert.ok(!('task' in shown));

  await until('the nodes are recorded', async () => (await send('ShowNodesInformation')).total === 1);
  golden(`{"instance_id":"<1>","total":1,"nodes":[{"logical_node_id":"<2>","name":"127.0.0.1:${redis.port}",`
    + '"status":"Active","node_role":"redis-server","node_type":"master","node_ip":"127.0.0.1",'
    + `"node_port":"${redis.port}","node_id":"<2>","group_id":"0","group_name":"group-0","is_access":true}]}`);

  const configs = await until('the configuration is recorded', async () => {
    const answer = await send('ListConfigurations');
    return answer.redis_config.length > 0 && answer;
  });
  golden(`{"instance_id":"<1>","redis_config":${JSON.stringify(configs.redis_config)},"config_time":"<time>",`
    + '"config_status":"SUCCESS","status":"RUNNING"}');
  const policy = configs.redis_config.find((p) => p.param_name === 'maxmemory-policy');
  assert.deepEqual(Object.keys(policy), ['param_id', 'param_name', 'param_value', 'value_type', 'value_range',
    'default_value', 'description']);
  assert.deepEqual([policy.param_value, policy.value_type], ['allkeys-lfu', 'enum']);
});

test('that was every row', () => {
  const rows = contract.operations.filter((o) => o.path.startsWith('/v2/')).map((o) => o.id).sort();
  assert.deepEqual([...covered].sort(), rows);
});
