// Every command of dcsctl's table with --json: one document and nothing else; and every exit status that is documented.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fillSmall } from '../support/dataset.mjs';
import { Program, must } from '../support/program.mjs';
import { newKey } from '../support/sealing.mjs';
import { PROGRAMS, World, environmentOf } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

let world, site, alice, cache, task, redis, environment;

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1 });
  redis = await world.redis();
  await fillSmall(redis);
  alice = await site.tenant('alice');
  cache = await alice.instance('cache', redis.endpoint);
  task = (await cache.analyse()).id;
  environment = environmentOf(world.settings(site.database));
});
after(() => world?.close());

const sample = fileURLToPath(new URL('../fixtures/rdb/redis-7.2.rdb', import.meta.url));
const dcsctl = (args, how) => world.dcsctl(site.database, args, how);
const helpOf = (...words) => must('dcsctl', PROGRAMS.dcsctl, [...words, '--help']);

// What a run takes that succeeds, in an order in which each finds what it needs; the members of its document.
const RUNS = [
  ['migrate', [], ['migrations']],
  ['project add', ['bob'], ['id', 'name']],
  ['project set', ['bob', '--instances-max', '7'], ['id']],
  ['project list', [], ['projects']],
  ['project show', ['bob'], ['id', 'name']],
  ['key add', ['--project', 'alice'], ['id', 'secret']],
  ['key list', [], ['keys']],
  ['key show', () => [alice.key.id], ['id']],
  ['key set', () => [alice.key.id, '--role', 'DCS FullAccess'], ['id']],
  ['key disable', () => [alice.key.id], ['id']],
  ['key enable', () => [alice.key.id], ['id']],
  ['instance add', () => ['other', '--project', 'alice', '--endpoint', redis.endpoint], ['id', 'status']],
  ['instance set', ['other', '--project', 'alice', '--description', 'd'], ['id']],
  ['instance list', [], ['instances']],
  ['instance show', ['other', '--project', 'alice'], ['id']],
  ['instance probe', ['other', '--project', 'alice'], ['id', 'status']],
  ['instance remove', ['other', '--project', 'alice'], []],
  ['task list', [], ['tasks']],
  ['task show', () => [task], ['id', 'status']],
  ['task watch', () => [task], ['id', 'status']],
  ['top', [], ['scans']],
  ['schedule list', [], ['schedules']],
  ['schedule rounds', [], ['rounds']],
  ['secret generate-key', () => [join(world.directory, 'another-key')], []],
  ['secret rotate', [], ['left']],
  ['scan', () => [`redis://${redis.endpoint}`], ['keys']],
  ['rdb analyze', () => [sample], ['source', 'keys', 'prefixes']],
  ['audit list', [], ['events']],
  ['audit prune', ['--older-than', '30'], ['pruned']],
];
const WITHOUT = ['completion'];

test('each command of the table has one document for programs', async () => {
  const table = [...(await helpOf()).matchAll(/^ {2}([a-z-]+)((?: [a-z-]+)?) (\S*) +\S/gm)]
    .map(([, noun, verb]) => [noun, verb.trim()].filter(Boolean).join(' ')).filter((name) => !name.includes('_'));
  assert.deepEqual(table.filter((name) => !WITHOUT.includes(name)).sort(), RUNS.map(([name]) => name).sort());
  for (const [name, given, members] of RUNS) {
    const args = typeof given === 'function' ? given() : given;
    const { status, stdout, stderr } = await dcsctl([...name.split(' '), ...args, '--json']);
    assert.equal(status, 0, `${name}: ${stderr}`);
    const document = JSON.parse(stdout);
    assert.ok(stdout.endsWith('}\n') && document && typeof document === 'object' && !Array.isArray(document), name);
    for (const member of members) assert.ok(member in document, `${name}: ${member} is not in ${stdout}`);
  }
  for (const name of WITHOUT) assert.equal((await dcsctl([name, 'bash', '--json'])).status, 2, name);
});

const SOURCES = { operations: '../../docs/operations.md', man: '../../deploy/man/dcsctl.1' };
const read = (name) => readFileSync(new URL(SOURCES[name], import.meta.url), 'utf8');
const numbers = (text, pattern) => [...text.matchAll(pattern)].map((match) => Number(match[1])).sort((a, b) => a - b);

test('the exit statuses that are documented are those that there are', async () => {
  const other = join(world.directory, 'other-keys');
  writeFileSync(other, `${newKey()}\n`, { mode: 0o600 });
  const { id } = await site.dcsctl('instance', 'add', 'silent', '--project', 'alice', '--endpoint', '127.0.0.1:1', '--no-probe');
  const [{ id: waiting }] = await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, claimable_at)
    VALUES ($1, $2, gen_random_uuid(), 'bigkey', 'manual', now() + interval '1 hour') RETURNING id`, [alice.projectId, id]);
  const interrupted = new Program('dcsctl', PROGRAMS.dcsctl, ['task', 'watch', waiting], { env: environment });
  const seen = [
    (await dcsctl(['project', 'list'])).status,
    (await dcsctl(['project', 'show', 'nobody'])).status,
    (await dcsctl(['project', 'shew'])).status,
    (await dcsctl(['secret', 'rotate', '--check'], { env: { DCS_KEY_FILE: other } })).status,
  ];
  await until('it watches', async () => (await site.sql(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dcsctl watch'`)).length > 0);
  await interrupted.stop({ signal: 'SIGINT', expected: null });
  seen.push(interrupted.status);
  assert.deepEqual(seen, [0, 1, 2, 3, 130]);
  const help = (await helpOf()).replace(/\s+/g, ' ');
  assert.deepEqual(numbers(/Exit status: (.*?)\. /.exec(help)[1], /(?:^|; )(\d+) /g), seen);
  assert.deepEqual(numbers(read('operations').split('| exit status |')[1].split('\n\n')[0], /^\| (\d+) \|/gm), seen);
  assert.deepEqual(numbers(read('man').split('.Sh EXIT STATUS')[1].split('.Sh')[0], /^(\d+): /gm), seen);
});
