// The users of deploy/redis-acl on real servers: each kind of analysis comes to its end with them, ACL LOG names nothing that
// was refused but what the README says, every command that a user has is one that is sent, and no other command of the server
// is allowed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fillSmall } from '../support/dataset.mjs';
import { offlineOnce } from '../support/offline_once.mjs';
import { Redis, RedisCluster, Sentinel, installedServers } from '../support/redis.mjs';
import { scanOnce } from '../support/scan_once.mjs';
import { PROGRAMS, World } from '../support/site.mjs';
import { run } from '../support/program.mjs';
import { until } from '../support/wait.mjs';

const KINDS = ['bigkey', 'hotkey', 'expired', 'analysis'];
const PASSWORD = 'of-the-scanner';
const WITH_LFU = { 'maxmemory-policy': 'allkeys-lfu' };
// An offline analysis does not wait for others that want the same.
const AT_ONCE = { 'repl-diskless-sync-delay': 0 };
const ROOT = new URL('../../deploy/redis-acl/', import.meta.url).pathname;

// What scans send, by kind; a cluster's every node is asked for the rest as well.
const ALWAYS = ['info', 'select', 'scan', 'ping', 'client|setname'];
const LENGTHS = ['type', 'strlen', 'llen', 'scard', 'zcard', 'hlen'];
const OF_KIND = {
  bigkey: [...LENGTHS, 'memory|usage', 'object|encoding'],
  hotkey: [...LENGTHS, 'object|freq'],
  expired: [],
  analysis: [...LENGTHS, 'xlen', 'memory|usage', 'pttl', 'object|encoding', 'object|freq', 'object|idletime'],
};
const MOVING_SLOTS = ['multi', 'exec', 'cluster|countkeysinslot', 'cluster|getkeysinslot'];
const OF_CLUSTER = ['type', 'readonly', 'cluster|slots', 'cluster|nodes', ...MOVING_SLOTS];
// Of an offline analysis, which asks a node for all of its data and for no key; the rest is for the probe of a cluster.
const OF_OFFLINE = ['info', 'ping', 'client|setname', 'replconf', 'psync'];
const OF_OFFLINE_CLUSTER = ['cluster|slots'];
const OF_SENTINEL = ['info', 'client|setname', 'sentinel|masters', 'sentinel|get-master-addr-by-name', 'sentinel|replicas'];

// recorded: the servers of tests/fixtures/servers that a file is for.
const FILES = [
  { file: 'redis-6.acl', since: 6, keys: ['~*'], also: [], refused: ['client|no-evict'], recorded: ['redis-6.2'] },
  { file: 'redis-7.0.acl', since: 7, keys: ['~*', 'resetchannels'], also: ['client|no-evict'], refused: [], recorded: ['redis-7.0'] },
  { file: 'redis-7.2.acl', since: 7.2, keys: ['~*', 'resetchannels'], also: ['client|no-evict', 'client|no-touch'], refused: [],
    recorded: ['redis-7.2', 'redis-7.4', 'redis-8.0', 'valkey-8.0', 'valkey-8.1', 'valkey-9.1'] },
];
// What a file has where its servers know it.
const WHERE_KNOWN = ['client|no-evict', 'client|no-touch'];

// By name the rules of a user.
function usersOf(file) {
  const lines = readFileSync(ROOT + file, 'utf8').trimEnd().split('\n').map((line) => line.split(' '));
  assert.ok(lines.every(([user, name]) => user === 'user' && name));
  return new Map(lines.map(([, name, ...rules]) => [name, rules]));
}

const kindsOf = (name) => KINDS.filter((kind) => /^dcs(-cluster)?$/.test(name) || name.includes(kind));
const isOfCluster = (name) => name.endsWith('-cluster');
const isOffline = (name) => name.startsWith('dcs-offline');
const sorted = (words) => [...new Set(words)].sort();

function commandsOf(name, also) {
  if (isOffline(name)) return sorted([...OF_OFFLINE, ...also, ...(isOfCluster(name) ? OF_OFFLINE_CLUSTER : [])]);
  return sorted([...ALWAYS, ...also, ...kindsOf(name).flatMap((kind) => OF_KIND[kind]), ...(isOfCluster(name) ? OF_CLUSTER : [])]);
}

let world, server, version;

before(async () => {
  world = await World.open();
  // Of several servers the newest knows the most rules.
  for (const installed of installedServers()) {
    const redis = await world.redis({ server: installed });
    const { redis_version: redisVersion, valkey_version: valkey } = await redis.info('server');
    const found = valkey ? 7.2 : Number.parseFloat(redisVersion);
    if (!(found < version)) [server, version] = [installed, found];
  }
});
after(() => world?.close());

