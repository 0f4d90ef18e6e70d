// Log-ins of the console, against a real Keystone: who gets a token, and who does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser } from '../support/browser.mjs';
import { Console, DIST, NARROW, WIDE } from '../support/console.mjs';
import { assertAnswer, assertError } from '../support/golden.mjs';
import { json } from '../support/http.mjs';
import { answers } from '../support/identity_front.mjs';
import {
  keystone, front, site, world, alice, cache, project, identity, send, get, unheardOf, memberToken, serverWith, tookMs,
} from '../support/identity_stage.mjs';
import { passwordOf } from '../support/keystone.mjs';
import { until } from '../support/wait.mjs';

// A validation ends after 5 s and a tick; the rest is the machine's.
const LONGEST_MS = 6000;
// A rest of the breaker is 4 s at most.
const RECOVERY_MS = 10_000;

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

test('the console: a password for a token, and no more than its role allows', async () => {
  const server = await serverWith({ console_directory: DIST, login_rate: 0 });
  const browser = await Browser.start({ trusted: [world.certificates.certificate] });
  try {
    const ui = await Console.open(browser, `https://127.0.0.1:${server.port}`);
    const sent = [];
    ui.page.on('request', (request) => {
      if (`${request.url()} ${request.postData()} ${JSON.stringify(request.headers())}`.includes(passwordOf('reader'))) sent.push(request.url());
    });
    await ui.button('Password').click();
    const type = async ({ user, password, project: name }) => {
      await ui.page.getByLabel('User').fill(user);
      await ui.page.locator('input[type=password]').fill(password);
      await ui.page.getByLabel('Project').fill(name);
      await ui.button('Sign in').click();
    };
    await type(whoIs('reader', { password: 'wrong' }));
    await ui.page.getByRole('alert').getByText('These credentials were not accepted').waitFor();
    assert.match(await ui.text('[role=alert]'), /EXT\.0401 · Request [0-9a-f]{32}/);
    for (const look of [{ size: NARROW, colorScheme: 'dark', language: 'zh' }, { size: WIDE, colorScheme: 'light', language: 'en' }]) {
      await ui.look(look);
      assert.deepEqual([...await ui.overflow(), ...await ui.violations()], [], JSON.stringify(look));
      await ui.picture(`password-${look.language}`);
    }
    await type(whoIs('reader'));
    await ui.page.locator('.instance-card').waitFor();
    assert.match(await ui.text('.top'), /alice/);
    assert.deepEqual(sent, [`https://127.0.0.1:${server.port}/ext/v1/login`]);
    const kept = await ui.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]) +
      [...document.querySelectorAll('input')].map(({ value }) => value));
    assert.ok(!kept.includes(passwordOf('reader')) && !kept.includes('gAAAA'), kept);
    await ui.go('instances', cache.split('/').pop(), 'bigkey');
    await ui.button('Find big keys').click();
    await ui.page.getByRole('alert').getByText('You are not allowed to do this').waitFor();
    assert.deepEqual(ui.problems(/status of 40[13]/), []);
  } finally {
    await browser.stop();
    await server.program.stop();
  }
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
