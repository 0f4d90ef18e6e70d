// Requests by token and log-ins, against a real Keystone: what a token may do, who gets one, and what happens when the
// identity service is slow, wrong or away.

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { contract } from '../support/contract.mjs';
import { createAuthority, createCertificate } from '../support/certificates.mjs';
import { EventStream } from '../support/event_stream.mjs';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { IdentityFront, answers } from '../support/identity_front.mjs';
import { Keystone, passwordOf } from '../support/keystone.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const AT_ONCE = 200;
const PASSWORD_CHANGES = Number(process.env.DCS_PASSWORD_CHANGES ?? 3);
// A validation ends after 5 s and a tick; the rest is the machine's.
const LONGEST_MS = 6000;
// A rest of the breaker is 4 s at most.
const RECOVERY_MS = 10_000;
// Less than a quarter is left of it after 5.25 s, when it is renewed.
const SHORT_SECONDS = 7;

let world, keystone, front, shortFront, shortServer, site, alice, cache, project;

const identity = (settings = {}) => ({
  identity_url: front.url, identity_ca: world.authority.certificate, identity_user: 'dcs',
  identity_password: passwordOf('dcs'), loops: 1, ...settings,
});

async function populate() {
  for (const name of ['service', 'alice', 'bob', 'nowhere']) await keystone.project(name);
  await keystone.user('dcs', { project: 'service', roles: ['service'] });
  await keystone.user('changing', { project: 'service', roles: ['service'] });
  await keystone.user('member', { project: 'alice', roles: ['member'] });
  await keystone.user('reader', { project: 'alice', roles: ['reader'] });
  await keystone.user('chief', { project: 'alice', roles: ['admin'] });
  await keystone.user('stranger', { project: 'alice', roles: ['gardener'] });
  await keystone.user('root', { roles: ['admin'] });
  await keystone.grant('member', 'member', 'bob');
  await keystone.grant('member', 'member', 'nowhere');
  await keystone.call('PUT',
    `/v3/domains/default/users/${keystone.ids.users.member}/roles/${await keystone.role('member')}`);
}

