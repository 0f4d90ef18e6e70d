// Administration over HTTPS: projects, access keys and instances, by an operator's key.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { json } from '../support/http.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const PROJECTS = '/admin/v1/projects';
const PASSWORD = 'a "secret" <pass>\\wörd';

let world, site, operator, alice, redis;

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1, server: { access_key_cache_seconds: 1 }, worker: { probe_seconds: 1 } });
  operator = await site.operator();
  alice = await site.tenant('alice');
  redis = await world.redis({ options: { requirepass: PASSWORD } });
});
after(() => world?.close());

function assertProblem(answer, status, code, detail) {
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const { title, detail: actual, ...rest } = answer.json;
  assert.deepEqual(rest, { type: 'about:blank', status, code, request_id: answer.headers['x-request-id'] });
  assert.ok(title.length > 0);
  if (detail instanceof RegExp) assert.match(actual, detail);
  else if (detail) assert.equal(actual, detail);
}

const created = async (path, body) => {
  const answer = await operator.post(path, body ? json(body) : {});
  assert.equal(answer.status, 201, answer.body);
  const shown = await operator.get(answer.headers.location);
  assert.equal(shown.status, 200, shown.body);
  assert.equal(shown.headers.etag, answer.headers.etag);
  const { secret, ...rest } = answer.json;
  // A worker may have probed it meanwhile.
  if (!('status' in rest)) assert.deepEqual(shown.json, rest);
  assert.ok(!('secret' in shown.json));
  return { ...answer.json, secret, etag: answer.headers.etag, path: answer.headers.location };
};

const newProject = (name) => created(PROJECTS, { name });
const instanceOf = (name, more = {}) => ({ name, endpoints: [redis.endpoint], password: PASSWORD, ...more });

test('a project: create, show, list, rename, delete', async () => {
  const shop = await newProject('shop');
  assert.deepEqual([shop.name, shop.instances, shop.access_keys], ['shop', 0, 0]);
  const listed = await operator.get(PROJECTS);
  assert.equal(listed.status, 200);
  assert.deepEqual(listed.json.projects.map((p) => p.name), ['alice', 'shop']);
  assert.equal(listed.json.count, 2);
  assert.deepEqual((await operator.get(`${PROJECTS}?limit=1&offset=1`)).json.projects.map((p) => p.name), ['shop']);
  assert.deepEqual((await operator.get(`${PROJECTS}?offset=7`)).json, { count: 2, projects: [] });
  assertProblem(await operator.post(PROJECTS, json({ name: 'shop' })), 409, 'ADMIN.0409');

  const renamed = await operator.put(shop.path, json({ name: 'store' }, { 'If-Match': shop.etag }));
  assert.equal(renamed.status, 200, renamed.body);
  assert.equal(renamed.json.name, 'store');
  assert.notEqual(renamed.headers.etag, shop.etag);
  assertProblem(await operator.put(shop.path, json({ name: 'alice' }, { 'If-Match': renamed.headers.etag })),
    409, 'ADMIN.0409');
  assert.equal((await operator.delete(shop.path)).status, 204);
  assertProblem(await operator.get(shop.path), 404, 'ADMIN.0404', 'There is no such project.');
  assertProblem(await operator.delete(shop.path), 404, 'ADMIN.0404');
});

test('a project that is in use stays', async () => {
  assertProblem(await operator.delete(`${PROJECTS}/${alice.projectId}`), 409, 'ADMIN.0410',
    'It still has access keys or instances.');
  const project = await newProject('in use');
  const instance = await created(`${project.path}/instances`, instanceOf('cache'));
  assertProblem(await operator.delete(project.path), 409, 'ADMIN.0410');
  assert.equal((await operator.delete(instance.path)).status, 204);
  assert.equal((await operator.delete(project.path)).status, 204);
});

