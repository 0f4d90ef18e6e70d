// Walks the published description and sends thousands of requests made from it, right ones and wrong ones.  Of all
// of them: no 500, nothing outside the schema of its status, no status or code that is not documented; what is wrong
// by the schema is refused, and what is right is not refused for its form.
//
//     DCS_TEST_SEED      another run than the usual one; it is printed
//     DCS_TEST_REQUESTS  how many, 4000 where nothing is said

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { documentOf } from '../support/analysis.mjs';
import { contract } from '../support/contract.mjs';
import { oddBody, oddHeader, oddId, oddQuery, randomBySeed, validBody } from '../support/generate.mjs';
import { json } from '../support/http.mjs';
import { CAPABLE } from '../support/kinds.mjs';
import { World } from '../support/site.mjs';

const SEED = Number(process.env.DCS_TEST_SEED ?? 1);
const REQUESTS = Number(process.env.DCS_TEST_REQUESTS ?? 4000);
const AT_ONCE = 8;
const ROUND = 250;
const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];
// Refusals of a request for its form.
const FORM = /^(DCS\.(4002|4004|4005|4061|4070|4800|4819|4820|4821|4822))$/;

const r = randomBySeed(SEED);
let world, site, alice, operator, broken, tenantIds, adminIds;

const document = JSON.stringify(documentOf([{ name: 'a:1', bytes: 7 }, { name: '=b"', bytes: 5, type: 'hash', size: 1 }]));
const result = (kind, freq) => JSON.stringify([{ name: 'a,"b"\n', type: 'string', db: 0, size: 7, unit: 'byte',
  ...(kind === 'hotkey' && { freq }) }]);

const MEMBERS = '"largest_key_prefixes":[{"key_prefix":"a:","type":"string","bytes":7,"num":1}],"largest_keys":[],'
  + '"total_bytes":2147483647,"total_num":2,"type_bytes":[],"type_num":[{"type":"hash","num":1}]';

// An instance that can do everything, with tasks that have ended; made anew now and then.
async function prepareTenant() {
  const cache = await alice.instance(`cache ${r.hex(16)}`, '127.0.0.1:1', '--no-probe');
  await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(),
    capabilities = '${CAPABLE}', backup_directory = 'shop' WHERE id = $1`, [cache.id]);
  const node_id = r.uuid();
  await site.sql(`INSERT INTO instance_node (project_id, instance_id, host, port, id, role) SELECT project_id, id, '::1', 6379, $2,
    'master' FROM instance WHERE id = $1`, [cache.id, node_id]);
  const tasks = [];
  const analyses = `/ext/v1/${alice.projectId}/instances/${cache.id}/analyses`;
  for (const [kind, path] of [['bigkey', cache.create], ['hotkey', cache.createHot], ['expired', cache.expired],
    ['offline', cache.offline], ['analysis', analyses]]) {
    for (const status of ['success', 'failed', 'success']) {
      const made = await alice.client.post(path, kind === 'offline' ? json({ node_id }) : {});
      assert.equal(made.status, 200, made.body);
      const id = made.json.id ?? made.json.task_id;
      tasks.push(id);
      await site.sql(`UPDATE scan_task SET status = $2, started_at = now(), finished_at = now(), claimable_at = NULL,
        num = 1, failure = CASE WHEN $2 = 'failed' THEN 'test' END WHERE id = $1`, [id, status]);
      if (status === 'success' && kind !== 'expired')
        await site.sql('INSERT INTO scan_result (project_id, task_id, keys, members) VALUES ($1, $2, $3, $4)',
          [alice.projectId, id, kind === 'analysis' || kind === 'offline' ? document : result(kind, 255), kind === 'offline' ? MEMBERS : null]);
    }
  }
  // So that there is room for more.
  await site.sql('DELETE FROM webhook WHERE project_id = $1', [alice.projectId]);
  const hooks = [];
  for (const url of ['https://a.invalid/', 'https://b.invalid/']) {
    const hook = { name: `hook ${r.hex(16)}`, url, events: ['task.failed'], enabled: true };
    hooks.push((await alice.client.post(`/ext/v1/${alice.projectId}/webhooks`, json(hook))).json.id);
  }
  return { project_id: [alice.projectId], webhook_id: hooks, instance_id: [cache.id, cache.id, cache.id, broken.id], task_id: tasks,
    // The last of a kind is the one that nobody has deleted yet.
    before: [tasks.at(-3)], after: [tasks.at(-1)] };
}

// What administration may change and delete; made anew now and then.
async function prepareAdministration() {
  const made = async (path, body) => {
    const answer = await operator.post(path, body ? json(body) : {});
    assert.equal(answer.status, 201, answer.body);
    return answer.json.id;
  };
  const project = await made('/admin/v1/projects', { name: `sandbox ${r.hex(16)}` });
  const instance = await made(`/admin/v1/projects/${project}/instances`, { name: 'cache', endpoints: ['127.0.0.1:1'] });
  const key = await made(`/admin/v1/projects/${project}/access-keys`);
  // A project can be deleted only while it is empty.
  const empty = await made('/admin/v1/projects', { name: `empty ${r.hex(16)}` });
  return { project_id: [project, project, empty], instance_id: [instance], access_key_id: [key] };
}

before(async () => {
  console.log(`# seed ${SEED}, ${REQUESTS} requests`);
  world = await World.open();
  site = await world.site();
  alice = await site.tenant('alice');
  operator = await site.operator();
  broken = await alice.instance('broken', '127.0.0.1:1', '--no-probe');
  tenantIds = await prepareTenant();
  adminIds = await prepareAdministration();
});
after(() => world?.close());

