// Webhooks: what is told of is told at least once, signed, to whom it may be and to nobody else, whatever receivers do.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Analyses, documentOf } from '../support/analysis.mjs';
import { createAuthority, createCertificate } from '../support/certificates.mjs';
import { json } from '../support/http.mjs';
import { CAPABLE } from '../support/kinds.mjs';
import { must } from '../support/program.mjs';
import { isSigned, Receiver } from '../support/receiver.mjs';
import { newKey } from '../support/sealing.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const TIMEOUT_MS = 2000;
const ALL = ['task.succeeded', 'task.failed'];

let world, site, alice, client, base, denied, strangers, settings, next = 0;

before(async () => {
  world = await World.open();
  site = await world.site({ server: { project_webhooks_max: 1000 } });
  alice = await site.tenant('alice');
  ({ client } = alice);
  base = `/ext/v1/${alice.projectId}/webhooks`;
  denied = await receiver();
  strangers = await createCertificate(world.directory, await createAuthority(world.directory, 'stranger'), 'strange');
  settings = {
    attempts_max: 1, webhook_ca: world.authority.certificate, webhook_timeout_ms: TIMEOUT_MS, webhook_retry_seconds: 1,
    webhook_networks: '127.0.0.0/8,::1', webhook_networks_denied: `127.0.0.0/8:${denied.port},[::1]:${denied.port}`,
  };
});
after(() => world?.close());

async function receiver(how = {}) {
  const made = await Receiver.start({ certificates: world.certificates, ...how });
  world.onClose(() => made.stop());
  return made;
}

async function webhook(url, { on = client, path = base, ...body } = {}) {
  const made = await on.post(path, json({ name: `hook-${++next}`, url, events: ALL, enabled: true, ...body }));
  assert.equal(made.status, 201, made.body);
  return made.json;
}

const deliveries = async ({ id }) => (await client.get(`${base}/${id}/deliveries?limit=100`)).json.deliveries;
const testOf = async ({ id }) => {
  const made = await client.post(`${base}/${id}/test`);
  assert.equal(made.status, 202, made.body);
  return made.json;
};
const reaches = (hook, what, predicate) => until(`a delivery is ${what}`, async () => {
  const list = await deliveries(hook);
  return list.find((one) => (typeof predicate === 'function' ? predicate(one) : one.status === what));
});

