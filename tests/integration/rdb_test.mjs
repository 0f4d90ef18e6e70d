// dcsctl rdb analyze: every figure against what the servers said of the samples, and of random data sets on servers of
// this machine; tables, CSV read by Python's csv, JSON; what is no dump, cut or changed; interruptions.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { publicName } from '../support/dataset.mjs';
import { ALL, check, checkPrefixes, enumerate, fill, items, measureSizes, prefixesOf, sum } from '../support/keyspace.mjs';
import { Program, run } from '../support/program.mjs';
import { Random } from '../support/random.mjs';
import { Redis, installedServers } from '../support/redis.mjs';
import { PROGRAMS } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const SAMPLES = fileURLToPath(new URL('../fixtures/rdb/', import.meta.url));
const PARTS = ['keys', 'keys_by_size', 'prefixes', 'prefixes_by_type', 'types', 'encodings', 'databases', 'ttl', 'sizes', 'idle', 'frequency'];
const TOP = ['--top', '10000'];
const WHOLE = 658; // so many keys of a ranking have whole names

const directory = mkdtempSync(join(tmpdir(), 'dcs-rdb-'));
const random = new Random();
const stops = [];
after(async () => {
  for (const stop of stops) await stop();
  rmSync(directory, { recursive: true, force: true });
});

const analyze = (args, options) => run(`dcsctl rdb analyze ${args.join(' ')}`, PROGRAMS.dcsctl, ['rdb', 'analyze', ...args], options);

async function printed(args, options) {
  const { status, stdout, stderr } = await analyze(args, options);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout;
}
const documentOf = async (args, options) => JSON.parse(await printed([...args, '--format', 'json'], options));

async function start(options = {}, server = 'redis-server') {
  const redis = await Redis.start(directory, { options, server });
  stops.push(() => redis.stop());
  return redis;
}

async function save(redis) {
  await redis.command('SAVE');
  return join(redis.directory, 'dump.rdb');
}

// An entry by database and name, out of both rankings, which have all keys.
const entriesOf = (document) => new Map([...document.largest_by_size, ...document.largest_by_bytes].map((key) => [`${key.db} ${key.name}`, key]));

for (const file of readdirSync(SAMPLES).filter((name) => name.endsWith('.rdb'))) {
  test(`${file}: what its server said, key by key`, async () => {
    const path = join(SAMPLES, file), said = JSON.parse(readFileSync(path.replace(/rdb$/, 'json')));
    const document = await documentOf([path, '--top', WHOLE]);
    const found = entriesOf(document);
    assert.deepEqual([document.keys, found.size, document.source, document.memory_is], [said.keys.length, said.keys.length, 'backup', 'estimate']);
    const made = document.origin.created_at ? Date.parse(document.origin.created_at) : statSync(path).mtimeMs;
    const prefixes = new Map();
    for (const key of said.keys) {
      const name = Buffer.from(key.key_hex, 'hex'), entry = found.get(`${key.db} ${publicName(name)}`);
      assert.ok(entry, key.key_hex);
      assert.deepEqual([entry.type, entry.size], [key.type, key.size], entry.name);
      // Without the server's version it is not known which strings are embedded.
      assert.ok(entry.encoding === key.encoding || (!document.origin.engine_version && key.type === 'string' && !entry.encoding), `${entry.name}: ${entry.encoding}`);
      const [left, at] = key.expires_in_about_ms_at ?? [];
      assert.equal(entry.ttl_ms === undefined, left === undefined, entry.name);
      if (left !== undefined) assert.ok(Math.abs(made + entry.ttl_ms - (left + at)) < 2000, `${entry.name}: ${entry.ttl_ms}`);
      if (name.includes(':')) prefixes.set(key.type, (prefixes.get(key.type) ?? new Set()).add(name.subarray(0, name.indexOf(':') + 1).toString('latin1')));
    }
    const version = said.server?.map((line) => /^(?:redis|valkey)_version:(.*)/.exec(line)?.[1]).filter(Boolean).pop();
    if (document.origin.engine_version) assert.ok(said.server.some((line) => line.endsWith(`_version:${document.origin.engine_version}`)), version);
    assert.equal(sum(document.types, ({ bytes }) => bytes), document.bytes);
    assert.equal(sum(document.largest_by_bytes, ({ bytes }) => bytes), document.bytes);
    assert.equal(sum(document.databases, ({ keys }) => keys), document.keys);
    assert.deepEqual(document.databases.map(({ db }) => db), [...new Set(said.keys.map(({ db }) => db))].sort((a, b) => a - b));
    for (const { type, exact, items: told } of document.prefixes_by_type) {
      assert.ok(exact);
      assert.deepEqual(told.filter(({ depth }) => depth === 1).map(({ prefix }) => prefix).sort(),
        [...prefixes.get(type)].map((prefix) => publicName(Buffer.from(prefix, 'latin1'))).sort(), type);
      assert.deepEqual(told.map(({ bytes }) => bytes), told.map(({ bytes }) => bytes).sort((a, b) => b - a));
    }
    // Counters and idle times are there where the server evicted by them.
    const used = sum(document.frequency_histogram ?? document.idle_histogram ?? [], ({ keys }) => keys);
    assert.equal(used, said.policy?.includes('lfu') ? said.keys.length : 0);
    const unknown = [...found.values()].filter(({ encoding }) => !encoding).length;
    assert.deepEqual(document.not_measured.map(({ measure, keys }) => [measure, keys]),
      [...(unknown ? [['encoding', unknown]] : []), ...(used ? [] : [['usage', said.keys.length]])]);
  });
}

