// The audit log: who did or tried what, from where, what came of it, under which request id; and lines that input
// cannot forge.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { checkLog } from '../support/log_lines.mjs';
import { ROLES } from '../support/postgres.mjs';
import { Site, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const UNPROVED_PER_SECOND = 50;

let world, site, alice, bob, operator, cache;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  bob = await site.tenant('bob');
  operator = await site.operator();
  cache = await alice.instance('cache', (await world.redis()).endpoint);
});
after(() => world?.close());
beforeEach(async () => {
  await site.sql('DELETE FROM audit_event');
  await site.sql('DELETE FROM scan_task');
});

const idOf = (answer) => answer.headers['x-request-id'];
const dashed = (id) => id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

async function events(query = []) {
  return (await site.dcsctl('audit', 'list', '--limit', '1000', ...query)).events;
}

const eventOf = async (answer, of = site) => {
  let found;
  await until('it is in the audit log', async () =>
    (found = (await of.dcsctl('audit', 'list', '--request', idOf(answer))).events).length > 0);
  assert.equal(found.length, 1);
  return found[0];
};

test('what changes something: who, what, from where, and what came of it', async () => {
  const created = await alice.client.post(cache.create);
  assertAnswer(created, 200);
  const event = await eventOf(created);
  assert.ok(Math.abs(Date.parse(event.at) - Date.now()) < 60_000);
  delete event.at;
  assert.deepEqual(event, { identity: alice.key.id, proved: true, source: '127.0.0.1', action: 'dcs:instance:analyzeBigKey',
    decision: 'allowed', status: 200, project_id: alice.projectId, instance_id: cache.id, subject: created.json.id,
    times: 1, request_id: idOf(created) });

  const again = await eventOf(await alice.client.post(cache.create));
  assert.deepEqual([again.decision, again.status, again.code], ['rejected', 400, 'DCS.4918']);
  const configured = await eventOf(await alice.client.put(cache.autoscan,
    json({ enable_auto_scan: true, schedule_at: ['00:00'] })));
  assert.deepEqual([configured.action, configured.decision], ['dcs:instance:updateBigKeyAutoScanConfig', 'allowed']);
  const deleted = await eventOf(await alice.client.delete(cache.task(created.json.id)));
  assert.deepEqual([deleted.action, deleted.status, deleted.subject],
    ['dcs:instance:deleteBigKeyScanTask', 200, created.json.id]);
});

test('reading is no event, but all that operators do is one', async () => {
  assertAnswer(await alice.client.get(cache.list), 200);
  const asked = await operator.get('/admin/v1/projects');
  assert.deepEqual([(await eventOf(asked)).action, (await eventOf(asked)).identity], ['admin:project:list', operator.key.id]);
  const project = await operator.post('/admin/v1/projects', json({ name: 'carol' }));
  assert.equal((await eventOf(project)).subject, dashed(project.json.id));
  const key = await operator.post(`/admin/v1/projects/${project.json.id}/access-keys`);
  assert.equal((await eventOf(key)).subject, key.json.id);
  assert.deepEqual((await events()).map((event) => event.action),
    ['admin:accessKey:create', 'admin:project:create', 'admin:project:list']);
});

test('refusals, with what was claimed', async () => {
  const wrong = site.client({ id: alice.key.id, secret: 'wrong' });
  const refused = await eventOf(await wrong.get(cache.list));
  assert.deepEqual([refused.identity, refused.proved, refused.decision, refused.status, refused.code],
    [alice.key.id, false, 'refused', 401, 'APIGW.0301']);
  const foreign = await eventOf(await bob.client.get(cache.list));
  assert.deepEqual([foreign.identity, foreign.proved, foreign.decision, foreign.status, foreign.project_id],
    [bob.key.id, true, 'refused', 403, alice.projectId]);
  assert.deepEqual((await events(['--decision', 'refused', '--identity', bob.key.id])).length, 1);
  assert.deepEqual((await events(['--project', 'alice'])).length, 1);
});

test('refusals that come too fast are counted', async () => {
  const many = UNPROVED_PER_SECOND * 4;
  const wrong = site.client({ id: 'AAAAAAAAAAAAAAAAAAAA', secret: 'wrong' });
  await Promise.all(Array.from({ length: many }, () => wrong.get(cache.list)));
  const count = async () => (await events()).reduce((sum, event) => sum + event.times, 0);
  await until('all are counted', async () => (await count()) === many);
});

