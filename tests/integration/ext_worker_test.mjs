// Analyses by a real worker of a real Redis, from the request to what is compared, drawn and exported.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Analyses, csvRows } from '../support/analysis.mjs';
import { json } from '../support/http.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const USERS = 3000;

let world, site, alice, client, redis, cache, analyses;

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1, worker: { scan_profile: 'fast' } });
  alice = await site.tenant('alice');
  client = alice.client;
  redis = await world.redis();
  cache = await alice.instance('cache', redis.endpoint);
  analyses = new Analyses(site, cache);
  await redis.pipeline(Array.from({ length: USERS }, (_, i) => ['SET', `user:${i}:name`, 'x'.repeat(i % 100), ...(i % 2 ? ['EX', '100000'] : [])]));
});
after(() => world?.close());

const ended = async (id) => {
  await until(`analysis ${id} ends`, async () => ['success', 'failed'].includes(await cache.status(id)));
  return (await client.get(`${analyses.path}/analyses/${id}`)).json;
};
async function analyse(options) {
  const made = await client.post(`${analyses.path}/analyses`, json(options));
  assert.equal(made.status, 200, made.body);
  return ended(made.json.id);
}

// As MEMORY USAGE and PTTL say of every key.
async function totals(pattern) {
  const names = await redis.command('KEYS', pattern);
  const bytes = await redis.pipeline(names.map((name) => ['MEMORY', 'USAGE', name, 'SAMPLES', 5]));
  const lasting = (await redis.pipeline(names.map((name) => ['PTTL', name]))).map((ttl) => Number(ttl) < 0);
  const sum = (of) => of.reduce((total, n) => total + Number(n), 0);
  return { keys: names.length, bytes: sum(bytes), keys_without_ttl: sum(lasting), bytes_without_ttl: sum(bytes.filter((_, i) => lasting[i])) };
}
const figures = ({ keys, bytes, keys_without_ttl, bytes_without_ttl }) => ({ keys, bytes, keys_without_ttl, bytes_without_ttl });

let first, second;

test('what it found is what the server says of each key, by type and by prefix', async () => {
  first = await analyse({});
  const all = await totals('*');
  assert.equal(first.status, 'success');
  assert.deepEqual(figures(first.result), all);
  assert.deepEqual(figures(first.result.types[0]), all);
  assert.deepEqual(figures(first.result.prefixes.items.find((item) => item.prefix === 'user:')), all);
  assert.equal(first.result.largest_by_bytes.length, 100);
  const [record] = (await client.get(`${analyses.path}/tasks`)).json.records;
  assert.deepEqual([record.id, record.kind, record.num, record.attempt], [first.id, 'analysis', 100, 1]);
  assert.ok(record.keys_seen >= USERS);
});

test('compared with one after a change, in the series, and in the overview', async () => {
  await redis.pipeline([['SET', 'user:7:name', 'y'.repeat(50_000)], ['DEL', 'user:99:name'], ['RPUSH', 'queue:jobs', ...'abc'],
    ['SET', '<b>\u202e=1\u0000', 'z'.repeat(9000)], ['SET', Buffer.from([0x3d, 0xff, 0x5c]), 'z'.repeat(8000)]]);
  second = await analyse({ measures: ['memory', 'ttl', 'encoding', 'usage'], top: 1000 });
  const { keys, prefixes, types } = (await analyses.compare(first.id, second.id)).json;
  const grown = keys.grown.find((key) => key.name === 'user:7:name');
  // A ranking of a hundred that was full: it was not in it.
  assert.ok(grown ?? keys.new.find((key) => key.name === 'user:7:name').before_at_most.bytes > 0);
  assert.deepEqual(keys.new.filter((key) => key.type === 'string' && key.after.size > 7000).map((key) => [key.name, key.binary]).sort(),
    [['<b>\u202e=1\u0000', undefined], ['=\\xff\\\\', true], ['user:7:name', undefined]]);
  // One was there before, and among the heaviest of 3000 it was not.
  assert.deepEqual(prefixes.new.map((entry) => [entry.prefix, entry.before_at_most?.bytes > 0]), [['user:7:', true], ['queue:', true]]);
  assert.equal(types.find(({ type }) => type === 'list').before, undefined);
  const { points } = (await client.get(`${analyses.path}/series?prefix=user:`)).json;
  assert.deepEqual(points.map((point) => point.task_id), [first.id, second.id]);
  assert.deepEqual(figures(points[1]), await totals('user:*'));
  const [shown] = (await client.get(`/ext/v1/${alice.projectId}/instances`)).json.instances;
  assert.deepEqual([shown.last_analysis.id, shown.last_analysis.keys, shown.active], [second.id, second.result.keys, []]);
});