test('an access key: it works, is disabled, works again, and is deleted', async () => {
  const project = await newProject('keys');
  const key = await created(`${project.path}/access-keys`);
  assert.match(key.id, /^[A-Z0-9]{20}$/);
  assert.equal(key.secret.length, 40);
  assert.deepEqual([key.project_id, key.role, key.enabled], [project.id, 'DCS FullAccess', true]);
  const tenant = site.client({ id: key.id, secret: key.secret });
  const status = async () => (await tenant.get(`/v2/${project.id}/instances`)).status;
  assert.equal(await status(), 200);
  const listed = await operator.get(`${project.path}/access-keys`);
  assert.deepEqual([listed.json.count, listed.json.access_keys.map((k) => k.id)], [1, [key.id]]);
  assert.ok(!listed.body.includes(key.secret));

  const disabled = await operator.put(key.path, json({ enabled: false }, { 'If-Match': key.etag }));
  assert.deepEqual([disabled.status, disabled.json.enabled], [200, false]);
  assert.ok(disabled.json.disabled_at);
  await until('the key is refused', async () => (await status()) === 401);
  assertProblem(await operator.put(key.path, json({ enabled: true }, { 'If-Match': key.etag })), 412, 'ADMIN.0412');
  const enabled = await operator.put(key.path, json({ enabled: true }, { 'If-Match': disabled.headers.etag }));
  assert.deepEqual([enabled.status, enabled.json.enabled, enabled.json.disabled_at], [200, true, undefined]);
  await until('the key is taken again', async () => (await status()) === 200);
  assert.equal((await operator.delete(key.path)).status, 204);
  await until('the key is gone', async () => (await status()) === 401);
  assertProblem(await operator.get(key.path), 404, 'ADMIN.0404', 'There is no such access key.');
  for (const id of ['x', 'A'.repeat(20), 'a'.repeat(21), '%00', '%FF'.repeat(20)])
    assertProblem(await operator.get(`/admin/v1/access-keys/${id}`), 404, 'ADMIN.0404');
  assertProblem(await operator.post(`${PROJECTS}/${UNKNOWN}/access-keys`), 404, 'ADMIN.0404');
});

test('an instance: create, RUNNING by the worker, change, probe now, delete', async () => {
  const project = await newProject('instances');
  const instance = await created(`${project.path}/instances`, instanceOf('cache', { description: 'first' }));
  assert.equal(instance.status, 'CREATING');
  assert.deepEqual([instance.has_password, instance.tls, instance.endpoints], [true, false, [redis.endpoint]]);
  const shown = async () => (await operator.get(instance.path)).json;
  const running = () => until('it is RUNNING', async () => (await shown()).status === 'RUNNING');
  await running();
  const probed = await shown();
  assert.match(probed.engine_version, /^\d+\.\d+\.\d+/);
  assert.ok(probed.capabilities.includes('bigkey'));
  assert.ok(probed.probed_at);

  // What is no way to the server leaves it RUNNING; a password that is left out stays.
  const { etag } = (await operator.get(instance.path)).headers;
  const { password, ...rest } = instanceOf('renamed', { description: 'second' });
  const changed = await operator.put(instance.path, json(rest, { 'If-Match': etag }));
  assert.equal(changed.status, 200, changed.body);
  assert.deepEqual([changed.json.name, changed.json.description, changed.json.status, changed.json.has_password],
    ['renamed', 'second', 'RUNNING', true]);
  assertProblem(await operator.put(instance.path, json(rest, { 'If-Match': etag })), 412, 'ADMIN.0412',
    'It was changed since it was read.');

  // A wrong password is found out by the next probe, and mended.
  const wrong = await operator.put(instance.path,
    json({ ...rest, password: 'wrong' }, { 'If-Match': changed.headers.etag }));
  assert.equal(wrong.json.status, 'CREATING');
  await until('the probe fails', async () => (await shown()).probe_error);
  assert.equal((await shown()).status, 'ERROR');
  const mended = await operator.put(instance.path, json({ ...rest, password }, { 'If-Match': wrong.headers.etag }));
  assert.equal(mended.status, 200, mended.body);
  await running();
  assert.equal((await shown()).probe_error, undefined);

  await site.sql(`UPDATE instance SET probe_at = now() + interval '1 day', probed_at = '2001-01-01' WHERE id = $1`,
    [instance.id]);
  const asked = await operator.post(`${instance.path}/probe`);
  assert.equal(asked.status, 202, asked.body);
  assert.equal(asked.json.id, instance.id);
  await until('it is probed', async () => !(await shown()).probed_at.startsWith('2001'));

  const listed = await operator.get(`${project.path}/instances?name=ENAM`);
  assert.deepEqual([listed.json.count, listed.json.instances.map((i) => i.id)], [1, [instance.id]]);
  assert.equal((await operator.delete(instance.path)).status, 204);
  for (const answer of [await operator.get(instance.path), await operator.post(`${instance.path}/probe`)])
    assertProblem(answer, 404, 'ADMIN.0404', 'There is no such instance.');
  assertProblem(await operator.delete(instance.path), 404, 'ADMIN.0404');
  assertProblem(await operator.post(`${PROJECTS}/${UNKNOWN}/instances`, json(instanceOf('x'))), 404, 'ADMIN.0404',
    'There is no such project.');
});

