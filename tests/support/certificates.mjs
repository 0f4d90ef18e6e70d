// A certificate authority of the test run and certificates under it, by the openssl command (EC P-256).

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './program.mjs';

const openssl = (...args) => must('openssl', 'openssl', args);

const newKey = (path) =>
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', path);

export async function createAuthority(directory, name = 'ca') {
  const key = join(directory, `${name}.key`);
  const certificate = join(directory, `${name}.pem`);
  await newKey(key);
  await openssl('req', '-x509', '-new', '-key', key, '-sha256', '-days', '2', '-subj',
    `/CN=dcs test ${name}`, '-addext', 'basicConstraints=critical,CA:TRUE', '-addext',
    'keyUsage=critical,keyCertSign,cRLSign', '-out', certificate);
  return { key, certificate };
}

// usage is serverAuth or clientAuth; a negative number of days makes one that has expired.
export async function createCertificate(directory, authority, name = 'server',
  { names = 'DNS:localhost,IP:127.0.0.1', usage = 'serverAuth', days = 2 } = {}) {
  const key = join(directory, `${name}.key`);
  const certificate = join(directory, `${name}.pem`);
  const request = join(directory, `${name}.csr`);
  const extensions = join(directory, `${name}.ext`);
  writeFileSync(extensions, [
    `subjectAltName=${names}`,
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    `extendedKeyUsage=${usage}`,
  ].join('\n'));
  await newKey(key);
  await openssl('req', '-new', '-key', key, '-subj', '/CN=localhost', '-out', request);
  await openssl('x509', '-req', '-in', request, '-CA', authority.certificate, '-CAkey', authority.key,
    '-CAcreateserial', '-days', String(days), '-sha256', '-extfile', extensions, '-out', certificate);
  return { key, certificate, ca: authority.certificate };
}