before(async () => {
  world = await World.open();
  keystone = await Keystone.start(world.directory, world.postgres);
  world.onClose(() => keystone.stop());
  front = await IdentityFront.start(keystone.socket, world.certificates);
  shortFront = await IdentityFront.start(keystone.socket);
  world.onClose(() => Promise.all([front.stop(), shortFront.stop()]));
  await populate();
  site = await world.site({ server: identity({ login_rate: 0 }) });
  for (const name of ['alice', 'bob'])
    await site.dcsctl('project', 'add', name, '--id', keystone.ids.projects[name]);
  project = keystone.ids.projects.alice;
  const key = await site.dcsctl('key', 'add', '--project', 'alice');
  alice = { instances: `/v2/${project}/instances`, client: site.client({ id: key.id, secret: key.secret }) };
  const { id } = await site.dcsctl('instance', 'add', 'cache', '--project', 'alice', '--endpoint', '127.0.0.1:1',
    '--no-probe');
  await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(),
    capabilities = '{bigkey,hotkey,expired}' WHERE id = $1`, [id]);
  cache = `${alice.instances}/${id}`;
  // It is looked at in the last test.
  await keystone.setExpiration(SHORT_SECONDS);
  shortServer = await serverWith({ identity_url: shortFront.url, identity_ca: '' });
  await shortServer.program.event('identity_logged_in');
  await keystone.setExpiration(3600);
});
after(() => world?.close());
afterEach(async () => {
  front.behave();
  keystone.thaw();
  await site.sql('DELETE FROM scan_task');
});

const send = (method, target, token, how = {}, client = alice.client) =>
  client.send(method, target, { ...how, headers: [['X-Auth-Token', token], ...(how.headers ?? [])] });
const get = (target, token, client) => send('GET', target, token, {}, client);
const unheardOf = () => `gAAAAAB${randomBytes(96).toString('base64url')}`;
const memberToken = () => keystone.token('member', { project: 'alice' });

// Another server on the same database; get(token, target) asks it.
async function serverWith(settings) {
  const program = world.program('server', { ...world.serverSettings(site.database), ...identity(settings) });
  const { port } = await program.event('listening');
  const client = site.client();
  client.port = port;
  return { program, port, client, get: (token, target = alice.instances) => get(target, token, client) };
}

const assertUnavailable = (answer) => {
  assertError(answer, 503, 'DCS.5000');
  assert.equal(answer.headers['retry-after'], '1');
};

// By the server's own clock.
const tookMs = async (answer) => (await site.server.event('request',
  (event) => event.request_id === answer.headers['x-request-id'])).duration_us / 1000;

test('roles of the identity service become built-in ones', async () => {
  const member = await memberToken();
  const listed = await get(alice.instances, member);
  assertAnswer(listed, 200);
  assert.deepEqual(listed.json.instances.map((i) => i.name), ['cache']);
  assertAnswer(await send('POST', `${cache}/bigkey-task`, member), 200);
  const reader = await keystone.token('reader', { project: 'alice' });
  assertAnswer(await get(`${cache}/bigkey-tasks`, reader), 200);
  assertError(await send('POST', `${cache}/hotkey-task`, reader), 403, 'DCS.2003');
  const stranger = await keystone.token('stranger', { project: 'alice' });
  assertError(await get(alice.instances, stranger), 403, 'DCS.2003');
});

test('an operator is who has the role on the system, not on a project', async () => {
  const projects = '/admin/v1/projects';
  const chief = await keystone.token('chief', { project: 'alice' });
  assertAnswer(await send('POST', `${cache}/bigkey-task`, chief), 200);
  assert.equal((await get(projects, chief)).status, 403);
  const root = await keystone.token('root', { system: true });
  const listed = await get(projects, root);
  assert.equal(listed.status, 200, listed.body);
  assert.deepEqual(listed.json.projects.map((p) => p.id), ['alice', 'bob'].map((name) => keystone.ids.projects[name]));
  assertAnswer(await get(`${projects}/${project}`, root), 200);
  assertError(await get(alice.instances, root), 401, 'DCS.1004');
  const id = keystone.ids.projects.service;
  const made = await send('POST', projects, root, json({ name: 'service', id }));
  assert.equal(made.status, 201, made.body);
  assert.equal(made.json.id, id);
  assert.equal((await send('POST', projects, root, json({ name: 'again', id }))).json.code, 'ADMIN.0409');
});

test('the project of the path, with dashes and without', async () => {
  const token = await memberToken();
  const dashed = project.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  for (const id of [dashed, dashed.toUpperCase(), project.toUpperCase()])
    assertAnswer(await get(`/v2/${id}/instances`, token), 200);
  assertError(await get('/v2/nonsense/instances', token), 400, 'DCS.4002');
});

test('a token of another project, of a domain, of none', async () => {
  const tokens = {
    another: await keystone.token('member', { project: 'bob' }),
    unscoped: await keystone.token('member'),
    domain: await keystone.token('member', { domain: 'default' }),
  };
  for (const token of Object.values(tokens)) {
    assertError(await get(alice.instances, token), 401, 'DCS.1004', 'Project ID does not match the token.');
    assert.equal((await get('/admin/v1/projects', token)).status, 403);
  }
  assertAnswer(await get(`/v2/${keystone.ids.projects.bob}/instances`, tokens.another), 200);
  assert.ok(site.server.events.some((event) => event.event === 'audit' && event.code === 'DCS.1004' && event.proved === 1
    && event.identity === keystone.ids.users.member));
});

test('a project that is not registered has no instances', async () => {
  const token = await keystone.token('member', { project: 'nowhere' });
  const path = `/v2/${keystone.ids.projects.nowhere}`;
  assert.deepEqual((await get(`${path}/instances`, token)).json, { instance_num: 0, instances: [] });
  const ids = { project_id: keystone.ids.projects.nowhere, instance_id: randomUUID(), task_id: randomUUID() };
  for (const operation of contract.operations.filter((o) => o.path.includes('{instance_id}') && o.path.startsWith('/v2'))) {
    const body = Object.values(operation.body?.examples ?? {})[0]?.value;
    const target = operation.path.replace(/\{(\w+)\}/g, (_, name) => ids[name]);
    assertError(await send(operation.method, target, token, body ? json(body) : {}), 404, 'DCS.3022');
  }
});

test('what is no token', async () => {
  const long = (length) => 'x'.repeat(length);
  const fresh = await memberToken();
  const shapes = ['x', unheardOf(), `${fresh}x`, fresh.slice(0, -1), fresh.toUpperCase(), 'null', '../../v3/users', '%00',
    '{"token":{}}', "' OR 1=1 --".replaceAll(' ', '+'), '=', '====', 'gAAAAA', `gAAAAA${'A'.repeat(94)}`, 'MII', 'a.b.c',
    'eyJhbGciOiJub25lIn0.e30.', long(255), long(256), long(4096), long(8192), long(8193), long(12000)];
  for (const token of shapes) assertError(await get(alice.instances, token), 401, 'DCS.1001', 'Invalid token.');
  for (const bytes of ['', ' ', 'a b', 'a\tb', 'a\x01b', '\x80\xff', 'a\x7f']) {
    const head = Buffer.from(`GET ${alice.instances} HTTP/1.1\r\nHost: h\r\nX-Auth-Token: ${bytes}\r\n\r\n`, 'latin1');
    const [answer] = (await site.raw(head)).answers;
    // Bytes that no header may have are refused before that.
    assert.ok([400, 401].includes(answer.status), `${JSON.stringify(bytes)}: ${answer.status} ${answer.body}`);
    if (answer.status === 401) assertError(answer, 401, 'DCS.1001');
  }
  assertError(await send('GET', alice.instances, fresh, { headers: [['X-Auth-Token', fresh]] }), 401, 'DCS.1001');
  assertAnswer(await get(alice.instances, fresh), 200);
  assert.ok(!site.server.events.some((event) => event.event === 'identity_service_lost'), site.server.stderr);
});

test('a signature goes before a token', async () => {
  const signed = (how) => alice.client.get(alice.instances, how);
  assertAnswer(await signed({ headers: [['X-Auth-Token', 'nonsense']] }), 200);
  const answer = await alice.client.send('GET', alice.instances,
    { headers: [['X-Auth-Token', await memberToken()], ['Authorization', 'Basic YTpi']] });
  assertError(answer, 401, 'APIGW.0301');
});

test('requests by token are told apart, but for those with one Idempotency-Key', async () => {
  const token = await memberToken();
  const path = `${cache}/bigkey-task`;
  assertAnswer(await send('POST', path, token), 200);
  assertError(await send('POST', path, token), 400, 'DCS.4918');
  await site.sql('DELETE FROM scan_task');
  const headers = [['Idempotency-Key', randomUUID()]];
  const made = await Promise.all([1, 2, 3].map(() => send('POST', path, token, { headers })));
  for (const answer of made) assertAnswer(answer, 200);
  assert.equal(new Set(made.map((answer) => answer.json.id)).size, 1);
  for (const times of [['01:00'], ['02:00'], ['01:00']]) {
    const body = json({ enable_auto_scan: true, schedule_at: times });
    const written = await send('PUT', `${cache}/bigkey/autoscan`, token, body);
    assertAnswer(written, 200);
    assert.deepEqual(written.json.schedule_at, times);
  }
  for (const interval of [60, 120, 60]) {
    const body = json({ enable_auto_scan: true, first_scan_at: '2099-01-01T00:00:00Z', interval, timeout: 600,
      scan_keys_count: 100 });
    const written = await send('PUT', `${cache}/scan-expire-keys/autoscan-config`, token, body);
    assertAnswer(written, 200);
    assert.equal(written.json.interval, interval);
  }
  assert.deepEqual(await site.sql('SELECT octet_length(token)::text AS length FROM remembered_request'), [{ length: '32' }]);
});

test('a token that many send at once is asked about once, and remembered', async () => {
  const token = await memberToken();
  const counter = front.counter();
  const clients = Array.from({ length: 20 }, () => site.client());
  const all = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => get(alice.instances, token, clients[i % 20])));
  for (const answer of all) assertAnswer(answer, 200);
  assert.deepEqual(counter(), { validations: 1, logins: 0 });
  for (let i = 0; i < 20; i++) assertAnswer(await get(alice.instances, token), 200);
  assert.equal(counter().validations, 1);
});

test('what is no token is remembered for a while as well', async () => {
  const token = unheardOf();
  const counter = front.counter();
  for (let i = 0; i < 5; i++) assertError(await get(alice.instances, token), 401, 'DCS.1001');
  assert.equal(counter().validations, 1);
});

test('connections to the identity service are kept', async () => {
  assertError(await get(alice.instances, unheardOf()), 401, 'DCS.1001');
  const before = front.connections;
  for (let i = 0; i < 10; i++) assertError(await get(alice.instances, unheardOf()), 401, 'DCS.1001');
  assert.equal(front.connections, before);
});

test('a revoked token lives for as long as it is remembered', async () => {
  const token = await memberToken();
  const forgetful = await serverWith({ token_cache_seconds: 1 });
  assertAnswer(await forgetful.get(token), 200);
  assertAnswer(await get(alice.instances, token), 200);
  await keystone.revoke(token);
  await until('it is refused', async () => (await forgetful.get(token)).status === 401);
  assertError(await forgetful.get(token), 401, 'DCS.1001');
  assertAnswer(await get(alice.instances, token), 200);
  await forgetful.program.stop();
});

test('a stream of events goes on while its token is one', async () => {
  const token = await memberToken();
  const forgetful = await serverWith({ token_cache_seconds: 1, access_key_cache_seconds: 1 });
  const { id, instance_id } = (await send('POST', `${cache}/bigkey-task`, token)).json;
  const counter = front.counter();
  const { status, stream } = await EventStream.open({ port: forgetful.port, ca: world.ca }, `/ext/v1/${project}/instances/${instance_id}/tasks/${id}/events`, { token });
  assert.equal(status, 200);
  await until('it is asked about again', () => counter().validations > 2);
  assert.equal(stream.response.complete, false);
  await keystone.revoke(token);
  assert.equal(await stream.end(), 'end');
  assert.deepEqual(stream.events.map(({ type }) => type), ['progress']);
  await forgetful.program.stop();
});

test('a token that expires', async () => {
  await keystone.setExpiration(3);
  const token = await memberToken();
  await keystone.setExpiration(3600);
  assertAnswer(await get(alice.instances, token), 200);
  await until('it has expired', async () => (await get(alice.instances, token)).status !== 200);
  assertError(await get(alice.instances, token), 401, 'DCS.1002', 'Token expired.');
  assert.equal((await get('/admin/v1/projects', token)).json.code, 'DCS.1002');
  // Who has not seen it alive is told no more than Keystone tells.
  const another = await serverWith({});
  assertError(await another.get(token), 401, 'DCS.1001');
  await another.program.stop();
});

// Whether it is refused at once, without the identity service being asked.
const isOpen = async () => {
  const counter = front.counter();
  const answer = await get(alice.instances, unheardOf());
  return answer.status === 503 && counter().validations === 0;
};

const TROUBLE = {
  'it is gone': { begin: () => front.leave(), end: () => front.comeBack() },
  'it hangs': { begin: () => keystone.freeze(), end: () => keystone.thaw() },
  'it hangs up': { begin: () => front.misbehave(answers.hangUp) },
  'it answers 500': { begin: () => front.misbehave(answers.status(500)) },
  'it answers 503': { begin: () => front.misbehave(answers.status(503)) },
  'it forbids': { begin: () => front.misbehave(answers.status(403, '{"error":{"code":403}}')) },
  'it answers nonsense': { begin: () => front.misbehave(answers.status(200, '<html>')) },
  'it answers no token': { begin: () => front.misbehave(answers.status(200, '{"token":{"expires_at":"never"}}')) },
  'there is nothing at its place': { begin: () => front.misbehave(answers.status(404, 'Not Found')) },
  'it answers without end': { begin: () => front.misbehave(answers.endless) },
  'it answers with a head without end': {
    begin: () => front.misbehave(answers.status(200, '{}', Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`x-${i}`, 'x'.repeat(1000)])))),
  },
  'it sends elsewhere': { begin: () => front.misbehave(answers.status(302, '', { Location: 'http://127.0.0.1:1/' })) },
};

for (const [name, { begin, end = () => front.behave() }] of Object.entries(TROUBLE)) {
  test(`${name}: 503 for tokens, nothing for signed requests, and back again`, async () => {
    const known = await memberToken();
    const fresh = await memberToken();
    assertAnswer(await get(alice.instances, known), 200);
    await begin();
    let troubled = true;
    const signed = (async () => {
      const all = [];
      while (troubled) all.push(await alice.client.get(alice.instances));
      return all;
    })();
    try {
      for (const answer of await Promise.all([1, 2, 3].map(() => get(alice.instances, unheardOf())))) {
        assertUnavailable(answer);
        const took = await tookMs(answer);
        assert.ok(took < LONGEST_MS, `${took} ms`);
      }
      await until('the breaker is open', isOpen);
      assertAnswer(await get(alice.instances, known), 200);
    } finally {
      await end();
      troubled = false;
    }
    const all = await signed;
    assert.ok(all.length > 0);
    for (const answer of all) assertAnswer(answer, 200);
    await until('tokens are taken again', async () => (await get(alice.instances, fresh)).status === 200, RECOVERY_MS);
  });
}

// The file goes first: until Keystone has the new password, nobody has to log in.
test('our own password changes under load, and no request fails', async () => {
  const file = join(world.directory, 'identity-password');
  const put = (password) => {
    writeFileSync(`${file}.new`, password, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  put(passwordOf('changing'));
  const other = await serverWith({ identity_user: 'changing', identity_password: undefined, identity_password_file: file, token_cache_seconds: 0 });
  const failures = [];
  const count = (name) => other.program.events.filter(({ event }) => event === name).length;
  const after = async (name, act) => {
    const before = count(name);
    await act();
    await until(`${name} again`, () => count(name) > before || failures.length > 0);
    assert.deepEqual(failures, [], other.program.stderr);
  };
  const token = await memberToken();
  let over = false, requests = 0;
  const ask = async () => {
    for (; !over; requests++) assertAnswer(await other.get(token), 200);
  };
  const load = [ask(), ask()].map((work) => work.catch((error) => failures.push(error)));
  try {
    for (let i = 0; i < PASSWORD_CHANGES; i++) {
      const password = `changed-${i}`;
      await after('password_loaded', () => {
        put(password);
        other.program.signal('SIGHUP');
      });
      await after('identity_logged_in', () => keystone.setPassword('changing', password));
    }
    assert.equal(count('identity_login_failed') + count('password_refused'), 0);
    // Half of it, at a moment in which a login is due.
    await after('password_loaded', () => {
      put('chan');
      other.program.signal('SIGHUP');
    });
    await after('identity_logged_in', () => keystone.setPassword('changing', `changed-${PASSWORD_CHANGES - 1}`));
    assert.deepEqual([count('identity_login_failed'), count('password_refused')], [0, 1]);
    const before = requests;
    await until('it goes on', () => requests > before + 4 || failures.length > 0);
  } finally {
    over = true;
    await Promise.all(load);
  }
  assert.deepEqual(failures, []);
  await other.program.stop();
});

test('one failure among others opens nothing', async () => {
  let count = 0;
  front.misbehave((request, response) => count++ % 2 === 0 && answers.status(500)(request, response));
  const seen = [];
  for (let i = 0; i < 8; i++) seen.push((await get(alice.instances, unheardOf())).status);
  assert.deepEqual(seen, [503, 401, 503, 401, 503, 401, 503, 401]);
});

test('certificates that do not verify', async () => {
  const other = await createAuthority(world.directory, 'identity-ca');
  const elsewhere = await createCertificate(world.directory, world.authority, 'elsewhere', { names: 'DNS:elsewhere' });
  const late = await createCertificate(world.directory, world.authority, 'late', { days: -1 });
  const token = await memberToken();
  const stops = [];
  const refused = async (settings, why) => {
    const server = await serverWith(settings);
    assertUnavailable(await server.get(token));
    await server.program.event('identity_login_failed', (event) => why.test(event.reason));
    await server.program.stop();
  };
  for (const certificates of [elsewhere, late]) {
    const wrong = await IdentityFront.start(keystone.socket, certificates);
    stops.push(() => wrong.stop());
    await refused({ identity_url: wrong.url }, /certificate|SSL/);
    assert.equal(wrong.requests.length, 0);
  }
  await refused({ identity_ca: other.certificate }, /certificate/);
  await refused({ identity_ca: '' }, /certificate/);
  for (const stop of stops) await stop();
});

test('our own token: revoked, it is replaced once', async () => {
  const ours = () => front.requests.filter((request) => request.method === 'GET').at(-1).headers['x-auth-token'];
  assertError(await get(alice.instances, unheardOf()), 401, 'DCS.1001');
  await keystone.revoke(ours());
  const counter = front.counter();
  const tokens = await Promise.all([1, 2, 3].map(memberToken));
  for (const answer of await Promise.all(tokens.map((token) => get(alice.instances, token)))) assertAnswer(answer, 200);
  assert.equal(counter().logins, 1);
  assert.ok(counter().validations <= 6, `${counter().validations}`);
});

test('our own token is never accepted: two logins for each request, no loop', async () => {
  front.misbehave((request, response) =>
    request.method === 'GET' && answers.status(401, '{"error":{"code":401}}')(request, response));
  const counter = front.counter();
  assertUnavailable(await get(alice.instances, unheardOf()));
  assert.deepEqual(counter(), { validations: 3, logins: 2 });
  front.behave();
  assertAnswer(await get(alice.instances, await memberToken()), 200);
});

test('a wrong password of ours', async () => {
  const server = await serverWith({ identity_password: 'wrong' });
  assertUnavailable(await server.get(await memberToken()));
  const { reason } = await server.program.event('identity_login_failed');
  assert.match(reason, /401/);
  await server.program.stop();
});

test('a login to the system rather than to a project', async () => {
  const server = await serverWith({ identity_user: 'root', identity_password: passwordOf('root'), identity_project: '' });
  assertAnswer(await server.get(await memberToken()), 200);
  await server.program.stop();
});

// Answers are held back until they are let go.
const hold = (place = front) => {
  const held = [];
  place.misbehave((request, response) => {
    if (request.method !== 'GET') return false;
    held.push(() => {
      place.behave();
      place.take(request, response);
    });
    return true;
  });
  return held;
};

test('a client that goes while it waits', async () => {
  const token = await memberToken();
  const held = hold();
  const head = `GET ${alice.instances} HTTP/1.1\r\nHost: h\r\nX-Auth-Token: ${token}\r\n\r\n`;
  const gone = [1, 2, 3].map(() => site.raw(head, { answers: 1, deadlineMs: 300 }).catch((error) => error));
  await until('it is asked', () => held.length > 0);
  for (const error of await Promise.all(gone)) assert.match(error.message, /not within/);
  assert.equal(held.length, 1);
  const counter = front.counter();
  held[0]();
  assertAnswer(await get(alice.instances, token), 200);
  assert.ok(counter().validations <= 1, 'what nobody waited for is remembered');
});

test('more validations than may be in flight', async () => {
  // Without TLS to the service, and with connections to the server first: the questions have to come while the first
  // is still waited for.
  const server = await serverWith({ identity_url: shortFront.url });
  const clients = Array.from({ length: 20 }, () => Object.assign(site.client(), { port: server.port }));
  await Promise.all(Array.from({ length: 70 }, (_, i) => clients[i % 20].send('GET', '/openapi.json')));
  const held = hold(shortFront);
  const all = Array.from({ length: 70 }, (_, i) => get(alice.instances, unheardOf(), clients[i % 20]));
  const refused = await Promise.race(all);
  assertUnavailable(refused);
  await until('64 are asked', () => held.length === 64);
  for (const letGo of held) letGo();
  const seen = (await Promise.all(all)).map((answer) => answer.status);
  assert.equal(seen.filter((status) => status === 401).length, 64);
  assert.equal(seen.filter((status) => status === 503).length, 6);
  await server.program.stop();
});

test('a server that stops while it waits', async () => {
  const server = await serverWith({ drain_seconds: 1 });
  assertAnswer(await server.get(await memberToken()), 200);
  const held = hold();
  const waiting = server.get(await memberToken()).catch((error) => error);
  await until('it is asked', () => held.length === 1);
  await server.program.stop();
  await waiting;
});

// Log-ins by user and password, as the console sends them.

const whoIs = (user, more = {}) => ({ user, domain: 'Default', password: passwordOf(user), project: 'alice', ...more });
const logIn = (body, client = alice.client) =>
  client.send('POST', '/ext/v1/login', typeof body === 'string' ? { body } : json(body));

function assertProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  assert.equal(answer.json.code, code, answer.body);
}

// What is wrong with a log-in must not be told from its refusal.
const told = ({ status, json: { request_id: id, ...problem } }) => ({ status, problem });

test('a log-in: the token is as good as any other', async () => {
  const begun = Date.now();
  const answer = await logIn(whoIs('member'));
  assertAnswer(answer, 200);
  assert.equal(answer.headers['cache-control'], 'no-store');
  const { token, expires_at, ...rest } = answer.json;
  assert.deepEqual(rest, { project_id: project, project_name: 'alice', role: 'DCS FullAccess' });
  assert.ok(Math.abs(Date.parse(expires_at) - begun - 3600_000) < 60_000, expires_at);
  assert.deepEqual((await get(alice.instances, token)).json.instances.map((i) => i.name), ['cache']);
  assertAnswer(await get(`/ext/v1/${project}/instances`, token), 200);
  assertAnswer(await send('POST', `${cache}/bigkey-task`, token), 200);
  const reader = await logIn(whoIs('reader'));
  assert.equal(reader.json.role, 'DCS ReadOnlyAccess');
  assertError(await send('POST', `${cache}/hotkey-task`, reader.json.token), 403, 'DCS.2003');
  // As the token says: what is nothing here yet has no instances.
  const nowhere = await logIn(whoIs('member', { project: 'nowhere' }));
  assert.equal(nowhere.json.project_id, keystone.ids.projects.nowhere);
  assert.deepEqual((await get(`/ext/v1/${nowhere.json.project_id}/instances`, nowhere.json.token)).json.instances, []);
});

test('a log-in that is refused, for one reason as for another', async () => {
  await keystone.user('disabled', { project: 'alice', roles: ['member'] });
  await keystone.call('PATCH', `/v3/users/${keystone.ids.users.disabled}`, { user: { enabled: false } });
  await keystone.call('POST', '/v3/domains', { domain: { name: 'other' } });
  const refused = {
    'wrong password': whoIs('chief', { password: 'wrong' }), 'unknown user': whoIs('nobody'), 'disabled user': whoIs('disabled'),
    'unknown project': whoIs('member', { project: 'atlantis' }), 'no role on it': whoIs('reader', { project: 'bob' }),
    'other domain': whoIs('member', { domain: 'other' }), 'unknown domain': whoIs('member', { domain: 'atlantis' }),
    "a domain's id": whoIs('member', { domain: 'default', project: 'x'.repeat(255) }),
    'long password': whoIs('root', { password: 'x'.repeat(4096) }), 'odd names': whoIs('\u202e<b>&"\'', { project: '../..' }),
  };
  const first = await logIn(refused['wrong password']);
  assertProblem(first, 401, 'EXT.0401');
  for (const [what, body] of Object.entries(refused)) assert.deepEqual(told(await logIn(body)), told(first), what);
  assertAnswer(await logIn(whoIs('chief')), 200);
});

test('a log-in without a role that counts here', async () => {
  assertProblem(await logIn(whoIs('stranger')), 403, 'DCS.2003');
});

test('a log-in whose body is not one', async () => {
  const counter = front.counter();
  for (const [body, code] of [['', 'DCS.4004'], ['{', 'DCS.4005'], ['[]', 'DCS.4005'], ['"x"', 'DCS.4005'],
    ['{"user":"a","user":"b"}', 'DCS.4005'], ['{"user":"\\u0000"}', 'DCS.4005'], ['{}', 'DCS.4800']])
    assertProblem(await logIn(body), 400, code);
  for (const [name, most] of [['user', 255], ['domain', 255], ['password', 4096], ['project', 255]]) {
    for (const value of [undefined, null, 7, '', ['x'], {}, 'x'.repeat(most + 1), 'é'.repeat(most / 2 + 1)]) {
      const answer = await logIn(whoIs('member', { [name]: value }));
      assertProblem(answer, 400, 'DCS.4800');
      assert.equal(answer.json.detail, `Invalid ${name} in the request.`);
    }
  }
  assert.equal(counter().logins, 0);
  const wrong = await alice.client.send('GET', '/ext/v1/login');
  assertProblem(wrong, 405, 'DCS.5001');
  assert.equal(wrong.headers.allow, 'POST');
});

const NO_LOGIN = {
  'it is gone': { begin: () => front.leave(), end: () => front.comeBack() },
  ...Object.fromEntries(Object.entries({
    'it hangs up': answers.hangUp,
    'it answers 500': answers.status(500, '{"error":{"code":500}}'),
    'somebody else refuses': answers.status(401, '<html>'),
    'it answers nonsense': answers.status(201, '<html>', { 'X-Subject-Token': 'x' }),
    'it answers no token': answers.status(201, JSON.stringify({ token: { expires_at: '2099-01-01T00:00:00.000000Z',
      user: { id: 'u' }, roles: [{ name: 'member' }], project: { id: '0'.repeat(32) } } })),
    'it validates': answers.status(200, '{}'),
    'it answers without end': answers.endless,
    'it sends elsewhere': answers.status(302, '', { Location: 'http://127.0.0.1:1/' }),
  }).map(([name, answer]) => [name, {
    begin: () => front.misbehave((request, response) => (request.method === 'POST' ? answer(request, response) : false)),
    end: () => front.behave(),
  }])),
};

test('log-ins while the identity service is away or wrong', async () => {
  for (const [name, { begin, end }] of Object.entries(NO_LOGIN)) {
    await begin();
    try {
      const answer = await logIn(whoIs('member'));
      assertProblem(answer, 503, 'DCS.5000');
      assert.equal(answer.headers['retry-after'], '1', name);
    } finally {
      await end();
    }
    await until('log-ins are taken again', async () => (await logIn(whoIs('member'))).status === 200, RECOVERY_MS);
    assertError(await get(alice.instances, unheardOf()), 401, 'DCS.1001');
  }
});

test('a flood of log-ins that hang: bounded, and tokens are validated meanwhile', async () => {
  const token = await memberToken();
  front.misbehave((request) => request.method === 'POST');
  const counter = front.counter();
  const clients = Array.from({ length: 24 }, () => site.client());
  const all = clients.map((client) => logIn(whoIs('member'), client));
  await until('16 are asked', () => counter().logins === 16);
  for (const answer of await Promise.all([1, 2].map(() => Promise.race(all)))) assertProblem(answer, 503, 'DCS.5000');
  assertAnswer(await get(alice.instances, token), 200);
  assertError(await get(alice.instances, unheardOf()), 401, 'DCS.1001');
  for (const answer of await Promise.all(all)) {
    assertProblem(answer, 503, 'DCS.5000');
    const took = await tookMs(answer);
    assert.ok(took < LONGEST_MS, `${took} ms`);
  }
  assert.equal(counter().logins, 16);
  front.behave();
  // The breaker of log-ins has opened, that of validations has not.
  assertError(await get(alice.instances, unheardOf()), 401, 'DCS.1001');
  await until('log-ins are taken again', async () => (await logIn(whoIs('member'))).status === 200, RECOVERY_MS);
});

test('wrong passwords lock a user for an address, and nobody else', async () => {
  const server = await serverWith({ login_rate: 0, lockout_failures: 3, lockout_seconds: 600 });
  const attempt = (who, more) => logIn(whoIs(who, more), server.client);
  const wrong = { password: 'wrong' };
  for (let i = 0; i < 2; i++) assertProblem(await attempt('member', wrong), 401, 'EXT.0401');
  assertAnswer(await attempt('member'), 200);
  for (let i = 0; i < 3; i++) assertProblem(await attempt('member', wrong), 401, 'EXT.0401');
  const counter = front.counter();
  const locked = await attempt('member');
  assertProblem(locked, 429, 'APIGW.0308');
  assert.ok(locked.headers['retry-after'] > 500);
  assert.equal(counter().logins, 0);
  assertProblem(await attempt('member', { domain: 'other' }), 401, 'EXT.0401');
  assertAnswer(await attempt('reader'), 200);
  const elsewhere = site.client(undefined, { port: server.port, from: '127.0.0.2' });
  assertAnswer(await logIn(whoIs('member'), elsewhere), 200);
  assert.equal((await server.program.event('user_locked')).user, 'member');
  await server.program.stop();
});

test('an address has a few log-ins, whatever their users', async () => {
  const server = await serverWith({ login_burst: 3 });
  const seen = [];
  for (let i = 0; i < 5; i++) seen.push((await logIn(whoIs(`nobody-${i}`), server.client)).status);
  assert.deepEqual(seen.slice(0, 3), [401, 401, 401]);
  const refused = await until('it is throttled', async () => {
    const answer = await logIn('', server.client);
    return answer.status === 429 && answer;
  }, undefined, 0);
  assertProblem(refused, 429, 'APIGW.0308');
  assert.equal(refused.headers['ratelimit-remaining'], '0');
  assertAnswer(await server.get(await memberToken()), 200);
  await server.program.stop();
});

test('log-ins that are switched off are no path', async () => {
  const server = await serverWith({ console_login: 'off' });
  const counter = front.counter();
  assertProblem(await logIn(whoIs('member'), server.client), 404, 'DCS.4001');
  assert.equal(counter().logins, 0);
  assertAnswer(await server.get(await memberToken()), 200);
  await server.program.stop();
});

test('a server that stops during a log-in', async () => {
  const server = await serverWith({ drain_seconds: 1 });
  assertAnswer(await server.get(await memberToken()), 200);
  front.misbehave((request) => request.method === 'POST');
  const counter = front.counter();
  const waiting = logIn(whoIs('member'), server.client).catch((error) => error);
  await until('it is asked', () => counter().logins === 1);
  await server.program.stop();
  await waiting;
});

test('log-ins are in the audit log, without their passwords', async () => {
  const eventOf = async (answer) => {
    const { identity, proved, project: id, subject, status, code, decision } = await site.server.event('audit',
      (event) => event.request_id === answer.headers['x-request-id']);
    return { identity, proved, project: id, subject, status, code, decision };
  };
  const right = await eventOf(await logIn(whoIs('member')));
  const dashed = project.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  assert.deepEqual(right, { identity: keystone.ids.users.member, proved: 1, project: dashed, subject: 'Default/alice', status: 200,
    code: '', decision: 'allowed' });
  const wrong = await eventOf(await logIn(whoIs('member', { password: 'hunter2' })));
  assert.deepEqual(wrong, { identity: 'member', proved: 0, project: '', subject: 'Default/alice', status: 401, code: 'EXT.0401',
    decision: 'refused' });
  const long = await eventOf(await logIn(whoIs('é'.repeat(127), { project: 'ü'.repeat(127) })));
  assert.ok(long.identity.startsWith('é'.repeat(60)) && !long.identity.includes('\ufffd'), long.identity);
  await until('they are in the database', async () =>
    (await site.sql("SELECT count(*)::int AS n FROM audit_event WHERE action = 'iam:tokens:create' AND identity = 'member'"))[0].n > 0);
  for (const secret of ['hunter2', passwordOf('member'), passwordOf('chief')]) assert.ok(!site.server.stderr.includes(secret));
});

test('nothing secret is logged', async () => {
  await until('debugging says something', () => site.server.stderr.length > 0);
  for (const { headers } of front.requests)
    for (const name of ['x-auth-token', 'x-subject-token'])
      if (headers[name]?.length > 20) assert.ok(!site.server.stderr.includes(headers[name]));
  assert.ok(!site.server.stderr.includes(passwordOf('dcs')));
});

test('our own token is renewed before it ends', async () => {
  await until('it has been renewed', () => shortFront.requests.filter(({ method }) => method === 'POST').length >= 2);
  assertAnswer(await shortServer.get(await memberToken()), 200);
  assert.ok(!shortServer.program.events.some((event) => event.event === 'identity_login_failed'));
  await shortServer.program.event('identity_without_tls');
});
