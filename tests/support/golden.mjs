// Bodies compared byte for byte, after what differs from run to run has been named.

import assert from 'node:assert/strict';

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const TIME = /"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/g;

// Ids become <1>, <2>, … by first appearance; times become <time>.
export function masked(body) {
  const seen = new Map();
  return body.replace(UUID, (id) => {
    if (!seen.has(id)) seen.set(id, `<${seen.size + 1}>`);
    return seen.get(id);
  }).replace(TIME, '"<time>"');
}

export const REQUEST_ID = /^[0-9a-f-]{32,36}$/;

// What every answer has, whoever made it.
export function assertAnswer(answer, status) {
  assert.equal(answer.status, status, `${answer.status} ${answer.body}`);
  assert.match(answer.headers['x-request-id'] ?? '', REQUEST_ID);
  assert.equal(answer.headers.server, undefined);
  if (status === 204) {
    assert.equal(answer.body, '');
    return;
  }
  assert.match(answer.headers['content-type'] ?? '', /^application\/json(; ?charset=utf-8)?$/i);
}

export function assertGolden(answer, status, body) {
  assertAnswer(answer, status);
  assert.equal(masked(answer.body), body);
}

const ENVELOPED = /^APIGW\./;

// An error: its whole body, exactly.
export function assertError(answer, status, code, message) {
  assertAnswer(answer, status);
  const { error_code: actualCode, error_msg: actualMessage, ...rest } = answer.json;
  assert.equal(actualCode, code, answer.body);
  if (message instanceof RegExp) assert.match(actualMessage, message);
  else if (message !== undefined) assert.equal(actualMessage, message);
  assert.ok(actualMessage.length > 0 && actualMessage.length <= 1024);
  assert.deepEqual(rest, ENVELOPED.test(code) ? { request_id: answer.headers['x-request-id'] } : {});
}