// The document against the server that wrote it; bytes by the estimates of its keys, which are near to what that says.
function estimate(document, keys) {
  const found = entriesOf(document), real = sum(keys, ({ bytes }) => bytes);
  for (const key of keys) key.bytes = found.get(`${key.db} ${publicName(key.name)}`).bytes;
  console.log(`# ${document.bytes} bytes are estimated, the server says ${real}`);
  assert.ok(Math.abs(document.bytes - real) < real / 10, `${document.bytes} of ${real} bytes`);
}

function checkDump(document, keys) {
  estimate(document, keys);
  check(document, keys, { top: WHOLE, measures: ALL, source: 'backup', now: Date.parse(document.origin.created_at) });
  for (const { type, items: told, exact } of document.prefixes_by_type) {
    const all = prefixesOf(keys.filter((key) => key.type === type));
    assert.ok(exact);
    assert.deepEqual(told.map(({ prefix, depth, keys: count, bytes }) => [prefix, depth, count, bytes]).sort(),
      [...all.values()].map(({ prefix, depth, keys: inside }) => [prefix, depth, inside.length, sum(inside, (key) => key.bytes)]).sort(), type);
  }
}

for (const server of installedServers()) {
  test(`${server}: a dump, and the stream by standard input, of random data`, async () => {
    const redis = await start({ 'repl-diskless-sync-delay': 0, 'maxmemory-policy': 'allkeys-lru' }, server);
    await fill(redis, random, WHOLE - 3, [0, 3, 9], { leastSeconds: 600 });
    const allocator = (await redis.info('memory')).mem_allocator;
    const document = await documentOf([await save(redis), '--top', WHOLE, '--allocator', allocator]);
    const keys = await enumerate(redis, [0, 3, 9]);
    // What is said of the allocator counts.
    const otherwise = await documentOf([join(redis.directory, 'dump.rdb'), '--allocator', allocator === 'libc' ? 'jemalloc-system' : 'libc']);
    assert.ok(otherwise.keys === document.keys && otherwise.bytes !== document.bytes);
    await measureSizes(redis, keys);
    checkDump(document, keys);
    assert.equal(sum(document.idle_histogram, (bucket) => bucket.keys), keys.length);
    assert.deepEqual([document.expired, document.not_measured], [{ held: 0, held_is: 'counted' }, []]);
    const { stdout, status } = await run('redis-cli | dcsctl', 'sh', ['-c',
      `redis-cli -p ${redis.port} --rdb - 2>/dev/null | '${PROGRAMS.dcsctl}' rdb analyze - --json --top ${WHOLE} --allocator '${allocator}'`]);
    assert.equal(status, 0);
    checkDump(JSON.parse(stdout), keys);
  });
}