async function instance(how = {}) {
  const cache = await alice.instance(`cache-${++next}`, how.endpoint ?? '127.0.0.1:1', '--no-probe');
  await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(), probe_at = 'infinity',
    capabilities = '${CAPABLE}' WHERE id = $1`, [cache.id]);
  return cache;
}

function assertProblem(answer, status, code, detail = /./) {
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.json.code, code, answer.body);
  assert.match(answer.json.detail, detail);
}

describe('configured', () => {
  const URL_OF_NOBODY = 'https://receiver.example/hook';
  const body = (changes = {}) => ({ name: `hook-${++next}`, url: URL_OF_NOBODY, events: ALL, enabled: true, ...changes });

  test('made, shown without its secret, listed, changed by its version, deleted', async () => {
    const limits = [{ subject: 'key', bytes: 5 }, { subject: 'prefix', name: 'a:', keys: 7 }];
    const wanted = body({ events: ['limit.passed'], kinds: ['analysis'], instance_ids: [randomUUID()], limits });
    const made = await client.post(base, json(wanted));
    const { id, secret, created_at: at, updated_at: changed, ...shown } = made.json;
    assert.deepEqual([made.status, shown, made.headers.etag, changed], [201, wanted, '"1"', at]);
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.equal(made.headers.location, `/ext/v1/${alice.projectId}/webhooks/${id}`.replace(alice.projectId,
      made.headers.location.split('/')[3]));
    const path = `${base}/${id}`;
    const { secret: _, ...kept } = made.json;
    assert.deepEqual((await client.get(path)).json, kept);
    assert.deepEqual((await client.get(`${base}?limit=1000`)).json.webhooks.find((one) => one.id === id), kept);
    assert.equal((await client.get(path)).headers.etag, '"1"');
    const put = await client.put(path, json({ ...wanted, enabled: false }, { 'If-Match': '"1"' }));
    assert.deepEqual([put.status, put.json.enabled, put.json.secret, put.headers.etag], [200, false, undefined, '"2"']);
    assertProblem(await client.put(path, json(wanted, { 'If-Match': '"1"' })), 412, 'EXT.0415');
    assertProblem(await client.put(path, json(wanted, { 'If-Match': 'x' })), 400, 'DCS.4800', /If-Match/);
    assert.equal((await client.put(path, json(wanted))).headers.etag, '"3"');
    const rotated = (await client.put(path, json({ ...wanted, rotate_secret: true }))).json;
    assert.match(rotated.secret, /^whsec_/);
    assert.notEqual(rotated.secret, secret);
    assert.equal((await client.delete(path)).status, 204);
    for (const answer of [await client.get(path), await client.delete(path), await client.put(path, json(wanted)),
      await client.get(`${path}/deliveries`), await client.post(`${path}/test`)])
      assertProblem(answer, 404, 'EXT.0406');
    assertProblem(await client.get(`${base}/nonsense`), 400, 'DCS.4800', /webhook_id/);
  });

  test('every wrong member is refused by its name', async () => {
    const wrong = {
      name: [undefined, '', 7, 'x'.repeat(65), 'a\nb', randomUUID()],
      url: [undefined, '', 5, 'receiver.example', 'ftp://receiver.example/', 'http://receiver.example/', 'https://',
        'https:///path', 'https://user@receiver.example/', 'https://user:secret@receiver.example/', 'https://r.example/#part',
        'https://r.example/a b', 'https://ré.example/', 'https://r.example:99999/', 'javascript:1',
        'https://169.254.169.254/latest', 'https://[fe80::1]/', 'https://[::ffff:169.254.169.254]/', 'file:///etc/passwd',
        `https://r.example/${'x'.repeat(2048)}`],
      events: [undefined, [], ['task.ended'], 'task.failed', [1], Array(65).fill('task.failed')],
      kinds: [['bigkeys'], 'bigkey', [null]], instance_ids: [['x'], [1], Array(101).fill(randomUUID())],
      limits: [{}, [{}], ['x'], [{ subject: 'key' }], [{ subject: 'key', keys: 1 }], [{ subject: 'prefix', size: 1 }],
        [{ subject: 'database', bytes: 1 }], [{ subject: 'key', bytes: 0 }], [{ subject: 'key', bytes: 1.5 }],
        [{ subject: 'key', bytes: 1, size: 1 }], [{ subject: 'key', bytes: 1, more: 1 }], [{ subject: 'key', bytes: '1' }],
        [{ subject: 'key', bytes: 1, name: '' }], [{ subject: 'key', bytes: 1, name: 'x'.repeat(513) }],
        [{ subject: 'key', bytes: 1, name: '\uffff' }],
        Array(21).fill({ subject: 'key', bytes: 1 })],
      enabled: [undefined, 'true', 1, null], rotate_secret: ['yes', 1], secret: ['whsec_x'], headers: [{ Host: 'x' }, []],
    };
    const { id } = await webhook(URL_OF_NOBODY);
    for (const [name, values] of Object.entries(wrong))
      for (const value of values)
        for (const answer of [await client.post(base, json(body({ [name]: value }))),
          await client.put(`${base}/${id}`, json(body({ [name]: value })))])
          assertProblem(answer, 400, 'DCS.4800', new RegExp(`^Invalid ${name} `));
    assertProblem(await client.post(base, json(body({ events: ['limit.passed'] }))), 400, 'DCS.4800', /^Invalid limits /);
    assert.equal((await client.get(`${base}/${id}`)).headers.etag, '"1"');
  });

  test('a name is given once in a project, and a request again makes nothing', async () => {
    const wanted = body();
    assert.equal((await client.post(base, json(wanted))).status, 201);
    assertProblem(await client.post(base, json(wanted)), 409, 'EXT.0414');
    const other = await webhook(URL_OF_NOBODY);
    assertProblem(await client.put(`${base}/${other.id}`, json(wanted)), 409, 'EXT.0414');
    const bob = await site.tenant('bob');
    assert.equal((await bob.client.post(`/ext/v1/${bob.projectId}/webhooks`, json(wanted))).status, 201);
  });

  test('no more of them than the setting, and none where it is 0', async () => {
    for (const most of [2, 0]) {
      const server = world.program('server', { ...world.serverSettings(site.database), project_webhooks_max: most });
      const { port } = await server.event('listening', (e) => e.scheme === 'https');
      const tenant = await site.tenant(`full-${most}`);
      const on = site.client(tenant.key, { port });
      const path = `/ext/v1/${tenant.projectId}/webhooks`;
      await Promise.all(Array.from({ length: most }, () => webhook(URL_OF_NOBODY, { on, path })));
      assertProblem(await on.post(path, json(body())), 409, 'EXT.0413');
      assert.equal((await on.get(path)).json.count, most);
    }
  });

  test('http only where the operator allows it', async () => {
    const server = world.program('server', { ...world.serverSettings(site.database), webhook_http: 'on' });
    const { port } = await server.event('listening', (e) => e.scheme === 'https');
    await webhook('http://receiver.example/', { on: site.client(alice.key, { port }) });
  });

  test('what waits of one that is turned off is given up', async () => {
    const hook = await webhook(URL_OF_NOBODY);
    const { id, ...began } = await testOf(hook);
    assert.deepEqual([began.event, began.status, began.attempts], ['webhook.test', 'pending', 0]);
    await client.put(`${base}/${hook.id}`, json(body({ enabled: false })));
    const [given] = await deliveries(hook);
    assert.deepEqual([given.id, given.status, given.error], [id, 'failed', 'the webhook was turned off']);
  });

  test('a webhook keeps a thousand waiting deliveries, and shows what is missing', async () => {
    const hook = await webhook(URL_OF_NOBODY);
    await site.sql(`SELECT webhook_queue(project_id, id, 'task.failed', '{}') FROM webhook, generate_series(1, 1000)
      WHERE id = $1`, [hook.id]);
    assert.deepEqual((await testOf(hook)).status, 'pending');
    const [newest] = await deliveries(hook);
    assert.deepEqual([newest.status, newest.error], ['failed', 'too many deliveries were waiting']);
    assert.equal((await client.delete(`${base}/${hook.id}`)).status, 204);
  });
});

