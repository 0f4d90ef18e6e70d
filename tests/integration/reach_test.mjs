// How an instance is reached and how hard it is scanned: client certificates, servers that are not what they should
// be, announced addresses, Sentinels, profiles.  Reasons are sentences that a person can act upon.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAuthority, createCertificate } from '../support/certificates.mjs';
import { fillSmall } from '../support/dataset.mjs';
import { json } from '../support/http.mjs';
import { Program } from '../support/program.mjs';
import { freePort } from '../support/redis.mjs';
import { RespConnection } from '../support/resp.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const PROFILES = ['gentle', 'balanced', 'fast'];

let world, site, alice, operator, strict, stranger, client, foreign;

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1, worker: { probe_seconds: 1, scan_profile: 'balanced' } });
  alice = await site.tenant('alice');
  operator = await site.operator();
  stranger = await createAuthority(world.directory, 'stranger');
  client = await createCertificate(world.directory, world.authority, 'client', { usage: 'clientAuth' });
  foreign = await createCertificate(world.directory, stranger, 'foreign', { usage: 'clientAuth' });
  strict = await world.redis({ certificates: world.certificates, options: { 'tls-auth-clients': 'yes' } });
  await fillSmall(strict);
});
after(() => world?.close());

const tls = (ca = world.authority) => ['--tls', '--tls-ca', ca.certificate];
const identity = ({ certificate, key }) => ['--client-certificate', certificate, '--client-key-file', key];

let names = 0;
// Registers and probes; the exit status and what is recorded.
async function added(endpoint, ...options) {
  const name = `i${++names}`;
  const result = await world.dcsctl(site.database, ['instance', 'add', name, '--project', 'alice', '--endpoint', endpoint,
    ...options, '--probe-timeout-ms', '1500']);
  const record = result.status === 2 ? undefined : await site.dcsctl('instance', 'show', '--project', 'alice', name);
  return { name, ...result, record };
}

async function refused(reason, endpoint, ...options) {
  const { status, record } = await added(endpoint, ...options);
  assert.equal(status, 1);
  assert.equal(record.status, 'ERROR');
  assert.match(record.probe_error, reason);
}

test('a server that asks for a client certificate: the right one, none, one of somebody else', async () => {
  const { record } = await added(strict.tlsEndpoint, ...tls(), ...identity(client));
  assert.deepEqual([record.status, record.has_tls_certificate], ['RUNNING', true], record.probe_error);
  await refused(/TLS: .*client certificate/, strict.tlsEndpoint, ...tls());
  await refused(/TLS: the server does not trust the client certificate's issuer/, strict.tlsEndpoint, ...tls(),
    ...identity(foreign));
});

