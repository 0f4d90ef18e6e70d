// dcsctl against a real database and a real Redis: what its exit status and its JSON promise.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { World } from '../support/site.mjs';

let world, database, redis;

before(async () => {
  world = await World.open();
  database = await world.postgres.createDatabase(world.template);
  redis = await world.redis({ options: { requirepass: 's3cret' }, certificates: world.certificates });
  await world.must(database, 'project', 'add', 'alice');
});
after(() => world?.close());

const dcsctl = (...args) => world.must(database, ...args);
const file = (name, content) => {
  const path = join(world.directory, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};

test('projects and keys: added, listed, disabled; the secret is shown once', async () => {
  const project = await dcsctl('project', 'add', 'bob');
  assert.match(project.id, /^[0-9a-f]{32}$/);
  const key = await dcsctl('key', 'add', '--project', 'bob');
  assert.match(key.id, /^[A-Z0-9]{20}$/);
  assert.match(key.secret, /^[A-Za-z0-9]{40}$/);
  const { stdout } = await world.dcsctl(database, ['key', 'list', '--json']);
  assert.ok(stdout.includes(key.id) && !stdout.includes(key.secret));
  const [{ sealed }] = await world.postgres.sql(database,
    `SELECT encode(sealed_secret, 'hex') AS sealed FROM access_key WHERE id = $1`, [key.id]);
  assert.ok(!sealed.includes(Buffer.from(key.secret).toString('hex')));
  assert.equal(sealed.length, 2 * (40 + 97));
  await dcsctl('key', 'disable', key.id);
  await dcsctl('key', 'disable', key.id);
  const listed = (await dcsctl('key', 'list', '--project', 'bob')).keys;
  assert.ok(listed.find((k) => k.id === key.id).disabled_at);
});

test('a project with the id that it has elsewhere', async () => {
  const id = 'a4d31cb63d724fdc8ec96e3a41e47f71';
  assert.equal((await dcsctl('project', 'add', 'elsewhere', '--id', id)).id, id);
  for (const [status, args] of [[1, ['again', '--id', id]], [2, ['x', '--id', 'default']], [2, ['x', '--id', '']]])
    assert.equal((await world.dcsctl(database, ['project', 'add', ...args])).status, status, args.join(' '));
  assert.ok((await dcsctl('project', 'list')).projects.some((p) => p.id === id && p.name === 'elsewhere'));
});

test('an instance with a password and TLS: added, probed, shown, removed', async () => {
  const password = file('password', 's3cret\n');
  const added = await dcsctl('instance', 'add', 'tls', '--project', 'alice', '--endpoint', redis.tlsEndpoint, '--tls',
    '--tls-ca', world.authority.certificate, '--password-file', password);
  assert.equal(added.status, 'RUNNING');
  assert.equal(added.tls, true);
  assert.equal(added.has_password, true);
  assert.equal(added.node_role, 'master');
  assert.equal(added.maxmemory_policy, 'noeviction');
  assert.deepEqual(added.capabilities, ['bigkey', 'expired', 'analysis', 'offline']);
  assert.match(added.engine_version, /^\d+\.\d+\.\d+$/);
  const shown = await dcsctl('instance', 'show', '--project', 'alice', 'tls');
  assert.equal(shown.id, added.id);
  assert.ok(!JSON.stringify(shown).includes('s3cret'));
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  await dcsctl('instance', 'probe', '--project', 'alice', 'tls');
  assert.equal((await dcsctl('instance', 'show', '--project', 'alice', 'tls')).maxmemory_policy, 'allkeys-lfu');
  await dcsctl('instance', 'remove', '--project', 'alice', 'tls');
  assert.equal((await world.dcsctl(database, ['instance', 'show', '--project', 'alice', 'tls'])).status, 1);
});

test('a password from standard input', async () => {
  const result = await world.dcsctl(database, ['instance', 'add', 'stdin', '--project', 'alice', '--endpoint',
    redis.endpoint, '--password-file', '-', '--json'], { input: 's3cret\n' });
  assert.equal(result.status, 0, result.stderr);
  assert.equal(JSON.parse(result.stdout).status, 'RUNNING');
});

test('a probe that fails says why, and a script notices', async () => {
  const wrong = file('wrong', 'wrong\n');
  const cases = [
    ['nopass', redis.endpoint, [], /NOAUTH|password|auth/i],
    ['wrong', redis.endpoint, ['--password-file', wrong], /WRONGPASS|password|auth/i],
    ['closed', '127.0.0.1:1', [], /refused|connect/i],
    ['untrusted', redis.tlsEndpoint, ['--tls', '--password-file', file('p', 's3cret')], /certificate|verify/i],
    ['plain-to-tls', redis.tlsEndpoint, [], /./],
    ['tls-to-plain', redis.endpoint, ['--tls', '--tls-ca', world.authority.certificate], /TLS|SSL|tls|ssl/],
  ];
  for (const [name, endpoint, options, reason] of cases) {
    const result = await world.dcsctl(database,
      ['instance', 'add', name, '--project', 'alice', '--endpoint', endpoint, ...options]);
    assert.notEqual(result.status, 0, name);
    const shown = await dcsctl('instance', 'show', '--project', 'alice', name);
    assert.notEqual(shown.status, 'RUNNING', name);
    assert.match(shown.probe_error, reason, name);
  }
});

test('mistakes have exit status 2, failures 1, and nothing on standard output', async () => {
  const cases = [
    [2, []], [2, ['nonsense']], [2, ['project']], [2, ['project', 'add']], [2, ['project', 'add', 'a', 'b']],
    [2, ['key', 'add']], [2, ['task', 'list', '--status', 'done']], [2, ['task', 'list', '--limit', '0']],
    [2, ['project', 'list', '--no-such']], [2, ['project', 'add', 'x'.repeat(65)]],
    [2, ['instance', 'add', 'i', '--project', 'alice', '--endpoint', 'nonsense']],
    [1, ['project', 'add', 'alice']], [1, ['key', 'add', '--project', 'nobody']],
    [1, ['key', 'disable', 'A'.repeat(20)]], [1, ['instance', 'show', '--project', 'alice', 'nothing']],
    [1, ['task', 'show', '00000000-0000-4000-8000-000000000000']],
  ];
  for (const [status, args] of cases) {
    const result = await world.dcsctl(database, args);
    assert.equal(result.status, status, `${args.join(' ')}: ${result.stderr}`);
    assert.equal(result.stdout, '', args.join(' '));
    assert.notEqual(result.stderr, '', args.join(' '));
  }
});

test('a password on the command line is no option', async () => {
  const result = await world.dcsctl(database,
    ['instance', 'add', 'x', '--project', 'alice', '--endpoint', redis.endpoint, '--password', 's3cret']);
  assert.equal(result.status, 2);
});

test('--help is enough', async () => {
  const { status, stdout } = await world.dcsctl(database, ['--help']);
  assert.equal(status, 0);
  for (const word of ['migrate', 'project', 'key', 'instance', 'task', '--json', 'database_url'])
    assert.ok(stdout.includes(word), word);
});
