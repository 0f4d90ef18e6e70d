// The published documents and their viewer: served to anyone, with what keeps a browser from looking elsewhere.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { assertError } from '../support/golden.mjs';
import { World } from '../support/site.mjs';

const VIEWER = new URL('../node_modules/swagger-ui-dist', import.meta.url).pathname;
const read = (name) => readFileSync(new URL(`../../openapi/${name}`, import.meta.url), 'utf8');

let world, site, client;

before(async () => {
  world = await World.open();
  site = await world.site({ server: { docs_directory: VIEWER } });
  client = site.client();
});
after(() => world?.close());

async function document(path, type) {
  const answer = await client.send('GET', path);
  assert.equal(answer.status, 200, path);
  assert.equal(answer.headers['content-type'], type, path);
  assert.match(answer.headers['x-request-id'], /^[0-9a-f]{32}$/);
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  const policy = answer.headers['content-security-policy'];
  assert.match(policy, /^default-src 'self';/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
  const head = await client.send('HEAD', path);
  assert.equal(head.status, 200);
  assert.equal(head.body, '');
  assert.equal(head.headers['content-length'], String(answer.bytes.length));
  return answer;
}

test('the descriptions, as they are in the sources', async () => {
  assert.equal((await document('/openapi.yaml', 'application/yaml')).body, read('dcs-v2.yaml'));
  const served = await document('/openapi.json', 'application/json');
  assert.equal(served.body, read('dcs-v2.json'));
  assert.equal(served.json.openapi, '3.1.0');
  await document('/openapi.json?x=1', 'application/json');
  assert.equal((await document('/ext-v1.yaml', 'application/yaml')).body, read('ext-v1.yaml'));
  assert.equal((await document('/ext-v1.json', 'application/json')).body, read('ext-v1.json'));
});

test('the viewer, and nothing from elsewhere', async () => {
  const types = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' };
  for (const path of ['/docs', '/docs/', '/docs/ext']) {
    const page = await document(path, 'text/html; charset=utf-8');
    const references = [...page.body.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]);
    assert.ok(references.length >= 3);
    assert.doesNotMatch(page.body, /https?:|\/\/[a-z]|<script>|style=/);
    for (const reference of references) {
      assert.match(reference, /^\/docs\/[\w.-]+$/);
      await document(reference, types[reference.split('.').pop()]);
    }
  }
  await document('/docs/favicon-32x32.png', 'image/png');
  for (const [script, shown] of [['start', /'\/openapi\.json'/], ['start-ext', /'\/ext-v1\.json'/]]) {
    const start = await document(`/docs/${script}.js`, types.js);
    assert.match(start.body, shown);
    assert.match(start.body, /validatorUrl: null/);
  }
  const style = await document('/docs/swagger-ui.css', types.css);
  assert.doesNotMatch(style.body, /@import|url\(["']?(https?:)?\/\//);
});

test('no other file and no other method', async () => {
  for (const path of ['/docs/index.html', '/docs/package.json', '/docs/../openapi.yaml', '/docs/%2e%2e/keys',
    '/docs/swagger-ui.css/', '/openapi', '/openapi.yaml/', '/docs//swagger-ui.css'])
    assertError(await client.send('GET', path), 404, 'DCS.4001');
  for (const path of ['/openapi.yaml', '/docs'])
    assertError(await client.send('POST', path), 404, 'DCS.4001');
});

test('no viewer where none is configured', async () => {
  const plain = await world.site();
  const other = plain.client();
  assertError(await other.send('GET', '/docs'), 404, 'DCS.4001');
  assertError(await other.send('GET', '/docs/swagger-ui.css'), 404, 'DCS.4001');
  assert.equal((await other.send('GET', '/openapi.json')).status, 200);

});

// A directory as `vite build` leaves it.
function consoleFiles(directory, extra = {}) {
  mkdirSync(join(directory, 'assets'), { recursive: true });
  const files = {
    'index.html': '<!doctype html><script type="module" src="/console/assets/main-1a2b.js"></script>',
    'licenses.txt': 'as they say',
    'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    '.hidden': 'no',
    'assets/main-1a2b.js': 'export const words = ["'.padEnd(9000, 'word ') + '"];',
    'assets/small-3c.css': 'p{margin:0}',
    ...extra,
  };
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(directory, name), text);
  return directory;
}

test('the console: compressed, remembered, and shut in', async () => {
  const directory = consoleFiles(join(world.directory, 'console'));
  const other = (await world.site({ server: { console_directory: directory } })).client();
  const page = await other.send('GET', '/console/');
  assert.equal(page.status, 200);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(page.headers['cache-control'], 'no-cache');
  const policy = page.headers['content-security-policy'];
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; /);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*|data:/);
  assert.equal(page.headers['referrer-policy'], 'no-referrer');
  assert.equal((await other.send('GET', '/console')).body, page.body);
  const plain = await other.send('GET', '/console/assets/main-1a2b.js');
  assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(plain.headers.vary, 'Accept-Encoding');
  for (const accepted of ['gzip', 'br, GZIP;q=0.3', 'deflate, *', ' * ;q=1, gzip;q=1']) {
    const answer = await other.send('GET', '/console/assets/main-1a2b.js', { headers: [['Accept-Encoding', accepted]] });
    assert.equal(answer.headers['content-encoding'], 'gzip', accepted);
    assert.equal(gunzipSync(answer.bytes).toString(), plain.body);
    assert.ok(answer.bytes.length < plain.bytes.length / 10);
  }
  for (const refused of ['br', 'gzip;q=0', 'gzip;q=0.000, *', '', 'x-gzip', '*;q=0'])
    assert.equal((await other.send('GET', '/console/assets/main-1a2b.js', { headers: [['Accept-Encoding', refused]] }))
      .headers['content-encoding'], undefined, refused);
  const small = await other.send('GET', '/console/assets/small-3c.css', { headers: [['Accept-Encoding', 'gzip']] });
  assert.equal(small.headers['content-encoding'], undefined);
  assert.equal(small.headers['content-type'], 'text/css; charset=utf-8');
  assert.equal((await other.send('GET', '/console/icon.svg')).headers['content-type'], 'image/svg+xml');
  assert.equal((await other.send('GET', '/console/licenses.txt')).headers['content-type'], 'text/plain; charset=utf-8');
  const { version, ...settings } = (await other.send('GET', '/console/config.json')).json;
  assert.match(version, /^\d+\.\d+\.\d+$/);
  assert.deepEqual(settings, { identity: false });
  for (const path of ['/console/index.html', '/console/.hidden', '/console/assets/', '/console/assets', '/console/x'])
    assertError(await other.send('GET', path), 404, 'DCS.4001');
});

