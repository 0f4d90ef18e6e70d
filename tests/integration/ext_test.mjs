// The extended interface: analyses from their request to what is compared, drawn over time and exported, whatever the
// names of keys.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { Analyses, csvRows, documentOf } from '../support/analysis.mjs';
import { masked } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { CAPABLE } from '../support/kinds.mjs';
import { World } from '../support/site.mjs';

const OPTIONS = { measures: ['memory', 'ttl'], separators: ':', prefix_depth: 8, top: 100 };
const MEASURED = '"options":{"measures":["memory","ttl"],"separators":":","prefix_depth":8,"top":100}';

let world, site, alice, client, next = 0;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  client = alice.client;
});
after(() => world?.close());

// An instance that can do everything; nobody is there to dial it.
async function instance(capabilities = CAPABLE, status = 'RUNNING') {
  const cache = await alice.instance(`cache-${++next}`, '127.0.0.1:1', '--no-probe');
  await site.sql('UPDATE instance SET status = $2, probed_at = now(), capabilities = $3::text[] WHERE id = $1',
    [cache.id, status, capabilities]);
  return { cache, analyses: new Analyses(site, cache) };
}

// An error: status, code, and the words of its detail.
function assertProblem(answer, status, code, detail = /./) {
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.equal(answer.json.code, code, answer.body);
  assert.match(answer.json.detail, detail);
}

describe('an analysis', () => {
  test('created, listed, shown, refused while one is active, deleted', async () => {
    const { analyses: { path } } = await instance();
    const made = await client.post(`${path}/analyses`);
    assert.equal(made.status, 200, made.body);
    assert.equal(masked(made.body), '{"id":"<1>","instance_id":"<2>","status":"waiting","scan_type":"manual",'
      + `"created_at":"<time>","source":"scan",${MEASURED}}`);
    const { id } = made.json;
    assertProblem(await client.post(`${path}/analyses`), 409, 'EXT.0409');
    assert.deepEqual((await client.get(`${path}/analyses/${id}`)).json, made.json);
    const listed = (await client.get(`${path}/analyses?status=waiting`)).json;
    assert.deepEqual([listed.count, listed.records.map((record) => record.id)], [1, [id]]);
    assert.equal((await client.get(`${path}/analyses?status=success`)).json.count, 0);
    assert.deepEqual((await client.delete(`${path}/analyses/${id}`)).json, made.json);
    assert.equal((await client.delete(`${path}/analyses/${id}`)).status, 204);
    assertProblem(await client.get(`${path}/analyses/${id}`), 404, 'EXT.0404');
  });

  test('its options are kept with it, complete', async () => {
    const { analyses: { path } } = await instance();
    const wanted = { measures: ['usage', 'encoding'], separators: '/|', prefix_depth: 16, top: 10000 };
    const { id, options } = (await client.post(`${path}/analyses`, json(wanted))).json;
    assert.deepEqual(options, { ...wanted, measures: ['encoding', 'usage'] });
    assert.deepEqual((await client.get(`${path}/analyses/${id}`)).json.options, options);
  });

  test('every wrong option is refused by its name', async () => {
    const { analyses: { path } } = await instance();
    const wrong = {
      measures: [null, 'ttl', ['TTL'], ['ttl', 'ttl'], [1]], separators: ['', 'a', '::', ' ', 7, '!#$%&\'()*'],
      prefix_depth: [0, 17, 1.5, '1', null], top: [0, 10001, -1, true, 1e30],
    };
    for (const [name, values] of Object.entries(wrong))
      for (const value of values)
        assertProblem(await client.post(`${path}/analyses`, json({ [name]: value })), 400, 'DCS.4800',
          new RegExp(`^Invalid ${name} `));
    assertProblem(await client.post(`${path}/analyses`, json({ more: 1 })), 400, 'DCS.4800', /^Invalid options /);
    assertProblem(await client.post(`${path}/analyses`, { body: '[]' }), 400, 'DCS.4005');
    assert.equal((await client.get(`${path}/analyses`)).json.count, 0);
  });

  test('an instance that is not there, not running, or cannot', async () => {
    assertProblem(await client.post(`/ext/v1/${alice.projectId}/instances/${randomUUID()}/analyses`), 404, 'DCS.3022');
    assertProblem(await client.post(`${(await instance('{analysis}', 'ERROR')).analyses.path}/analyses`), 409, 'EXT.0411');
    assertProblem(await client.post(`${(await instance('{bigkey}')).analyses.path}/analyses`), 409, 'EXT.0410');
  });

  test('a request with the same Idempotency-Key makes nothing new, and another one with it is refused', async () => {
    const { analyses: { path } } = await instance();
    const key = { 'Idempotency-Key': randomUUID() };
    const made = await client.post(`${path}/analyses`, json({ top: 5 }, key));
    const again = await client.post(`${path}/analyses`, json({ top: 5 }, key));
    assert.deepEqual(again.json, made.json);
    assertProblem(await client.post(`${path}/analyses`, json({ top: 6 }, key)), 400, 'DCS.4800', /Idempotency-Key/);
  });

  test('what it found is sent as it was recorded, byte for byte', async () => {
    const { analyses } = await instance();
    const document = documentOf([{ name: 'a:1', bytes: 10 }, { name: 'a:2', bytes: 30, type: 'hash', size: 3, unit: 'count' }]);
    const id = await analyses.record(document);
    const shown = await client.get(`${analyses.path}/analyses/${id}`);
    assert.ok(shown.body.endsWith(`,"result":${JSON.stringify(document)}}`), shown.body);
    const [record] = (await client.get(`${analyses.path}/analyses`)).json.records;
    assert.deepEqual([record.id, record.keys, record.bytes], [id, 2, 40]);
    assert.equal((await analyses.export(id)).body, JSON.stringify(document));
  });
});

