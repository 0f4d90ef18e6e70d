// Requests by token, against a real Keystone: what a token may do, and what happens when the identity service is slow, wrong
// or away.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { contract } from '../support/contract.mjs';
import { createAuthority, createCertificate } from '../support/certificates.mjs';
import { EventStream } from '../support/event_stream.mjs';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { IdentityFront, answers } from '../support/identity_front.mjs';
import {
  world, keystone, front, shortFront, shortServer, site, alice, cache, project, identity, send, get, unheardOf, memberToken,
  serverWith, assertUnavailable, tookMs, hold,
} from '../support/identity_stage.mjs';
import { passwordOf } from '../support/keystone.mjs';
import { until } from '../support/wait.mjs';

const AT_ONCE = 200;
const PASSWORD_CHANGES = Number(process.env.DCS_PASSWORD_CHANGES ?? 3);
// A validation ends after 5 s and a tick; the rest is the machine's.
const LONGEST_MS = 6000;
// A rest of the breaker is 4 s at most.
const RECOVERY_MS = 10_000;

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
