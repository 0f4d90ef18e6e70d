// The programs of docs/api-guide.md, taken out of the page and run against a real server: each does all that it says, and
// leaves nothing behind.  What is not run here is at least well formed where its tool is there.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import hcl from 'hcl2-parser';
import { json } from '../support/http.mjs';
import { run } from '../support/program.mjs';
import { Receiver } from '../support/receiver.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const guide = readFileSync(new URL('../../docs/api-guide.md', import.meta.url), 'utf8');
const LARGEST = 4321;
const RUN_MS = 90_000;

// The only block of that language, or the one that begins so.
function program(language, beginning = '') {
  const blocks = [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, name, text]) => name === language && text.startsWith(beginning));
  assert.equal(blocks.length, 1, language);
  return blocks[0][2];
}

let world, site, redis, environment;

before(async () => {
  world = await World.open();
  site = await world.site({ workers: 1, worker: {
    probe_seconds: 1, webhook_ca: world.authority.certificate, webhook_networks: '127.0.0.0/8,::1', webhook_networks_denied: '',
  } });
  redis = await world.redis();
  await redis.pipeline([['SET', 'session:largest', 'x'.repeat(LARGEST)], ['RPUSH', 'queue', 1, 2, 3]]);
  const key = await site.dcsctl('key', 'add', '--operator');
  environment = {
    CACHE_API: `https://127.0.0.1:${site.port}`, CACHE_REDIS: redis.endpoint,
    CACHE_OPERATOR_KEY: key.id, CACHE_OPERATOR_SECRET: key.secret,
    SSL_CERT_FILE: world.authority.certificate, CURL_CA_BUNDLE: world.authority.certificate,
    NODE_EXTRA_CA_CERTS: world.authority.certificate, no_proxy: '*',
  };
});
after(() => world?.close());

function write(name, language) {
  const path = join(world.directory, 'guide', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, program(language));
  return path;
}

const PROGRAMS = [['bash', 'guide.sh', 'bash'], ['python', 'guide.py', 'python3'], ['js', 'guide.mjs', process.execPath]];

// They wait for most of the time, so side by side.
test('each program does what it says', { concurrency: true }, (t) => Promise.all(PROGRAMS.map(([language, name, command]) => t.test(name, async () => {
  const { status, stdout, stderr } = await run(name, command, [write(name, language)], { env: environment, deadlineMs: RUN_MS });
  assert.equal(status, 0, stderr);
  const [state, ...lines] = stdout.trim().split('\n');
  assert.equal(state, 'success');
  assert.match(lines[0], new RegExp(`^string\\s+${LARGEST}\\s+byte\\s+session:largest$`));
  assert.match(lines[1], /^list\s+3\s+count\s+queue$/);
  assert.match(lines[2], /02:30/);
  assert.equal(lines[3], '1');
  assert.equal(lines.length, 4);
}))));

test('the extended interface, on the way of the first one', async () => {
  const [start, end] = program('bash').split('# Away with the record');
  const path = join(world.directory, 'guide', 'extended.sh');
  writeFileSync(path, `${start}${program('sh', 'ext=')}# Away with the record${end}`);
  const { status, stdout, stderr } = await run('extended.sh', 'bash', [path], { env: environment, deadlineMs: RUN_MS });
  assert.equal(status, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n').slice(5).map((line) => line.replace(/\r$/, '')), ['2 keys', 'session:\t1', '{"new":0,"gone":0,"grown":0,"shrunk":0}', '2',
    'type,keys,bytes,elements,keys_without_ttl,bytes_without_ttl,largest_bytes,largest_size',
    'success: 2 of 2 keys, 0/s ', '["03:30"]', '2', 'true']);
});

// What each of the two says of a delivery, again, of one that was changed, signed by another, and of an old one.
const RECEIVERS = {
  python: ['hook.py', 'py', 'python3', `
import json, sys
one = json.load(sys.stdin)
good = lambda **changes: is_good(**{**{"secret": one["secret"], "headers": one["headers"], "body": one["body"].encode()}, **changes})
print(good(body=b"{}"), good(secret=one["other"]), good(tolerance=-1), good(), good())
`],
  'Node.js': ['hook.mjs', 'javascript', process.execPath, `
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { secret, headers, body, other } = JSON.parse(Buffer.concat(chunks));
const bytes = Buffer.from(body);
const all = [isGood(secret, headers, Buffer.from('{}')), isGood(other, headers, bytes), isGood(secret, headers, bytes, -1),
  isGood(secret, headers, bytes), isGood(secret, headers, bytes)];
console.log(all.map((one) => (one ? 'True' : 'False')).join(' '));
`],
};

