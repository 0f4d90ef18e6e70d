// A network that drops packets between the programs and the database, really: two network namespaces, and a route
// that swallows what goes back.  Nothing is refused and nothing is closed.
//
// The file runs itself again in a namespace of its own; where that is not allowed it says so and is done.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { Program, must } from '../support/program.mjs';
import { Site, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const NEAR = '10.0.0.1';
const FAR = '10.0.0.2';
const PORT = 5432;
const ANSWER_MS = 5000;
const NOTICED_MS = 15_000;
const READY_MS = 10_000;

const inNamespace = process.env.DCS_NAMESPACE === '1';
const attempt = inNamespace ? undefined : spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up'],
  { encoding: 'utf8' });
const impossible = attempt?.error?.message ?? (attempt?.status ? attempt.stderr.trim() : '');

if (!inNamespace && !impossible) {
  const again = spawnSync('unshare', ['--net', process.execPath, fileURLToPath(import.meta.url)],
    { stdio: 'inherit', env: { ...process.env, DCS_NAMESPACE: '1' } });
  process.exit(again.status ?? 1);
}

let world, forward;

const ip = (...args) => must(`ip ${args.join(' ')}`, 'ip', args);
const farIp = (...args) => must(`far: ip ${args.join(' ')}`, 'nsenter', [`--net=/proc/${forward.pid}/ns/net`, 'ip', ...args]);

before(async () => {
  if (impossible) return;
  await ip('link', 'set', 'lo', 'up');
  world = await World.open();
  forward = new Program('forward', 'unshare', ['--net', process.execPath,
    fileURLToPath(new URL('../support/forward.mjs', import.meta.url)), String(PORT), world.postgres.socket]);
  world.onClose(() => forward.stop({ expected: null }));
  await until('it forwards', () => forward.stdout.includes('ready'));
  await ip('link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', String(forward.pid));
  await ip('address', 'add', `${NEAR}/30`, 'dev', 'near');
  await ip('link', 'set', 'near', 'up');
  await farIp('address', 'add', `${FAR}/30`, 'dev', 'far');
  await farIp('link', 'set', 'far', 'up');
});
after(() => world?.close());

const drop = () => farIp('route', 'add', 'blackhole', `${NEAR}/32`);
const restore = () => farIp('route', 'delete', 'blackhole', `${NEAR}/32`);

test('packets are dropped: noticed by both programs, told in time, and all goes on after', { skip: impossible || false }, async (t) => {
  const site = new Site(world, await world.postgres.createDatabase(world.template));
  const settings = { database_url: world.postgres.urlVia(`${FAR}:${PORT}`, site.database) };
  await site.startServer(settings);
  const worker = await site.startWorker({ ...settings, poll_seconds: 60 });
  await worker.event('working');
  const alice = await site.tenant('alice');
  const cache = await alice.instance('cache', '127.0.0.1:1', '--no-probe');
  const serves = () => until('it serves', async () => (await alice.client.get(cache.path)).status === 200, READY_MS);
  await serves();

  const begun = Date.now();
  await drop();
  const answers = [];
  while (answers.length < 20) {
    const sent = Date.now();
    const { status, headers } = await alice.client.get(cache.path);
    answers.push({ status, ms: Date.now() - sent });
    if (status === 503) assert.match(headers['retry-after'], /^\d+$/);
  }
  for (const { status, ms } of answers) assert.ok(status === 503 && ms < ANSWER_MS, `${status} after ${ms} ms`);
  t.diagnostic(`slowest answer ${Math.max(...answers.map(({ ms }) => ms))} ms`);
  for (const name of ['upkeep_failed', 'prober_waits']) {
    await worker.event(name, () => true, NOTICED_MS);
    t.diagnostic(`${name}: ${Date.now() - begun} ms`);
  }
  assert.ok(Date.now() - begun < NOTICED_MS, 'noticed in time');

  await restore();
  const back = Date.now();
  await serves();
  t.diagnostic(`ready again: ${Date.now() - back} ms`);
  await until('the worker as well', async () => (await site.sql(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_start > $1::timestamptz
     AND application_name IN ('dcs-worker prober', 'dcs-worker upkeep')`, [new Date(back).toISOString()])).length === 2);
  await worker.stop();
});