describe('/v2 stays as it is', () => {
  test('no path of it shows an analysis, and an analysis is in nobody\'s way', async () => {
    const { cache, analyses } = await instance();
    const id = await analyses.record(documentOf([{ name: 'x', bytes: 1 }]));
    const { id: waiting } = (await client.post(`${analyses.path}/analyses`)).json;
    for (const list of [cache.list, cache.listHot, cache.histories]) {
      const { count, records } = (await client.get(list)).json;
      assert.deepEqual([count, records], [0, []]);
    }
    for (const task of [id, waiting]) {
      assert.equal((await client.get(cache.task(task))).json.error_code, 'DCS.4942');
      assert.equal((await client.get(cache.hotTask(task))).json.error_code, 'DCS.4941');
      assert.equal((await client.delete(cache.task(task))).status, 204);
      assert.equal((await client.post(`${cache.path}/hotkey/${task}/export`)).json.error_code, 'DCS.4941');
    }
    for (const path of [cache.create, cache.createHot, cache.expired])
      assert.equal((await client.post(path)).status, 200);
    assert.equal((await client.get(`${analyses.path}/analyses`)).json.count, 2);
    assert.equal((await client.get(cache.autoscan)).json.enable_auto_scan, false);
  });

  test('a task of another kind is no analysis', async () => {
    const { cache, analyses: { path } } = await instance();
    const { id } = await cache.start();
    assertProblem(await client.get(`${path}/analyses/${id}`), 404, 'EXT.0404');
    assert.equal((await client.delete(`${path}/analyses/${id}`)).status, 204);
    assert.equal((await client.get(`${path}/analyses`)).json.count, 0);
    assert.equal((await client.get(cache.task(id))).status, 200);
  });
});

test('a schedule: never, set, off, and its options', async () => {
  const { cache, analyses: { path } } = await instance();
  const schedule = `${path}/analysis-schedule`;
  const never = { instance_id: cache.id, enable_auto_scan: false, schedule_at: [], options: OPTIONS };
  assert.deepEqual((await client.get(schedule)).json, never);
  const put = (body) => client.put(schedule, json(body));
  const { updated_at: at, ...set } = (await put({ enable_auto_scan: true, schedule_at: ['15:00', '03:30'], options: { top: 7 } })).json;
  assert.deepEqual(set, { instance_id: cache.id, enable_auto_scan: true, schedule_at: ['03:30', '15:00'], options: { ...OPTIONS, top: 7 } });
  assert.deepEqual((await client.get(schedule)).json, { ...set, updated_at: at });
  const { options } = (await put({ enable_auto_scan: false, schedule_at: [] })).json;
  assert.deepEqual(options, OPTIONS);
  for (const [body, name] of [[{ enable_auto_scan: true, schedule_at: [] }, 'schedule_at'],
    [{ enable_auto_scan: true, schedule_at: ['24:00'] }, 'schedule_at'], [{ schedule_at: [] }, 'enable_auto_scan'],
    [{ enable_auto_scan: true, schedule_at: ['00:00'], options: { top: 0 } }, 'top'],
    [{ enable_auto_scan: true, schedule_at: ['00:00'], options: null }, 'options'],
    [{ enable_auto_scan: true, schedule_at: ['00:00'], options: { tops: 1 } }, 'options']])
    assertProblem(await put(body), 400, 'DCS.4800', new RegExp(`^Invalid ${name} `));
  assertProblem(await client.put(schedule, { body: '' }), 400, 'DCS.4004');
});

