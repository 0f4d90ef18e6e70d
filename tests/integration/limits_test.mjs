// Every limit is met once: what it refuses and what not, the exact headers, and that it ends.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertError, assertAnswer } from '../support/golden.mjs';
import { UNLIMITED, World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const THROTTLED = 'The throttling threshold has been reached.';
const FAILED = 'Incorrect IAM authentication information: verify aksk signature fail';
const ELSEWHERE = { from: '127.0.0.2' };
// The least that there is: one a second.
const RATE = 1;

let world, site, alice, bob, operator, instances;

before(async () => {
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  alice.other = await site.dcsctl('key', 'add', '--project', 'alice');
  bob = await site.tenant('bob');
  operator = await site.dcsctl('key', 'add', '--operator');
  instances = [];
  for (const name of ['one', 'two']) {
    instances.push(await alice.instance(name, '127.0.0.1:1', '--no-probe'));
    await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(),
      capabilities = '{bigkey,hotkey,expired}' WHERE id = $1`, [instances.at(-1).id]);
  }
});
after(() => world?.close());

// A server of its own on the same database, and clients of it.
async function serve(settings) {
  const server = world.program('server', { ...world.serverSettings(site.database), ...settings });
  const { port } = await server.event('listening', (e) => e.scheme === 'https');
  const client = (key, how = {}) => site.client(key, { port, ...how });
  return { server, client };
}

const list = (client, tenant = alice) => client.get(tenant.instances);

function assertThrottled(answer, burst) {
  assertError(answer, 429, 'APIGW.0308', THROTTLED);
  assert.equal(answer.headers['ratelimit-limit'], String(burst));
  assert.equal(answer.headers['ratelimit-remaining'], '0');
  assert.equal(answer.headers['ratelimit-reset'], '1');
  assert.equal(answer.headers['retry-after'], '1');
}

// Asks until it is refused: no sooner than after what is left of the burst, and no later than the time that it took
// allows.  The refusal.
async function drain(burst, left, ask) {
  const started = Date.now();
  for (let allowed = 0; ; allowed++) {
    const answer = await ask();
    if (answer.status === 429) {
      assert.ok(allowed >= left, `${allowed} were allowed`);
      assert.ok(allowed <= burst + RATE * (Date.now() - started) / 1000 + 1, `${allowed} were allowed`);
      return answer;
    }
    assert.equal(answer.headers['ratelimit-limit'], String(burst), `${answer.status} ${answer.body}`);
    assert.ok(Number(answer.headers['ratelimit-remaining']) < burst);
    assert.match(answer.headers['ratelimit-reset'], /^[1-9]\d*$/);
  }
}

const recovers = (ask, status = 200) => until('it is allowed again', async () => (await ask()).status === status);

test('an address: before anything is looked at, whatever it asks for', async () => {
  const { client } = await serve({ address_rate: RATE, address_burst: 4 });
  const here = client(alice.key);
  const document = () => here.send('GET', '/openapi.json');
  const first = await document();
  assertAnswer(first, 200);
  assert.deepEqual(['limit', 'remaining', 'reset'].map((name) => first.headers[`ratelimit-${name}`]), ['4', '3', '1']);
  assertThrottled(await drain(4, 3, document), 4);
  assertThrottled(await drain(4, 0, () => here.send('GET', alice.instances)), 4);
  assertThrottled(await drain(4, 0, () => here.send('GET', '/nowhere')), 4);
  assertThrottled(await drain(4, 0, () => list(here)), 4);
  // Another one has its own.
  const there = client(alice.key, ELSEWHERE);
  assertAnswer(await list(there), 200);
  await recovers(() => list(here));
});

test('behind a trusted proxy the clients are counted, an IPv6 one by its /64', async () => {
  const { client } = await serve({ trusted_proxies: '127.0.0.1', address_rate: RATE, address_burst: 2 });
  const from = (address, how = {}) => client(alice.key, how)
    .send('GET', '/openapi.json', { headers: [['X-Forwarded-For', address]] });
  assertThrottled(await drain(2, 2, () => from('192.0.2.1')), 2);
  assertAnswer(await from('192.0.2.2'), 200);
  let host = 1;
  assertThrottled(await drain(2, 2, () => from(`2001:db8::${host++}`)), 2);
  assertAnswer(await from('2001:db8:0:1::1'), 200);
  // Who is not trusted is counted himself, whatever he says.
  assertThrottled(await drain(2, 2, () => from(`192.0.2.${host++}`, ELSEWHERE)), 2);
});

test('a credential: its own bucket, and nobody empties it by naming it', async () => {
  const { client } = await serve({ key_rate: RATE, key_burst: 3 });
  const wrong = client({ id: alice.key.id, secret: 'wrong' });
  for (let i = 0; i < 10; i++) {
    const answer = await list(wrong);
    assertError(answer, 401, 'APIGW.0301', FAILED);
    assert.equal(answer.headers['ratelimit-limit'], undefined);
  }
  const own = client(alice.key);
  const first = await list(own);
  assert.equal(first.headers['ratelimit-remaining'], '2');
  // What is refused for other reasons counts as well.
  let asked = 0;
  assertThrottled(await drain(3, 2, () => own.get(asked++ % 2 ? bob.instances : `${alice.instances}?limit=x`)), 3);
  assertAnswer(await list(client(alice.other)), 200);
  assertThrottled(await drain(3, 0, () => list(client(alice.key, ELSEWHERE))), 3);
  await recovers(() => list(own));
});

test('a project: all its credentials together, and no other project', async () => {
  const { client } = await serve({ project_rate: RATE, project_burst: 4 });
  const clients = [client(alice.key), client(alice.other)];
  // Asking for what is another's is on one's own account.
  assertError(await clients[0].get(bob.instances), 403, 'DCS.2003');
  const others = client(bob.key);
  assert.equal((await list(others, bob)).headers['ratelimit-remaining'], '3');
  let asked = 0;
  await drain(4, 3, () => list(clients[asked++ % 2]));
  for (const one of clients) assertThrottled(await drain(4, 0, () => list(one)), 4);
  assertAnswer(await list(others, bob), 200);
  await recovers(() => list(clients[1]));
});

test('new tasks: a bucket of their own, whatever their kind', async () => {
  const { client } = await serve({ creation_rate: RATE, creation_burst: 3 });
  const own = client(alice.key);
  const paths = instances.flatMap((i) => [i.create, i.createHot, i.expired, i.expiredAgain]);
  let asked = 0;
  assertThrottled(await drain(3, 3, () => own.post(paths[asked++ % paths.length])), 3);
  const read = await own.get(instances[0].list);
  assertAnswer(read, 200);
  assert.equal(read.headers['ratelimit-limit'], undefined);
  const task = read.json.records[0].id;
  assertAnswer(await own.delete(instances[0].task(task)), 200);
  await recovers(() => own.post(instances[0].create));
});

test('the administration interface says it as a problem', async () => {
  const { client } = await serve({ key_rate: RATE, key_burst: 2, project_rate: RATE, project_burst: 1 });
  const own = client({ id: operator.id, secret: operator.secret });
  // Operators have no project.
  const refused = await drain(2, 2, () => own.get('/admin/v1/projects'));
  assert.equal(refused.headers['content-type'], 'application/problem+json');
  const { request_id: id, ...problem } = refused.json;
  assert.deepEqual(problem, {
    type: 'about:blank', title: 'Too Many Requests', status: 429, detail: THROTTLED, code: 'APIGW.0308',
  });
  assert.equal(id, refused.headers['x-request-id']);
  assert.equal(refused.headers['retry-after'], '1');
});

test('buckets are the server\'s, over all of its loops', async () => {
  const BURST = 10;
  const { client } = await serve({ loops: 4, project_rate: RATE, project_burst: BURST });
  const started = Date.now();
  // A connection each, so that the loops share them.
  const answers = await Promise.all(Array.from({ length: 4 * BURST }, () => list(client(alice.key))));
  const allowed = answers.filter(({ status }) => status === 200).length;
  assert.ok(allowed >= BURST, `${allowed} were allowed`);
  assert.ok(allowed <= BURST + RATE * (Date.now() - started) / 1000 + 1, `${allowed} were allowed`);
});

test('the tightest of several is told', async () => {
  const { client } = await serve({
    address_rate: 100, address_burst: 1000, key_rate: 100, key_burst: 5, project_rate: 100, project_burst: 500,
    creation_rate: 100, creation_burst: 100,
  });
  const answer = await list(client(alice.key));
  assert.equal(answer.headers['ratelimit-limit'], '5');
  assert.equal(answer.headers['ratelimit-remaining'], '4');
});

const wrongKey = (key) => ({ id: key.id, secret: 'wrong' });

async function failInARow(client, times) {
  for (let i = 0; i < times; i++) assertError(await list(client), 401, 'APIGW.0301', FAILED);
}

function assertLocked(answer, seconds) {
  assertError(answer, 429, 'APIGW.0308', THROTTLED);
  const after = Number(answer.headers['retry-after']);
  assert.ok(after >= 1 && after <= seconds, `${after}`);
  assert.ok(after > seconds - 120, `${after}`);
}

test('five wrong signatures in a row lock the key for the address', async () => {
  const { client, server } = await serve({ lockout_failures: undefined, lockout_seconds: undefined });
  const wrong = client(wrongKey(alice.key)), right = client(alice.key);
  await failInARow(wrong, 5);
  assertLocked(await list(wrong), 300);
  assertLocked(await list(right), 300);
  const event = await server.event('access_key_locked');
  assert.deepEqual([event.level, event.access_key, event.address, event.seconds],
    ['warning', alice.key.id, '127.0.0.1', 300]);
  // Its owner is not locked out by what is done elsewhere, nor are other keys.
  assertAnswer(await list(client(alice.key, ELSEWHERE)), 200);
  assertAnswer(await list(client(alice.other)), 200);
  // A success there does not open it here.
  assertLocked(await list(right), 300);
  // A key that does not exist is answered in the very same way.
  const nobody = client({ id: 'A'.repeat(20), secret: 'wrong' });
  await failInARow(nobody, 5);
  assertLocked(await list(nobody), 300);
  assert.equal(server.events.filter((e) => e.event === 'access_key_locked').length, 2);
});

test('a right signature ends the row; what does not test the secret does not count', async () => {
  const { client } = await serve({ lockout_failures: 3 });
  const wrong = client(wrongKey(alice.key)), right = client(alice.key);
  for (let i = 0; i < 4; i++) {
    await failInARow(wrong, 2);
    assertAnswer(await list(right), 200);
  }
  for (let i = 0; i < 5; i++) {
    const late = await wrong.get(alice.instances, { date: new Date(Date.now() - 86400_000) });
    assertError(late, 401, 'APIGW.0301', /signature expired/);
  }
  assertAnswer(await list(right), 200);
  await failInARow(wrong, 3);
  assertLocked(await list(right), 300);
});

test('a lock ends', async () => {
  const { client } = await serve({ lockout_failures: 1, lockout_seconds: 1 });
  const wrong = client(wrongKey(alice.key)), right = client(alice.key);
  await failInARow(wrong, 1);
  await recovers(() => list(right));
  // On a machine so slow that a lock is over before it is looked at, it is looked at again.
  await until('a locked key is refused', async () => {
    await until('a failure', async () => (await list(wrong)).status === 401);
    return (await list(right)).status === 429;
  });
  await recovers(() => list(right));
});

test('the defaults are not met by clients that behave', async () => {
  const defaults = Object.fromEntries(Object.keys(UNLIMITED).map((name) => [name, undefined]));
  const { client } = await serve(defaults);
  const own = client(alice.key);
  // A pager that does not wait, and a back end that analyses all it has.
  for (const answer of await Promise.all(Array.from({ length: 300 }, () => list(own)))) assertAnswer(answer, 200);
  const created = await Promise.all(Array.from({ length: 60 }, (_, i) => own.post(instances[i % 2].create)));
  for (const answer of created) assert.notEqual(answer.status, 429);
  assert.equal(created[0].headers['ratelimit-limit'], '100');
  assert.equal((await list(client(bob.key), bob)).headers['ratelimit-limit'], '400');
  assert.equal((await own.send('GET', '/openapi.json')).headers['ratelimit-limit'], '1000');
});

test('without limits nothing is said of any', async () => {
  const { headers } = await list(alice.client);
  assert.deepEqual(Object.keys(headers).filter((name) => name.startsWith('ratelimit')), []);
});
