// The published description: it lints, its two forms are one, and it equals the server's operation table both
// ways.  That the server answers what it says is judged wherever a client of the tests is used.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { jsonOf } from '../openapi-json.mjs';
import { DOCUMENTS, PROBLEMS, contract } from '../support/contract.mjs';
import { run } from '../support/program.mjs';
import { PROGRAMS } from '../support/site.mjs';

const LINT = new URL('lint.mjs', import.meta.url).pathname;
const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const { documents, operations } = contract;
const responses = operations.flatMap((operation) =>
  Object.entries(operation.responses).map(([status, response]) => ({ operation, status: Number(status), response })));

test('they lint', async () => {
  const { status, stdout, stderr } = await run('lint', process.execPath, [LINT],
    { env: { REDOCLY_TELEMETRY: 'off' } });
  assert.equal(status, 0, stdout + stderr);
});

test('the JSON is the YAML', () => {
  for (const name of DOCUMENTS)
    assert.equal(read(`openapi/${name}.json`), jsonOf(read(`openapi/${name}.yaml`)), 'npm run openapi --prefix tests');
});

test('together they equal the operation table, both ways', async () => {
  const { status, stdout } = await run('operations', PROGRAMS.server, ['--operations']);
  assert.equal(status, 0);
  const served = stdout.trim().split('\n').sort();
  const published = operations.map((o) => `${o.method} ${o.path} ${o.action}`).sort();
  assert.deepEqual(published, served);
});

test('every id in a path is a parameter, and has the name of the path', () => {
  for (const { path, parameters } of operations) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    assert.deepEqual(parameters.filter((p) => p.in === 'path').map((p) => p.name), names);
  }
});

test('every example is what its schema says', () => {
  let count = 0;
  const check = (content, pointer) => {
    for (const [type, { examples = {} }] of Object.entries(content ?? {})) {
      for (const example of Object.values(examples)) {
        const place = `${pointer}/content/${type.replaceAll('/', '~1')}/schema`;
        contract.assertMatches(place, contract.resolve(example).value, place);
        count++;
      }
    }
  };
  for (const { response } of responses) check(response.content, response.pointer);
  for (const { body, bodyPointer } of operations.filter((o) => o.body)) {
    for (const example of Object.values(body.examples)) {
      contract.assertMatches(bodyPointer, example.value, bodyPointer);
      count++;
    }
  }
  assert.ok(count > 500);
});

test('every answer has an example, a request id, and what its status needs', () => {
  const NEEDS = { 405: 'Allow', 429: 'Retry-After', 503: 'Retry-After', 201: 'Location' };
  for (const { operation, status, response } of responses) {
    const what = `${operation.id} ${status}`;
    assert.ok('X-Request-Id' in response.headers, what);
    if (NEEDS[status]) assert.ok(NEEDS[status] in response.headers, what);
    for (const { examples } of Object.values(response.content ?? {}))
      assert.ok(Object.keys(examples).length > 0, what);
  }
});

test('every error is of the published table, word for word', () => {
  const rows = [...read('core/base/include/base/error.def').replace(/"\s*\n\s*"/g, '')
    .matchAll(/X\(\w+, (\d+), "([^"]+)",\s*"([^"]+)"/g)].map((m) => ({
    status: Number(m[1]), code: m[2],
    message: new RegExp(`^${m[3].replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace('\\{0\\}', '.+')}$`),
  }));
  for (const { operation, status, response } of responses.filter((r) => r.status >= 400)) {
    for (const example of Object.values(Object.values(response.content)[0].examples)) {
      const { error_code, code = error_code, error_msg, detail = error_msg } = contract.resolve(example).value;
      assert.ok(rows.some((row) => row.status === status && row.code === code && row.message.test(detail)),
        `${operation.id} ${status} ${code} ${detail}`);
    }
  }
});

// An existing client takes the first array that it meets in a list.
test('a list has one array', () => {
  const lists = operations.filter((o) => o.parameters.some((p) => p.name === 'offset'));
  assert.equal(lists.length, 12);
  for (const { responses: { 200: { content } } } of lists) {
    const { properties } = contract.resolve(content['application/json'].schema);
    const arrays = Object.values(properties).filter((p) => contract.resolve(p).type === 'array');
    assert.equal(arrays.length, 1);
  }
});

test('the DCS v2 API has errors of its own, all else has problem details', () => {
  for (const { operation, status, response } of responses.filter((r) => r.status >= 400)) {
    const type = PROBLEMS.test(operation.path) ? 'application/problem+json' : 'application/json';
    assert.deepEqual(Object.keys(response.content), [type], `${operation.id} ${status}`);
  }
  for (const { components } of Object.values(documents))
    assert.deepEqual(Object.keys(components.securitySchemes), ['signature', 'securityToken', 'token']);
});