test('If-Match: missing, malformed, another', async () => {
  const project = await newProject('tags');
  const instance = await created(`${project.path}/instances`, instanceOf('cache'));
  const key = await created(`${project.path}/access-keys`);
  const cases = [[project, { name: 'other' }], [instance, instanceOf('cache')], [key, { enabled: true }]];
  for (const [{ path, etag }, body] of cases) {
    assertProblem(await operator.put(path, json(body)), 428, 'ADMIN.0428', 'An If-Match header is needed.');
    for (const tag of ['1', '*', '""', '"', 'W/"1"', '"one"', '"1", "2"', "'1'", '"-"', '"99999999999999999999"', ''])
      assertProblem(await operator.put(path, json(body, { 'If-Match': tag })), 400, 'DCS.4800',
        'Invalid If-Match header in the request.');
    for (const tag of ['"0"', '"-1"', '"999"', '"9223372036854775807"'])
      assertProblem(await operator.put(path, json(body, { 'If-Match': tag })), 412, 'ADMIN.0412');
    const put = await operator.put(path, json(body, { 'If-Match': etag }));
    assert.equal(put.status, 200, put.body);
  }
});

test('of two changes of one version one is made', async () => {
  const project = await newProject('race');
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) =>
    operator.put(project.path, json({ name: `race ${i}` }, { 'If-Match': project.etag }))));
  assert.deepEqual(answers.map((a) => a.status).sort(), [200, ...Array(9).fill(412)]);
  const instance = await created(`${project.path}/instances`, instanceOf('cache'));
  const changes = await Promise.all(Array.from({ length: 10 }, (_, i) => operator.put(instance.path,
    json(instanceOf(`race ${i}`, { username: 'scanner' }), { 'If-Match': instance.etag }))));
  assert.deepEqual(changes.map((a) => a.status).sort(), [200, ...Array(9).fill(412)]);
});

test('operators here, tenants there', async () => {
  for (const path of [PROJECTS, `${PROJECTS}/${alice.projectId}`, `${PROJECTS}/${alice.projectId}/instances`,
    `/admin/v1/access-keys/${alice.key.id}`])
    assertProblem(await alice.client.get(path), 403, 'DCS.2003');
  assertProblem(await alice.client.post(PROJECTS, json({ name: 'mine' })), 403, 'DCS.2003');
  for (const path of [alice.instances, `${alice.instances}/${UNKNOWN}`]) {
    const answer = await operator.get(path);
    assert.deepEqual([answer.status, answer.json.error_code], [403, 'DCS.2003']);
  }
  assertProblem(await operator.send('GET', PROJECTS), 401, 'APIGW.0301');
  assertProblem(await operator.get(PROJECTS, { secretKey: 'wrong' }), 401, 'APIGW.0301');
  assertProblem(await operator.request('PATCH', PROJECTS), 405, 'DCS.5001');
  assertProblem(await operator.get('/admin/v1/nothing'), 404, 'DCS.4001');
  assertProblem(await operator.get(`${PROJECTS}/nonsense`), 400, 'DCS.4002');
});

