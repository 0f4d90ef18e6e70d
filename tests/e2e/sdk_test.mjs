// The official signing core for Node.js as the client, over TLS verified against the private CA, doing the main
// job on the real programs: what a tenant does.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core';
import { ClientBuilder } from '@huaweicloud/huaweicloud-sdk-core/ClientBuilder.js';
import { Region } from '@huaweicloud/huaweicloud-sdk-core/region/region.js';
import { enumerate, fillExpired, fillSmall, largest } from '../support/dataset.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const EXPIRED = 20_000;

let world, site, alice, cache, redis, client, agent;

const credentials = (projectId, key) =>
  new BasicCredentials().withAk(key.id).withSk(key.secret).withProjectId(projectId);

const builderOf = (credential, httpsAgent) => new ClientBuilder((hcClient) => hcClient)
  .withCredential(credential)
  .withOptions({ axiosRequestConfig: { httpsAgent, timeout: 10_000 } });

const clientOf = (projectId, key, httpsAgent) => builderOf(credentials(projectId, key), httpsAgent)
  .withEndpoint(`https://127.0.0.1:${site.port}`).build();

// A client that knows its region alone, and asks for its project's id.
const clientOfRegion = (key, httpsAgent) => {
  const endpoint = `https://127.0.0.1:${site.port}`;
  const credential = new BasicCredentials().withAk(key.id).withSk(key.secret).withSecurityToken(key.security_token)
    .withIamEndpoint(endpoint);
  return builderOf(credential, httpsAgent).withRegion(new Region('eu-west-0', [endpoint])).build();
};

// A request as the generated models of the SDK build it: these leave the project to the client where it is to ask.
const send = (method, url, { queryParams = {}, data, pathParams = {}, by = client, asks = false } = {}) => by.sendRequest({
  method,
  url: `/v2/{project_id}/instances${url}`,
  contentType: 'application/json',
  queryParams,
  pathParams: { ...(asks ? {} : { project_id: alice.projectId }), instance_id: cache.id, ...pathParams },
  headers: {},
  data: data ?? {},
});

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1 });
  alice = await site.tenant('alice');
  redis = await world.redis({ options: { requirepass: 'pw' } });
  const password = join(world.directory, 'password');
  writeFileSync(password, 'pw\n', { mode: 0o600 });
  await fillSmall(redis);
  cache = await alice.instance('cache', redis.endpoint, '--password-file', password);
  agent = new https.Agent({ ca: world.ca, keepAlive: true });
  // What the SDK asks for by itself does not go by its client's agent.
  https.globalAgent.options.ca = world.ca;
  client = clientOf(alice.projectId, alice.key, agent);
});
after(async () => {
  agent?.destroy();
  await world?.close();
});

test('create, poll, show, delete', async () => {
  const created = await send('POST', '/{instance_id}/bigkey-task');
  assert.equal(created.httpStatusCode, 200);
  assert.equal(created.status, 'waiting');
  const pathParams = { bigkey_id: created.id };
  const detail = await until('the analysis ends', async () => {
    const shown = await send('GET', '/{instance_id}/bigkey-task/{bigkey_id}', { pathParams });
    return ['success', 'failed'].includes(shown.status) && shown;
  });
  assert.equal(detail.status, 'success');
  assert.deepEqual(detail.keys, largest(await enumerate(redis, [0, 3])));
  const listed = await send('GET', '/{instance_id}/bigkey-tasks',
    { queryParams: { limit: 10, offset: 0, status: 'success' } });
  assert.deepEqual(listed.records.map((record) => record.id), [created.id]);
  const deleted = await send('DELETE', '/{instance_id}/bigkey-task/{bigkey_id}', { pathParams });
  assert.equal(deleted.httpStatusCode, 200);
  assert.equal(deleted.id, created.id);
  const again = await send('DELETE', '/{instance_id}/bigkey-task/{bigkey_id}', { pathParams });
  assert.equal(again.httpStatusCode, 204);
});

test('an expired-key scan gives memory back', async () => {
  await fillExpired(redis, EXPIRED);
  const memory = Number((await redis.info('memory')).used_memory);
  const created = await send('POST', '/{instance_id}/scan-expire-keys-task');
  const record = await until('the scan ends', async () => {
    const { records } = await send('GET', '/{instance_id}/auto-expire/histories', { queryParams: { limit: 10 } });
    const found = records.find(({ id }) => id === created.id);
    assert.ok(found, 'a task just created is in the histories at once');
    return ['success', 'failed'].includes(found.status) && found;
  });
  assert.deepEqual([record.status, record.num], ['success', EXPIRED]);
  assert.ok(Number((await redis.info('memory')).used_memory) < memory - EXPIRED * 64);
});

test('instances, and pages as an existing client walks them', async () => {
  const shown = await send('GET', '/{instance_id}');
  assert.equal(shown.status, 'RUNNING');
  assert.ok(!('task' in shown));
  for (let i = 0; i < 12; i++) await alice.instance(`more-${i}`, '127.0.0.1:1', '--no-probe');
  const found = [];
  for (let offset = 0; ;) {
    const page = await send('GET', '', { queryParams: { offset } });
    const items = Object.values(page).find(Array.isArray);
    if (items.length === 0) break;
    found.push(...items);
    offset += items.length;
  }
  assert.equal(new Set(found.map((item) => item.instance_id)).size, 13);
});

test('a client that has to ask for its project', async () => {
  const by = clientOfRegion(alice.key, agent);
  assert.equal((await send('GET', '/{instance_id}', { by, asks: true })).instance_id, cache.id);
});

test('a temporary key with its security token', async () => {
  const key = await site.dcsctl('key', 'add', '--project', 'alice', '--temporary', '600',
    '--role', 'DCS ReadOnlyAccess');
  const temporary = clientOfRegion(key, agent);
  const shown = await send('GET', '/{instance_id}', { by: temporary, asks: true });
  assert.equal(shown.instance_id, cache.id);
  assert.deepEqual(await refusal(send('POST', '/{instance_id}/bigkey-task', { by: temporary, asks: true })),
    [403, 'DCS.2003', true]);
  const without = clientOfRegion({ ...key, security_token: undefined }, agent);
  assert.deepEqual(await refusal(send('GET', '/{instance_id}', { by: without })), [401, 'APIGW.0301', true]);
});

const refusal = async (promise) => {
  const error = await promise.then(() => assert.fail('it was not refused'), (e) => e);
  return [error.httpStatusCode, error.errorCode, Boolean(error.requestId)];
};

test('errors arrive as the SDK reads them', async () => {
  const pathParams = { bigkey_id: '00000000-0000-4000-8000-000000000000' };
  assert.deepEqual(await refusal(send('GET', '/{instance_id}/bigkey-task/{bigkey_id}', { pathParams })),
    [400, 'DCS.4942', true]);
  assert.deepEqual(await refusal(send('GET', '/{instance_id}',
    { pathParams: { instance_id: '00000000-0000-4000-8000-000000000000' } })), [404, 'DCS.3022', true]);
  const stranger = clientOf(alice.projectId, { ...alice.key, secret: 'x'.repeat(40) }, agent);
  assert.deepEqual(await refusal(send('GET', '/{instance_id}', { by: stranger })), [401, 'APIGW.0301', true]);
});

test('a certificate of an unknown authority is refused by the client', async () => {
  const distrustful = new https.Agent({ keepAlive: false });
  const stranger = clientOf(alice.projectId, alice.key, distrustful);
  await assert.rejects(send('GET', '/{instance_id}', { by: stranger }),
    (error) => /certificate|verify/i.test(JSON.stringify(error) + error.message));
  distrustful.destroy();
});