test('a due schedule makes an analysis with the options that it has', async () => {
  const { analyses: { path } } = await instance();
  const body = { enable_auto_scan: true, schedule_at: ['03:30'], options: { top: 7, measures: [] } };
  await client.put(`${path}/analysis-schedule`, json(body));
  await site.sql(`UPDATE autoscan SET next_at = now() - interval '1 second' WHERE kind = 'analysis'
    AND instance_id = $1`, [path.split('/').pop()]);
  const worker = await site.startWorker({ schedule_spread_seconds: 0, attempts_max: 1 });
  let records;
  do ({ records } = (await client.get(`${path}/analyses`)).json); while (records.length === 0);
  await worker.stop();
  assert.equal(records[0].scan_type, 'auto');
  assert.deepEqual((await client.get(`${path}/analyses/${records[0].id}`)).json.options, { ...OPTIONS, top: 7, measures: [] });
});

test('tasks of all kinds in one list', async () => {
  const { cache, analyses: { path } } = await instance();
  const ids = { bigkey: (await cache.start()).id, hotkey: (await cache.start(cache.createHot)).id,
    expired: (await cache.start(cache.expired)).id };
  ids.analysis = (await client.post(`${path}/analyses`)).json.id;
  const all = (await client.get(`${path}/tasks`)).json;
  assert.equal(all.count, 4);
  assert.deepEqual(all.records.map((record) => record.id), Object.values(ids).reverse());
  for (const [kind, id] of Object.entries(ids)) {
    const { count, records } = (await client.get(`${path}/tasks?kind=${kind}&status=waiting&limit=1`)).json;
    assert.deepEqual([count, records[0].id, records[0].kind, records[0].attempt], [1, id, kind, 0]);
  }
  assert.deepEqual((await client.get(`${path}/tasks?offset=2&limit=1`)).json.records[0].id, ids.hotkey);
  assert.deepEqual((await client.get(`${path}/tasks?status=failed`)).json.records, []);
  for (const [name, value] of [['kind', 'x'], ['kind', ''], ['status', 'done'], ['offset', '-1'], ['limit', '0'], ['limit', '1001']])
    assertProblem(await client.get(`${path}/tasks?${name}=${value}`), 400, 'DCS.4800', new RegExp(`^Invalid ${name} `));
});

test('the overview of instances', async () => {
  const overview = `/ext/v1/${alice.projectId}/instances`;
  const { cache, analyses } = await instance();
  const id = await analyses.record(documentOf([{ name: 'k', bytes: 7 }]));
  const task = await cache.start();
  await site.sql(`UPDATE instance SET engine = 'valkey', engine_version = '8.0.1', used_memory = 9007199254740993,
    maxmemory = 0, maxmemory_policy = 'allkeys-lfu', databases = 16, node_role = 'master' WHERE id = $1`, [cache.id]);
  await client.put(`${analyses.path}/analysis-schedule`, json({ enable_auto_scan: true, schedule_at: ['03:30'] }));
  const answer = await client.get(`${overview}?instance_id=${cache.id}`);
  const { count, instances: [shown] } = answer.json;
  assert.equal(count, 1);
  assert.match(answer.body, /"used_memory":9007199254740993,"maxmemory":0,/);
  const { finished_at: at, ...last } = shown.last_analysis;
  assert.deepEqual(last, { id, keys: 1, bytes: 7, source: 'scan' });
  assert.deepEqual(shown.active, [{ id: task.id, kind: 'bigkey', status: 'waiting', keys_seen: 0, keys_total: 0 }]);
  assert.match(shown.next_schedule_at, /T03:30:00\.000Z$/);
  assert.deepEqual([shown.engine, shown.engine_version, shown.status, shown.node_role], ['valkey', '8.0.1', 'RUNNING', 'master']);
  const fresh = await alice.instance('never probed', '127.0.0.1:1', '--no-probe');
  assert.deepEqual((await client.get(`${overview}?name=never%20probed&name_equal=true`)).json, { count: 1,
    instances: [{ id: fresh.id, name: 'never probed', cache_mode: 'single', status: 'CREATING', enable_ssl: false, active: [] }] });
  assert.deepEqual((await client.get(`${overview}?offset=1000`)).json.instances, []);
  assertProblem(await client.get(`${overview}?limit=x`), 400, 'DCS.4800', /limit/);
});

