// The signer against the vectors that the service itself is tested with.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { webcrypto } from 'node:crypto';
import { authorization, canonicalRequest, importKey, stamp, type Header } from '../src/api/signer';

/** The directory of the tests (run.mjs). */
declare const HERE: string;

interface Vector {
  name: string;
  method: string;
  target: string;
  headers: Header[];
  body: string;
  canonical_request: string | null;
  expect: string;
}

// Node 18 has WebCrypto, but not as a global.
globalThis.crypto ??= webcrypto as unknown as Crypto;

const { access_key, secret_key, vectors } = JSON.parse(readFileSync(
  join(HERE, '../../tests/fixtures/signature-vectors.json'), 'utf8')) as
  { access_key: string; secret_key: string; vectors: Vector[] };

const signedNames = (header: string): string[] | undefined =>
  /SignedHeaders=([^,]+)/.exec(header)?.[1]?.split(';');

// Left out are those whose target or headers are not text that a page could send.
const usable = vectors.filter((vector) => vector.expect === 'accept' && vector.canonical_request !== null &&
  /^[\x20-\x7e]*$/.test(vector.target + vector.headers.flat().join('')));

test('there are vectors to check', () => assert.ok(usable.length >= 10, `${usable.length} of ${vectors.length}`));

for (const vector of usable) {
  const header = vector.headers.find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '';
  const signed = signedNames(header);
  if (signed === undefined) continue;
  const request = {
    method: vector.method, target: vector.target, headers: vector.headers,
    body: new Uint8Array(Buffer.from(vector.body, 'latin1')),
  };
  test(`canonical request: ${vector.name}`, async () => {
    assert.equal(await canonicalRequest(request, signed), vector.canonical_request);
  });
  test(`signature: ${vector.name}`, async () => {
    const key = await importKey(access_key, secret_key);
    const made = await authorization(key, request, signed);
    assert.equal(/Signature=(\w+)/.exec(made)?.[1], /Signature=(\w+)/.exec(header)?.[1]);
  });
}

test('all headers are signed, in order, once each', async () => {
  const key = await importKey('A', 'B');
  const made = await authorization(key, {
    method: 'GET', target: '/', body: new Uint8Array(),
    headers: [['X-Sdk-Date', stamp(new Date(0))], ['Content-Type', 'a'], ['content-type', 'b']],
  });
  assert.match(made, /^SDK-HMAC-SHA256 Access=A, SignedHeaders=content-type;x-sdk-date, Signature=[0-9a-f]{64}$/);
});

test('the key can not be read out', async () => {
  const { key } = await importKey('A', 'secret');
  assert.equal(key.extractable, false);
  await assert.rejects(crypto.subtle.exportKey('raw', key));
});

test('a stamp has neither dashes nor fractions', () =>
  assert.equal(stamp(new Date('2026-11-22T17:09:23.456Z')), '20261122T170923Z'));

test('a query is decoded, encoded by RFC 3986 and sorted', async () => {
  const canonical = await canonicalRequest({
    method: 'GET', target: '/a%2fb/%e9x?b=2&a=%c3%a9&b=1&empty&c=%zz+*&c=\u00e9', headers: [], body: new Uint8Array(),
  }, []);
  const [, uri, query] = canonical.split('\n');
  assert.equal(uri, '/a%2Fb/%E9x/');
  assert.equal(query, 'a=%C3%A9&b=1&b=2&c=%25zz%2B%2A&c=%C3%A9&empty=');
});