test('input makes no line of its own', async () => {
  const evil = ['\u0001\u0002', '"}\n{"event":"audit"', '\u202e\u2028', 'x'.repeat(300)];
  for (const text of evil) {
    const name = Buffer.from(text).toString('latin1').replace(/[\r\n\0\u0001\u0002]/g, '?');
    await alice.client.send('POST', cache.create, { headers: [['Authorization',
      `SDK-HMAC-SHA256 Access=${name}, SignedHeaders=x-sdk-date, Signature=${'0'.repeat(64)}`],
    ['X-Sdk-Date', new Date().toISOString().replace(/[-:]|\.\d+/g, '')], ['Host', 'h']] });
    await alice.client.send('POST', `/v2/${encodeURIComponent(text)}/instances/${encodeURIComponent(text)}/bigkey-task`);
  }
  checkLog(site.server.stderr);
  assert.ok(site.server.events.filter(({ event }) => event === 'audit').length > evil.length);
  await until('they are recorded', async () => (await events()).length >= evil.length);
  for (const event of await events()) assert.ok(!/[\u0000-\u001f\u007f]/.test(event.identity ?? ''), event.identity);
});

test('what cannot be written for a while is written later, once', async () => {
  await site.sql(`REVOKE INSERT ON audit_event FROM ${ROLES.server}`);
  const answers = [];
  for (let i = 0; i < 20; i++) answers.push(await alice.client.delete(cache.task('00000000-0000-4000-8000-000000000000')));
  await site.server.event('audit_delayed');
  for (const answer of answers) assertAnswer(answer, 204);
  assert.deepEqual(await events(), []);
  await site.sql(`GRANT INSERT ON audit_event TO ${ROLES.server}`);
  await until('all are there', async () => (await events()).length === answers.length);
  assert.deepEqual((await events()).map((event) => event.request_id).sort(), answers.map(idOf).sort());
});

test('a server that stops writes what it has', async () => {
  const other = new Site(world, site.database);
  await other.startServer({ loops: 1 });
  const client = other.client(alice.key);
  const answers = await Promise.all(Array.from({ length: 20 }, () =>
    client.delete(cache.task('00000000-0000-4000-8000-000000000000'))));
  await other.server.stop();
  assert.deepEqual((await events()).map((event) => event.request_id).sort(), answers.map(idOf).sort());
});

test('a log in a database of its own, by a role that may only add to it', async () => {
  const apart = await world.postgres.createDatabase(world.template);
  const other = new Site(world, site.database);
  await other.startServer({ audit_database_url: world.postgres.url(apart, ROLES.audit), audit: 'all' });
  const client = other.client(alice.key);
  const listed = await client.get(cache.list);
  const reader = new Site(world, apart);
  assert.equal((await eventOf(listed, reader)).action, 'dcs:instance:listBigKey');
  assertAnswer(await client.post(cache.create), 200);
  await until('both are there', async () =>
    (await reader.dcsctl('audit', 'list', '--identity', alice.key.id)).events.length === 2);
  await other.server.stop();
  assert.deepEqual(await events(), []);
});

test('what dcsctl changes is an event as well', async () => {
  await site.dcsctl('project', 'add', 'dave');
  const { status } = await world.dcsctl(site.database, ['project', 'add', 'dave']);
  assert.equal(status, 1);
  await site.dcsctl('project', 'list');
  const found = await events();
  assert.deepEqual(found.map((event) => [event.action, event.subject, event.decision]),
    [['dcsctl project add', 'dave', 'rejected'], ['dcsctl project add', 'dave', 'allowed']]);
  assert.match(found[0].identity, /.@./);
});

test('dcsctl audit: times, mistakes, and what is old', async () => {
  const answer = await alice.client.post(cache.create);
  const event = await eventOf(answer);
  assert.equal((await events(['--since', event.at])).length, 1);
  assert.equal((await events(['--until', event.at])).length, 0);
  for (const args of [['--since', 'yesterday'], ['--decision', 'maybe'], ['--request', 'x'], ['--limit', '0']]) {
    const { status, stderr } = await world.dcsctl(site.database, ['audit', 'list', ...args]);
    assert.equal(status, 2, stderr);
    assert.match(stderr, new RegExp(args[0]));
  }
  await site.sql(`INSERT INTO audit_event (at, request_id, proved, action, decision, status)
    SELECT now() - interval '40 days', gen_random_uuid(), false, 'old', 'allowed', 200 FROM generate_series(1, 5001)`);
  assert.deepEqual(await site.dcsctl('audit', 'prune', '--older-than', '30'), { pruned: 5001 });
  assert.deepEqual((await events()).map(({ action }) => action).sort(), ['dcs:instance:analyzeBigKey', 'dcsctl audit prune']);
});

test('a setting that is none is refused', async () => {
  const program = world.program('server', { ...world.serverSettings(site.database), audit: 'sometimes' });
  await program.wait();
  program.check(1);
  assert.match(program.stderr, /audit is one of changes\|all, not 'sometimes'/);
});

test('what was tried on a project is that project\'s event, whoever tried', async () => {
  const answer = await bob.client.post(cache.create);
  assertError(answer, 403, 'DCS.2003');
  assert.equal((await eventOf(answer)).project_id, alice.projectId);
  assert.deepEqual((await events(['--project', 'bob'])), []);
});