// Names that somebody else's browser, terminal, spreadsheet or database may trip over.
const NAMES = ['<img src=x onerror=alert(1)>:1', 'a"b,c\'d:1', 'two\r\nlines:1', '\u202egnp.exe:1', '😀:👩‍👩‍👧:1', '\u0000nul\u0000:1',
  'back\\slash:1', '\\u0000:1', '\\\u0000:1', '\uffff:1', '\uffff0:1', '\uffff1:1', '\u0001\u001f\u007f:1', '=1+1:1', '+1:1', '-1:1', '@a:1',
  '\t=1:1', '\r=1:1', "'=1:1", '', ' ', 'ä'.repeat(500), 'null', '{{7*7}}', '%s%n', '\u2028\u2029:1', "'; DROP TABLE project --:1"];
const hostile = () => [...NAMES.map((name, i) => ({ name, bytes: 1000 - i })),
  { name: 'raw \\xff\\\\:1', binary: true, bytes: 5 }, { name: 'raw \\xff\\\\:1', bytes: 4 }];
const guarded = (name) => (/^[=+\-@\t\r]/.test(name) ? `'${name}` : name);

describe('exports', () => {
  test('names of any kind, in JSON and in tables', async () => {
    const { analyses } = await instance();
    const document = documentOf(hostile());
    const id = await analyses.record(document);
    const keys = await analyses.export(id, '?part=keys');
    assert.equal(keys.headers['content-disposition'], `attachment; filename="analysis-${id}-keys.json"`);
    assert.deepEqual(keys.json, document.largest_by_bytes);
    assert.equal((await analyses.export(id)).body, JSON.stringify(document));
    const table = await analyses.export(id, '?format=csv&part=keys');
    assert.equal(table.headers['content-type'], 'text/csv; charset=utf-8');
    assert.equal(table.headers['content-disposition'], `attachment; filename="analysis-${id}-keys.csv"`);
    const [header, ...rows] = csvRows(table.body);
    assert.deepEqual(header, ['name', 'binary', 'name_cut', 'name_hash', 'type', 'db', 'shard', 'bytes', 'size', 'unit', 'ttl_ms', 'encoding', 'idle_s', 'freq']);
    assert.deepEqual(rows.map((row) => row[0]), document.largest_by_bytes.map((key) => guarded(key.name)));
    assert.deepEqual(rows.map((row) => row[1]), document.largest_by_bytes.map((key) => (key.binary ? 'true' : '')));
    const prefixes = await analyses.export(id, '?part=prefixes');
    assert.deepEqual(prefixes.json.map((item) => item.prefix), document.prefixes.items.map((item) => item.prefix));
  });

  test('every part, in the order of the document, and empty where it was not measured', async () => {
    const { analyses } = await instance();
    const bucket = { from: 0, to: 64, keys: 1, bytes: 1 }, seconds = { from_s: 7776000, keys: 1 };
    const document = {
      ...documentOf([{ name: 'a:b', bytes: 9, ttl_ms: 1 }, { name: 'c', bytes: 8, type: 'stream', size: 2, unit: 'count', db: 3 }]),
      shards: [{ shard: 'group-0', keys: 2 }], ttl_histogram: [{ from_s: 0, to_s: 60, keys: 1, bytes: 9 }, seconds],
      size_histogram: [bucket], idle_histogram: [seconds], frequency_histogram: [bucket],
    };
    document.types[0].encodings = [{ encoding: 'raw', keys: 1, bytes: 9 }, { encoding: 'int', keys: 0 }];
    document.types[1].encodings = [{ encoding: 'stream', keys: 1, bytes: 8 }];
    const { items } = document.prefixes;
    document.prefixes_by_type = [{ type: 'string', capacity: 2048, exact: true, items }, { type: 'set', capacity: 2048, exact: true, items: [] }];
    assert.ok(items.length > 0);
    const parts = {
      keys: document.largest_by_bytes, keys_by_size: document.largest_by_size, prefixes: document.prefixes.items,
      types: document.types.map(({ encodings, ...type }) => type),
      encodings: document.types.flatMap(({ type, encodings }) => encodings.map((encoding) => ({ type, ...encoding }))),
      prefixes_by_type: items.map((item) => ({ type: 'string', ...item })),
      databases: document.databases, shards: document.shards, ttl: document.ttl_histogram, sizes: document.size_histogram,
      idle: document.idle_histogram, frequency: document.frequency_histogram,
    };
    const id = await analyses.record(document);
    const bare = await analyses.record({ source: 'scan', version: 1, measures: [], not_measured: [], keys: 0, types: [], databases: [], largest_by_size: [] });
    for (const [part, entries] of Object.entries(parts)) {
      const exported = (await analyses.export(id, `?part=${part}`)).json;
      assert.deepEqual(exported, JSON.parse(JSON.stringify(entries)), part);
      assert.equal(csvRows((await analyses.export(id, `?part=${part}&format=csv`)).body).length, entries.length + 1, part);
      assert.deepEqual((await analyses.export(bare, `?part=${part}`)).json, [], part);
      assert.equal(csvRows((await analyses.export(bare, `?part=${part}&format=csv`)).body).length, 1, part);
    }
  });

  test('keys by size where there are no bytes, and keys of other kinds', async () => {
    const { cache, analyses } = await instance();
    const document = documentOf([{ name: 'k', size: 3 }]);
    delete document.largest_by_bytes;
    const id = await analyses.record(document);
    assert.deepEqual((await analyses.export(id, '?part=keys')).json, document.largest_by_size);
    const keys = [{ name: '=1\u0000', type: 'string', db: 0, size: 7, unit: 'byte', freq: 255 }];
    const hot = await analyses.record(keys, { path: cache.createHot });
    assert.deepEqual((await analyses.export(hot, '?part=keys')).json, keys);
    assert.equal((await analyses.export(hot)).body, JSON.stringify(keys));
    assert.deepEqual(csvRows((await analyses.export(hot, '?format=csv')).body)[1],
      ["'=1\u0000", '', '', '', 'string', '0', '', '', '7', 'byte', '', '', '', '255']);
    assertProblem(await analyses.export(hot, '?part=prefixes'), 409, 'EXT.0412');
  });

  test('what is not there, and parameters that are wrong', async () => {
    const { cache, analyses } = await instance();
    const id = await analyses.record(documentOf([]));
    assertProblem(await analyses.export(randomUUID()), 404, 'EXT.0405');
    assertProblem(await analyses.export((await cache.start(cache.expired)).id), 409, 'EXT.0412');
    for (const [name, value] of [['part', 'x'], ['part', ''], ['part', 'key'], ['format', 'xml'], ['format', ''], ['format', 'CSV']])
      assertProblem(await analyses.export(id, `?${name}=${value}`), 400, 'DCS.4800', new RegExp(`^Invalid ${name} `));
    const other = await instance();
    assertProblem(await other.analyses.export(id), 404, 'EXT.0405');
  });
});

