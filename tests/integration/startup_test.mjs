// Programs that cannot start say which setting and why, and end with a status other than 0.

import assert from 'node:assert/strict';
import { writeFileSync, chmodSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAuthority, createCertificate } from '../support/certificates.mjs';
import { World, environmentOf } from '../support/site.mjs';
import { must } from '../support/program.mjs';

let world, settings;

before(async () => {
  world = await World.open();
  settings = world.serverSettings(world.template);
});
after(() => world?.close());

const file = (name, content, mode = 0o600) => {
  const path = join(world.directory, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
};

// Starts, expects the end, and that the log names the setting and the reason.
async function refuses(kind, changed, expected, how) {
  const program = world.program(kind, { ...settings, ...changed }, how);
  const status = await program.wait();
  program.check(null);
  assert.notEqual(status, 0, program.stderr);
  assert.ok(status < 128, `ended by itself: ${status}\n${program.stderr}`);
  for (const pattern of expected) assert.match(program.stderr, pattern);
  assert.ok(!program.events.some((event) => event.event === 'listening'), program.stderr);
  return program;
}

for (const kind of ['server', 'worker']) {
  test(`${kind}: unknown settings`, async () => {
    await refuses(kind, { no_such_setting: 1 }, [/no_such_setting/]);
    await refuses(kind, {}, [/no_such/], { args: ['--no-such=1'] });
    const path = file(`${kind}.conf`, 'log_level = info\nno_such = 1\n');
    await refuses(kind, {}, [/:2/, /no_such/], { args: [`--config=${path}`] });
    await refuses(kind, {}, [/no-such-file/], { args: ['--config=/no-such-file'] });
  });

  test(`${kind}: settings out of range`, async () => {
    await refuses(kind, { log_level: 'loud' }, [/log_level/, /loud/]);
    await refuses(kind, { scan_threads: 0 }, [/scan_threads/, /1 to 256/]);
  });

  test(`${kind}: a secret on the command line is refused and not repeated`, async () => {
    const program = await refuses(kind, {}, [/database_url/],
      { args: ['--database-url=postgresql://u:hunter2@localhost/d'] });
    assert.doesNotMatch(program.stderr, /hunter2/);
  });

  test(`${kind}: no database, an unreachable one, an unmigrated one`, async () => {
    await refuses(kind, { database_url: '' }, [/database_url/]);
    await refuses(kind, { database_url: 'postgresql://u:hunter2@127.0.0.1:1/d' }, [/database/i, /refused|connect/i]);
    await refuses(kind, { database_url: `postgresql:///d?host=${world.directory}` }, [/database/i]);
    await refuses(kind, { database_url: 'not a url' }, [/database/i]);
    await refuses(kind, { database_url: world.postgres.url('no_such_database') }, [/no_such_database/]);
    const empty = await world.postgres.createDatabase();
    await refuses(kind, { database_url: world.postgres.url(empty) }, [/not migrated/, /dcsctl migrate/]);
  });

  test(`${kind}: a password in database_url is never logged`, async () => {
    const program = await refuses(kind, { database_url: 'postgresql://u:hunter2@127.0.0.1:1/d' }, [/database/i]);
    assert.doesNotMatch(program.stderr, /hunter2/);
  });

  test(`${kind}: key files that are none`, async () => {
    await refuses(kind, { key_file: '/no-such-file' }, [/key_file|no-such-file/]);
    await refuses(kind, { key_file: file('short', 'abc\n') }, [/64 hex digits/]);
    await refuses(kind, { key_file: file('open', `${'0'.repeat(64)}\n`, 0o644) }, [/others/]);
  });
}

test('worker: a heartbeat that is not well below the lease', async () => {
  await refuses('worker', { lease_seconds: 30, heartbeat_seconds: 11 }, [/heartbeat_seconds/, /third of lease_seconds/, /30/]);
  await refuses('worker', { lease_seconds: 3, heartbeat_seconds: 2 }, [/heartbeat_seconds/]);
  const worker = world.program('worker', { ...world.settings(world.template), lease_seconds: 30, heartbeat_seconds: 10 });
  await worker.event('working');
  await worker.stop();
});

test('server: certificates that are none, or not the key\'s', async () => {
  const other = await createCertificate(world.directory, await createAuthority(world.directory, 'ca2'), 'other');
  const cases = [
    [{ tls_certificate: '' }, [/tls_certificate/, /not set/]],
    [{ tls_key: '' }, [/tls_key/, /not set/]],
    [{ tls_certificate: '/no-such-file' }, [/tls_certificate/, /no-such-file/]],
    [{ tls_key: '/no-such-file' }, [/tls_key/, /no-such-file/]],
    [{ tls_certificate: file('bad.pem', 'nonsense') }, [/tls_certificate/]],
    [{ tls_certificate: settings.tls_key }, [/tls_certificate/]],
    [{ tls_key: file('bad.key', '-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----\n') }, [/tls_key/]],
    [{ tls_key: other.key }, [/tls_key|tls_certificate/, /match/i]],
  ];
  for (const [changed, expected] of cases) await refuses('server', changed, expected);
});

test('server: an identity service that cannot be asked', async () => {
  const right = { identity_url: 'https://127.0.0.1:1', identity_user: 'u', identity_password: 'hunter2' };
  const cases = [
    [{ identity_url: 'keystone' }, [/identity_url/, /http/]],
    [{ identity_url: 'ftp://keystone' }, [/identity_url/, /http/]],
    [{ identity_url: 'https://u:hunter2@keystone' }, [/identity_url/]],
    [{ identity_url: 'https://keystone/?x=1' }, [/identity_url/]],
    [{ identity_user: '' }, [/identity_user/, /not set/]],
    [{ identity_password: '' }, [/identity_password/, /not set/]],
    [{ identity_ca: '/no-such-file' }, [/identity_ca/, /no-such-file/]],
    [{ identity_ca: settings.tls_key }, [/identity_ca/]],
    [{ identity_roles: 'admin' }, [/identity_roles/, /admin/]],
    [{ identity_roles: 'admin=root' }, [/identity_roles/, /admin=root/]],
    [{ token_cache_seconds: 301 }, [/token_cache_seconds/, /0 to 300/]],
  ];
  for (const [changed, expected] of cases) {
    const program = await refuses('server', { ...right, ...changed }, expected);
    assert.doesNotMatch(program.stderr, /hunter2/);
  }
});

test('server: addresses that are none, or taken', async () => {
  await refuses('server', { listen_https: 'nonsense' }, [/listen_https/]);
  await refuses('server', { listen_https: '127.0.0.1:99999' }, [/listen_https/]);
  await refuses('server', { listen_https: '192.0.2.1:0' }, [/listen_https/, /192\.0\.2\.1/]);
  await refuses('server', { listen_https: '', listen_http: '' }, [/listen_https/]);
  const taken = net.createServer();
  await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
  await refuses('server', { listen_https: `127.0.0.1:${taken.address().port}` }, [/listen_https/, /in use/i]);
  taken.close();
});

test('server: listens without TLS where it is told to', async () => {
  const program = world.program('server', { ...settings, listen_http: '127.0.0.1:0' });
  await program.event('listening', (event) => event.scheme === 'https');
  const { port } = await program.event('listening', (event) => event.scheme === 'http');
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assert.equal(answer.status, 404);
  await answer.arrayBuffer();
  await refuses('server', { listen_http: `127.0.0.1:${port}` }, [/listen_http/, /in use/i]);
  await program.stop();
});

test('server and worker: SIGTERM and SIGINT end them with 0', async () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const server = world.program('server', settings);
    await server.event('listening');
    await server.stop({ signal });
    const worker = world.program('worker', world.settings(world.template));
    await worker.event('working');
    await worker.stop({ signal });
  }
});

test('server: --help tells every setting', async () => {
  const help = world.program('server', settings, { args: ['--help'] });
  assert.equal(await help.wait(), 0);
  for (const name of ['listen_https', 'tls_certificate', 'database_url', 'signature_window_seconds'])
    assert.match(help.stdout, new RegExp(`\\b${name}\\b`));
});

test('no secret in the process table', async () => {
  const server = world.program('server', settings);
  await server.event('listening');
  const line = await must('ps', 'ps', ['-o', 'args=', '-p', String(server.pid)]);
  for (const value of Object.values(environmentOf({ database_url: settings.database_url })))
    assert.ok(!line.includes(value));
  await server.stop();
});
