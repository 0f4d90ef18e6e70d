// The commands of docs/quickstart.md and deploy/redis-acl/README.md, taken out of the pages and run: a database with its roles,
// key file, certificate and settings, a user on a Redis, an instance, and an analysis that is asked for as the page says.  What
// the machine would have to lend itself to (its users, /etc, fixed ports) is put elsewhere first.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillSmall } from '../support/dataset.mjs';
import { postgresDirectory, ROLES } from '../support/postgres.mjs';
import { run } from '../support/program.mjs';
import { PROGRAMS, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const ROOT = new URL('../..', import.meta.url).pathname;
const read = (path) => readFileSync(join(ROOT, path), 'utf8');
const blocksOf = (path) => [...read(path).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text]) => text);
const quickstart = blocksOf('docs/quickstart.md');
const PASSWORD = 'of-the-scanner';
const NETWORKS = /`redis_networks = (127[^`]*)`/.exec(read('docs/quickstart.md'))[1];

let world, redis, directory, port, asRole, functions;

// The only block with that in it; words of the page are replaced, each of which has to be there.
function block(blocks, word, replacements = {}) {
  const found = blocks.filter((text) => text.includes(word));
  assert.equal(found.length, 1, word);
  return Object.entries(replacements).reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `${word}: ${from}`);
    return text.replaceAll(from, to);
  }, found[0]);
}

async function follow(commands, { input = '', env = {}, cwd = directory } = {}) {
  const { status, stdout, stderr } = await run('the commands of the page', 'bash', ['-euo', 'pipefail', '-c', commands], { input, cwd,
    env: { PATH: [...Object.values(PROGRAMS).map(dirname), postgresDirectory(), process.env.PATH].join(':'), DCS_REDIS_NETWORKS: NETWORKS, ...env } });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

before(async () => {
  world = await World.open();
  directory = join(world.directory, 'etc-dcs');
  mkdirSync(directory);
  const aclfile = join(world.directory, 'users.acl');
  writeFileSync(aclfile, '');
  redis = await world.redis({ options: { aclfile } });
  await fillSmall(redis);
  await redis.command('SET', 'the-largest', 'x'.repeat(5432));
});
after(() => world?.close());

test('what is installed is what script/lib.sh installs', () => {
  const lists = [...read('script/lib.sh').matchAll(/^(?:BUILD|SERVER)_PACKAGES=\(([^)]*)\)/gm)].map(([, words]) => words.trim().split(/\s+/));
  const needed = lists.flat().filter((name) => !/^redis-/.test(name)).sort();
  const named = /apt-get install ((?:.|\\\n)*?)\ncmake/.exec(block(quickstart, 'apt-get install'))[1].split(/[\s\\]+/).filter(Boolean).sort();
  assert.deepEqual(named, needed);
});

test('a database, its roles, and the settings', async () => {
  const role = world.postgres.role;
  for (const name of [ROLES.server, ROLES.worker]) {
    await world.postgres.sql(world.template, `DROP OWNED BY ${name}`);
    await world.postgres.sql('postgres', `DROP ROLE ${name}`);
  }
  await follow(block(quickstart, 'CREATE DATABASE', {
    'useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin dcs': '', 'sudo -u postgres psql': `psql -h ${world.postgres.directory} -U ${role} -d postgres`,
  }));
  await follow(block(quickstart, 'openssl req', { '/etc/dcs': directory, 'install -d -m 750 -g dcs': 'install -d -m 750', 'chown -R dcs:dcs': 'ls' }));
  const as = block(quickstart, 'as dcs dcsctl migrate', {
    'sudo -u dcs ': '', '/etc/dcs': directory, 'postgresql:///dcs?user=': `postgresql:///dcs?host=${encodeURIComponent(world.postgres.directory)}&user=`,
  });
  const lines = as.trim().split('\n');
  functions = lines[0];
  assert.match(await follow(lines.slice(0, 2).join('\n')), /0001_/);
  assert.deepEqual(lines.slice(2), ['as dcs_server dcs-server &', 'as dcs_worker dcs-worker &']);
  asRole = (name) => ({ DCS_CONFIG: join(directory, 'dcs.conf'), DCS_REDIS_NETWORKS: NETWORKS,
    DCS_DATABASE_URL: `postgresql:///dcs?host=${encodeURIComponent(world.postgres.directory)}&user=${name}` });
});

test('both programs start with them', async () => {
  const server = world.program('server', {}, { env: { ...asRole('dcs_server'), DCS_LISTEN_HTTPS: '127.0.0.1:0' } });
  const worker = world.program('worker', {}, { env: asRole('dcs_worker') });
  ({ port } = await server.event('listening', ({ scheme }) => scheme === 'https'));
  await worker.event('working');
});

test('a user on the Redis', async () => {
  const commands = block(blocksOf('deploy/redis-acl/README.md'), 'ACL SETUSER');
  await follow(`redis-cli() { command redis-cli -e -p ${redis.port} "$@"; }\n${commands.replace('CONFIG REWRITE', '')}`,
    { input: `${PASSWORD}\n`, cwd: join(ROOT, 'deploy/redis-acl') });
  assert.match(String(await redis.command('ACL', 'WHOAMI')), /default/);
  assert.ok((await redis.command('ACL', 'USERS')).map(String).includes('dcs'));
});

test('an instance, and an analysis of it', async () => {
  writeFileSync(join(directory, 'password'), PASSWORD);
  const made = await follow(`${functions}\n${block(quickstart, 'dcsctl project add shop', { '10.0.0.5:6379': redis.endpoint })}`);
  assert.ok(JSON.parse(readFileSync(join(directory, 'access-key.json'), 'utf8')).secret);
  const [row] = await world.postgres.sql('dcs', 'SELECT project_id, id, status FROM instance');
  assert.equal(row.status, 'RUNNING', made);
  const asked = block(quickstart, 'script/sign', { 'localhost:8443': `localhost:${port}`, 'PROJECT-ID': row.project_id, 'INSTANCE-ID': row.id,
    '/etc/dcs': directory, 'script/sign': join(ROOT, 'script/sign') });
  const told = await follow(`${functions}\n${asked}`);
  const { id } = JSON.parse(/^\{.*?\}/s.exec(told)[0]);
  assert.ok(told.replace(/^\{.*?\}/s, '').includes(id), told);
  await until('it succeeds', async () => (await world.postgres.sql('dcs', 'SELECT status FROM scan_task WHERE id = $1', [id]))[0].status === 'success');
  const shown = await follow(`${functions}\nas dcs dcsctl task show ${id} --json`);
  assert.equal(JSON.parse(shown).status, 'success');
});
