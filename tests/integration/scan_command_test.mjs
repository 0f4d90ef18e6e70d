// dcsctl scan against real servers, without a database and without settings: what it finds is what the API
// tells and what a full enumeration finds; secrets, terminals, interruptions.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createCertificate } from '../support/certificates.mjs';
import { enumerate, fillExpired, fillSmall, largest } from '../support/dataset.mjs';
import { Program, run } from '../support/program.mjs';
import { RespConnection } from '../support/resp.mjs';
import { freePort } from '../support/redis.mjs';
import { PROGRAMS, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const MANY = 200_000;

let world, redis, password;

before(async () => {
  world = await World.open();
  redis = await world.redis({ options: { requirepass: 's3cret' }, certificates: world.certificates });
  await fillSmall(redis);
  password = join(world.directory, 'password');
  writeFileSync(password, 's3cret\n', { mode: 0o600 });
});
after(() => world?.close());

const url = (server) => `redis://${server.endpoint}`;

// No environment but what a sanitizer needs: no settings, no database.
const scan = (args, options = {}) =>
  run(`dcsctl scan ${args.join(' ')}`, PROGRAMS.dcsctl, ['scan', '--profile', 'fast', ...args], options);

async function found(args, options) {
  const { status, stdout, stderr } = await scan([...args, '--json'], options);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return JSON.parse(stdout);
}

// The same on a terminal of 100 columns; what it shows is the program's standard output.
function onTerminal(args, { env = {} } = {}) {
  const words = [PROGRAMS.dcsctl, 'scan', ...args].map((word) => `'${word}'`).join(' ');
  const program = new Program('script', 'script', ['-qec', `stty cols 100; exec ${words}`, '/dev/null'],
    { env: { TERM: 'xterm', SHELL: '/bin/sh', ...env } });
  world.onClose(() => program.stop({ signal: 'SIGKILL', expected: null }));
  return program;
}

const scanCalls = async (server) =>
  Number(/calls=(\d+)/.exec((await server.info('commandstats')).cmdstat_scan)?.[1] ?? 0);

test('JSON: the members of the API, and exactly the largest keys', async () => {
  const site = await world.site({ workers: 1 });
  const cache = await (await site.tenant('alice')).instance('it', redis.endpoint, '--password-file', password);
  const detail = await cache.analyse();
  assert.equal(detail.status, 'success');
  const result = await found([url(redis), '--password-file', password]);
  assert.deepEqual(result.keys, detail.keys);
  assert.deepEqual(result.keys, largest(await enumerate(redis, [0, 3])));
  assert.equal(result.num, detail.num);
  assert.deepEqual(Object.keys(result), ['kind', 'profile', 'server', 'keys', 'num', 'keys_seen', 'keys_before',
    'keys_after', 'expired_released', 'duration_ms', 'commands', 'cost']);
  assert.deepEqual([result.kind, result.profile, result.keys_seen], ['bigkey', 'fast', 13]);
  assert.deepEqual([result.server.endpoint, result.server.mode, result.server.role],
    [redis.endpoint, 'standalone', 'master']);
  assert.deepEqual(Object.keys(result.cost), ['pauses', 'paused_ms', 'halvings', 'baseline_us', 'worst_us',
    'touched']);
});

test('a database in the URL is the only one that is scanned and counted', async () => {
  const result = await found([`${url(redis)}/3`, '--password-file', password]);
  assert.deepEqual(result.keys, largest(await enumerate(redis, [3])));
  assert.deepEqual([result.database, result.keys_seen, result.keys_before], [3, 2, 2]);
  assert.equal((await found([`${url(redis)}/9`, '--password-file', password])).keys_seen, 0);
});

test('tables: a type each, no control characters, binary names marked', async () => {
  const { status, stdout, stderr } = await scan([url(redis), '--password-file', password, '--limit', '3']);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '', 'no bar where there is no terminal');
  for (const type of ['string', 'list', 'set', 'zset', 'hash'])
    assert.match(stdout, new RegExp(`^The largest keys of type ${type}$`, 'm'));
  assert.match(stdout, /^f\\xff\\\\ü\\xed\\xa0\\x80 +0 +400 +byte +binary$/m);
  assert.match(stdout, /^plain +3 +5000 +byte +UTF-8$/m);
  assert.match(stdout, /^and 4 more \(--limit, --json\)$/m);
  assert.match(stdout, /: 13 keys seen in [0-9.]+ s, [0-9,]+ keys\/s, [0-9,]+ commands\.$/m);
  assert.match(stdout, /^Profile fast: 0 pauses; latency [0-9.]+ ms before/m);
  const all = await scan([url(redis), '--password-file', password]);
  assert.match(all.stdout, /^quote"back\\slash\\x0a +0 +100 +byte +UTF-8$/m);
  assert.match(all.stdout, /^list +0 +50 +count/m);
});

test('an analysis: tables that a terminal may show, and the document', async () => {
  const more = await world.redis();
  await more.pipeline([['SET', 'shop:cart:1', 'x'.repeat(900)], ['SET', 'shop:cart:2', 'x', 'EX', 5000], ['HSET', 'shop:h', 'a', 'b'],
    ['SET', 'evil:\u202e\u001b[31m<script>', 'x'], ['SET', Buffer.from([0xff, 0x3a, 0x61]), 'x'], ['XADD', 'feed', '*', 'f', 'v']]);
  const args = [url(more), '--kind', 'analysis', '--measures', 'memory,ttl,encoding,usage', '--limit', '5'];
  const { status, stdout, stderr } = await scan(args);
  assert.equal(status, 0, stderr);
  for (const title of ['By type', 'Encodings of type string', 'By database', 'The heaviest prefixes', 'The keys with the most memory',
    'The largest keys of type hash', 'By time to live', 'By memory', 'By idle time'])
    assert.ok(stdout.split('\n').includes(title), title);
  assert.match(stdout, /^shop:cart: +2 /m);
  assert.match(stdout, /^\\xff: .* binary$/m);
  assert.match(stdout, /evil:\\xe2\\x80\\xae\\x1b\[31m<script>/);
  assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  assert.match(stdout, /and 1 more \(--limit, --json\)/);
  const { kind, keys, num, result } = await found([...args, '--top', '2', '--separators', ':<', '--prefix-depth', '2']);
  assert.deepEqual([kind, keys, num, result.keys, result.largest_by_bytes.length], ['analysis', undefined, 2, 6, 2]);
  assert.deepEqual(result.prefixes.items.map(({ prefix, keys: count }) => [prefix, count]),
    [['evil:', 1], ['evil:\u202e\u001b[31m<', 1], ['shop:', 3], ['shop:cart:', 2], ['\\xff:', 1]]);
});

test('passwords: a file, standard input, the environment; never the command line', async () => {
  const none = await scan([url(redis)]);
  assert.equal(none.status, 1);
  assert.match(none.stderr, /NOAUTH/);
  assert.equal((await found([url(redis), '--password-file', '-'], { input: 's3cret\n' })).num, 12);
  assert.equal((await found([url(redis)], { env: { REDISCLI_AUTH: 's3cret' } })).num, 12);
  const wrong = await scan([url(redis)], { env: { REDISCLI_AUTH: 'nonsense' } });
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /WRONGPASS/);
  const inUrl = await scan([`redis://:s3cret@${redis.endpoint}`]);
  assert.equal(inUrl.status, 2);
  assert.match(inUrl.stderr, /--password-file FILE, --ask-password/);
  assert.ok(!inUrl.stderr.includes('s3cret'));
  const blind = await scan([url(redis), '--ask-password']);
  assert.equal(blind.status, 2);
  assert.match(blind.stderr, /needs a terminal/);
  await redis.command('ACL', 'SETUSER', 'ann', 'on', '>hers', '~*', '+@all');
  assert.equal((await found([`redis://ann@${redis.endpoint}`], { env: { REDISCLI_AUTH: 'hers' } })).num, 12);
  assert.equal((await found([url(redis), '--user', 'ann'], { env: { REDISCLI_AUTH: 'hers' } })).num, 12);
});

test('a password is asked for on a terminal and not shown', async () => {
  const program = onTerminal([url(redis), '--ask-password', '--profile', 'fast']);
  await until('it asks', () => program.stdout.includes('Password: '));
  program.child.stdin.write('s3cret\n');
  await program.wait();
  assert.equal(program.status, 0, program.stdout);
  assert.ok(program.stdout.includes('The largest keys of type string'));
  assert.ok(!program.stdout.includes('s3cret'));
  const refused = onTerminal([url(redis), '--ask-password', '--profile', 'fast']);
  await until('it asks', () => refused.stdout.includes('Password: '));
  refused.child.stdin.write('\x03');
  await refused.wait();
  assert.equal(refused.status, 130, refused.stdout);
});

test('TLS', async () => {
  const tls = `rediss://${redis.tlsEndpoint}`;
  const ca = ['--tls-ca', world.authority.certificate];
  assert.equal((await found([tls, ...ca, '--password-file', password])).num, 12);
  assert.equal((await found([tls, ...ca, '--tls-server-name', 'localhost', '--password-file', password])).num, 12);
  for (const args of [[tls], [tls, ...ca, '--tls-server-name', 'other.example']]) {
    const result = await scan([...args, '--password-file', password]);
    assert.equal(result.status, 1);
    assert.match(result.stderr, /certificate/);
  }
});

test('hot keys, and why not', async () => {
  const args = [url(redis), '--kind', 'hotkey', '--password-file', password];
  const refused = await scan(args);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /maxmemory-policy/);
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  const { keys } = await found(args);
  assert.deepEqual(Object.keys(keys[0]), ['name', 'type', 'db', 'size', 'unit', 'freq']);
  assert.equal(keys.length, 12);
  const { stdout } = await scan(args);
  assert.match(stdout, /^The hottest keys\nNAME +TYPE +DB +SIZE +UNIT +FREQ/);
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
});

