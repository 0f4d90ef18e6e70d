// The published description: it lints, it equals the server's operation table both ways, and what the server
// answers is what it says.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { fillSmall } from '../support/dataset.mjs';
import { run } from '../support/program.mjs';
import { PROGRAMS, World } from '../support/site.mjs';

const SOURCE = new URL('../../openapi/dcs-v2.yaml', import.meta.url);
const LINT = new URL('lint.mjs', import.meta.url).pathname;
const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

const document = parse(readFileSync(SOURCE, 'utf8'));

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => method in item).map((method) => ({ path, method, ...item[method] })));

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addFormat('int32', { type: 'number', validate: (n) => Number.isInteger(n) && Math.abs(n) <= 0x7fffffff });
ajv.addFormat('int64', { type: 'number', validate: Number.isInteger });
ajv.addSchema(document, 'document');

function resolve(node) {
  return node?.$ref
    ? resolve(node.$ref.slice(2).split('/').reduce((place, name) => place[name], document))
    : node;
}

function assertMatches(pointer, value, what) {
  const validate = ajv.compile({ $ref: `document#${pointer}` });
  assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
}

const escape = (name) => name.replaceAll('~', '~0').replaceAll('/', '~1');

// The response that the description has for a status, and where its schema is.
function described(operation, status) {
  const responses = operation.responses;
  const key = status in responses ? String(status) : 'default';
  const response = responses[key];
  const pointer = response.$ref
    ? response.$ref.slice(1)
    : `/paths/${escape(operation.path)}/${operation.method}/responses/${key}`;
  return { response: resolve(response), pointer };
}

test('it lints', async () => {
  const { status, stdout, stderr } = await run('lint', process.execPath, [LINT]);
  assert.equal(status, 0, stdout + stderr);
});

test('it equals the operation table, both ways', async () => {
  const { status, stdout } = await run('operations', PROGRAMS.server, ['--operations']);
  assert.equal(status, 0);
  const served = stdout.trim().split('\n').sort();
  const published = operations.map((o) => `${o.method.toUpperCase()} ${o.path} ${o['x-action']}`).sort();
  assert.deepEqual(published, served);
});

test('every id in a path is a parameter, and has the name of the path', () => {
  for (const { path, parameters = [] } of operations) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const declared = [...(document.paths[path].parameters ?? []), ...parameters].map(resolve);
    assert.deepEqual(declared.filter((p) => p.in === 'path').map((p) => p.name), names);
  }
});

test('every example is what its schema says', () => {
  let count = 0;
  const check = (response, pointer) => {
    const content = response.content?.['application/json'];
    if (!content) return;
    const examples = Object.values(content.examples ?? {}).map((example) => resolve(example).value);
    for (const value of [...examples, ...(content.example ? [content.example] : [])]) {
      assertMatches(`${pointer}/content/application~1json/schema`, value, pointer);
      count++;
    }
  };
  for (const [name, response] of Object.entries(document.components.responses))
    check(response, `/components/responses/${name}`);
  for (const operation of operations)
    for (const status of Object.keys(operation.responses)) {
      const { response, pointer } = described(operation, status);
      check(response, pointer);
    }
  assert.ok(count > 20);
});

// Every error that the description shows is one of the published table, word for word.
test('every error example is of the published table', () => {
  const table = readFileSync(new URL('../../core/base/include/base/error.def', import.meta.url), 'utf8')
    .replace(/"\s*\n\s*"/g, '');
  const rows = [...table.matchAll(/X\(\w+, (\d+), "([^"]+)",\s*"([^"]+)"/g)].map((m) => ({
    code: m[2],
    message: new RegExp(`^${m[3].replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace('\\{0\\}', '.+')}$`),
  }));
  const examples = Object.values(document.components.responses).flatMap((response) =>
    Object.values(response.content['application/json'].examples).map((example) => resolve(example).value));
  for (const { error_code: code, error_msg: message } of examples)
    assert.ok(rows.some((row) => row.code === code && row.message.test(message)), `${code} ${message}`);
});

let world, site, alice, cache;

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1 });
  alice = await site.tenant('alice');
  const redis = await world.redis();
  await fillSmall(redis);
  cache = await alice.instance('cache', redis.endpoint);
});
after(() => world?.close());

function assertDescribed(operationId, answer) {
  const operation = operations.find((o) => o.operationId === operationId);
  const { response, pointer } = described(operation, answer.status);
  const declared = Object.keys(response.headers ?? {}).map((name) => name.toLowerCase());
  assert.ok(declared.includes('x-request-id'));
  if (!response.content) assert.equal(answer.body, '');
  else assertMatches(`${pointer}/content/application~1json/schema`, answer.json, operationId);
  return answer;
}

test('the answers of the real server are what it says', async () => {
  const { client } = alice;
  const { id } = assertDescribed('CreateBigkeyScanTask', await client.post(cache.create)).json;
  assertDescribed('CreateBigkeyScanTask', await client.post(cache.create));
  await cache.reaches(id, 'success');
  assertDescribed('ShowBigkeyScanTaskDetails', await client.get(cache.task(id)));
  assertDescribed('ListBigkeyScanTasks', await client.get(cache.list));
  assertDescribed('ListBigkeyScanTasks', await client.get(`${cache.list}?limit=0`));
  assertDescribed('DeleteBigkeyScanTask', await client.delete(cache.task(id)));
  assertDescribed('DeleteBigkeyScanTask', await client.delete(cache.task(id)));
  assertDescribed('ShowBigkeyScanTaskDetails', await client.get(cache.task(id)));
  const expired = assertDescribed('CreateAutoExpireScanTask', await client.post(cache.expired)).json;
  await cache.reaches(expired.id, 'success');
  assertDescribed('ScanExpireKey', await client.post(cache.expiredAgain));
  assertDescribed('ShowExpireKeyScanInfo', await client.get(cache.histories));
  assertDescribed('ListInstances', await client.get(alice.instances));
  assertDescribed('ShowInstance', await client.get(cache.path));
  assertDescribed('ShowInstance', await client.get(`${alice.instances}/nonsense`));
  assertDescribed('ShowInstance', await client.send('GET', cache.path));
  assertDescribed('ShowInstance', await client.request('PATCH', cache.path));
  await alice.instance('never reached', '127.0.0.1:1', '--no-probe');
  assertDescribed('ListInstances', await client.get(alice.instances));
});