const runnable = () => FILES.filter(({ since }) => since <= version);

async function withUsers(file, how = {}) {
  const redis = await world.redis({ server, options: { ...WITH_LFU, ...AT_ONCE, aclfile: ROOT + file }, ...how });
  for (const name of usersOf(file).keys()) await redis.command('ACL', 'SETUSER', name, 'on', `>${PASSWORD}`);
  return redis;
}

const EVERYTHING = JSON.stringify({ measures: ['memory', 'ttl', 'encoding', 'usage'] });
const as = (user) => ({ REDIS_USER: user, REDIS_PASSWORD: PASSWORD, SCAN_ANALYSIS: EVERYTHING });
const entries = ({ keys }) => keys?.largest_by_size ?? keys;
const names = (result) => entries(result)?.map(({ name, type, db, size }) => `${db} ${type} ${size} ${name}`).sort();
const refusals = async (node) => sorted((await node.command('ACL', 'LOG')).map((entry) => String(entry[entry.findIndex((word) => String(word) === 'object') + 1])));

async function called(node) {
  const text = String(await node.command('INFO', 'commandstats'));
  return [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].filter(([, , calls]) => Number(calls) > 0).map(([, name]) => name);
}

async function refusedOf(nodes) {
  return sorted((await Promise.all(nodes.map(refusals))).flat());
}

test('each user has what its kinds send, and nothing else', () => {
  for (const { file, keys, also } of FILES) {
    const users = usersOf(file);
    assert.equal(users.size, 12);
    for (const [name, rules] of users) {
      const start = ['off', ...keys.filter((rule) => rule !== '~*' || !isOffline(name)), '-@all'];
      assert.deepEqual(rules.slice(0, start.length), start, `${file}: ${name}`);
      assert.ok(rules.slice(start.length).every((rule) => rule.startsWith('+')), `${file}: ${name}`);
      assert.deepEqual(sorted(rules.slice(start.length).map((rule) => rule.slice(1))), commandsOf(name, also), `${file}: ${name}`);
    }
  }
  for (const [name, rules] of usersOf('sentinel.acl'))
    assert.deepEqual(rules, ['off', '-@all', ...OF_SENTINEL.map((command) => `+${command}`)], name);
});

// Whether a server knows a command, by what it answered to it; undefined where it was not asked.
function isKnown(answers, command) {
  const words = `${command.replace('|', ' ').toUpperCase()} `;
  const [, answer] = answers.find(([asked]) => `${asked.toUpperCase()} `.startsWith(words)) ?? [];
  return answer && !/^-ERR unknown (sub)?command/i.test(answer);
}

test('servers that are not here know the commands of their users', async () => {
  const unasked = new Set();
  for (const { file, recorded } of FILES) {
    for (const name of recorded) {
      const { answers } = JSON.parse(readFileSync(new URL(`../fixtures/servers/${name}-cluster.json`, import.meta.url), 'utf8'));
      for (const [user, rules] of usersOf(file)) {
        const commands = rules.filter((rule) => rule.startsWith('+')).map((rule) => rule.slice(1));
        for (const command of commands) {
          assert.notEqual(isKnown(answers, command), false, `${file}: ${user}: ${name} does not know ${command}`);
          if (isKnown(answers, command) === undefined) unasked.add(command);
        }
        for (const command of WHERE_KNOWN) assert.equal(commands.includes(command), isKnown(answers, command), `${file}: ${user}: ${name}: ${command}`);
      }
    }
  }
  assert.equal(isKnown([['CLIENT NO-EVICT ON', '-ERR Unknown subcommand or wrong number']], 'client|no-evict'), false);
  // Of what was not asked the server here knows since when there is it.
  const redis = await world.redis({ server });
  const since = async (command) => {
    const [, docs] = await redis.command('COMMAND', 'DOCS', command.replace('|', ' ').split(' ')[0]);
    const text = JSON.stringify(docs, (_, value) => (value?.type === 'Buffer' ? String(Buffer.from(value)) : value));
    return command.includes('|') ? new RegExp(`"${command.replace('|', '\\|')}",\\[.*?"since","([\\d.]+)"`).exec(text)?.[1] : /"since","([\d.]+)"/.exec(text)?.[1];
  };
  assert.deepEqual(sorted(unasked), ['cluster|countkeysinslot', 'cluster|getkeysinslot', 'exec', 'llen', 'multi', 'psync', 'scard', 'zcard']);
  for (const command of unasked) assert.ok(Number.parseInt(await since(command), 10) < 6, `${command}: since ${await since(command)}`);
});