test('expired keys are released and counted', async () => {
  const server = await world.redis();
  await server.command('SET', 'stays', '1');
  await fillExpired(server, 3000);
  await until('all have expired', async () => (await server.command('PTTL', 'expired:2999')) === -2);
  const before = Number((await server.command('DBSIZE')));
  const { status, stdout, stderr } = await scan([url(server), '--kind', 'expired']);
  assert.equal(status, 0, stderr);
  const count = (n) => n.toLocaleString('en-US');
  assert.ok(stdout.includes(
    `Released ${count(before - 1)} expired keys; ${count(before)} keys before, 1 after.`), stdout);
  const again = await found([url(server), '--kind', 'expired']);
  assert.deepEqual([again.num, again.keys, again.keys_before], [0, undefined, 1]);
});

test('a cluster is recognised at any of its nodes and scanned as a whole', async () => {
  const cluster = await world.cluster();
  await cluster.pipeline(Array.from({ length: 300 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(i)]));
  const all = [];
  for (const master of cluster.masters) all.push(...await enumerate(master, [0]));
  const owners = await cluster.owners();
  for (const node of [cluster.masters[1], cluster.replicas[0]]) {
    const { keys, keys_seen: seen, server } = await found([url(node), '--nodes-at-once', '2']);
    assert.equal(server.mode, 'cluster');
    assert.equal(seen, 300);
    assert.deepEqual(keys.map(({ shard, ...rest }) => rest), largest(all));
    assert.ok(keys.every(({ shard }) => owners.some(({ endpoint }) => endpoint === shard)));
  }
  const { stdout } = await scan([url(cluster.masters[0])]);
  assert.match(stdout, /^NAME +SHARD +DB +SIZE +UNIT$/m);
});

