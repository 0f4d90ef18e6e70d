// The published documents and their viewer: served to anyone, with what keeps a browser from looking elsewhere.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
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
