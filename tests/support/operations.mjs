// The server's own table of operations, for tests that are made from it: one that is added is tested without being
// named.

import assert from 'node:assert/strict';
import { contract } from './contract.mjs';
import { json } from './http.mjs';
import { run } from './program.mjs';
import { PROGRAMS } from './site.mjs';

// [{ method, path, action, ids (of the path), open (to whoever has no credentials), administration, reads }]
export async function listOperations() {
  const { status, stdout } = await run('operations', PROGRAMS.server, ['--operations']);
  assert.equal(status, 0);
  return stdout.trim().split('\n').map((line) => {
    const [method, path, action] = line.split(' ');
    return {
      method, path, action,
      name: `${method} ${path}`,
      open: contract.operations.some((o) => o.method === method && o.path === path && o.open),
      ids: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
      administration: path.startsWith('/admin/'),
      reads: /:(list|get|show|export|compare)[A-Z]?\w*$/.test(action),
    };
  });
}

// A request that is right by the published description, with the ids that are given.
export function sendOperation(client, operation, ids, { query = '', send = client.request.bind(client) } = {}) {
  const target = operation.path.replace(/\{(\w+)\}/g, (_, name) => {
    assert.ok(ids[name], `no value for ${name} of ${operation.name}`);
    return ids[name];
  });
  const described = contract.operations.find((o) => o.method === operation.method && o.path === operation.path);
  const body = Object.values(described?.body?.examples ?? {})[0]?.value;
  const how = body === undefined ? { headers: [['Content-Type', 'application/json']] } : json(body);
  if (described?.parameters.some((p) => p.name === 'If-Match')) how.headers.push(['If-Match', '"1"']);
  return send(operation.method, target + (query || (described ? contract.query(described) : '')), how);
}

// Everything of an answer that a client sees, but for what differs from one request to the next.
export function seen({ status, headers, body }) {
  const { date, 'x-request-id': id, ...rest } = headers;
  assert.ok(id, 'x-request-id');
  return { status, headers: rest, body: body.replaceAll(id, '<request id>') };
}