test('a replica that is given is read; a sentinel is asked for its master', async () => {
  const master = await world.redis();
  const replica = await world.redis({ options: { replicaof: `127.0.0.1 ${master.port}` } });
  await master.command('SET', 'one', '1');
  await until('the replica follows', async () =>
    (await replica.info('replication')).master_link_status === 'up' && (await replica.command('DBSIZE')) === 1);
  const before = await scanCalls(replica);
  assert.equal((await found([url(master), '--endpoint', replica.endpoint])).num, 1);
  assert.ok(await scanCalls(replica) > before);
  assert.equal(await scanCalls(master), 0);

  const port = await freePort();
  const file = join(world.directory, 'sentinel.conf');
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\nsentinel monitor shop 127.0.0.1 ${master.port} 1\n`);
  const sentinel = new Program('sentinel', 'redis-server', [file, '--sentinel'], { cwd: world.directory });
  world.onClose(() => sentinel.stop({ signal: 'SIGKILL', expected: null }));
  await until('the sentinel watches', () => sentinel.stdout.includes('+monitor master shop'));
  const at = `redis://127.0.0.1:${port}`;
  const asked = await RespConnection.open(port);
  world.onClose(async () => asked.close());
  await until('the sentinel finds the replica well', async () => {
    const replicas = (await asked.command('SENTINEL', 'REPLICAS', 'shop')).map((fields) => fields.map(String));
    return replicas.some((fields) => fields[fields.indexOf('flags') + 1] === 'slave');
  });
  const earlier = await scanCalls(replica);
  const { server, num } = await found([at, '--sentinel-master', 'shop']);
  assert.deepEqual([server.endpoint, num], [master.endpoint, 1]);
  assert.ok(await scanCalls(replica) > earlier, 'big keys are read from the replica');
  assert.equal(await scanCalls(master), 0);
  const mapped = await found([at, '--sentinel-master', 'shop', '--kind', 'expired',
    '--address-map', `127.0.0.1:${master.port}=localhost:${master.port}`]);
  assert.equal(mapped.server.endpoint, `localhost:${master.port}`);
  const unknown = await scan([at, '--sentinel-master', 'other']);
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /watches no master of that name/);
  const plain = await scan([at]);
  assert.equal(plain.status, 1);
  assert.match(plain.stderr, /a sentinel, .* --sentinel-master/);
});

