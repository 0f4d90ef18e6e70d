// A client's trace goes on: from its request's line in the server's log, by the task, to the worker's lines.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { World } from '../support/site.mjs';
import { ROLES } from '../support/postgres.mjs';

const ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

let world, site, alice, cache;

before(async () => {
  world = await World.open();
  site = await world.site({ server: { log_level: 'debug' } });
  const redis = await world.redis();
  await redis.command('SET', 'key', 'value');
  alice = await site.tenant('alice');
  cache = await alice.instance('it', redis.endpoint);
});
after(() => world?.close());

const post = (headers, path = cache.create) => alice.client.request('POST', path, { headers });
const lineOf = (answer) => site.server.event('request', (e) => e.request_id === answer.headers['x-request-id']);
const parentOf = async (id) => (await site.sql('SELECT trace_parent FROM scan_task WHERE id = $1', [id]))[0].trace_parent;
const remove = (id) => site.sql('DELETE FROM scan_task WHERE id = $1', [id]);

test('from the request to what the worker says', async () => {
  const answer = await post([['traceparent', `00-${ID}-${SPAN}-01`], ['tracestate', 'vendor=1']]);
  assert.equal(answer.status, 200, answer.body);
  const { id } = answer.json;
  const line = await lineOf(answer);
  assert.equal(line.trace_id, ID);
  assert.match(line.span_id, /^[0-9a-f]{16}$/);
  assert.notEqual(line.span_id, SPAN);
  assert.equal(await parentOf(id), `00-${ID}-${line.span_id}-01`);
  const worker = await site.startWorker({ heartbeat_seconds: 1 });
  const spans = new Set();
  for (const name of ['scan_started', 'scan_succeeded']) {
    const event = await worker.event(name, (e) => e.task === id);
    assert.equal(event.trace_id, ID, name);
    spans.add(event.span_id);
  }
  assert.equal(spans.size, 1, 'one span of its own');
  assert.ok(!spans.has(line.span_id) && !spans.has(SPAN));
  await worker.stop();
  assert.ok(!answer.body.includes(ID) && !JSON.stringify((await alice.client.get(cache.task(id))).json).includes(ID));
});

test('no trace, and no failure, where there is none or none that is well formed', async () => {
  const cases = [
    [],
    [['traceparent', '']],
    [['traceparent', 'nonsense']],
    [['traceparent', `00-${ID.toUpperCase()}-${SPAN}-01`]],
    [['traceparent', `00-${'0'.repeat(32)}-${SPAN}-01`]],
    [['traceparent', `00-${ID}-${SPAN}-01-more`]],
    [['traceparent', `ff-${ID}-${SPAN}-01`]],
    [['traceparent', `00-${ID}-${SPAN}-01"}\\`]],
    [['traceparent', `00-${ID}-${SPAN}-01`], ['traceparent', `00-${ID}-${SPAN}-00`]],
  ];
  for (const headers of cases) {
    const answer = await post(headers);
    assert.equal(answer.status, 200, JSON.stringify(headers));
    const line = await lineOf(answer);
    assert.deepEqual(['trace_id' in line, 'span_id' in line], [false, false], JSON.stringify(headers));
    assert.equal(await parentOf(answer.json.id), null);
    await remove(answer.json.id);
  }
});

test('what is refused, and what only reads, has it in its line as well', async () => {
  const headers = [['traceparent', `cc-${ID}-${SPAN}-00-later`]];
  const answers = [await alice.client.request('GET', cache.list, { headers }),
    await alice.client.request('GET', `/v2/${randomUUID().replaceAll('-', '')}/instances`, { headers }),
    await alice.client.request('GET', '/nowhere', { headers })];
  assert.deepEqual(answers.map((answer) => answer.status), [200, 403, 404]);
  for (const answer of answers) assert.equal((await lineOf(answer)).trace_id, ID);
  const answer = await post(headers);
  assert.match(await parentOf(answer.json.id), new RegExp(`^00-${ID}-[0-9a-f]{16}-00$`));
  await remove(answer.json.id);
});

// Its columns, as it wrote and read them before there was a trace.
test('the release before goes on', async () => {
  const id = randomUUID();
  await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type) SELECT project_id, id, $1, 'bigkey', 'manual'
    FROM instance`, [id], ROLES.server);
  await site.sql(`UPDATE scan_task SET status = 'running', started_at = now(), attempt = attempt + 1, fence = fence + 1, lease_owner = 'w',
    claimable_at = now() + interval '1 minute' WHERE id = $1`, [id], ROLES.worker);
  assert.equal(await parentOf(id), null);
  await remove(id);
  await assert.rejects(site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, trace_parent)
    SELECT project_id, id, $1, 'bigkey', 'manual', 'short' FROM instance`, [id], ROLES.server), /scan_task_trace_parent/);
});
