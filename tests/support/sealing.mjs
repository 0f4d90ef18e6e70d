// Sealed secrets made without the programs' own code: both formats of core/base/include/base/secret.h.

import { createCipheriv, createHash, randomBytes } from 'node:crypto';

export const newKey = () => randomBytes(32).toString('hex');

const idOf = (key) => createHash('sha256').update(Buffer.from(key, 'hex')).digest().subarray(0, 8);
export const keyId = (key) => idOf(key).toString('hex');

function encrypt(key, associated, plain) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

// As a parameter for a bytea.
const parameter = (...parts) => `\\x${Buffer.concat(parts).toString('hex')}`;

// owner: what format 1 authenticated.
export function sealedInFormat1(key, owner, secret) {
  return parameter(Buffer.from([1]), idOf(key), encrypt(Buffer.from(key, 'hex'), Buffer.from(owner), secret));
}

export function sealed(key, { column, project, row }, secret) {
  const format = Buffer.from([2]);
  const owner = Buffer.from(`${column}\0${project}\0${row}\0`);
  const dataKey = randomBytes(32);
  return parameter(format, idOf(key),
    encrypt(Buffer.from(key, 'hex'), Buffer.concat([format, idOf(key), owner]), dataKey),
    encrypt(dataKey, Buffer.concat([format, owner]), secret));
}