test('bytes where they are asked for, and what the server did not allow', async () => {
  const args = [url(redis), '--password-file', password];
  const { keys, cost, note } = await found([...args, '--bytes']);
  for (const { name, db, bytes } of keys.filter(({ name: key }) => /^[a-z]+$/.test(key))) {
    await redis.command('SELECT', String(db));
    assert.equal(bytes, await redis.command('MEMORY', 'USAGE', name), name);
  }
  await redis.command('SELECT', '0');
  assert.equal(note, undefined);
  assert.ok((await found(args)).keys.every((key) => !('bytes' in key)));
  const { stdout } = await scan([...args, '--bytes', '--limit', '1']);
  assert.match(stdout, /^NAME +DB +SIZE +UNIT +BYTES +ENCODING$/m);
  if (cost.touched > 0) assert.match(stdout, /^[\d,]+ questions count as uses of keys/m);

  await redis.command('ACL', 'SETUSER', 'blind', 'on', '>hers', '~*', '+@all', '-memory');
  const blind = [`redis://blind@${redis.endpoint}`, '--bytes'];
  const refused = await found(blind, { env: { REDISCLI_AUTH: 'hers' } });
  assert.match(refused.note, /^lengths of all keys were asked: .*NOPERM/);
  assert.deepEqual(refused.keys, keys.map(({ bytes, ...rest }) => rest));
  const table = await scan(blind, { env: { REDISCLI_AUTH: 'hers' } });
  assert.match(table.stdout, /^Note: lengths of all keys were asked: .*NOPERM.*$/m);
});

test('a server that wants a certificate is shown one', async () => {
  const client = await createCertificate(world.directory, world.authority, 'client', { usage: 'clientAuth' });
  const strict = await world.redis({ options: { 'tls-auth-clients': 'yes' }, certificates: world.certificates });
  const args = [`rediss://${strict.tlsEndpoint}`, '--tls-ca', world.authority.certificate];
  const none = await scan(args);
  assert.equal(none.status, 1);
  assert.match(none.stderr, /certificate/);
  const shown = ['--client-certificate', client.certificate, '--client-key-file', client.key];
  assert.equal((await found([...args, ...shown])).num, 0);
  const wrong = await scan([...args, ...shown.slice(0, 3), password]);
  assert.equal(wrong.status, 1);
  assert.ok(!wrong.stderr.includes('s3cret'));
});