test('a server: every kind by every user that may, and nothing is sent that is refused', async () => {
  const tried = [];
  for (const { file, also, refused } of runnable()) {
    const redis = await withUsers(file);
    await fillSmall(redis);
    await redis.command('SET', 'fleeting', 'value', 'EX', '10000');
    const right = {};
    for (const kind of KINDS) right[kind] = await scanOnce(redis.endpoint, kind);
    for (const name of [...usersOf(file).keys()].filter((user) => !isOfCluster(user))) {
      await redis.command('ACL', 'LOG', 'RESET');
      await redis.command('CONFIG', 'RESETSTAT');
      if (isOffline(name)) {
        const result = await offlineOnce(redis.endpoint, { env: as(name) });
        assert.equal(result.status, 'success', `${file}: ${name}: ${result.reason}`);
        assert.equal(result.keys_seen, right.analysis.keys_seen);
      }
      for (const kind of kindsOf(name)) {
        const result = await scanOnce(redis.endpoint, kind, { env: as(name) });
        assert.equal(result.status, 'success', `${file}: ${name}: ${result.reason}`);
        assert.deepEqual(names(result), names(right[kind]), `${file}: ${name}`);
        assert.equal(result.keys_seen, right[kind].keys_seen);
        tried.push(`${file} ${name} ${kind}`);
        if (kind !== 'analysis') continue;
        assert.deepEqual(result.keys.not_measured, [], name);
        // Idle times are asked where there is no counter of use.
        await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
        const again = await scanOnce(redis.endpoint, kind, { env: as(name) });
        assert.deepEqual(again.keys.not_measured, [], name);
        assert.deepEqual(names(again), names(right[kind]), name);
        await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
      }
      const unmentioned = (await refusals(redis)).filter((command) => ![...refused, 'config|get'].includes(command));
      assert.deepEqual(unmentioned, [], `${file}: ${name}`);
      const sent = await called(redis);
      // A pacer's PING comes only where a scan lasts.
      const unused = commandsOf(name, also).filter((command) => !sent.includes(command) && command !== 'ping');
      assert.deepEqual(unused, [], `${file}: ${name}`);
    }
  }
  assert.ok(tried.length >= 12, tried.join());
});

test('a cluster: every kind, on every node', async () => {
  const { file } = runnable().at(-1);
  const cluster = await world.cluster({ server, masters: 3, replicas: 1, options: { ...WITH_LFU, aclfile: ROOT + file } });
  await cluster.pipeline(Array.from({ length: 60 }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(i + 1)]));
  for (const name of [...usersOf(file).keys()].filter(isOfCluster)) {
    let seen = 0;
    for (const node of cluster.nodes) {
      await node.command('ACL', 'SETUSER', name, 'on', `>${PASSWORD}`);
      await node.command('ACL', 'LOG', 'RESET');
      await node.command('CONFIG', 'RESETSTAT');
    }
    for (const node of isOffline(name) ? cluster.nodes : []) {
      const result = await offlineOnce(node.endpoint, { env: as(name) });
      assert.equal(result.status, 'success', `${name}: ${result.reason}`);
      if (cluster.masters.includes(node)) seen += result.keys_seen;
    }
    if (isOffline(name)) assert.equal(seen, 60);
    for (const kind of kindsOf(name)) {
      const result = await scanOnce(cluster.nodes[0].endpoint, kind, { layout: 'cluster', timeoutMs: 15_000, env: as(name) });
      assert.equal(result.status, 'success', `${name}: ${result.reason}`);
      assert.equal(result.keys_seen, 60);
    }
    assert.deepEqual((await refusedOf(cluster.nodes)).filter((command) => command !== 'config|get'), [], name);
    if (isOffline(name)) continue; // the probe is tried below
    const sent = new Set((await Promise.all(cluster.nodes.map(called))).flat());
    for (const command of ['cluster|slots', 'cluster|nodes']) assert.ok(sent.has(command), `${name}: ${command}`);
  }
});