test('what has expired and is still held is counted, and said', async () => {
  const redis = await start();
  await redis.command('DEBUG', 'SET-ACTIVE-EXPIRE', '0');
  await redis.pipeline([...items(40).map((i) => ['SET', `gone:${i}`, 'x', 'PX', 1]), ['SET', 'stays', 'x', 'EX', 1000]]);
  // A dump tells whole seconds of its time, by a clock that may be a few milliseconds late.
  const clock = async () => (await redis.command('TIME')).map(Number), [second] = await clock();
  await until('the second is over', async () => {
    const [now, us] = await clock();
    return now > second && us > 100_000;
  });
  const file = await save(redis);
  const document = await documentOf([file]);
  assert.deepEqual([document.keys, document.keys_without_ttl, document.expired], [41, 0, { held: 40, held_is: 'counted' }]);
  assert.equal(document.ttl_histogram[0].keys, 40);
  assert.match(await printed([file]), /\nKeys that have expired and are still held: 40\.\n/);
});

test('more prefixes than have a place: bounds are true, of depths and of types', async () => {
  const redis = await start();
  const name = (i) => (i % 6 ? `p${i}:q${i % 7}:x` : `heavy${i % 60}:${i}`);
  await redis.pipeline(items(10_000).map((i) => (i % 5 ? ['SET', name(i), 'x'.repeat(i % 90)] : ['SADD', name(i), i, i + 1])));
  const document = await documentOf([await save(redis), ...TOP]);
  const keys = await enumerate(redis);
  assert.equal(document.keys, keys.length);
  estimate(document, keys);
  assert.equal(document.prefixes.exact, false);
  checkPrefixes(document.prefixes, keys);
  for (const item of document.prefixes.items) {
    assert.ok(item.keys_error <= keys.length / document.prefixes.capacity);
    assert.ok(item.bytes_error <= document.bytes / document.prefixes.capacity);
  }
  assert.deepEqual(document.prefixes_by_type.map(({ type, items: told }) => [type, told.length]), [['string', 500], ['set', 500]]);
  for (const { type, capacity, exact, items: told } of document.prefixes_by_type) {
    const all = new Map([...prefixesOf(keys.filter((key) => key.type === type)).values()].map((group) => [group.prefix, group.keys]));
    const weight = sum([...all.values()], (inside) => sum(inside, ({ bytes }) => bytes));
    for (const item of told) {
      const inside = all.get(item.prefix), bytes = sum(inside, (key) => key.bytes);
      assert.ok(bytes <= item.bytes && bytes >= item.bytes - item.bytes_error, `${item.prefix}: ${bytes}, ${item.bytes} - ${item.bytes_error}`);
      assert.ok(inside.length <= item.keys && inside.length >= item.keys - item.keys_error, item.prefix);
      assert.ok(item.bytes_error <= weight / capacity);
    }
    assert.equal(exact, type === 'set');
    for (const i of items(10)) assert.ok(told.some(({ prefix }) => prefix === `heavy${i * 6}:`) || (type === 'set') !== (i % 5 === 0), `${type} ${i}`);
  }
});

// The rows of each text as Python's csv has them, whose fields are text.
const csv = (texts) => JSON.parse(execFileSync('python3', ['-c', `import csv, io, json, sys
print(json.dumps([list(csv.reader(io.StringIO(text, newline=""), strict=True)) for text in json.load(sys.stdin)]))`],
  { input: JSON.stringify(texts), maxBuffer: 1 << 28 }));