test('names and descriptions with anything in them', async () => {
  const texts = ['<script>alert("1")</script>', "Robert'); DROP TABLE project;--", 'quote " back \\ slash', '😀 größe',
    '{{7*7}}', ' ', '../../etc/passwd', '%s%n'];
  for (const text of texts) {
    const project = await newProject(text);
    assert.equal(project.name, text);
    const description = `${text}\r\n\ttab "two lines" <b>`;
    const instance = await created(`${project.path}/instances`, instanceOf(text, { description }));
    assert.deepEqual([instance.name, instance.description], [text, description]);
    const query = encodeURIComponent(text);
    const found = await operator.get(`${project.path}/instances?name=${query}&name_equal=true`);
    assert.deepEqual(found.json.instances.map((i) => i.name), [text]);
  }
  const bad = ['', 'a\nb', 'a\tb', '\u007f', 'x'.repeat(65), 'ü'.repeat(33), UNKNOWN, '0'.repeat(32), 7, null, [], {}];
  for (const name of bad) {
    assertProblem(await operator.post(PROJECTS, json({ name })), 400, 'DCS.4800', 'Invalid name in the request.');
    assertProblem(await operator.post(`${PROJECTS}/${alice.projectId}/instances`, json(instanceOf(name))), 400,
      'DCS.4800', 'Invalid name in the request.');
  }
  assert.equal((await newProject('x'.repeat(64))).name.length, 64);
});

test('every member of an instance that is not as it should be', async () => {
  const path = `${PROJECTS}/${alice.projectId}/instances`;
  const bad = {
    description: ['x'.repeat(1025), 7, [], 'a\0b'],
    cache_mode: ['', 'Single', 'x'.repeat(1000), 7],
    endpoints: [undefined, null, [], 'h:1', [7], ['h'], [':1'], ['h:0'], ['h:65536'], ['h:+1'], ['h:1 '], ['h h:1'],
      ['a,b:1'], ['[::1:1'], ['::1:1'], ['h:1\0'], [`${'x'.repeat(300)}:1`], Array(65).fill('h:1'), [null], ['é:1']],
    tls: ['true', 1, {}],
    tls_ca: ['x'.repeat(33 * 1024), 7],
    tls_server_name: ['x'.repeat(256), 7],
    username: ['x'.repeat(513), 7],
    password: ['', 'x'.repeat(5000), 7, {}],
    hotkeys_command: ['false', 0],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      const body = instanceOf('bad', { tls: true, [name]: value });
      const answer = await operator.post(path, json(body));
      assert.equal(answer.status, 400, `${name} ${JSON.stringify(value)}: ${answer.body}`);
      const code = JSON.stringify(value)?.includes('\\u0000') ? 'DCS.4005' : 'DCS.4800';
      assertProblem(answer, 400, code);
    }
  }
  const alone = [{ tls_ca: 'x' }, { tls_server_name: 'x' }, { username: 'x', password: undefined }];
  for (const more of alone)
    assertProblem(await operator.post(path, json(instanceOf('bad', more))), 400, 'DCS.4800');
  // Null is as if it were left out.
  const nulls = Object.fromEntries(Object.keys(bad).filter((n) => n !== 'endpoints').map((n) => [n, null]));
  assert.equal((await created(path, instanceOf('nulls', nulls))).has_password, false);
  assert.equal((await operator.get(`${path}?name=bad`)).json.count, 0);
});

test('a user without a password, on an update that leaves the password as it is', async () => {
  const project = await newProject('users');
  const instance = await created(`${project.path}/instances`, instanceOf('open', { password: undefined }));
  const answer = await operator.put(instance.path,
    json({ name: 'open', endpoints: [redis.endpoint], username: 'scanner' }, { 'If-Match': instance.etag }));
  assertProblem(answer, 400, 'DCS.4800', 'Invalid username in the request.');
});