test('Sentinels, a master and its replica', async () => {
  const { file } = runnable().at(-1);
  const [master, replica] = [await withUsers(file), await withUsers(file)];
  await fillSmall(master);
  await replica.command('REPLICAOF', '127.0.0.1', master.port);
  await until('the replica is in sync', async () => (await replica.info('replication')).master_link_status === 'up');
  const sentinel = await Sentinel.start(world.directory);
  world.onClose(() => sentinel.stop());
  await sentinel.monitor('main', master);
  await until('the Sentinel finds the replica well', async () => {
    const [found] = await sentinel.command('SENTINEL', 'replicas', 'main');
    return found && !/down|disconnected/.test(found[found.findIndex((word) => String(word) === 'flags') + 1]);
  });
  for (const [name, rules] of usersOf('sentinel.acl'))
    assert.equal(String(await sentinel.command('ACL', 'SETUSER', name, ...rules, 'on', `>${PASSWORD}`)), 'OK', name);
  await sentinel.command('ACL', 'SETUSER', 'default', 'off');
  for (const name of usersOf('sentinel.acl').keys()) {
    for (const kind of kindsOf(name)) {
      const found = await scanOnce(sentinel.endpoint, kind, { layout: 'replicated', env: as(name) });
      assert.equal(found.status, 'success', `${name}, ${kind}: ${found.reason}`);
      const { status, stdout, stderr } = await run('scan', PROGRAMS.dcsctl, ['scan', `redis://${name}@${sentinel.endpoint}`,
        '--sentinel-master', 'main', '--kind', kind, '--profile', 'fast', '--password-file', '-', '--json'], { input: PASSWORD });
      assert.equal(status, 0, `${name}, ${kind}: ${stderr}`);
      assert.equal(JSON.parse(stdout).keys_seen, found.keys_seen);
    }
  }
  assert.deepEqual((await refusedOf([master, replica])).filter((command) => command !== 'config|get'), []);
  assert.deepEqual(await refusals(sentinel), ['client|no-evict']);
  // A Sentinel does not count commands: each is needed, as without it nothing is found.
  for (const command of OF_SENTINEL.filter((one) => one !== 'client|setname')) {
    await sentinel.command('ACL', 'SETUSER', 'dcs', `-${command}`);
    const { status, reason } = await scanOnce(sentinel.endpoint, 'expired', { layout: 'replicated', env: as('dcs') });
    assert.equal(status, 'failed', command);
    assert.match(reason, /NOPERM|NOAUTH/, command);
    await sentinel.command('ACL', 'SETUSER', 'dcs', `+${command}`);
  }
});

test('no other command of the server is allowed', async () => {
  for (const { file, also } of runnable()) {
    const redis = await withUsers(file);
    // Of a command with subcommands only these can be run.
    const listed = (await redis.command('COMMAND')).flatMap((command) => (command[9]?.length ? command[9] : [command]));
    const commands = listed.map(([name, arity, flags]) => ({ name: String(name), arity, free: flags.map(String).includes('no_auth') }));
    for (const name of ['get', 'hgetall', 'lrange', 'smembers', 'zrange', 'dump', 'set', 'del', 'unlink', 'expire', 'config|get', 'config|set', 'flushall',
      'flushdb', 'keys', 'debug', 'shutdown', 'eval', 'function|load', 'replicaof', 'acl|setuser', 'monitor', 'client|kill', 'migrate', 'touch'])
      assert.ok(commands.some((command) => command.name === name), name);
    for (const user of usersOf(file).keys()) {
      const may = commandsOf(user, also);
      const allowed = [];
      for (const { name, arity, free } of commands) {
        if (free) continue;
        const words = name.split('|');
        const whole = [...words, ...Array(Math.max(0, Math.abs(arity) - words.length)).fill('1')];
        const reply = String(await redis.command('ACL', 'DRYRUN', user, ...whole));
        assert.doesNotMatch(reply, /wrong number|not found/i, `${name}: ${reply}`);
        if (reply === 'OK') allowed.push(name);
        else assert.match(reply, /has no permissions|no permissions to/i, name);
      }
      assert.deepEqual(sorted(allowed), may, `${file}: ${user}`);
    }
  }
});

test('an instance that is registered with such a user is probed, and analysed by a worker', async () => {
  const { file } = runnable().at(-1);
  const redis = await withUsers(file);
  await fillSmall(redis);
  const site = await world.site({ workers: 1 });
  const tenant = await site.tenant('alice');
  const { status, stderr } = await world.dcsctl(site.database, ['instance', 'add', 'cache', '--project', 'alice', '--endpoint', redis.endpoint,
    '--user', 'dcs', '--password-file', '-'], { input: PASSWORD });
  assert.equal(status, 0, stderr);
  const { json: { instances: [{ instance_id: id, status: state }] } } = await tenant.client.get(tenant.instances);
  assert.equal(state, 'RUNNING');
  for (const path of ['bigkey-task', 'hotkey-task', 'scan-expire-keys-task']) {
    const { json: task } = await tenant.client.post(`${tenant.instances}/${id}/${path}`);
    await until(`${path} ends`, async () => (await site.sql('SELECT status FROM scan_task WHERE id = $1', [task.id]))[0].status === 'success');
  }
  assert.deepEqual((await refusals(redis)).filter((command) => !['config|get', 'command|info'].includes(command)), []);
});
