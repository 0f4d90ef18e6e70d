// The server and the peer answer the same requests with the same status and the same bytes: else nothing is compared.
//
//   await check({ server, peer, key, cache, task })   the ports of both, plain HTTP, on one database; a tenant's key,
//                                                     the paths of an instance without an active task, and the id of
//                                                     a finished one
//   DCS_BUILD=build/release node check.mjs            the same with servers of its own

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { pathToFileURL } from 'node:url';
import { fillSmall } from '../../support/dataset.mjs';
import { sign } from '../../support/signer.mjs';
import { World } from '../../support/site.mjs';
import { within } from '../../support/wait.mjs';
import { startPeer } from './start.mjs';

function send(port, { method, target, headers, body = '' }) {
  const length = body ? [['Content-Length', Buffer.byteLength(body)]] : [];
  const exchange = new Promise((resolve, reject) => {
    const request = http.request({
      host: '127.0.0.1', port, method, path: target, agent: false, headers: [...headers, ...length].flat().map(String),
    }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk)).on('error', reject).on('end', () => resolve({
        status: response.statusCode, type: response.headers['content-type'].split(';')[0],
        requestId: response.headers['x-request-id'], body: Buffer.concat(chunks).toString('latin1'),
      }));
    });
    request.on('error', reject).end(body);
  });
  return within(`${method} ${target}`, exchange);
}

// What differs from answer to answer.
function comparable({ status, type, requestId, body }) {
  assert.match(requestId, /^[0-9a-f]{32}$/);
  return { status, type, body: body.replaceAll(requestId, 'ID').replace(/server time:\w+/, 'server time:T') };
}

let count = 0;

// Signed once, so that all who get it get the same bytes.
function request(key, method, target, { body, change = (headers) => headers, ...how } = {}) {
  const own = [['Host', 'bench'], ['X-Test-Number', String(++count)]];
  return { method, target, body, headers: change(sign({ key, method, target, headers: own, body, ...how })) };
}

async function compare(what, asked, ports, status) {
  const answers = [];
  for (const port of ports) answers.push(comparable(await send(port, asked)));
  assert.deepEqual(answers[1], answers[0], what);
  assert.equal(answers[0].status, status, `${what}: ${answers[0].body}`);
  return answers[0].body;
}

function reads(key, cache, task) {
  const other = randomUUID();
  const get = (target, how) => request(key, 'GET', target, how);
  const [, , project] = cache.path.split('/');
  const shown = cache.task(task);
  const without = (name) => (headers) => headers.filter(([other]) => other !== name);
  return [
    ['a task', 200, get(shown)],
    ['ids in other forms', 200, get(shown.replace(project, project.replaceAll('-', '').toUpperCase()))],
    ['a query', 200, get(`${shown}?b=%7e%2F&c&%61=x%20y`)],
    ['a header of several values', 200, get(shown, { headers: [['Host', 'bench'], ['X-A', ' b'], ['X-A', 'a ']] })],
    ['no such task', 400, get(cache.task(other))],
    ['a malformed task id', 400, get(cache.task('1'))],
    ['a malformed instance id', 400, get(shown.replace(cache.id, 'x'))],
    ['a malformed project id', 400, get(shown.replace(project, 'x'))],
    ['no such instance', 404, get(shown.replace(cache.id, other))],
    ['another project', 403, get(shown.replace(project, other))],
    ['no such path', 404, get(`${shown}/x`)],
    ['no signature', 401, get(shown, { change: without('Authorization') })],
    ['no date', 401, get(shown, { change: without('X-Sdk-Date') })],
    ['a wrong signature', 401, get(shown, { secretKey: 'another' })],
    ['a header changed after it was signed', 401, get(shown, {
      change: (headers) => headers.map(([name, value]) => [name, name === 'X-Test-Number' ? '0' : value]) })],
    ['an unknown key', 401, get(shown, { accessKey: 'NOBODY' })],
    ['an old signature', 401, get(shown, { date: new Date(Date.now() - 1000_000) })],
    ['a malformed header', 401, get(shown, {
      change: (headers) => [...without('Authorization')(headers), ['Authorization', 'SDK-HMAC-SHA256 x']] })],
  ];
}

// The second who gets a request answers with the task that the first one made.
async function creates(key, cache, [first, second]) {
  const asked = request(key, 'POST', cache.create, { body: '{}' });
  const made = await compare('a create', asked, [first, second], 200);
  await compare('a create beside it', request(key, 'POST', cache.create), [first, second], 400);
  return JSON.parse(made).id;
}

export async function check({ server, peer, key, cache, task }) {
  for (const [what, status, asked] of reads(key, cache, task)) await compare(what, asked, [server, peer], status);
  for (const order of [[server, peer], [peer, server]]) {
    const made = await creates(key, cache, order);
    const deleted = await send(server, request(key, 'DELETE', cache.task(made)));
    assert.equal(deleted.status, 200, deleted.body);
  }
}

async function main() {
  const world = await World.open();
  try {
    const site = await world.site({ workers: 1, server: { listen_http: '127.0.0.1:0' } });
    const { port } = await site.server.event('listening', (event) => event.scheme === 'http');
    const alice = await site.tenant('alice');
    const redis = await world.redis();
    await fillSmall(redis);
    const cache = await alice.instance('cache', redis.endpoint);
    const { id } = await cache.analyse();
    await site.workers[0].stop();
    const peer = await startPeer(world, site);
    await check({ server: port, peer: peer.port, key: alice.key, cache, task: id });
    console.log('the peer answers as the server does');
  } finally {
    await world.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