describe('comparison', () => {
  test('keys and prefixes that came, went, grew and shrank', async () => {
    const { analyses } = await instance();
    const key = (name, bytes, more) => ({ name, bytes, ...more });
    const first = await analyses.record(documentOf([key('a:1', 100), key('a:2', 50), key('b:1', 10), key('b:2', 10), key('same', 1)]));
    const second = await analyses.record(documentOf([key('a:1', 90), key('a:2', 80), key('c:1', 5), key('b:2', 10), key('same', 1),
      key('h', 7, { type: 'hash', size: 2, unit: 'count' })]));
    const answer = await analyses.compare(first, second);
    const { keys, prefixes, types, before: was, after: is } = answer.json;
    assert.deepEqual([was.id, was.keys, was.bytes, is.id, is.keys, is.bytes], [first, 5, 171, second, 6, 193]);
    assert.deepEqual(types, [{ type: 'string', before: { keys: 5, bytes: 171 }, after: { keys: 5, bytes: 186 } },
      { type: 'hash', after: { keys: 1, bytes: 7 } }]);
    const string = { type: 'string', db: 0 };
    // No ranking is full: what is not in one was not there.
    assert.deepEqual(keys, {
      new: [{ name: 'h', type: 'hash', db: 0, after: { size: 2, bytes: 7 } }, { name: 'c:1', ...string, after: { size: 5, bytes: 5 } }],
      gone: [{ name: 'b:1', ...string, before: { size: 10, bytes: 10 } }],
      grown: [{ name: 'a:2', ...string, before: { size: 50, bytes: 50 }, after: { size: 80, bytes: 80 }, bytes_delta: 30 }],
      shrunk: [{ name: 'a:1', ...string, before: { size: 100, bytes: 100 }, after: { size: 90, bytes: 90 }, bytes_delta: -10 }],
    });
    assert.deepEqual(prefixes, {
      new: [{ prefix: 'c:', after: { keys: 1, bytes: 5 } }], gone: [],
      grown: [{ prefix: 'a:', before: { keys: 2, bytes: 150 }, after: { keys: 2, bytes: 170 }, bytes_delta: 20 }],
      shrunk: [{ prefix: 'b:', before: { keys: 2, bytes: 20 }, after: { keys: 1, bytes: 10 }, bytes_delta: -10 }],
    });
    const nothing = { new: [], gone: [], grown: [], shrunk: [] };
    const self = (await analyses.compare(first, first)).json;
    assert.deepEqual([self.keys, self.prefixes], [nothing, nothing]);
    const table = csvRows((await analyses.compare(first, second, '&format=csv')).body);
    assert.equal(table.length, 1 + 2 + 5 + 3);
    assert.deepEqual(table[1], ['types', '', '', '', '', 'string', '', '171', '5', '186', '5', '15', '', '']);
    assert.deepEqual(table.find((row) => row[2] === 'a:1'),
      ['keys', 'shrunk', 'a:1', '', '', 'string', '0', '100', '100', '90', '90', '-10', '', '']);
  });

  test('a full ranking says how large what it lacks may be', async () => {
    const { analyses } = await instance();
    const top = 3;
    const record = (names, more = {}) => analyses.record(
      documentOf(names.map(([name, bytes]) => ({ name, bytes, ...more })), { top }), { options: { top } });
    const first = await record([['a', 9], ['b', 8], ['c', 7], ['d', 6]]);
    const second = await record([['d', 9], ['a', 8], ['b', 7], ['c', 1]]);
    const { new: came, gone } = (await analyses.compare(first, second)).json.keys;
    assert.deepEqual(came, [{ name: 'd', type: 'string', db: 0, after: { size: 9, bytes: 9 }, before_at_most: { bytes: 7 } }]);
    assert.deepEqual(gone, [{ name: 'c', type: 'string', db: 0, before: { size: 7, bytes: 7 }, after_at_most: { bytes: 7 } }]);
    // Without bytes it is the ranking of the type that says so.
    const third = await record([['x', 5], ['y', 4], ['z', 3], ['w', 2]].map(([n, s]) => [n, undefined, s]), {});
    const sized = await analyses.record(documentOf(['p', 'q', 'r'].map((name, i) => ({ name, size: 50 - i })), { top }), { options: { top } });
    const { keys } = (await analyses.compare(third, sized)).json;
    assert.deepEqual(keys.gone[0].after_at_most, { size: 48 });
  });

  test('prefixes beyond what a document lists, and what a sketch displaced', async () => {
    const { analyses } = await instance();
    const many = Array.from({ length: 600 }, (_, i) => ({ name: `p${i}:k`, bytes: 1000 - i }));
    const document = (keys, more) => {
      const made = documentOf(keys, more);
      made.prefixes.items = made.prefixes.items.sort((a, b) => b.bytes - a.bytes).slice(0, 500)
        .sort((a, b) => Buffer.compare(Buffer.from(a.prefix), Buffer.from(b.prefix)));
      return made;
    };
    const first = await analyses.record(document(many));
    const second = await analyses.record(document([{ name: 'z:k', bytes: 5000 }], { exact: false, capacity: 100 }));
    const { new: came, gone } = (await analyses.compare(first, second)).json.prefixes;
    // The 500th of the first has 501 bytes; the second's counters are at most a hundredth of all it has.
    assert.deepEqual(came, [{ prefix: 'z:', after: { keys: 1, bytes: 5000 }, before_at_most: { bytes: 501 } }]);
    assert.equal(gone.length, 500);
    assert.deepEqual(gone[0], { prefix: 'p0:', before: { keys: 1, bytes: 1000 }, after_at_most: { bytes: 50 } });
  });

  test('names of any kind; the same text that is binary and that is not are two', async () => {
    const { analyses } = await instance();
    const first = await analyses.record(documentOf(hostile()));
    const second = await analyses.record(documentOf(hostile().map((key) => ({ ...key, bytes: key.bytes + 1 }))));
    const { grown, new: came, gone, shrunk } = (await analyses.compare(first, second)).json.keys;
    assert.deepEqual([came, gone, shrunk], [[], [], []]);
    assert.ok(grown.every((entry) => entry.bytes_delta === 1));
    const of = (keys) => keys.map((key) => `${key.binary ? 1 : 0}${key.name}`).sort();
    assert.deepEqual(of(grown), of(hostile()));
    const rows = csvRows((await analyses.compare(first, second, '&format=csv')).body).filter((row) => row[0] === 'keys');
    assert.deepEqual(rows.map((row) => row[2]).sort(), hostile().map((key) => guarded(key.name)).sort());
  });

  test('a key of another database, a type that changed, a name that was cut', async () => {
    const { analyses } = await instance();
    const first = await analyses.record(documentOf([{ name: 'k', bytes: 1 }, { name: 'l', bytes: 1 }, { name: 'm…', name_cut: true, bytes: 1 }]));
    const second = await analyses.record(documentOf([{ name: 'k', bytes: 1, db: 1 }, { name: 'l', bytes: 2, type: 'set', size: 1, unit: 'count' },
      { name: 'm…', bytes: 1 }]));
    const { keys } = (await analyses.compare(first, second)).json;
    assert.deepEqual(keys.new.map((k) => [k.name, k.db, k.name_cut]), [['k', 1, undefined], ['m…', 0, undefined]]);
    assert.deepEqual(keys.gone.map((k) => [k.name, k.db, k.name_cut]), [['k', 0, undefined], ['m…', 0, true]]);
    assert.deepEqual(keys.grown.map((k) => [k.name, k.type, k.bytes_delta]), [['l', 'set', 1]]);
  });

  test('a long name of which another `top` shows more is the same key', async () => {
    const { analyses } = await instance();
    const long = (last) => 'n'.repeat(300) + last;
    const hashed = (keys, kept) => ({ ...documentOf(keys), name_kept: kept });
    const cut = { name: `${'n'.repeat(269)}…`, name_cut: true };
    const first = await analyses.record(hashed([{ name: long('a'), name_hash: '000000000000000a', bytes: 10 },
      { name: long('b'), name_hash: '000000000000000b', bytes: 20 }, { name: long('c'), name_hash: '000000000000000c', bytes: 30 }], 4096));
    const second = await analyses.record(hashed([{ ...cut, name_hash: '000000000000000a', bytes: 11 },
      { ...cut, name_hash: '000000000000000b', bytes: 22 }, { name: '000000000000000c', bytes: 33 }], 269));
    const { keys } = (await analyses.compare(first, second)).json;
    assert.deepEqual(keys.grown.map((k) => [k.name, k.name_cut, k.bytes_delta]), [[cut.name, true, 2], [cut.name, true, 1]]);
    assert.deepEqual(keys.gone.map((k) => k.name), [long('c')]);
    assert.deepEqual(keys.new.map((k) => k.name), ['000000000000000c']);
  });

  test('what cannot be compared', async () => {
    const { cache, analyses } = await instance();
    const id = await analyses.record(documentOf([]));
    assertProblem(await analyses.compare(id, randomUUID()), 404, 'EXT.0404');
    assertProblem(await analyses.compare(id, (await cache.start()).id), 404, 'EXT.0404');
    assertProblem(await analyses.compare((await client.post(`${analyses.path}/analyses`)).json.id, id), 409, 'EXT.0412');
    assertProblem(await (await instance()).analyses.compare(id, id), 404, 'EXT.0404');
    assertProblem(await analyses.compare('x', id), 400, 'DCS.4800', /^Invalid before /);
    assertProblem(await analyses.compare(id, ''), 400, 'DCS.4800', /^Invalid after /);
    assertProblem(await client.get(`${analyses.path}/comparison`), 400, 'DCS.4800', /^Invalid before /);
    assertProblem(await analyses.compare(id, id, '&format=x'), 400, 'DCS.4800', /^Invalid format /);
  });
});