test('receivers of webhooks take what is genuine, fresh and new', async () => {
  const receiver = await Receiver.start({ certificates: world.certificates });
  world.onClose(() => receiver.stop());
  const tenant = await site.tenant('hooks');
  const hooks = `/ext/v1/${tenant.projectId}/webhooks`;
  const { id, secret } = (await tenant.client.post(hooks,
    json({ name: 'hook', url: receiver.url, events: ['task.failed'], enabled: true }))).json;
  assert.equal((await tenant.client.post(`${hooks}/${id}/test`)).status, 202);
  const { headers, body } = await receiver.waits('it');
  const input = JSON.stringify({ secret, headers, body, other: `whsec_${Buffer.alloc(32).toString('base64')}` });
  for (const [language, [name, block, command, calls]] of Object.entries(RECEIVERS)) {
    const path = join(world.directory, name);
    writeFileSync(path, program(block) + calls);
    const { status, stdout, stderr } = await run(name, command, [path], { input, deadlineMs: RUN_MS });
    assert.equal(status, 0, stderr);
    assert.equal(stdout.trim(), 'False False False True False', language);
  }
  await site.sql('DELETE FROM access_key WHERE project_id = $1', [tenant.projectId]);
  await site.sql('DELETE FROM project WHERE id = $1', [tenant.projectId]);
  assert.deepEqual(await site.sql('SELECT FROM webhook_delivery'), []);
});

test('and each cleans up', async () => {
  assert.deepEqual(await site.sql('SELECT FROM project'), []);
  assert.deepEqual(await site.sql('SELECT FROM access_key WHERE project_id IS NOT NULL'), []);
  // The log follows the answers by a moment.
  await until('each analysis is in the audit log', async () => (await site.sql(
    "SELECT FROM audit_event WHERE action LIKE '%analyzeBigKey' AND decision = 'allowed'")).length === PROGRAMS.length + 1);
});

for (const [language, name, command] of PROGRAMS) {
  test(`${name} fails where the key is wrong`, async () => {
    const { status, stdout, stderr } = await run(name, command, [write(name, language)],
      { env: { ...environment, CACHE_OPERATOR_SECRET: 'another' }, deadlineMs: RUN_MS });
    assert.notEqual(status, 0);
    assert.match(stdout + stderr, /401/);
  });
}

const has = (tool) => spawnSync(tool, ['version'], { env: { ...process.env, CHECKPOINT_DISABLE: '1' } }).error === undefined;

test('guide.go is formatted and vetted', { skip: !has('go') && 'no go here' }, async () => {
  const path = write('go/guide.go', 'go');
  writeFileSync(join(dirname(path), 'go.mod'), 'module guide\n\ngo 1.18\n');
  const env = { HOME: world.directory, GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local', GOPROXY: 'off' };
  assert.equal((await run('gofmt', 'gofmt', ['-l', path], { env })).stdout, '');
  const vetted = await run('go vet', 'go', ['vet', '.'], { env, cwd: dirname(path), deadlineMs: 240_000 });
  assert.equal(vetted.status, 0, vetted.stderr);
  const { status, stdout, stderr } = await run('guide.go', 'go', ['run', '.'], { env: { ...env, ...environment }, cwd: dirname(path), deadlineMs: 240_000 });
  assert.equal(status, 0, stderr);
  assert.match(stdout, new RegExp(`^success\nstring\t${LARGEST}\tbyte\tsession:largest\nlist\t3\tcount\tqueue\n.*02:30.*\n1\n$`));
});

// By the parser of Terraform's own language.
test('guide.tf is read, names what it declares, and makes what it says', () => {
  const text = program('hcl');
  const [read] = hcl.parseToObject(text);
  assert.deepEqual(Object.keys(read.resource).sort(), ['huaweicloud_dcs_bigkey_analysis', 'huaweicloud_dcs_hotkey_analysis']);
  const [provider] = read.provider.huaweicloud;
  assert.deepEqual(Object.keys(provider.endpoints).sort(), ['dcs', 'iam']);
  const declared = new Set([...Object.keys(read.variable).map((name) => `var.${name}`),
    ...Object.entries(read.resource).flatMap(([type, all]) => Object.keys(all).map((name) => `${type}.${name}`))]);
  const named = [...JSON.stringify([read.provider, read.resource, read.output]).matchAll(/\b(var\.\w+|huaweicloud_\w+\.\w+)/g)].map(([, name]) => name);
  assert.ok(named.length > 4);
  assert.deepEqual(named.filter((name) => !declared.has(name)), []);
  assert.deepEqual(Object.keys(read.variable).filter((name) => !named.includes(`var.${name}`)), []);
  assert.equal(hcl.parseToObject(text.replace('value = [', 'value = '))[0], null);
});

test('guide.tf is formatted', { skip: !has('terraform') && 'no terraform here' }, async () => {
  const path = write('tf/main.tf', 'hcl');
  const { status, stdout, stderr } = await run('terraform fmt', 'terraform', ['fmt', '-check', '-diff', dirname(path)],
    { env: { HOME: world.directory, CHECKPOINT_DISABLE: '1' } });
  assert.equal(status, 0, stdout + stderr);
});
