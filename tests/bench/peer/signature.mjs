// SDK-HMAC-SHA256: what a request claims, and whether its key's secret made it.

import crypto, { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { refuse } from './refusal.mjs';

const WINDOW_SECONDS = 900;
const EMPTY_HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const FORM = /^SDK-HMAC-SHA256 (.*)$/;
const DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const UNRESERVED = /^[A-Za-z0-9\-_.~]*$/;
const UNRESERVED_PATH = /^[A-Za-z0-9\-_.~/]*$/;

// Node 20.12 has one call for it, which is quicker.
const sha256 = crypto.hash
  ? (bytes) => crypto.hash('sha256', bytes, 'hex')
  : (bytes) => createHash('sha256').update(bytes).digest('hex');

export const wrongSignature = () => refuse.unauthenticated('verify aksk signature fail');

function fieldsOf(text) {
  const fields = {};
  for (const part of text.split(',')) {
    const [name, value] = part.trim().split(/=(.*)/s);
    if (!['Access', 'SignedHeaders', 'Signature'].includes(name) || value === undefined)
      throw refuse.unauthenticated('Authorization header has an unknown field');
    if (name in fields) throw refuse.unauthenticated('Authorization header has a field twice');
    fields[name] = value;
  }
  for (const name of ['Access', 'SignedHeaders'])
    if (!fields[name]) throw refuse.unauthenticated(`Authorization header has no ${name}`);
  if (!/^[0-9a-f]{64}$/.test(fields.Signature ?? ''))
    throw refuse.unauthenticated("Authorization header's Signature is not 64 lower-case hex digits");
  return fields;
}

function checkDate(headers, signed) {
  const dates = headers['x-sdk-date'];
  if (dates?.length !== 1) throw refuse.unauthenticated('exactly one X-Sdk-Date header is needed');
  if (!signed.includes('x-sdk-date')) throw refuse.unauthenticated('the X-Sdk-Date header is not signed');
  const [date] = dates;
  const match = DATE.exec(date);
  if (!match) throw refuse.unauthenticated('the X-Sdk-Date header is not of the form YYYYMMDDTHHMMSSZ');
  const [, year, month, day, hour, minute, second] = match;
  const now = Date.now();
  const age = Math.floor(now / 1000) - Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  if (Math.abs(age) > WINDOW_SECONDS) {
    const server = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
    throw refuse.unauthenticated(
      `calc aksk signature fail:signature expired, signature time:${date},server time:${server}`);
  }
  return date;
}

function checkContentHash(headers, body, bodyHash) {
  const claim = headers['x-sdk-content-sha256']?.[0];
  if (claim === undefined || (claim === 'UNSIGNED-PAYLOAD' && body.length === 0)) return;
  if (claim.toLowerCase() !== bodyHash)
    throw refuse.unauthenticated('X-Sdk-Content-Sha256 is not the hash of the body');
}

// headers: every value of each by its lower-case name.  What the request claims about itself.
export function parseSignature(headers, body) {
  const values = headers.authorization;
  if (!values) throw refuse.unauthenticated('no Authorization or X-Auth-Token header');
  if (values.length !== 1) throw refuse.unauthenticated('more than one Authorization header');
  const form = FORM.exec(values[0]);
  if (!form) throw refuse.unauthenticated('Authorization header is not of the form SDK-HMAC-SHA256 Access=...');
  const { Access: accessKey, SignedHeaders: signedHeaders, Signature: digits } = fieldsOf(form[1]);
  const signed = signedHeaders.toLowerCase().split(';');
  const date = checkDate(headers, signed);
  const bodyHash = body.length ? sha256(body) : EMPTY_HASH;
  checkContentHash(headers, body, bodyHash);
  return { accessKey, signedHeaders, digest: Buffer.from(digits, 'hex'), date, bodyHash };
}

function encodeAgain(text) {
  if (UNRESERVED.test(text)) return text;
  let decoded;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw refuse.unauthenticated('the path or the query is not percent-encoded');
  }
  return encodeURIComponent(decoded).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function canonicalQuery(query) {
  if (query === '') return '';
  const pairs = query.split('&').filter((pair) => pair !== '').map((pair) => {
    const equals = pair.indexOf('=');
    return equals < 0 ? [encodeAgain(pair), '']
      : [encodeAgain(pair.slice(0, equals)), encodeAgain(pair.slice(equals + 1))];
  });
  pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function canonicalHeaders(headers, signedHeaders) {
  let lines = '';
  for (const name of signedHeaders.split(';')) {
    const values = headers[name.toLowerCase()];
    if (!values) throw refuse.unauthenticated('a signed header is missing');
    if (values.length > 1) values.sort(compare);
    for (const value of values) lines += `${name}:${value}\n`;
  }
  return lines;
}

function canonicalRequest(method, target, headers, { signedHeaders, bodyHash }) {
  const mark = target.indexOf('?');
  let path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark + 1);
  if (!UNRESERVED_PATH.test(path)) path = path.split('/').map(encodeAgain).join('/');
  if (!path.endsWith('/')) path += '/';
  return `${method}\n${path}\n${canonicalQuery(query)}\n${canonicalHeaders(headers, signedHeaders)}\n`
    + `${signedHeaders}\n${bodyHash}`;
}

// secret: a KeyObject.
export function verifySignature(secret, method, target, headers, signature) {
  const canonical = canonicalRequest(method, target, headers, signature);
  const hash = sha256(Buffer.from(canonical, 'latin1'));
  const expected = createHmac('sha256', secret).update(`SDK-HMAC-SHA256\n${signature.date}\n${hash}`).digest();
  if (!timingSafeEqual(expected, signature.digest)) throw wrongSignature();
}

// The tokens under which a request that changes something is remembered: the server's own (server/auth/replay.c),
// as both work on one database.
function hashParts(parts) {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = Buffer.isBuffer(part) ? part : Buffer.from(part, 'latin1');
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(bytes.length));
    hash.update(length).update(bytes);
  }
  return hash.digest();
}

export function replayTokens(method, target, headers, body, signature) {
  const keys = headers['idempotency-key'];
  if (keys && (keys.length !== 1 || !/^[ -~]{1,255}$/.test(keys[0]))) throw refuse.parameter();
  return {
    signature: hashParts(['signature', signature.digest]),
    key: keys ? hashParts(['idempotency-key', keys[0]]) : null,
    fingerprint: hashParts([method, target, body]),
  };
}