test('CSV and JSON of every part, with names of anything', async () => {
  const redis = await start({ 'maxmemory-policy': 'allkeys-lfu' });
  const names = ['<img src=x onerror=alert(1)>:', '😀:a', 'new\r\nline:x', '"quoted", and more:', '=1+1:', '+x:', '-x:', '@x:', '\tx:', '\rx:', 'nul\0l:', "'x:", '\u202eabc:', '',
    '\uffff:x', Buffer.from([0xff, 0x5c, 0x3a, 0xfe]), Buffer.from([0x3d, 0xff, 0x3a]), 'x'.repeat(5000)];
  await redis.pipeline(names.flatMap((name, i) => [['SET', name, 'x'.repeat(i * 50)], ...(i % 2 ? [['EXPIRE', name, 1000 * i]] : [])]));
  await redis.pipeline([['SELECT', 7], ['HSET', 'h:1', 'f', 'v'], ['XADD', 'x:1', '*', 'f', 'v']]);
  const file = await save(redis), document = await documentOf([file]);
  const shown = names.map((name) => publicName(Buffer.from(name))).map((name) => (name.length > 4096 ? `${name.slice(0, 4096)}…` : name));
  assert.deepEqual(document.largest_by_bytes.filter(({ db }) => db === 0).map(({ name }) => name).sort(), shown.sort());
  const lists = {
    keys: document.largest_by_bytes, keys_by_size: document.largest_by_size, prefixes: document.prefixes.items,
    prefixes_by_type: document.prefixes_by_type.flatMap(({ type, items: told }) => told.map((item) => ({ type, ...item }))),
    types: document.types.map(({ encodings: _, ...type }) => type),
    encodings: document.types.flatMap(({ type, encodings }) => encodings.map((encoding) => ({ type, ...encoding }))),
    databases: document.databases, ttl: document.ttl_histogram, sizes: document.size_histogram, idle: document.idle_histogram ?? [], frequency: document.frequency_histogram,
  };
  const guarded = (value) => (typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value ?? ''));
  for (const part of ['keys', 'prefixes', 'prefixes_by_type', 'encodings'])
    assert.deepEqual(JSON.parse(await printed([file, '--part', part, '--format', 'json'])), lists[part], part);
  const texts = [];
  for (const part of PARTS) texts.push(await printed([file, '--part', part, '--format', 'csv']));
  for (const [i, [header, ...rows]] of csv(texts).entries()) {
    const entries = lists[PARTS[i]];
    assert.ok(texts[i].endsWith('\r\n'));
    assert.deepEqual(rows, entries.map((entry) => header.map((name) => guarded(entry[name]))), PARTS[i]);
    for (const entry of entries) assert.ok(Object.keys(entry).every((name) => header.includes(name)), PARTS[i]);
  }
  assert.equal(await printed([file, '--format', 'csv']), await printed([file, '--format', 'csv', '--part', 'keys']));
  // The document of --json, whatever the rows of a table are, and of a compressed file.
  assert.deepEqual(await documentOf([file, '--limit', '1', '--json']), document);
  writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)));
  assert.deepEqual(await documentOf([`${file}.gz`]), document);
  assert.deepEqual(JSON.parse(await printed(['-', '--json'], { input: readFileSync(`${file}.gz`) })), document);
});

test('tables: no control characters, a type each, what was read', async () => {
  const redis = await start();
  await redis.pipeline([['SET', 'esc\x1b[2J:\x07:1', 'x'], ['SET', 'a:b:c', 'y'], ['SADD', 'set:1', 'm']]);
  const text = await printed([await save(redis), '--separators', ':[', '--prefix-depth', '2', '--limit', '2']);
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f]/);
  assert.match(text, /^By type\n/);
  assert.match(text, /\nThe heaviest prefixes of type string\nPREFIX +BYTES +KEYS/);
  assert.match(text, /esc\\x1b\[ /);
  assert.match(text, /and \d+ more \(--limit, --json\)/);
  assert.match(text, /\nNot measured of 3 keys: usage \(/);
  assert.match(text, /\nRedis \d+\.\d+\.\d+, RDB version \d+: 3 keys read in \d+\.\d s, [\d,]+ keys\/s\.\nBytes are estimates of what values take in memory\.\n$/);
});

let sample;
before(() => (sample = readFileSync(join(SAMPLES, 'redis-7.2.rdb'))));

async function refused(args, input, expected) {
  const { status, stdout, stderr } = await analyze(args, { input });
  assert.deepEqual([status, stdout], [1, ''], stderr);
  assert.match(stderr, expected);
}

