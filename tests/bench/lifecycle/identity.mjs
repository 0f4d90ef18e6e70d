// The server's own password at Keystone, changed over and over, while tokens are validated that nobody remembers.

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IdentityFront } from '../../support/identity_front.mjs';
import { Keystone, passwordOf } from '../../support/keystone.mjs';
import { World } from '../../support/site.mjs';
import { until } from '../../support/wait.mjs';
import { RELOADS, loadUntil, tell } from './common.mjs';

// What a Keystone of the tests validates beside all else.
const RATE = 20, CONNECTIONS = 4;

export async function identity() {
  const world = await World.open();
  try {
    const keystone = await Keystone.start(world.directory, world.postgres);
    world.onClose(() => keystone.stop());
    const front = await IdentityFront.start(keystone.socket);
    world.onClose(() => front.stop());
    const project = await keystone.project('alice');
    await keystone.project('service');
    await keystone.user('dcs', { project: 'service', roles: ['service'] });
    await keystone.user('member', { project: 'alice', roles: ['member'] });
    const file = join(world.directory, 'identity-password');
    const put = (password) => {
      writeFileSync(`${file}.new`, password, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    };
    put(passwordOf('dcs'));
    const site = await world.site({ server: { identity_url: front.url, identity_user: 'dcs', identity_password_file: file, token_cache_seconds: 0, loops: 1 } });
    await site.dcsctl('project', 'add', 'alice', '--id', project.id);
    const token = await keystone.token('member', { project: 'alice' });
    const load = loadUntil(world, site.port, [`GET /v2/${project.id}/instances HTTP/1.1\r\nHost: bench\r\nX-Auth-Token: ${token}\r\n\r\n`],
      { rate: RATE, connections: CONNECTIONS });
    const count = (name) => site.server.stderr.split(`"event":"${name}"`).length - 1;
    const after = async (name, act) => {
      const before = count(name);
      await act();
      await until(`${name} again`, () => count(name) > before);
    };
    for (let i = 0; i < RELOADS; i++) {
      const password = `changed-${i}`;
      await after('password_loaded', () => {
        put(password);
        site.server.signal('SIGHUP');
      });
      await after('identity_logged_in', () => keystone.setPassword('dcs', password));
    }
    const result = await load.end();
    console.log(`${RELOADS} exchanges, ${count('identity_logged_in')} logins, ${count('identity_login_failed')} failed, ${count('password_refused')} refused`);
    return tell('requests by token', result) && count('identity_login_failed') + count('password_refused') === 0;
  } finally {
    await world.close();
  }
}