test('every part is exported as it stands in the document', async () => {
  const { result } = second;
  const parts = { keys: result.largest_by_bytes, keys_by_size: result.largest_by_size, prefixes: result.prefixes.items,
    databases: result.databases, ttl: result.ttl_histogram, sizes: result.size_histogram, idle: result.idle_histogram };
  for (const [part, entries] of Object.entries(parts)) {
    assert.deepEqual((await analyses.export(second.id, `?part=${part}`)).json, entries, part);
    assert.equal(csvRows((await analyses.export(second.id, `?part=${part}&format=csv`)).body).length, entries.length + 1, part);
  }
  assert.deepEqual((await analyses.export(second.id, '?part=encodings')).json.map(({ type, encoding }) => [type, encoding]),
    result.types.flatMap(({ type, encodings }) => encodings.map(({ encoding }) => [type, encoding])));
  const rows = csvRows((await analyses.export(second.id, '?format=csv')).body);
  assert.ok(rows.some((row) => row[0] === "'=\\xff\\\\" && row[1] === 'true'));
});

test('dcsctl shows it', async () => {
  const shown = await site.inspect(second.id);
  assert.equal(shown.kind, 'analysis');
  assert.deepEqual(shown.result, second.result);
  assert.equal(shown.keys, undefined);
  const { stdout, status } = await world.dcsctl(site.database, ['task', 'show', second.id]);
  assert.equal(status, 0);
  assert.match(stdout, /user:7:name/);
  assert.doesNotMatch(stdout, /\u202e|\u0000/);
  const { tasks } = await site.dcsctl('task', 'list');
  assert.deepEqual([...new Set(tasks.map((task) => task.kind))], ['analysis']);
});

test('a deleted one stops, and leaves nothing', async () => {
  const { id } = (await client.post(`${analyses.path}/analyses`)).json;
  assert.equal((await client.delete(`${analyses.path}/analyses/${id}`)).status, 200);
  const again = await analyse({ measures: [] });
  assert.equal(again.status, 'success');
  assert.equal((await client.get(`${analyses.path}/series`)).json.points.length, 3);
});

test('a result that would be too long is cut, and says by how much', async () => {
  const raw = (i) => Buffer.concat([Buffer.from(String(i)), Buffer.alloc(4090, 0xff)]);
  await redis.pipeline(Array.from({ length: 400 }, (_, i) => ['SET', raw(i), 'x']));
  const top = 650;
  const { status, result } = await analyse({ top });
  assert.equal(status, 'success');
  const { largest_by_bytes: byBytes, largest_by_size: bySize, left_out: missing, types } = result;
  assert.ok(byBytes.length > 100 && missing.largest_by_bytes > 0 && missing.largest_by_size > 0);
  assert.equal(byBytes.length + missing.largest_by_bytes, top);
  assert.equal(bySize.length + missing.largest_by_size, types.reduce((sum, { keys }) => sum + Math.min(keys, top), 0));
  const strings = bySize.filter(({ type }) => type === 'string').length;
  assert.ok(Math.abs(strings - byBytes.length) <= 1, `${strings} strings and ${byBytes.length} keys`);
  const size = Buffer.byteLength(JSON.stringify(result));
  assert.ok(size <= 8 << 20 && size > 7 << 20, `${size} bytes`);
  assert.equal((await analyse({ top: 10 })).result.left_out, undefined);
});
