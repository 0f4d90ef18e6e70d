// Certificates, key files and database passwords that change, over and over.

import { copyFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createCertificate } from '../../support/certificates.mjs';
import { Rotating, requirePasswords } from '../../support/rotations.mjs';
import { World } from '../../support/site.mjs';
import { until } from '../../support/wait.mjs';
import { CONNECTIONS, RATE, RELOADS, get, loadUntil, tell } from './common.mjs';

// Connections that are new: handshakes take the processor.
const FRESH_RATE = RATE / 10;

const withWorld = async (work) => {
  const world = await World.open();
  try {
    return await work(world);
  } finally {
    await world.close();
  }
};

export const tls = () => withWorld(async (world) => {
  const pairs = [await createCertificate(world.directory, world.authority, 'first'), await createCertificate(world.directory, world.authority, 'second')];
  const paths = { certificate: join(world.directory, 'live.pem'), key: join(world.directory, 'live.key') };
  const put = (pair) => {
    for (const part of ['certificate', 'key']) {
      copyFileSync(pair[part], `${paths[part]}.new`);
      renameSync(`${paths[part]}.new`, paths[part]);
    }
  };
  put(pairs[0]);
  const site = await world.site({ server: { tls_certificate: paths.certificate, tls_key: paths.key, connections_per_address_max: 4096 } });
  const alice = await site.tenant('alice');
  const requests = [get(alice.key, alice.instances)];
  const loads = [loadUntil(world, site.port, requests),
    loadUntil(world, site.port, requests, { rate: FRESH_RATE, connections: CONNECTIONS, connect: 'full' })];
  const count = (name) => site.server.stderr.split(`"event":"${name}"`).length - 1;
  for (let i = 1; i <= RELOADS; i++) {
    const done = count('tls_reloaded');
    put(pairs[i % 2]);
    site.server.signal('SIGHUP');
    await until('it is loaded', () => count('tls_reloaded') > done);
  }
  const [kept, fresh] = await Promise.all(loads.map((load) => load.end()));
  console.log(`${RELOADS} exchanges, ${count('tls_reloaded')} loads, ${count('tls_not_reloaded')} not loaded`);
  const good = [tell('kept connections', kept), tell('new connections', fresh)];
  return good.every(Boolean) && count('tls_not_reloaded') === 0;
});

export const secrets = () => withWorld(async (world) => {
  await requirePasswords(world.postgres);
  const rotating = await Rotating.open(world, { server: { connections_per_address_max: 4096 } });
  const must = async (...args) => {
    const { status, stdout, stderr } = await rotating.tool(...args);
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };
  const redis = await world.redis();
  await redis.command('SET', 'key', 'value');
  const { id: project } = await must('project', 'add', 'alice');
  const key = await must('key', 'add', '--project', 'alice');
  const { id } = await must('instance', 'add', 'cache', '--project', 'alice', '--endpoint', redis.endpoint);
  const client = rotating.site.client(key);
  const path = `/v2/${project}/instances/${id}/bigkey-task`;
  const load = loadUntil(world, rotating.site.port, [get(key, `/v2/${project}/instances`), get(key, path.replace('-task', '-tasks'))]);
  let over = false, scans = 0;
  const scanning = (async () => {
    for (; !over; scans++) {
      const { json } = await client.post(path);
      await until('the scan ends', async () => (await client.get(`${path}/${json.id}`)).json.status === 'success');
    }
  })();
  scanning.catch(() => {});
  for (let i = 0; i < RELOADS; i++) await rotating.rotate(i);
  over = true;
  await scanning;
  const result = await load.end();
  const refused = ['password_refused', 'password_not_loaded', 'keys_not_loaded'].flatMap((name) => rotating.counts(name)).reduce((a, b) => a + b);
  console.log(`${RELOADS} exchanges of the key file and three passwords, ${scans} scans meanwhile, ${refused} refused or not loaded`);
  return tell('requests', result) && refused === 0 && scans > 0;
});