describe('series', () => {
  test('of an instance and of a prefix; what is deleted leaves it, what is forgotten does not', async () => {
    const { analyses } = await instance();
    const series = async (query = '') => (await client.get(`${analyses.path}/series${query}`)).json;
    const ids = [];
    for (const bytes of [10, 20, 30])
      ids.push(await analyses.record(documentOf([{ name: 'a:1', bytes, ttl_ms: 5 }, { name: 'a:b:2', bytes: 1 }, { name: 'c', bytes: 2, type: 'list', size: 1 }])));
    const { points } = await series();
    assert.deepEqual(points.map(({ at, ...point }) => point), [10, 20, 30].map((bytes, i) => ({
      task_id: ids[i], keys: 3, bytes: bytes + 3, keys_without_ttl: 2, bytes_without_ttl: 3,
      types: [{ type: 'string', keys: 2, bytes: bytes + 1 }, { type: 'list', keys: 1, bytes: 2 }],
    })));
    assert.deepEqual((await series('?prefix=a:')).points.map(({ at, ...point }) => point), [10, 20, 30].map((bytes, i) => ({
      task_id: ids[i], keys: 2, bytes: bytes + 1, keys_without_ttl: 1, bytes_without_ttl: 1,
    })));
    assert.deepEqual((await series('?prefix=a:&binary=true')).points, []);
    assert.deepEqual((await series('?prefix=a')).points, []);
    const at = points.map((point) => point.at);
    // Times of the database have more digits than those that are shown.
    const next = new Date(Date.parse(at[1]) + 1).toISOString();
    assert.deepEqual((await series(`?to=${next}&limit=1`)).points.map((p) => p.task_id), [ids[1]]);
    assert.deepEqual((await series(`?from=${at[1]}`)).points.map((p) => p.task_id), ids.slice(1));
    assert.deepEqual((await series('?limit=2')).points.map((p) => p.task_id), ids.slice(1));
    const table = csvRows((await client.get(`${analyses.path}/series?format=csv&prefix=a:b:`)).body);
    assert.deepEqual(table[3], [at[2], ids[2], '1', '1', '1', '1']);
    assert.equal((await client.delete(`${analyses.path}/analyses/${ids[0]}`)).status, 200);
    await site.sql('DELETE FROM scan_task WHERE id = $1', [ids[1]]);
    assert.deepEqual((await series()).points.map((p) => p.task_id), ids.slice(1));
    assert.deepEqual((await series('?prefix=a:')).points.map((p) => p.task_id), ids.slice(1));
  });

  test('prefixes of any name', async () => {
    const { analyses } = await instance();
    await analyses.record(documentOf(hostile()));
    const named = hostile().filter(({ name }) => name.includes(':') && !name.includes('\0'));
    for (const { name, binary } of named) {
      const prefix = name.slice(0, name.indexOf(':') + 1);
      const answer = (await client.get(`${analyses.path}/series?prefix=${encodeURIComponent(prefix)}&binary=${binary ?? false}`)).json;
      assert.deepEqual([answer.prefix, answer.points.length, answer.points[0]?.keys], [prefix, 1, 1], JSON.stringify(prefix));
    }
  });

  test('parameters that are wrong', async () => {
    const { analyses: { path } } = await instance();
    for (const [name, value] of [['from', 'yesterday'], ['to', '2026-11-22'], ['from', ''], ['limit', '0'], ['limit', '10001'],
      ['prefix', ''], ['prefix', 'x'.repeat(1025)], ['binary', '1'], ['format', 'json5']])
      assertProblem(await client.get(`${path}/series?${name}=${value}`), 400, 'DCS.4800', new RegExp(`^Invalid ${name} `));
  });
});

