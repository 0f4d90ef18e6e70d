// The commands of docs/backup.md, run for real: a dump is made while everything runs and a scan is under way, restored into
// another database, and served: what had ended is answered byte for byte, what was running ends, and without the key file no
// key is taken.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fillSmall } from '../support/dataset.mjs';
import { postgresDirectory, ROLES } from '../support/postgres.mjs';
import { run } from '../support/program.mjs';
import { PROGRAMS, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const page = readFileSync(new URL('../../docs/backup.md', import.meta.url), 'utf8');
const [backUp, restore] = [...page.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, text]) => text);
const PASSWORD = 'of-the-server';
const RESTORED = 'dcs_restored';

let world, site, alice, redis, cache, ended, running, variables, worker;

async function follow(commands) {
  const { status, stdout, stderr } = await run('the commands of the page', 'bash', ['-c', commands],
    { env: { ...variables, PATH: `${dirname(PROGRAMS.dcsctl)}:${postgresDirectory()}:${process.env.PATH}` } });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

before(async () => {
  world = await World.open();
  site = await world.site();
  worker = await site.startWorker();
  alice = await site.tenant('alice');
  redis = await world.redis({ options: { requirepass: PASSWORD } });
  await fillSmall(redis);
  const file = join(world.directory, 'password');
  writeFileSync(file, PASSWORD);
  cache = await alice.instance('cache', redis.endpoint, '--password-file', file);
  ended = await cache.analyse();
  assert.equal(ended.status, 'success');
  const directory = (name) => {
    mkdirSync(join(world.directory, name));
    return join(world.directory, name);
  };
  variables = {
    DATABASE: world.postgres.url(site.database), SERVER: world.postgres.url('postgres'), RESTORED: world.postgres.url(RESTORED),
    KEY_FILE: world.keyFile, BACKUP: directory('backup'), KEY_BACKUP: directory('keys-backup'),
  };
});
after(() => world?.close());

test('a dump while a scan is under way', async () => {
  redis.program.signal('SIGSTOP');
  running = await cache.start();
  await cache.reaches(running.id, 'running');
  await follow(backUp);
  assert.ok(statSync(join(variables.BACKUP, 'dcs.dump')).size > 10_000);
  assert.equal(statSync(join(variables.KEY_BACKUP, 'key-encryption.key')).mode & 0o777, 0o400);
});

test('everything stops, and is restored elsewhere', async () => {
  await site.server.stop();
  await worker.stop({ signal: 'SIGKILL', expected: null });
  redis.program.signal('SIGCONT');
  // What comes after the backup is not in it.
  await site.sql('DELETE FROM scan_task');
  const said = await follow(restore);
  assert.match(said, /up to date/);
  site.database = RESTORED;
  const [{ owner }] = await site.sql("SELECT count(*) AS owner FROM pg_tables WHERE schemaname = 'public' AND tableowner <> $1", [world.postgres.role]);
  assert.equal(owner, '0');
});

test('with another key file no key is taken', async () => {
  const other = join(world.directory, 'another-key');
  writeFileSync(other, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  await site.startServer({ key_file: other });
  const { status } = await site.client(alice.key).get(cache.task(ended.id));
  assert.equal(status, 503);
  await site.server.stop();
  const [check] = /^dcsctl secret rotate --check.*$/m.exec(restore);
  await assert.rejects(follow(`export DCS_DATABASE_URL=$RESTORED DCS_KEY_FILE=${other}\n${check}`), /false/);
});

test('a server on it answers a signed request as before', async () => {
  await site.startServer({ key_file: join(variables.KEY_BACKUP, 'key-encryption.key') });
  alice.client = site.client(alice.key);
  assert.deepEqual(await cache.detail(ended.id), ended);
});

test('what was running is taken up and ends', async () => {
  assert.equal(await cache.status(running.id), 'running');
  await site.startWorker({ key_file: join(variables.KEY_BACKUP, 'key-encryption.key') });
  await cache.reaches(running.id, 'success');
  const [{ attempt }] = await site.sql('SELECT attempt FROM scan_task WHERE id = $1', [running.id]);
  assert.equal(attempt, '2');
  assert.deepEqual((await cache.detail(running.id)).keys, ended.keys);
  const roles = await site.sql('SELECT purpose, role FROM database_role ORDER BY purpose');
  assert.equal(roles.length, Object.keys(ROLES).length);
});