test('a password is never answered', async () => {
  const project = await newProject('secrets');
  const secret = 'never-to-be-seen-again';
  const answer = await operator.post(`${project.path}/instances`, json(instanceOf('cache', { password: secret })));
  const path = answer.headers.location;
  const put = await operator.put(path, json(instanceOf('cache', { password: `${secret}2` }),
    { 'If-Match': answer.headers.etag }));
  const answers = [answer, put, await operator.get(path), await operator.get(`${project.path}/instances`),
    await operator.post(`${path}/probe`), await operator.post(`${project.path}/instances`,
      json(instanceOf('cache', { password: secret }))),
    await operator.post(`${project.path}/instances`, json(instanceOf('bad\n', { password: secret })))];
  for (const { body } of answers) assert.ok(!body.includes(secret), body);
  const taken = await operator.put(path, json(instanceOf('cache', { password: null }), { 'If-Match': put.headers.etag }));
  assert.equal(taken.json.has_password, false);
  for (const program of [site.server, ...site.workers]) assert.ok(!program.stderr.includes(secret));
  const rows = await site.sql('SELECT i::text AS row FROM instance i');
  assert.ok(!JSON.stringify(rows).includes(secret));
});

test('an instance is deleted while a task of it runs', async () => {
  const project = await newProject('deleted');
  const instance = await created(`${project.path}/instances`, instanceOf('cache'));
  const key = await created(`${project.path}/access-keys`);
  await until('it is RUNNING', async () => (await operator.get(instance.path)).json.status === 'RUNNING');
  const tenant = site.client({ id: key.id, secret: key.secret });
  redis.program.signal('SIGSTOP');
  const task = await tenant.post(`/v2/${project.id}/instances/${instance.id}/bigkey-task`);
  assert.equal(task.status, 200, task.body);
  const state = async () => (await site.sql('SELECT status FROM scan_task WHERE id = $1', [task.json.id]))[0]?.status;
  await until('the task runs', async () => (await state()) === 'running');
  assert.equal((await operator.delete(instance.path)).status, 204);
  assert.equal(await state(), undefined);
  assert.equal((await tenant.get(`/v2/${project.id}/instances/${instance.id}/bigkey-task/${task.json.id}`)).status, 404);
  redis.program.signal('SIGCONT');
  // The worker has let go of it and takes the next one.
  const next = await created(`${project.path}/instances`, instanceOf('next'));
  await until('it is RUNNING', async () => (await operator.get(next.path)).json.status === 'RUNNING');
  const again = await tenant.post(`/v2/${project.id}/instances/${next.id}/bigkey-task`);
  await until('the next task succeeds', async () => (await site.sql('SELECT status FROM scan_task WHERE id = $1',
    [again.json.id]))[0].status === 'success');
});

test('what is asked for under something that is just being deleted finds it gone', async () => {
  const parted = await newProject('parted');
  const key = await created(`${parted.path}/access-keys`);
  const tenant = site.client({ id: key.id, secret: key.secret });
  const running = async (name) => {
    const instance = await created(`${parted.path}/instances`, instanceOf(name));
    await until('it is RUNNING', async () => (await operator.get(instance.path)).json.status === 'RUNNING');
    return { ...instance, api: `/v2/${parted.id}/instances/${instance.id}` };
  };
  const project = (name) => newProject(name);
  const races = [
    ['project', project, ({ path }) => operator.post(`${path}/access-keys`)],
    ['project', project, ({ path }) => operator.post(`${path}/instances`, json(instanceOf('late')))],
    ['instance', running, ({ api }) => tenant.post(`${api}/bigkey-task`)],
    ['instance', running, ({ api }) => tenant.put(`${api}/bigkey/autoscan`,
      json({ enable_auto_scan: true, schedule_at: ['10:00'] }))],
  ];
  for (const [i, [table, make, ask]] of races.entries()) {
    const { id, ...rest } = await make(`going-${i}`);
    const deleting = await world.postgres.open(site.database, `DELETE FROM ${table} WHERE id = $1`, [id]);
    const asked = ask(rest);
    await until('the request waits for the deletion', () => deleting.isWaitedFor());
    await deleting.commit();
    const answer = await asked;
    assert.equal(answer.status, 404, answer.body);
  }
});