test('what a browser has is not sent again', async () => {
  const first = await client.send('GET', '/openapi.json');
  assert.match(first.headers.etag, /^"[0-9a-f]{32}"$/);
  for (const tag of [first.headers.etag, `W/${first.headers.etag}`, `"x", ${first.headers.etag}`, '*']) {
    const again = await client.send('GET', '/openapi.json', { headers: [['If-None-Match', tag]] });
    assert.equal(again.status, 304, tag);
    assert.equal(again.body, '');
    assert.equal(again.headers.etag, first.headers.etag);
  }
  for (const tag of ['"x"', '', first.headers.etag.slice(1, -1)])
    assert.equal((await client.send('GET', '/openapi.json', { headers: [['If-None-Match', tag]] })).status, 200, tag);
});

test('a console that is none is refused at the start', async () => {
  const without = join(world.directory, 'without');
  mkdirSync(join(without, 'assets'), { recursive: true });
  const many = consoleFiles(join(world.directory, 'many'),
    Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`assets/${i}.js`, ''])));
  const large = consoleFiles(join(world.directory, 'large'), { 'assets/large.js': Buffer.alloc(8 * 1024 * 1024 + 1) });
  for (const [directory, reason] of [['/no-such-directory', /console_directory: .*No such file/],
    [without, /console_directory: .*index\.html: there is none/], [many, /more than 256 documents/],
    [large, /large\.js: no file of at most 8388608 bytes/]])
    await assert.rejects(world.site({ server: { console_directory: directory } }), reason);
});