test('a terminal sees a bar, which is gone at the end', async () => {
  const server = await world.redis();
  await server.command('DEBUG', 'POPULATE', MANY, 'k', 10);
  const program = onTerminal([url(server), '--profile', 'fast']);
  await program.wait();
  assert.equal(program.status, 0, program.stdout);
  const drawn = program.stdout.split('\r').filter((line) => line.endsWith('\x1b[K'));
  assert.ok(drawn.some((line) => /^\[#*-*\] +\d+% {2}[\d,]+ of 200,000 keys {2}[\d,]+ keys\/s/.test(line)),
    JSON.stringify(drawn.slice(0, 5)));
  assert.ok(drawn.every((line) => line.length <= 99 + '\x1b[K'.length), 'as wide as the terminal');
  const bar = program.stdout.lastIndexOf('\x1b[K');
  assert.equal(program.stdout.slice(bar - 1, bar), '\r', 'nothing is left of it');
  assert.ok(program.stdout.slice(bar).includes('The largest keys'));
  for (const [args, env, never] of [[['--no-progress'], {}, '\x1b[K'], [[], { TERM: 'dumb' }, '\x1b']]) {
    const silent = onTerminal([url(server), '--profile', 'fast', ...args], { env });
    await silent.wait();
    assert.ok(silent.status === 0 && !silent.stdout.includes(never), silent.stdout);
  }
});

test('Ctrl-C stops the scan, says how far it came, and leaves the terminal clean', async () => {
  const server = await world.redis();
  await server.command('DEBUG', 'POPULATE', MANY, 'k', 10);
  const slow = [url(server), '--profile', 'gentle', '--batch-keys', '10'];
  const program = onTerminal(slow);
  await until('it shows keys', () => /\d+% {2}[1-9]/.test(program.stdout));
  program.child.stdin.write('\x03');
  await program.wait();
  assert.equal(program.status, 130, program.stdout);
  assert.match(program.stdout, /\r\x1b\[Kdcsctl: interrupted: [\d,]+ of 200,000 keys seen, nothing is reported\r\n$/);
  assert.ok(!program.stdout.includes('The largest'));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    const before = await scanCalls(server);
    const child = new Program('dcsctl', PROGRAMS.dcsctl, ['scan', ...slow, '--json']);
    world.onClose(() => child.stop({ signal: 'SIGKILL', expected: null }));
    await until('it scans', async () => (await scanCalls(server)) > before);
    await child.stop({ signal, expected: 130 });
    assert.equal(child.stdout, '');
    assert.match(child.stderr, /^dcsctl: interrupted: [\d,]+ of [\d,]+ keys seen/);
  }
});

test('a scan that takes too long, and a server that is not there, are failures', async () => {
  const server = await world.redis();
  await server.command('DEBUG', 'POPULATE', MANY, 'k', 10);
  const late = await run('dcsctl scan', PROGRAMS.dcsctl,
    ['scan', url(server), '--profile', 'gentle', '--batch-keys', '10', '--timeout', '1']);
  assert.deepEqual([late.status, late.stdout], [1, '']);
  assert.match(late.stderr, /no end within 1000 ms, [1-9]\d* of 200000 keys seen/);
  const closed = await scan([`redis://127.0.0.1:${await freePort()}`]);
  assert.deepEqual([closed.status, closed.stdout], [1, '']);
  assert.match(closed.stderr, /^dcsctl: 127\.0\.0\.1:\d+: connection refused\n$/);
});

test('mistakes have exit status 2 and are named', async () => {
  const cases = [
    [[], /URL is missing/], [['h:6379'], /redis:\/\/ or rediss:\/\//], [['unix:///tmp/r'], /unix sockets/],
    [['redis://h', 'more'], /unexpected word/], [['redis://h', '--kind', 'big'], /--kind/],
    [['redis://h', '--limit', '0'], /--limit/], [['redis://h', '--project', 'p'], /--project/],
  ];
  for (const [args, reason] of cases) {
    const result = await scan(args);
    assert.equal(result.status, 2, args.join(' '));
    assert.match(result.stderr, reason);
    assert.equal(result.stdout, '');
  }
  const { stdout } = spawnSync(PROGRAMS.dcsctl, ['scan', '--help'], { encoding: 'utf8' });
  for (const word of ['redis://[user@]host[:port][/database]', 'REDISCLI_AUTH', '--kind', '--no-progress', 'expired'])
    assert.ok(stdout.includes(word), word);
});