// How a request is made wrong, if it is.
const WAYS = ['right', 'right', 'right', 'body', 'body', 'body', 'id', 'query', 'query', 'header', 'method', 'credentials'];

function bodyOf(operation, way, request) {
  if (!operation.body) {
    request.body = r.pick(['', '', '{}', 'x', '[', '\0']);
    return;
  }
  const schema = contract.resolve(operation.body.schema);
  if (way !== 'body') {
    const value = validBody(r, schema);
    request.body = JSON.stringify(value);
    assert.ok(contract.isValid(operation.bodyPointer, value), `${operation.id}: ${request.body}`);
    return;
  }
  const { what, body, value, broken } = oddBody(r, schema);
  request.what += ` ${what}`;
  request.body = body;
  if (body === '') request.wrong = operation.needsBody;
  else request.wrong = broken || !contract.isValid(operation.bodyPointer, value);
}

function build(operation) {
  const administration = operation.path.startsWith('/admin/');
  const ids = administration ? adminIds : tenantIds;
  let way = r.pick(WAYS);
  if ((way === 'body' && !operation.body) || (way === 'id' && !operation.path.includes('{'))) way = 'query';
  const request = { operation, way, what: way, method: operation.method, wrong: false, how: {},
    client: administration ? operator : alice.client };
  const oddName = way === 'id' ? r.pick([...operation.path.matchAll(/\{(\w+)\}/g)])[1] : undefined;
  request.target = operation.path.replace(/\{(\w+)\}/g, (_, name) => (name === oddName ? oddId(r) : r.pick(ids[name])));
  bodyOf(operation, way, request);
  const headers = [['Content-Type', 'application/json']];
  if (operation.parameters.some((p) => p.name === 'If-Match')) headers.push(['If-Match', r.pick(['"1"', '"1"', '"2"'])]);
  if (way === 'query') request.target += oddQuery(r, operation.parameters);
  else request.target += operation.parameters.filter((p) => p.in === 'query' && p.required)
    .map(({ name }, i) => `${i === 0 ? '?' : '&'}${name}=${r.pick(ids[name])}`).join('');
  if (way === 'header') {
    const odd = oddHeader(r);
    request.what += ` ${odd.join(': ').slice(0, 80)}`;
    headers.splice(0, headers.length, ...headers.filter(([name]) => name !== odd[0]), odd);
  }
  if (way === 'method') request.method = r.pick(METHODS);
  if (way === 'credentials') {
    const wrong = r.pick(['unsigned', 'secret', 'role', 'date']);
    request.what += ` ${wrong}`;
    request.wrong = true;
    if (wrong === 'role') request.client = administration ? alice.client : operator;
    if (wrong === 'secret') request.how.secretKey = r.hex(40);
    if (wrong === 'date') request.how.date = r.pick(['', 'x', '20000101T000000Z', '99991231T235959Z']);
    if (wrong === 'unsigned') request.send = () => request.client.send(request.method, request.target, { headers });
  }
  request.how = { ...request.how, headers, body: request.body };
  request.send ??= () => request.client.request(request.method, request.target, request.how);
  return request;
}

function judge(request, answer) {
  const { way, wrong } = request;
  assert.notEqual(answer.status, 500);
  assert.notEqual(answer.status, 503);
  if (wrong) assert.ok(answer.status >= 400, 'wrong by the schema, and taken');
  if (way === 'right' && answer.status >= 400)
    assert.doesNotMatch(answer.json.error_code ?? answer.json.code, FORM, 'right, and refused for its form');
}

async function exchange(request, counts) {
  let answer;
  try {
    answer = await request.send();
    judge(request, answer);
  } catch (error) {
    const shown = Buffer.isBuffer(request.body) ? request.body.toString('hex') : request.body;
    error.message = `${error.message}\nseed ${SEED}: ${request.what}: ${request.method} ${request.target}\n`
      + `${JSON.stringify(request.how.headers)}\n${shown.slice(0, 2000)}\n${answer?.status} ${answer?.body}`;
    throw error;
  }
  const success = answer.status < 400;
  counts.set(request.operation.id, (counts.get(request.operation.id) ?? 0) + success);
  counts.set(`${request.way} ${success}`, (counts.get(`${request.way} ${success}`) ?? 0) + 1);
}

test(`${REQUESTS} requests`, async () => {
  const counts = new Map(contract.operations.map((operation) => [operation.id, 0]));
  for (let done = 0; done < REQUESTS; done += ROUND) {
    // Built one after the other, so that the seed gives the same requests; sent some at a time.
    const requests = Array.from({ length: Math.min(ROUND, REQUESTS - done) }, (_, i) =>
      build(contract.operations[(done + i) % contract.operations.length]));
    const take = async () => {
      for (let request; (request = requests.shift());) await exchange(request, counts);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, take));
    tenantIds = await prepareTenant();
    adminIds = await prepareAdministration();
  }
  console.log(`# ${JSON.stringify(Object.fromEntries(counts))}`);
  for (const way of new Set(WAYS))
    assert.ok((counts.get(`${way} false`) ?? 0) + (counts.get(`${way} true`) ?? 0) > 0, way);
  assert.ok(counts.get('body false') > 0 && counts.get('body true') > 0 && counts.get('right true') > 0);
  if (REQUESTS >= 4000)
    for (const { id } of contract.operations.filter((o) => !o.open)) assert.ok(counts.get(id) > 0, `${id} never succeeded`);
});
