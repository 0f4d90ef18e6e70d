// A real Keystone, a front before it that can misbehave, a server that takes its tokens, and who is known there: what the
// tests of tokens and of log-ins are about.  The bindings are live: they are set before the first test.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before } from 'node:test';
import { assertError } from './golden.mjs';
import { IdentityFront } from './identity_front.mjs';
import { Keystone, passwordOf } from './keystone.mjs';
import { World } from './site.mjs';

// Less than a quarter is left of it after 5.25 s, when it is renewed.
const SHORT_SECONDS = 7;

export let world, keystone, front, shortFront, shortServer, site, alice, cache, project;

export const identity = (settings = {}) => ({
  identity_url: front.url, identity_ca: world.authority.certificate, identity_user: 'dcs',
  identity_password: passwordOf('dcs'), loops: 1, ...settings,
});

async function populate() {
  for (const name of ['service', 'alice', 'bob', 'nowhere']) await keystone.project(name);
  await keystone.user('dcs', { project: 'service', roles: ['service'] });
  await keystone.user('changing', { project: 'service', roles: ['service'] });
  await keystone.user('member', { project: 'alice', roles: ['member'] });
  await keystone.user('reader', { project: 'alice', roles: ['reader'] });
  await keystone.user('chief', { project: 'alice', roles: ['admin'] });
  await keystone.user('stranger', { project: 'alice', roles: ['gardener'] });
  await keystone.user('root', { roles: ['admin'] });
  await keystone.grant('member', 'member', 'bob');
  await keystone.grant('member', 'member', 'nowhere');
  await keystone.call('PUT',
    `/v3/domains/default/users/${keystone.ids.users.member}/roles/${await keystone.role('member')}`);
}

before(async () => {
  world = await World.open();
  keystone = await Keystone.start(world.directory, world.postgres);
  world.onClose(() => keystone.stop());
  front = await IdentityFront.start(keystone.socket, world.certificates);
  shortFront = await IdentityFront.start(keystone.socket);
  world.onClose(() => Promise.all([front.stop(), shortFront.stop()]));
  await populate();
  site = await world.site({ server: identity({ login_rate: 0 }) });
  for (const name of ['alice', 'bob'])
    await site.dcsctl('project', 'add', name, '--id', keystone.ids.projects[name]);
  project = keystone.ids.projects.alice;
  const key = await site.dcsctl('key', 'add', '--project', 'alice');
  alice = { instances: `/v2/${project}/instances`, client: site.client({ id: key.id, secret: key.secret }) };
  const { id } = await site.dcsctl('instance', 'add', 'cache', '--project', 'alice', '--endpoint', '127.0.0.1:1',
    '--no-probe');
  await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(),
    capabilities = '{bigkey,hotkey,expired}' WHERE id = $1`, [id]);
  cache = `${alice.instances}/${id}`;
  // Its token is looked at in the last test of tokens.
  await keystone.setExpiration(SHORT_SECONDS);
  shortServer = await serverWith({ identity_url: shortFront.url, identity_ca: '' });
  await shortServer.program.event('identity_logged_in');
  await keystone.setExpiration(3600);
});
after(() => world?.close());
afterEach(async () => {
  front.behave();
  keystone.thaw();
  await site.sql('DELETE FROM scan_task');
});

export const send = (method, target, token, how = {}, client = alice.client) =>
  client.send(method, target, { ...how, headers: [['X-Auth-Token', token], ...(how.headers ?? [])] });
export const get = (target, token, client) => send('GET', target, token, {}, client);
export const unheardOf = () => `gAAAAAB${randomBytes(96).toString('base64url')}`;
export const memberToken = () => keystone.token('member', { project: 'alice' });

// Another server on the same database; get(token, target) asks it.
export async function serverWith(settings) {
  const program = world.program('server', { ...world.serverSettings(site.database), ...identity(settings) });
  const { port } = await program.event('listening');
  const client = site.client();
  client.port = port;
  return { program, port, client, get: (token, target = alice.instances) => get(target, token, client) };
}

export const assertUnavailable = (answer) => {
  assertError(answer, 503, 'DCS.5000');
  assert.equal(answer.headers['retry-after'], '1');
};

// By the server's own clock.
export const tookMs = async (answer) => (await site.server.event('request',
  (event) => event.request_id === answer.headers['x-request-id'])).duration_us / 1000;

// Answers are held back until they are let go.
export const hold = (place = front) => {
  const held = [];
  place.misbehave((request, response) => {
    if (request.method !== 'GET') return false;
    held.push(() => {
      place.behave();
      place.take(request, response);
    });
    return true;
  });
  return held;
};