test('what is no dump, cut, or changed ends with where that was, and with nothing else', async () => {
  const path = join(directory, 'bad.rdb');
  const files = [
    ['', /: RDB, byte 0, header: the input ends 9 bytes too early\n$/], ['REDIS', /byte 0, header: .* too early/], ['\x89PNG\r\n\x1a\n0000IHDR', /byte 0, header: this is no RDB/],
    ['{"keys": []}', /this is no RDB/], ['*3\r\n$3\r\nSET\r\n', /this is no RDB/], ['REDIS9999xxxxxxxx', /byte \d+, header: version 9999 of the format/],
    [gzipSync(sample).subarray(0, 20_000), /cannot be uncompressed: unexpected end of file/], [gzipSync('no dump at all'), /this is no RDB/],
  ];
  for (const [bytes, expected] of files) {
    writeFileSync(path, bytes, 'latin1');
    await refused([path, '--json'], undefined, expected);
    assert.match((await analyze([path])).stderr, new RegExp(`^dcsctl: ${path}: `));
    await refused(['-', '--format', 'csv'], Buffer.from(bytes, 'latin1'), expected);
  }
  for (const cut of items(12).map(() => 9 + random.below(sample.length - 10))) {
    const { status, stdout, stderr } = await analyze(['-'], { input: sample.subarray(0, cut) });
    assert.deepEqual([status, stdout], [1, ''], `${cut}`);
    assert.ok(Number(/^dcsctl: standard input: RDB, byte (\d+), /.exec(stderr)[1]) <= cut, stderr);
  }
  const changed = Buffer.from(sample);
  changed[changed.length - 3] ^= 1;
  await refused(['-', '--json'], changed, /checksum/);
  await refused([directory], undefined, /: Is a directory\n$/);
  await refused([join(directory, 'nothing')], undefined, /: No such file or directory\n$/);
});

test('what follows a dump is not read, and that is said', async () => {
  const whole = await printed(['-', '--json'], { input: sample });
  for (const [rest, said] of [['', ''], ['*1\r\n$4\r\nPING\r\n', 'dcsctl: standard input goes on behind the dump, and that was not read\n'], ['0123456789abcdef0123456789abcdef01234567', ''],
    ['x'.repeat(500_000), 'dcsctl: standard input goes on behind the dump, and that was not read\n']]) {
    const { status, stdout, stderr } = await analyze(['-', '--json'], { input: Buffer.concat([sample, Buffer.from(rest)]) });
    assert.deepEqual([status, stdout, stderr], [0, whole, said]);
  }
});

test('options that are wrong', async () => {
  const path = join(SAMPLES, 'redis-7.2.rdb');
  for (const [args, expected] of [
    [[], /FILE is missing/], [[path, path], /unexpected word/], [[path, '--format', 'xml'], /--format must be table, json or csv, not 'xml'/],
    [[path, '--part', 'keys'], /--part needs --format csv or json/], [[path, '--format', 'csv', '--part', 'nothing'], /--part: there is none of the name 'nothing'/],
    [[path, '--json', '--format', 'csv'], /--json is --format json, not csv/], [[path, '--top', '0'], /--top must be/], [[path, '--separators', 'a'], /--separators must be/],
    [[path, '--prefix-depth', '17'], /--prefix-depth must be/], [[path, '--limit', '0'], /--limit must be/], [[path, '--measures', 'ttl'], /does not belong to this command/],
  ]) {
    const { status, stdout, stderr } = await analyze(args);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    assert.match(stderr, expected);
  }
});

test('interrupted it says how far it came; progress is for terminals', async () => {
  const stopped = new Program('dcsctl', PROGRAMS.dcsctl, ['rdb', 'analyze', '-', '--json']);
  stopped.child.stdin.write(sample.subarray(0, 280_000));
  await until('it reads', () => readFileSync(`/proc/${stopped.pid}/wchan`, 'utf8').includes('pipe') || readFileSync(`/proc/${stopped.pid}/status`, 'utf8').includes('S (sleeping)'));
  await until('it takes note of signals', () => /^SigCgt:\s*[0-9a-f]*[2367abef]$/m.test(readFileSync(`/proc/${stopped.pid}/status`, 'utf8')));
  await stopped.stop({ signal: 'SIGINT', expected: 130 });
  assert.equal(stopped.stdout, '');
  assert.match(stopped.stderr, /^dcsctl: interrupted: [\d,]+ keys read, nothing is reported\n$/);

  const words = [PROGRAMS.dcsctl, 'rdb', 'analyze', join(SAMPLES, 'redis-7.2.rdb'), '--format', 'csv', '--part', 'types'].map((word) => `'${word}'`).join(' ');
  const shows = async (more) => {
    const program = new Program('script', 'script', ['-qec', `stty cols 100; exec ${words}${more}`, '/dev/null'], { env: { TERM: 'xterm', SHELL: '/bin/sh' } });
    await program.stop({ signal: 0, expected: 0 });
    return program.stdout;
  };
  assert.match(await shows(''), /\r\[[#-]+\] +\d+% +\d+ of \d+ keys .*\r\x1b\[K.*type,keys/s);
  assert.doesNotMatch(await shows(' --no-progress'), / of \d+ keys/);
});
