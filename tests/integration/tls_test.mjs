// The server's TLS: what it agrees to, sessions that resume on every event loop, files that change while
// requests run, and clients that must have a certificate.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { X509Certificate } from 'node:crypto';
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { createAuthority, createCertificate } from '../support/certificates.mjs';
import { Exposition } from '../support/exposition.mjs';
import { assertAnswer } from '../support/golden.mjs';
import { OPERATIONS, Operations } from '../support/probes.mjs';
import { World } from '../support/site.mjs';
import { until, within } from '../support/wait.mjs';

const RELOADS = 100;
const APPLICATION_DATA = 23;
// What a client that has not signed is given at once of a long answer, and what a record adds to it at most.
const PIECE = 4 * 1024, RECORD_EXTRA = 64;

let world, directory, first, second;

before(async () => {
  world = await World.open();
  directory = join(world.directory, 'tls');
  mkdirSync(directory);
  first = await createCertificate(world.directory, world.authority, 'first');
  second = await createCertificate(world.directory, world.authority, 'second', { days: 3 });
});
after(() => world?.close());

const serialOf = ({ certificate }) => new X509Certificate(readFileSync(certificate)).serialNumber;

// A server whose files the test may change: put(pair) replaces them as one would by hand.
async function siteWithFiles(name, settings = {}) {
  const paths = { certificate: join(directory, `${name}.pem`), key: join(directory, `${name}.key`) };
  const put = (pair) => {
    for (const part of ['certificate', 'key']) {
      copyFileSync(pair[part], `${paths[part]}.new`);
      renameSync(`${paths[part]}.new`, paths[part]);
    }
  };
  put(first);
  const site = await world.site({ server: { tls_certificate: paths.certificate, tls_key: paths.key, ...settings } });
  return Object.assign(site, { paths, put });
}

// A handshake and one answer: what was agreed, and the session to resume.
async function visit(site, options = {}) {
  const socket = tls.connect({ host: '127.0.0.1', port: site.port, ca: site.ca, ...options });
  const outcome = new Promise((resolve, reject) => {
    let session;
    socket.on('session', (ticket) => (session = ticket)).on('error', reject)
      .on('close', () => reject(new Error('closed')));
    socket.once('secureConnect', () => socket.write('GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n'));
    socket.once('data', () => resolve({
      session: session ?? socket.getSession(), reused: socket.isSessionReused(), protocol: socket.getProtocol(),
      cipher: socket.getCipher().standardName, serial: socket.getPeerCertificate().serialNumber,
      group: socket.getEphemeralKeyInfo().name,
    }));
  });
  try {
    return await within('an answer over TLS', outcome);
  } finally {
    socket.destroy();
  }
}

const refused = (site, options) => assert.rejects(visit(site, options));
const has = (site, pair) => until('the certificate is in use', async () => (await visit(site)).serial === serialOf(pair));
const events = (site, name) => site.server.events.filter(({ event }) => event === name);