test('a document of 10^4 keys and 10^4 prefixes: compared, exported and kept in the series by its heaviest', async () => {
  const { analyses } = await instance();
  const keys = (offset) => Array.from({ length: 10_000 }, (_, i) => ({ name: `user:${i}:cart`, bytes: 100_000 - i + (i % 3) * offset, ttl_ms: i }));
  const top = 10_000;
  const [first, second] = [documentOf(keys(0), { top }), documentOf(keys(1), { top })];
  assert.ok(JSON.stringify(first).length > 3_000_000);
  const before = await analyses.record(first, { options: { top } }), after = await analyses.record(second, { options: { top } });
  const { keys: changed, prefixes } = (await analyses.compare(before, after)).json;
  assert.deepEqual([changed.new, changed.gone, changed.shrunk, prefixes.new, prefixes.gone, prefixes.shrunk], [[], [], [], [], [], []]);
  assert.deepEqual(changed.grown.map((k) => k.bytes_delta), [...Array(500)].map(() => 2));
  assert.equal(prefixes.grown[0].prefix, 'user:');
  assert.equal(csvRows((await analyses.export(before, '?format=csv')).body).length, 10_001);
  assert.equal((await analyses.export(before, '?part=prefixes')).json.length, 10_001);
  const [{ count }] = await site.sql('SELECT count(*) FROM analysis_prefix_point WHERE task_id = $1', [after]);
  assert.equal(Number(count), 200);
});

test('points older than the setting are forgotten, and no others', async () => {
  const { analyses } = await instance();
  const [old, fresh] = [await analyses.record(documentOf([{ name: 'a:1', bytes: 1 }])), await analyses.record(documentOf([{ name: 'a:1', bytes: 1 }]))];
  for (const table of ['analysis_point', 'analysis_prefix_point']) {
    await site.sql(`UPDATE ${table} SET finished_at = now() - interval '30 days 1 minute' WHERE task_id = $1`, [old]);
    await site.sql(`UPDATE ${table} SET finished_at = now() - interval '29 days 23 hours' WHERE task_id = $1`, [fresh]);
  }
  const worker = await site.startWorker({ series_retention_days: 30 });
  const left = async (query) => (await client.get(`${analyses.path}/series${query}`)).json.points.map((point) => point.task_id);
  while ((await left('')).length === 2 || (await left('?prefix=a:')).length === 2);
  await worker.stop();
  assert.deepEqual([await left(''), await left('?prefix=a:')], [[fresh], [fresh]]);
});