describe('limits', () => {
  const TOP = 5;

  // What a webhook is told after each of some documents.
  async function told(limits, documents, { hookOf = {}, top = TOP } = {}) {
    const hook = await webhook('https://receiver.example/', { events: ['limit.passed'], limits, ...hookOf });
    const analyses = new Analyses(site, await instance());
    const counts = [];
    for (const document of documents) {
      const before = await site.sql('SELECT FROM webhook_delivery WHERE webhook_id = $1', [hook.id]);
      await analyses.record(document, { options: { top } });
      const rows = await site.sql(`SELECT payload FROM webhook_delivery WHERE webhook_id = $1
        ORDER BY created_at`, [hook.id]);
      counts.push(rows.length - before.length);
      told.last = rows.at(-1) && JSON.parse(rows.at(-1).payload);
    }
    await client.delete(`${base}/${hook.id}`);
    return counts;
  }
  const of = (...bytes) => documentOf(bytes.map((size, i) => ({ name: `a:${i}`, bytes: size })), { top: TOP });

  test('an event comes when one is passed, and again only after it was well below', async () => {
    const sizes = [100, 150, 151, 300, 140, 200, 135, 200, 134, 150, 151];
    assert.deepEqual(await told([{ subject: 'key', bytes: 150 }], sizes.map((size) => of(size, 10))),
      [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    const { type, timestamp, data } = told.last;
    assert.equal(type, 'limit.passed');
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual([data.limit, data.value, data.subject, data.kind, data.keys, data.bytes],
      [{ bytes: 150, subject: 'key' }, 151, { db: 0, name: 'a:0', type: 'string' }, 'analysis', 2, 161]);
  });

  test('each kind of figure, with a name and without', async () => {
    const hash = (size) => documentOf([{ name: 'h', type: 'hash', bytes: 9, size, unit: 'count' }]);
    assert.deepEqual(await told([{ subject: 'key', size: 50 }], [hash(50), hash(51)]), [0, 1]);
    assert.deepEqual(await told([{ subject: 'key', name: 'h', size: 50 }], [hash(51)]), [1]);
    assert.deepEqual(await told([{ subject: 'key', name: 'other', size: 50 }], [hash(51)]), [0]);
    assert.deepEqual(await told([{ subject: 'prefix', keys: 2 }], [of(1, 1), of(1, 1, 1)]), [0, 1]);
    assert.deepEqual(await told([{ subject: 'prefix', name: 'a:', bytes: 20 }], [of(20), of(10, 11)]), [0, 1]);
    assert.deepEqual(told.last.data.subject, { name: 'a:' });
    assert.deepEqual(await told([{ subject: 'prefix', name: 'b:', bytes: 20 }], [of(21)]), [0]);
  });

  test('several at once, each by itself', async () => {
    assert.deepEqual(await told([{ subject: 'key', bytes: 10 }, { subject: 'prefix', keys: 1 }, { subject: 'key', size: 99 }],
      [of(11, 12), of(11, 12), of(1), of(100)]), [2, 0, 0, 2]);
  });

  test('what is not certain passes none, and what may still be there stays passed', async () => {
    const withError = (bytes, error) => {
      const document = of(1);
      Object.assign(document.prefixes.items[0], { bytes, bytes_error: error });
      return document;
    };
    assert.deepEqual(await told([{ subject: 'prefix', bytes: 100 }],
      [withError(150, 50), withError(151, 50), withError(150, 149), withError(151, 50)]), [0, 1, 0, 0]);
    // The key is not listed; the last of a full list is larger than the limit, so that it may be as well.
    const named = [{ subject: 'key', name: 'a:0', bytes: 100 }];
    const full = (bytes) => documentOf([1, 2, 3, 4, 5].map((i) => ({ name: `b:${i}`, bytes })), { top: TOP });
    assert.deepEqual(await told(named, [of(101), full(101), of(101), full(50), of(101)]), [1, 0, 0, 0, 1]);
  });

  test('what was not measured says nothing', async () => {
    const unmeasured = documentOf([{ name: 'a:0', bytes: undefined, size: 1 }]);
    delete unmeasured.bytes;
    assert.deepEqual(await told([{ subject: 'key', bytes: 100 }], [of(101), unmeasured, of(101)]), [1, 0, 0]);
  });

  test('a limit that is changed is another one, one that is not stays passed; each instance by itself', async () => {
    const limits = [{ subject: 'key', bytes: 10 }, { subject: 'key', bytes: 20 }];
    const body = { name: `hook-${++next}`, url: 'https://receiver.example/', events: ['limit.passed'], enabled: true };
    const hook = await webhook(body.url, { ...body, limits });
    const [one, two] = [new Analyses(site, await instance()), new Analyses(site, await instance())];
    const count = async () => (await deliveries(hook)).length;
    await one.record(of(100));
    assert.equal(await count(), 2);
    await client.put(`${base}/${hook.id}`, json({ ...body, limits: [limits[0], { subject: 'key', bytes: 30 }] }));
    await one.record(of(100));
    assert.equal(await count(), 3);
    await two.record(of(100));
    assert.equal(await count(), 5);
    await client.delete(`${base}/${hook.id}`);
    assert.deepEqual(await site.sql('SELECT FROM webhook_limit_passed WHERE webhook_id = $1', [hook.id]), []);
  });

  test('names with what JSON can hardly hold arrive as they are', async () => {
    for (const name of ['nul\u0000:x', '\uffff1', '<b>"\\\u0000', '\u{1f511}é']) {
      assert.deepEqual(await told([{ subject: 'key', bytes: 1 }], [documentOf([{ name, bytes: 2 }])]), [1]);
      assert.equal(told.last.data.subject.name, name);
    }
    assert.deepEqual(await told([{ subject: 'key', bytes: 1 }], [documentOf([{ name: 'x'.repeat(9000), bytes: 2 }])]), [1]);
    assert.equal(told.last.data.subject.name, 'x'.repeat(512));
  });
});

describe('which tasks are told of', () => {
  const statement = (name) => must('the statement', join(process.env.DCS_BUILD, 'tests/dcs_statement'), ['--text', name]);

  test('by event, kind and instance; of one that was given up, too', async () => {
    const [cache, other] = [await instance(), await instance()];
    const hooks = {
      all: await webhook('https://r.example/'),
      failures: await webhook('https://r.example/', { events: ['task.failed'] }),
      bigkeys: await webhook('https://r.example/', { kinds: ['bigkey'] }),
      other: await webhook('https://r.example/', { instance_ids: [other.id] }),
      off: await webhook('https://r.example/', { enabled: false }),
    };
    await new Analyses(site, cache).record(documentOf([{ name: 'a', bytes: 1 }]));
    const { id } = await cache.start();
    await site.sql(`UPDATE scan_task SET status = 'running', started_at = now(), fence = 1, attempt = 1, lease_owner = 'w',
      claimable_at = now() WHERE id = $1`, [id]);
    await site.sql(await statement('scan_task_give_up'), [1], 'dcs_worker');
    const events = Object.fromEntries(await Promise.all(Object.entries(hooks).map(async ([name, hook]) =>
      [name, (await deliveries(hook)).map((one) => one.event).sort()])));
    assert.deepEqual(events, {
      all: ['task.failed', 'task.succeeded'], failures: ['task.failed'], bigkeys: ['task.failed'], other: [], off: [],
    });
    const [{ payload }] = await site.sql(`SELECT payload FROM webhook_delivery WHERE webhook_id = $1`, [hooks.failures.id]);
    const { type, data } = JSON.parse(payload);
    assert.deepEqual([type, data.task_id, data.instance_id, data.kind, data.status, data.scan_type, data.project_id],
      ['task.failed', id, cache.id, 'bigkey', 'failed', 'manual', alice.projectId.replaceAll('-', '')]);
    for (const { id: hook } of Object.values(hooks)) await client.delete(`${base}/${hook}`);
  });
});

describe('sent', () => {
  let worker;
  before(async () => {
    await site.sql('DELETE FROM webhook');
    worker = await site.startWorker(settings);
  });

  test('a real task: a signed POST, once', async () => {
    const redis = await world.redis();
    const cache = await instance({ endpoint: redis.endpoint });
    const to = await receiver();
    const hook = await webhook(to.url);
    const { id } = await cache.start();
    const got = await to.waits('the task', (one) => one.json.data.task_id === id);
    assert.deepEqual([got.method, got.path, got.json.type, got.headers['content-type'], got.json.data.status],
      ['POST', '/hook', 'task.succeeded', 'application/json', 'success']);
    assert.match(got.headers['user-agent'], /^dcs-webhook\//);
    assert.ok(isSigned(got, hook.secret));
    assert.ok(!isSigned({ ...got, body: `${got.body} ` }, hook.secret));
    assert.ok(Math.abs(Number(got.headers['webhook-timestamp']) * 1000 - got.at) < 60_000);
    const sent = await reaches(hook, 'delivered');
    assert.deepEqual([sent.id, sent.attempts, sent.response_status, sent.error], [got.id, 1, 204, undefined]);
    assert.equal(to.got.length, 1);
    const failing = await instance();
    await failing.start();
    await to.waits('the failure', (one) => one.json.type === 'task.failed');
  });

  test('a receiver that is down gets it when it is up, with the same id and a signature of that moment', async () => {
    const gone = await receiver();
    const { port, url } = gone;
    await gone.stop();
    const hook = await webhook(url);
    const { id } = await testOf(hook);
    const failed = await reaches(hook, 'retrying');
    assert.deepEqual([failed.error, failed.response_status], ['no connection', undefined]);
    assert.ok(Date.parse(failed.next_attempt_at) > Date.parse(failed.attempted_at));
    assert.ok((await client.get(`${base}/${hook.id}`)).json.failing_since);
    const back = await receiver({ port });
    const got = await back.waits('it');
    assert.equal(got.id, id);
    assert.ok(isSigned(got, hook.secret));
    await reaches(hook, 'delivered');
    assert.equal((await client.get(`${base}/${hook.id}`)).json.failing_since, undefined);
  });

  test('5xx and 4xx are tried again; Retry-After is obeyed', async () => {
    const answers = [[404, {}], [503, { 'Retry-After': '4' }], [204, {}]];
    const to = await receiver({ answer: (_, response) => 
      response.writeHead(...answers[Math.min(to.got.length, 3) - 1]).end('x'.repeat(5000)) });
    const hook = await webhook(to.url);
    await testOf(hook);
    const waiting = await reaches(hook, 'told to wait', (one) => one.response_status === 503);
    assert.equal(waiting.error, 'the receiver failed');
    assert.ok(Date.parse(waiting.next_attempt_at) - Date.parse(waiting.attempted_at) >= 4000);
    await site.sql('UPDATE webhook_delivery SET next_attempt_at = now() WHERE id = $1', [waiting.id]);
    const sent = await reaches(hook, 'delivered');
    assert.deepEqual([sent.attempts, new Set(to.got.map((one) => one.id)).size], [3, 1]);
  });

  test('410 turns it off', async () => {
    const to = await receiver({ answer: (_, response) => response.writeHead(410).end() });
    const hook = await webhook(to.url);
    await site.sql(`SELECT webhook_queue(project_id, id, 'webhook.test', '{}') FROM webhook, generate_series(1, 2)
      WHERE id = $1`, [hook.id]);
    await until('it is off', async () => !(await client.get(`${base}/${hook.id}`)).json.enabled);
    const shown = (await client.get(`${base}/${hook.id}`)).json;
    assert.equal(shown.disabled_reason, 'the receiver answered 410 (Gone)');
    assert.deepEqual((await deliveries(hook)).map((one) => one.status), ['failed', 'failed']);
    assert.equal(to.got.length, 1);
  });

  test('a redirect is not followed', async () => {
    const elsewhere = await receiver();
    const to = await receiver({ answer: (_, response) => response.writeHead(307, { Location: elsewhere.url }).end() });
    const hook = await webhook(to.url);
    await testOf(hook);
    const failed = await reaches(hook, 'retrying');
    assert.deepEqual([failed.response_status, failed.error], [307, 'a redirect, which is not followed']);
    assert.equal(elsewhere.got.length, 0);
  });

  test('a name that leads to a denied address leads nowhere, and no address is told', async () => {
    let connections = 0;
    denied.server.on('connection', () => { connections++; });
    for (const host of ['localhost', '127.0.0.1', '[::1]', '0x7f.1', '2130706433', 'nowhere.invalid']) {
      const hook = await webhook(`https://${host}:${denied.port}/`);
      await testOf(hook);
      const failed = await reaches(hook, 'retrying');
      assert.equal(failed.error, 'the host has no address that may be reached', host);
      await client.delete(`${base}/${hook.id}`);
    }
    assert.equal(connections, 0);
    await worker.event('webhook_failed', (event) => /webhook_networks_denied/.test(event.refused ?? ''));
  });

  test('a certificate of nobody that is trusted, or of another host, gets nothing', async () => {
    const other = await receiver();
    const wrong = await webhook(other.url.replace('localhost', 'other.localhost'));
    await testOf(wrong);
    const failed = await reaches(wrong, 'retrying');
    assert.equal(failed.error, "TLS failed, or the certificate is not the host's");
    assert.equal(other.got.length, 0);
    const stranger = await receiver({ certificates: strangers });
    const unknown = await webhook(stranger.url);
    await testOf(unknown);
    assert.equal((await reaches(unknown, 'retrying')).error, failed.error);
    assert.equal(stranger.got.length, 0);
  });

  test('a receiver that stalls holds nobody else up, and is tried again', async () => {
    let ended = 0;
    const stalls = await receiver({ answer: (_, response) => response.on('close', () => { ended ||= Date.now(); }) });
    const other = await receiver();
    const slow = await webhook(stalls.url);
    for (let i = 0; i < 3; i++) await testOf(slow);
    await stalls.waits('the first one');
    await testOf(await webhook(other.url));
    const got = await other.waits('its own');
    assert.ok(ended === 0 || got.at < ended, `${got.at} ${ended}`);
    assert.equal(new Set(stalls.got.map((one) => one.id)).size, 1);
    const failed = await reaches(slow, 'retrying');
    assert.equal(failed.error, 'no answer in time');
    await client.delete(`${base}/${slow.id}`);
  });

  test('a new secret signs from then on', async () => {
    const to = await receiver();
    const hook = await webhook(to.url);
    const { secret } = (await client.put(`${base}/${hook.id}`,
      json({ name: hook.name, url: hook.url, events: ALL, enabled: true, rotate_secret: true }))).json;
    await testOf(hook);
    const got = await to.waits('it');
    assert.deepEqual([isSigned(got, secret), isSigned(got, hook.secret)], [true, false]);
  });

  test('it is given up after a day', async () => {
    const to = await receiver({ answer: (_, response) => response.writeHead(500).end() });
    const hook = await webhook(to.url);
    const { id } = await testOf(hook);
    await reaches(hook, 'retrying');
    await site.sql(`UPDATE webhook_delivery SET created_at = created_at - interval '24 hours', next_attempt_at = now()
      WHERE id = $1`, [id]);
    const failed = await reaches(hook, 'failed');
    assert.deepEqual([failed.response_status, failed.next_attempt_at], [500, undefined]);
  });

  test('the secret is sealed anew with the others', async () => {
    const to = await receiver();
    const hook = await webhook(to.url);
    const sealed = async () => (await site.sql('SELECT sealed_secret FROM webhook WHERE id = $1', [hook.id]))[0].sealed_secret;
    const before = await sealed();
    const older = readFileSync(world.keyFile, 'utf8');
    writeFileSync(world.keyFile, `${newKey()}\n${older}`);
    await site.dcsctl('secret', 'rotate');
    assert.notDeepEqual(await sealed(), before);
    worker.signal('SIGHUP');
    await worker.event('keys_loaded', (event) => event.keys === 2);
    await testOf(hook);
    assert.ok(isSigned(await to.waits('it'), hook.secret));
  });

  test('a worker that is lost with a delivery in hand: another one sends it, with the same id', async () => {
    await site.sql('DELETE FROM webhook');
    let answers = false;
    const to = await receiver({ answer: (_, response) => answers && response.writeHead(204).end() });
    const hook = await webhook(to.url);
    const { id } = await testOf(hook);
    await to.waits('the first attempt');
    await worker.stop({ signal: 'SIGKILL', expected: null });
    answers = true;
    worker = await site.startWorker(settings);
    const sent = await reaches(hook, 'delivered');
    assert.deepEqual([sent.id, sent.attempts, to.got.map((one) => one.id)], [id, 2, [id, id]]);
  });

  test('one that is told to stop gives back what it has in hand', async () => {
    let answers = false;
    const to = await receiver({ answer: (_, response) => answers && response.writeHead(204).end() });
    const hook = await webhook(to.url);
    await testOf(hook);
    await to.waits('the first attempt');
    await worker.stop();
    const [{ due }] = await site.sql(`SELECT (next_attempt_at <= now())::text AS due FROM webhook_delivery WHERE webhook_id = $1`,
      [hook.id]);
    assert.equal(due, 'true');
    answers = true;
    worker = await site.startWorker(settings);
    await reaches(hook, 'delivered');
  });
});