test('1.2 and 1.3 with forward secrecy and authenticated encryption, and nothing else', async () => {
  const site = await siteWithFiles('protocols');
  const newest = await visit(site);
  assert.equal(newest.protocol, 'TLSv1.3');
  assert.equal(newest.group, 'X25519');
  assert.equal((await visit(site, { maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
  for (const version of ['TLSv1', 'TLSv1.1'])
    await refused(site, { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' });
  for (const cipher of ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'])
    assert.equal((await visit(site, { minVersion: 'TLSv1.3', ciphers: cipher })).cipher, cipher);
  for (const cipher of ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'])
    assert.equal((await visit(site, { maxVersion: 'TLSv1.2', ciphers: cipher })).protocol, 'TLSv1.2');
  for (const cipher of ['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES256-SHA', 'AES128-GCM-SHA256', 'ADH-AES128-GCM-SHA256@SECLEVEL=0',
    'TLS_AES_128_CCM_SHA256'])
    await refused(site, { maxVersion: cipher.startsWith('TLS_') ? 'TLSv1.3' : 'TLSv1.2', ciphers: cipher });
  for (const curve of ['P-256', 'P-384', 'X25519']) await visit(site, { ecdhCurve: curve });
  for (const curve of ['P-521', 'secp256k1']) await refused(site, { ecdhCurve: curve });
});

// The lengths of the records that an answer comes in.
async function recordsOf(site, target) {
  const received = [];
  const raw = net.connect({ host: '127.0.0.1', port: site.port });
  const pass = new Duplex({ read() {}, write: (chunk, encoding, done) => raw.write(chunk, done) });
  raw.on('data', (chunk) => {
    received.push(chunk);
    pass.push(chunk);
  }).on('end', () => pass.push(null)).on('error', (error) => pass.destroy(error));
  // In 1.3 a ticket looks like an answer.
  const socket = tls.connect({ socket: pass, host: '127.0.0.1', ca: site.ca, maxVersion: 'TLSv1.2' });
  const ended = new Promise((resolve, reject) => socket.on('end', resolve).on('error', reject).resume());
  socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  await within('an answer over TLS', ended).finally(() => raw.destroy());
  const bytes = Buffer.concat(received), lengths = [];
  for (let at = 0, next; at < bytes.length; at = next) {
    next = at + 5 + bytes.readUInt16BE(at + 3);
    if (bytes[at] === APPLICATION_DATA) lengths.push(next - at);
  }
  return lengths;
}

test('an answer comes in one record, a long one in one for each piece', async () => {
  const site = await siteWithFiles('records');
  assert.equal((await recordsOf(site, '/nothing')).length, 1);
  const [head, ...pieces] = await recordsOf(site, '/openapi.json');
  assert.ok(head < 2 * PIECE && pieces.length > 1);
  assert.ok(pieces.slice(0, -1).every((length) => length > PIECE && length < PIECE + RECORD_EXTRA), `records of ${pieces}`);
});

test('a session resumes on any loop, and under the next certificate', async () => {
  const site = await siteWithFiles('sessions', { loops: 4 });
  const other = await siteWithFiles('others');
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const options = { minVersion: version, maxVersion: version };
    let { session, reused } = await visit(site, options);
    assert.equal(reused, false);
    // The kernel deals connections out to four loops: that all of these got to the first one's is out of reach.
    for (let i = 0; i < 24; i++) {
      const again = await visit(site, { ...options, session });
      assert.equal(again.reused, true, `${version}, visit ${i}`);
      if (version === 'TLSv1.3') session = again.session;
    }
    assert.equal((await visit(other, { ...options, session })).reused, false, 'keys are one process\'s');
    site.put(version === 'TLSv1.2' ? second : first);
    await has(site, version === 'TLSv1.2' ? second : first);
    assert.equal((await visit(site, { ...options, session })).reused, true);
  }
});

test('a file that is broken, half written or not the other one\'s changes nothing', async () => {
  const site = await siteWithFiles('broken');
  const pem = readFileSync(second.certificate);
  const spoil = [
    () => writeFileSync(site.paths.certificate, pem.subarray(0, pem.length >> 1)),
    () => writeFileSync(site.paths.certificate, ''),
    () => writeFileSync(site.paths.certificate, pem), // its key is still the first one's
    () => renameSync(site.paths.key, `${site.paths.key}.away`),
    () => writeFileSync(site.paths.key, 'nonsense\n'),
  ];
  for (const [i, act] of spoil.entries()) {
    act();
    await until(`fault ${i} is noticed`, () => events(site, 'tls_not_reloaded').length > i);
    assert.equal((await visit(site)).serial, serialOf(first), `fault ${i}`);
  }
  assert.ok(events(site, 'tls_not_reloaded').every(({ level, reason }) => level === 'error' && /^tls_(certificate|key): /.test(reason)));
  assert.deepEqual(events(site, 'tls_reloaded'), []);
  site.put(second);
  await has(site, second);
});

// The metric's value, once it is when that certificate ends.
const ends = (operations, path) => until(`it ends as ${path}`, async () => {
  const { body } = await operations.ask('/metrics');
  const expected = Date.parse(new X509Certificate(readFileSync(path)).validTo) / 1000;
  return new Exposition(body).value('dcs_tls_certificate_not_after_seconds') === expected;
});

test('SIGHUP loads them at once; a directory swapped behind a symbolic link is noticed', async () => {
  const link = join(directory, 'live');
  for (const [name, pair] of [['one', first], ['two', second]]) {
    mkdirSync(join(directory, name));
    copyFileSync(pair.certificate, join(directory, name, 'tls.crt'));
    copyFileSync(pair.key, join(directory, name, 'tls.key'));
  }
  // Of a chain the first that ends counts.
  appendFileSync(join(directory, 'two', 'tls.crt'), world.ca);
  symlinkSync('one', link);
  const site = await world.site({ server: { ...OPERATIONS, tls_certificate: join(link, 'tls.crt'), tls_key: join(link, 'tls.key') } });
  const operations = await Operations.of(site.server);
  assert.equal((await visit(site)).serial, serialOf(first));
  await ends(operations, first.certificate);
  symlinkSync('two', `${link}.new`);
  renameSync(`${link}.new`, link);
  await has(site, second);
  await ends(operations, world.authority.certificate);
  const before_ = events(site, 'tls_reloaded').length;
  site.server.signal('SIGHUP');
  await until('it was loaded again', () => events(site, 'tls_reloaded').length > before_);
  assert.ok(site.server.running);
});

test('files change under load and no request fails', async () => {
  const site = await siteWithFiles('load');
  const alice = await site.tenant('alice');
  let reloading = true;
  let kept = 0;
  let fresh = 0;
  const failures = [];
  const keep = async () => {
    for (; reloading; kept++) assertAnswer(await alice.client.get(alice.instances), 200);
  };
  const visitAnew = async () => {
    for (; reloading; fresh++) await visit(site);
  };
  const load = [keep, keep, visitAnew, visitAnew].map((run) => run().catch((error) => failures.push(error)));
  for (let i = 0; i < RELOADS; i++) {
    const done = events(site, 'tls_reloaded').length;
    site.put(i % 2 ? first : second);
    site.server.signal('SIGHUP');
    await until('it is loaded', () => events(site, 'tls_reloaded').length > done);
  }
  reloading = false;
  await Promise.all(load);
  assert.deepEqual(failures, []);
  assert.deepEqual(events(site, 'tls_not_reloaded'), []);
  assert.ok(kept > RELOADS && fresh > RELOADS, `${kept} kept, ${fresh} fresh`);
  await has(site, first);
});

test('clients without a certificate of the authority are refused, sessions of another one are not resumed', async () => {
  const authority = await createAuthority(world.directory, 'clients');
  const stranger = await createAuthority(world.directory, 'strangers');
  const clients = join(directory, 'clients.pem');
  copyFileSync(authority.certificate, clients);
  const make = async (issuer, name, how) => {
    const pair = await createCertificate(world.directory, issuer, name, { usage: 'clientAuth', ...how });
    return { cert: readFileSync(pair.certificate), key: readFileSync(pair.key) };
  };
  const known = await make(authority, 'known');
  const site = await siteWithFiles('required', { tls_client_ca: clients });
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const options = { minVersion: version, maxVersion: version };
    await refused(site, options);
    await refused(site, { ...options, ...(await make(stranger, `stranger-${version}`)) });
    await refused(site, { ...options, ...(await make(authority, `expired-${version}`, { days: -1 })) });
    await refused(site, { ...options, ...(await make(authority, `server-${version}`, { usage: 'serverAuth' })) });
    const { session } = await visit(site, { ...options, ...known });
    assert.equal((await visit(site, { ...options, ...known, session })).reused, true);
    const done = events(site, 'tls_reloaded').length;
    copyFileSync(version === 'TLSv1.2' ? stranger.certificate : authority.certificate, clients);
    site.server.signal('SIGHUP');
    await until('the authority is another', () => events(site, 'tls_reloaded').length > done);
    // An event loop takes it up a moment later.
    if (version === 'TLSv1.2')
      await until('the session is refused', () => visit(site, { ...options, ...known, session }).then(() => false, () => true));
    copyFileSync(authority.certificate, clients);
    site.server.signal('SIGHUP');
    await until('the authority is back', async () =>
      (await visit(site, { ...options, ...known }).catch(() => ({ serial: '' }))).serial !== '');
  }
});

test('an authority that is none ends the start', async () => {
  const broken = join(directory, 'none.pem');
  writeFileSync(broken, 'nonsense');
  const database = await world.postgres.createDatabase(world.template);
  const program = world.program('server', { ...world.serverSettings(database), tls_client_ca: broken });
  assert.match((await program.event('start_failed')).reason, /^tls_client_ca: /);
  await program.stop({ expected: 1 });
});