test('a server whose certificate is not what it should be', async () => {
  const certificates = [
    [{ days: -1 }, tls(), /the server's certificate is refused: certificate has expired/],
    [{ names: 'DNS:elsewhere.example' }, tls(), /the server's certificate is refused: IP address mismatch/],
    [{}, tls(stranger), /the server's certificate is refused: .*(self.signed|issuer)/],
  ];
  for (const [i, [how, options, reason]] of certificates.entries()) {
    const certificate = await createCertificate(world.directory, world.authority, `odd-${i}`, how);
    const redis = await world.redis({ certificates: certificate });
    await refused(reason, redis.tlsEndpoint, ...options);
  }
  const named = await createCertificate(world.directory, world.authority, 'named', { names: 'DNS:elsewhere.example' });
  const redis = await world.redis({ certificates: named });
  const { record } = await added(redis.tlsEndpoint, ...tls(), '--tls-server-name', 'elsewhere.example');
  assert.equal(record.status, 'RUNNING', record.probe_error);
  await refused(/the server's certificate is refused: hostname mismatch/i, redis.tlsEndpoint, ...tls(),
    '--tls-server-name', 'another.example');
});

test('TLS where there is none, and none where there is', async () => {
  await refused(/TLS.*(does the port speak TLS\?|the port does not speak TLS)/, strict.endpoint, ...tls());
  await refused(/the port expects TLS|does the port expect TLS\?/, strict.tlsEndpoint);
});

test('a certificate and a key that do not fit are refused before they are stored', async () => {
  const endpoint = strict.tlsEndpoint;
  const cases = [
    [1, /the key belongs to another certificate/, identity({ certificate: client.certificate, key: foreign.key })],
    [1, /no private key in PEM/, identity({ certificate: client.certificate, key: client.certificate })],
    [1, /no certificate in PEM/, identity({ certificate: client.key, key: client.key })],
    [2, /come together/, ['--client-certificate', client.certificate]],
    [2, /come together/, ['--client-key-file', client.key]],
  ];
  for (const [status, reason, options] of cases) {
    const result = await world.dcsctl(site.database, ['instance', 'add', 'unfit', '--project', 'alice', '--endpoint',
      endpoint, ...tls(), ...options]);
    assert.equal(result.status, status, result.stderr);
    assert.match(result.stderr, reason);
  }
  const wrong = [['--profile', 'furious'], ['--address-map', 'a:1=b'], ['--address-map', 'a'],
    ['--sentinel-master', 'm'], ['--cache-mode', 'ha', '--sentinel-master', 'a b']];
  for (const options of wrong) {
    const result = await world.dcsctl(site.database, ['instance', 'add', 'unfit', '--project', 'alice', '--endpoint',
      endpoint, ...options]);
    assert.equal(result.status, 2, options.join(' '));
  }
  assert.deepEqual(await site.sql("SELECT FROM instance WHERE name = 'unfit'"), []);
});

const pem = ({ certificate, key }) => ({
  tls_certificate: readFileSync(certificate, 'utf8'), tls_key: readFileSync(key, 'utf8'),
});

test('by the administration interface: a certificate, a profile, and what the scan cost', async () => {
  const path = `/admin/v1/projects/${alice.projectId}/instances`;
  const body = {
    name: 'administered', endpoints: [strict.tlsEndpoint], tls: true,
    tls_ca: readFileSync(world.authority.certificate, 'utf8'), scan_profile: 'fast', address_map: 'a:1=b:2',
  };
  for (const [member, wrong] of [['tls_key', { ...pem(client), tls_key: pem(foreign).tls_key }],
    ['tls_certificate', { tls_key: pem(client).tls_key }], ['tls_key', { tls_certificate: pem(client).tls_certificate }],
    ['address_map', { address_map: 'a:1=b' }], ['scan_profile', { scan_profile: 'furious' }],
    ['sentinel_master', { sentinel_master: 'm' }]]) {
    const answer = await operator.post(path, json({ ...body, ...wrong }));
    assert.deepEqual([answer.status, answer.json.detail], [400, `Invalid ${member} in the request.`]);
  }
  const created = await operator.post(path, json({ ...body, ...pem(client) }));
  assert.equal(created.status, 201, created.body);
  const target = created.headers.location;
  const shown = async () => (await operator.get(target)).json;
  await until('it is RUNNING', async () => (await shown()).status === 'RUNNING');
  const { has_tls_certificate: has, scan_profile: profile, address_map: map } = await shown();
  assert.deepEqual([has, profile, map], [true, 'fast', 'a:1=b:2']);

  // The pair stays where it is left out, goes with null, and goes with TLS.
  const put = async (change) => {
    const { etag } = (await operator.get(target)).headers;
    const answer = await operator.put(target, json({ ...body, ...change }, { 'If-Match': etag }));
    assert.equal(answer.status, 200, answer.body);
    return answer.json;
  };
  const task = async () => {
    const { id } = await alice.client.post(`${alice.instances}/${created.json.id}/bigkey-task`).then((a) => a.json);
    await until('the task ends', async () =>
      (await site.sql('SELECT FROM scan_task WHERE id = $1 AND finished_at IS NOT NULL', [id])).length > 0);
    return site.inspect(id);
  };
  for (const scanProfile of [...PROFILES, null]) {
    const changed = await put({ scan_profile: scanProfile });
    assert.deepEqual([changed.status, changed.has_tls_certificate], ['RUNNING', true]);
    const { status, cost, failure, keys_seen: seen } = await task();
    assert.equal(status, 'success', failure);
    assert.equal(cost.profile, scanProfile ?? 'balanced');
    assert.equal(cost.keys_seen, seen);
    assert.deepEqual(Object.keys(cost).sort(), ['baseline_us', 'commands', 'duration_ms', 'expired_released', 'halvings',
      'keys_seen', 'paused_ms', 'pauses', 'profile', 'touched', 'worst_us']);
    assert.deepEqual(Object.keys(cost.pauses).sort(), ['ceiling', 'guard']);
    assert.ok(cost.commands > 0);
  }
  assert.equal((await put({ tls_certificate: null })).has_tls_certificate, false);
  assert.equal((await put(pem(client))).has_tls_certificate, true);
  assert.equal((await put({ tls: false, tls_ca: null })).has_tls_certificate, false);
});

test('a key is never shown again', async () => {
  const lines = pem(client).tls_key.split('\n').filter((line) => line && !line.startsWith('-----'));
  const rows = JSON.stringify(await site.sql('SELECT i::text AS row FROM instance i'));
  const listed = await operator.get(`/admin/v1/projects/${alice.projectId}/instances`);
  const { stdout } = await world.dcsctl(site.database, ['instance', 'list', '--json']);
  for (const text of [rows, listed.body, stdout, site.server.stderr, ...site.workers.map((w) => w.stderr)])
    for (const line of lines) assert.ok(!text.includes(line));
  assert.ok((await site.sql('SELECT FROM instance WHERE sealed_tls_key IS NOT NULL')).length > 0);
});

test('dcsctl instance set changes what is given and keeps the rest', async () => {
  const { name } = await added(strict.tlsEndpoint, ...tls(), ...identity(client), '--profile', 'fast');
  const set = (...options) => site.dcsctl('instance', 'set', name, '--project', 'alice', ...options);
  const changed = await set('--description', 'sessions', '--address-map', 'a=b');
  assert.deepEqual([changed.status, changed.description, changed.scan_profile, changed.address_map, changed.tls,
    changed.has_tls_certificate], ['RUNNING', 'sessions', 'fast', 'a=b', true, true]);
  const cleared = await set('--profile', '', '--address-map', '');
  assert.deepEqual([cleared.description, cleared.scan_profile, cleared.address_map], ['sessions', undefined, undefined]);
  const without = await world.dcsctl(site.database, ['instance', 'set', name, '--project', 'alice', '--client-certificate', '']);
  assert.equal(without.status, 1);
  assert.match(without.stderr, /client certificate/);
});

test('nodes that announce addresses of their own are shown where they are reached', async () => {
  const master = await world.redis();
  const replica = await world.redis({ options: { 'replica-announce-ip': '10.9.9.9', 'replica-announce-port': 7000 } });
  await replica.command('REPLICAOF', '127.0.0.1', master.port);
  await until('the master knows its replica', async () => /10\.9\.9\.9/.test((await master.info('replication')).slave0));
  const cache = await alice.instance('announced', master.endpoint, '--cache-mode', 'ha', '--address-map',
    `10.9.9.9:7000=127.0.0.1:${replica.port}`);
  const nodes = (await alice.client.get(`${cache.path}/logical-nodes`)).json.nodes;
  assert.deepEqual(nodes.map((n) => `${n.node_type} ${n.node_ip}:${n.node_port}`),
    [`master ${master.endpoint}`, `slave ${replica.endpoint}`]);
});

// Sentinel keeps its state in its configuration's file.
async function sentinel(master) {
  const directory = mkdtempSync(join(world.directory, 'sentinel-'));
  const port = await freePort();
  const file = join(directory, 'sentinel.conf');
  writeFileSync(file, [`port ${port}`, 'bind 127.0.0.1', `dir ${directory}`,
    `sentinel monitor main 127.0.0.1 ${master.port} 1`].join('\n'));
  const program = new Program('redis-sentinel', 'redis-server', [file, '--sentinel'], { cwd: directory });
  world.onClose(() => program.stop({ signal: 'SIGKILL', expected: null }));
  await until('Sentinel answers', () => RespConnection.open(port).then((c) => { c.close(); return true; }, () => false));
  return `127.0.0.1:${port}`;
}

test('endpoints that are Sentinels: their master is probed', async () => {
  const master = await world.redis();
  const endpoint = await sentinel(master);
  const { record } = await added(endpoint, '--cache-mode', 'ha', '--sentinel-master', 'main');
  assert.deepEqual([record.status, record.node_role, record.sentinel_master], ['RUNNING', 'master', 'main'],
    record.probe_error);
  const [{ port }] = await site.sql('SELECT port FROM instance_node WHERE instance_id = $1', [record.id]);
  assert.equal(Number(port), master.port);
  await refused(/the Sentinel watches no master of that name/, endpoint, '--cache-mode', 'ha', '--sentinel-master', 'other');
  await refused(/it is a Sentinel, which holds no data: register it with the name of its master/, endpoint);
});
