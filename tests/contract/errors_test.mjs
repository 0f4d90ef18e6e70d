// Every documented error of every operation is provoked, with its exact status, code and message; and what is not
// provoked is listed here, in one place, with its reason.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { contract } from '../support/contract.mjs';
import { json } from '../support/http.mjs';
import { IdentityFront, answers } from '../support/identity_front.mjs';
import { CAPABLE } from '../support/kinds.mjs';
import { sign } from '../support/signer.mjs';
import { World } from '../support/site.mjs';
import { DEADLINE_MS, until } from '../support/wait.mjs';

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const NODE = '5d9b9ec8-8a3f-4b9c-9a70-93f1f2d6a2c4';
const BUSY_NODE = '00000000-0000-4000-8000-000000000001';

// Documented, and not provoked here.
const NOT_HERE = {
  '401 DCS.1002': 'it takes an identity service: integration.tokens',
  '401 DCS.1004': 'and so does that',
};
// Rows of the table of errors that no operation of this version documents.
const NO_OPERATION = {};

// The public rows of the table that feeds the server.
const source = readFileSync(new URL('../../core/base/include/base/error.def', import.meta.url), 'utf8')
  .split('/* Failures that no client sees')[0].replace(/"\s*\n\s*"/g, '');
const TABLE = [...source.matchAll(/^X\((\w+), (\d+), "([^"]+)",\s*"([^"]+)"/gm)]
  .map(([, symbol, status, code, message]) => ({ symbol, status: Number(status), code, message }));

let world, site, alice, bob, operator, ids, strict, logins, identity;

// Tables that the operations read and write; access keys are remembered by the server meanwhile.
const TABLES = ['project', 'instance', 'scan_task', 'autoscan', 'access_key', 'instance_node',
  'webhook'];
const rename = (from, to) => Promise.all(TABLES.map((name) =>
  site.sql(`ALTER TABLE ${from(name)} RENAME TO ${to(name)}`)));

before(async () => {
  world = await World.open();
  site = await world.site({ server: { loops: 1, access_key_cache_seconds: 3600, docs_directory: '' } });
  alice = await site.tenant('alice');
  bob = await site.tenant('bob');
  operator = await site.operator();
  // No worker runs: tasks stay as they are.
  const instance = async (name, status, capabilities) => {
    const { id } = await alice.instance(name, '127.0.0.1:1', '--no-probe');
    await site.sql(`UPDATE instance SET status = $2, probed_at = now(), capabilities = $3::text[] WHERE id = $1`,
      [id, status, capabilities]);
    return id;
  };
  ids = {
    able: await instance('able', 'RUNNING', CAPABLE),
    busy: await instance('busy', 'RUNNING', CAPABLE),
    incapable: await instance('incapable', 'RUNNING', '{}'),
    broken: await instance('broken', 'ERROR', CAPABLE),
    key: alice.key.id,
  };
  // The examples' node is of the one that is able.
  for (const [id, instance_id] of [[NODE, ids.able], [BUSY_NODE, ids.busy]])
    await site.sql(`INSERT INTO instance_node (project_id, instance_id, host, port, id, role) SELECT project_id, id, '10.0.0.7',
      6379, $2, 'master' FROM instance WHERE id = $1`, [instance_id, id]);
  for (const name of ['bigkey-task', 'hotkey-task', 'scan-expire-keys-task', 'offline/key-analysis'])
    assert.equal((await alice.client.post(`${alice.instances}/${ids.busy}/${name}`, json({ node_id: BUSY_NODE }))).status, 200);
  const analyses = `/ext/v1/${alice.projectId}/instances/${ids.busy}/analyses`;
  ids.analysis = (await alice.client.post(analyses)).json.id;
  const webhooks = `/ext/v1/${alice.projectId}/webhooks`;
  const url = 'https://hooks.example.org/';
  const hook = (name) => alice.client.post(webhooks, json({ name, url, events: ['task.failed'], enabled: true }));
  ids.webhook = (await hook('first')).json.id;
  assert.equal((await hook('taken')).status, 201);
  // A second server, which answers one request a second.
  const server = world.program('server',
    { ...world.serverSettings(site.database), loops: 1, address_rate: 1, address_burst: 1 });
  const { port } = await server.event('listening', (e) => e.scheme === 'https');
  strict = site.client(alice.key, { port });
  // A third one with an identity service, of which no more is needed here than its refusals.
  identity = await IdentityFront.start();
  world.onClose(() => identity.stop());
  const third = world.program('server', { ...world.serverSettings(site.database), loops: 1, login_rate: 0, lockout_failures: 0,
    identity_url: identity.url, identity_user: 'dcs', identity_password: 'x' });
  logins = site.client(undefined, { port: (await third.event('listening', (e) => e.scheme === 'https')).port });
  identity.misbehave(answers.status(503));
  const full = await site.dcsctl('project', 'add', 'full', '--instances-max', '1');
  await site.dcsctl('instance', 'add', 'only', '--project', 'full', '--endpoint', '127.0.0.1:1', '--no-probe');
  ids.full = full.id;
  ids.waiting = (await alice.client.get(`${alice.instances}/${ids.busy}/hotkey-tasks`)).json.records[0].id;
});
after(() => world?.close());

const isAdministration = (operation) => operation.path.startsWith('/admin/');
const clientOf = (operation) => (operation.open ? logins : isAdministration(operation) ? operator : alice.client);

// Whose credentials are good, and for something else.
const forbidden = (operation) =>
  (operation.path.includes('{project_id}') || isAdministration(operation) ? bob.client : operator);

const pathOf = (operation, other = {}) => {
  const values = {
    project_id: alice.projectId, instance_id: ids.able, task_id: UNKNOWN, access_key_id: ids.key,
    webhook_id: ids.webhook, ...other,
  };
  return operation.path.replace(/\{(\w+)\}/g, (_, name) => values[name]);
};
const targetOf = (operation, other) => pathOf(operation, other) + contract.query(operation);

const bodyOf = (operation) => Object.values(operation.body?.examples ?? {})[0]?.value;

// The very same request again.
const sendTwice = async (operation) => {
  const target = targetOf(operation), { method } = operation;
  const headers = sign({ key: operator.key, method, target, headers: [['X-Nonce', randomUUID()]] });
  await operator.send(method, target, { headers });
  return operator.send(method, target, { headers });
};

// A request that is right but for what is given.
const send = (operation, { ids: other, body = bodyOf(operation), headers = {}, client = clientOf(operation), method }
= {}) => {
  const needed = operation.parameters.some((p) => p.name === 'If-Match') ? { 'If-Match': '"1"' } : {};
  const how = json(body, { ...needed, ...headers });
  if (typeof body === 'string' || body === undefined) how.body = body ?? '';
  how.headers = how.headers.filter(([, value]) => value !== undefined);
  return client[operation.open ? 'send' : 'request'](method ?? operation.method, targetOf(operation, other), how);
};

// Bytes of an unsigned request, held against the description as any other.
const raw = async (operation, target, ...lines) => {
  const head = [`${operation.method} ${target} HTTP/1.1`, 'Host: h', ...lines, '', ''].join('\r\n');
  const [answer] = (await site.raw(Buffer.from(head))).answers;
  contract.check(operation.method, target, answer);
  return answer;
};

// The task that a request with an Idempotency-Key made is gone when the key is used again.
const repeated = async (operation) => {
  const headers = { 'Idempotency-Key': randomUUID() };
  const made = await send(operation, { headers });
  assert.equal(made.status, 200, made.body);
  await site.sql('DELETE FROM scan_task WHERE id = $1', [made.json.id ?? made.json.task_id]);
  return send(operation, { headers });
};
const unknownTask = (operation) => (operation.path.includes('{task_id}') ? send(operation) : repeated(operation));

// The examples of the description name analyses that are not there.
const unknownAnalysis = (operation) => (operation.method === 'POST' ? repeated(operation) : send(operation));

const RIGHT = {
  enable_auto_scan: true, first_scan_at: '2099-01-01T00:00:00Z', interval: 60, timeout: 120, scan_keys_count: 100,
};
const interval = (wrong) => (operation) => send(operation, { body: { ...RIGHT, ...wrong } });
// What the identity service says to the next log-in.
const logIn = async (operation, answer) => {
  identity.misbehave(answer);
  try {
    return await send(operation);
  } finally {
    identity.misbehave(answers.status(503));
  }
};
const foreignToken = JSON.stringify({ token: { expires_at: '2099-01-01T00:00:00.000000Z', user: { id: 'u' },
  roles: [{ name: 'gardener' }], project: { id: '0'.repeat(32), name: 'p' } } });
const busy = (operation) => send(operation, { ids: { instance_id: ids.busy } });
const incapable = (operation) => send(operation, { ids: { instance_id: ids.incapable } });
const throttled = (operation) => until('a refusal', async () => {
  const answer = await strict.send(operation.method, targetOf(operation));
  return answer.status === 429 && answer;
}, DEADLINE_MS, 0);
const nobody = { project_id: UNKNOWN, instance_id: UNKNOWN, access_key_id: 'A'.repeat(20) };

const onNode = (node_id, instance_id) => (operation) => send(operation, { ids: { instance_id }, body: { node_id } });

const PROVOKE = {
  'DCS.3053': (operation) => onNode(UNKNOWN, ids.able)(operation),
  'DCS.4001': (operation) =>
    clientOf(operation)[operation.open ? 'send' : 'request'](operation.method, `${pathOf(operation)}/nothing/at/all`),
  'DCS.4002': (operation) => send(operation, { ids: { project_id: 'nonsense' } }),
  'DCS.4004': (operation) => send(operation, { body: '' }),
  'DCS.4005': (operation) => send(operation, { body: '{' }),
  'DCS.4017': busy,
  'DCS.4026': incapable,
  'DCS.4231': (operation) => onNode(BUSY_NODE, ids.busy)(operation),
  'DCS.4232': unknownTask,
  'DCS.4049': (operation) => send(operation, { ids: { instance_id: ids.broken } }),
  'DCS.4061': (operation) => send(operation, { ids: { instance_id: 'nonsense' } }),
  'DCS.4070': (operation) => (operation.path.includes('{task_id}')
    ? send(operation, { ids: { task_id: 'nonsense' } }) : repeated(operation)),
  'DCS.4800': (operation) => (operation.open ? send(operation, { body: {} }) : send(operation, { headers: { 'Idempotency-Key': '\t' } })),
  'DCS.4818': incapable,
  'DCS.4819': interval({ first_scan_at: '2001-01-01T00:00:00Z' }),
  'DCS.4820': interval({ interval: -1 }),
  'DCS.4821': interval({ timeout: 119 }),
  'DCS.4822': interval({ scan_keys_count: 9 }),
  'DCS.4918': busy,
  'DCS.4919': incapable,
  'DCS.4922': incapable,
  'DCS.4941': unknownTask,
  'DCS.4942': unknownTask,
  'DCS.4957': (operation) => send(operation, { ids: { instance_id: ids.busy, task_id: ids.waiting } }),
  'APIGW.0301': (operation) => clientOf(operation).send(operation.method, targetOf(operation)),
  'DCS.1001': (operation) =>
    clientOf(operation).send(operation.method, targetOf(operation), { headers: [['X-Auth-Token', 'x']] }),
  'DCS.2003': (operation) => (operation.open ? logIn(operation, answers.status(201, foreignToken, { 'X-Subject-Token': 'x' }))
    : send(operation, { client: forbidden(operation) })),
  'DCS.3022': (operation) => send(operation, { ids: { instance_id: UNKNOWN } }),
  'ADMIN.0404': (operation) => send(operation, { ids: nobody }),
  'EXT.0401': (operation) => logIn(operation, answers.status(401, '{"error":{"code":401}}')),
  'EXT.0404': unknownAnalysis,
  'EXT.0405': (operation) => send(operation),
  'EXT.0406': (operation) => send(operation, { ids: { webhook_id: UNKNOWN } }),
  'EXT.0413': async (operation) => {
    const names = Array.from({ length: 20 }, (_, i) => `more-${i}`);
    for (const name of names) await send(operation, { body: { ...bodyOf(operation), name } });
    const answer = await send(operation);
    await site.sql("DELETE FROM webhook WHERE name LIKE 'more-%'");
    return answer;
  },
  'EXT.0414': (operation) => send(operation, { body: { ...bodyOf(operation), name: 'taken' } }),
  'EXT.0415': (operation) => send(operation, { headers: { 'If-Match': '"999"' } }),
  'EXT.0409': busy,
  'EXT.0410': incapable,
  'EXT.0411': (operation) => send(operation, { ids: { instance_id: ids.broken } }),
  'EXT.0412': (operation) => (operation.path.includes('{task_id}')
    ? send(operation, { ids: { instance_id: ids.busy, task_id: ids.waiting } })
    : alice.client.request(operation.method,
      `${pathOf(operation, { instance_id: ids.busy })}?before=${ids.analysis}&after=${ids.analysis}`)),
  'DCS.5001': (operation) => send(operation, { method: 'PATCH' }),
  'ADMIN.0409': (operation) => (bodyOf(operation)?.name ? send(operation, { body: { ...bodyOf(operation),
    name: operation.path.includes('instances') ? 'busy' : 'bob' } }) : sendTwice(operation)),
  'ADMIN.0411': (operation) => send(operation, { ids: { project_id: ids.full } }),
  'ADMIN.0410': (operation) => send(operation),
  'ADMIN.0412': (operation) => send(operation, { headers: { 'If-Match': '"999"' } }),
  'ADMIN.0428': (operation) => send(operation, { headers: { 'If-Match': undefined } }),
  '429 APIGW.0308': throttled,
  '413 APIGW.0201': (operation) => raw(operation, targetOf(operation), 'Content-Length: 10485760'),
  '414 APIGW.0201': (operation) => raw(operation, `${pathOf(operation)}?${'x'.repeat(9000)}`),
  '431 APIGW.0201': (operation) => raw(operation, targetOf(operation), `X-Large: ${'x'.repeat(70 * 1024)}`),
  '500 DCS.5000': (operation) => send(operation),
  '503 DCS.5000': (operation) => send(operation),
};

const documented = contract.operations.flatMap((operation) =>
  contract.documented(operation).map((error) => ({ operation, ...error })));
const keyOf = ({ status, code }) => `${status} ${code}`;
const provoked = new Set();

const messageOf = ({ status, code }) => {
  const rows = TABLE.filter((row) => row.status === status && row.code === code);
  return new RegExp(`^(${rows.map(({ message }) =>
    message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace('\\{0\\}', '.+')).join('|')})$`);
};

async function provoke(error) {
  const { operation, status, code } = error;
  const what = `${operation.id} ${keyOf(error)}`;
  const work = PROVOKE[keyOf(error)] ?? PROVOKE[code];
  assert.ok(work, `${what} is neither provoked nor listed as one for later`);
  const answer = await work(operation);
  assert.equal(answer.status, status, `${what}: ${answer.body}`);
  const { error_code: actual = answer.json.code, error_msg: message = answer.json.detail } = answer.json;
  assert.equal(actual, code, what);
  assert.match(message, messageOf(error), what);
  provoked.add(what);
}

const provokeAll = async (errors) => {
  assert.ok(errors.length > 0);
  for (const error of errors) await provoke(error);
};

const quiet = ({ status }) => status !== 500 && status !== 503;

for (const operation of contract.operations) {
  test(`${operation.method} ${operation.path}`, () => provokeAll(documented.filter((error) =>
    error.operation === operation && quiet(error) && !(keyOf(error) in NOT_HERE))));
}

test('a fault: tables that are not there', async () => {
  await alice.client.get(alice.instances);
  await operator.get('/admin/v1/projects');
  await rename((name) => name, (name) => `${name}_away`);
  try {
    await provokeAll(documented.filter(({ status }) => status === 500));
  } finally {
    await rename((name) => `${name}_away`, (name) => name);
  }
  assert.equal((await alice.client.get(alice.instances)).status, 200);
});

test('a database that is away', async () => {
  await world.postgres.stop();
  try {
    await provokeAll(documented.filter(({ status }) => status === 503));
  } finally {
    await world.postgres.launch();
  }
});

test('what was provoked is what is documented, but for what is listed', () => {
  const expected = documented.filter((error) => !(keyOf(error) in NOT_HERE))
    .map((error) => `${error.operation.id} ${keyOf(error)}`);
  assert.deepEqual([...provoked].sort(), expected.sort());
});

test('every row of the table of errors is documented, but for what is listed', () => {
  const known = new Set(documented.map(keyOf));
  for (const row of TABLE)
    assert.ok(known.has(keyOf(row)) !== row.code in NO_OPERATION, `${row.symbol} ${keyOf(row)}`);
  for (const key of Object.keys(NOT_HERE)) assert.ok(known.has(key), key);
});
