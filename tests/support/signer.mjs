// SDK-HMAC-SHA256 written from the description of the wire contract alone, so that a fault of the server
// and a fault of the SDK cannot hide each other.  Every part can be overridden, for negative cases.

import { createHash, createHmac } from 'node:crypto';

export const stamp = (date) => date.toISOString().replace(/[-:]|\.\d{3}/g, '');

const encodeBytes = (bytes) =>
  [...bytes].map((byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9\-_.~]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');

function decodeBytes(text) {
  const source = Buffer.from(text, 'latin1');
  const bytes = [];
  for (let i = 0; i < source.length; i++) {
    const hex = text.slice(i + 1, i + 3);
    if (text[i] === '%' && /^[0-9a-f]{2}$/i.test(hex)) {
      bytes.push(parseInt(hex, 16));
      i += 2;
    } else {
      bytes.push(source[i]);
    }
  }
  return bytes;
}

const normalise = (text) => encodeBytes(decodeBytes(text));

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

export function canonicalRequest(method, target, headers, signedHeaders, body) {
  const [path, query = ''] = target.split(/\?(.*)/s);
  let uri = path.split('/').map(normalise).join('/');
  if (!uri.endsWith('/')) uri += '/';
  const pairs = query.split('&').filter((pair) => pair !== '').map((pair) => {
    const [name, value = ''] = pair.split(/=(.*)/s);
    return [normalise(name), normalise(value)];
  });
  pairs.sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]));
  const lines = signedHeaders.flatMap((name) =>
    headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => String(value).trim())
      .sort(compare).map((value) => `${name}:${value}\n`));
  return [
    method, uri, pairs.map(([name, value]) => `${name}=${value}`).join('&'), lines.join(''),
    signedHeaders.join(';'), createHash('sha256').update(body).digest('hex'),
  ].join('\n');
}

// Headers ([name, value] pairs) with the date and the Authorization that make the request acceptable.
export function sign({
  key, method, target, headers = [], body = '', date = new Date(), signed,
  accessKey = key.id, secretKey = key.secret,
}) {
  const all = [...headers, ['X-Sdk-Date', typeof date === 'string' ? date : stamp(date)]];
  const names = signed ?? [...new Set(all.map(([name]) => name.toLowerCase()))].sort(compare);
  const when = all.find(([name]) => name === 'X-Sdk-Date')[1];
  const digest = createHash('sha256')
    .update(canonicalRequest(method, target, all, names, body)).digest('hex');
  const signature = createHmac('sha256', secretKey)
    .update(`SDK-HMAC-SHA256\n${when}\n${digest}`).digest('hex');
  return [...all, ['Authorization',
    `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=${names.join(';')}, Signature=${signature}`]];
}
