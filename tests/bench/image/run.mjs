// The image's programs, each in the image's own root file system (enter), in place of those of a build.

import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must, run } from '../../support/program.mjs';
import { Operations, OPERATIONS } from '../../support/probes.mjs';

const image = process.env.DCS_IMAGE;
const root = join(image, 'rootfs');
const USER = 10001;
const ENTER = new URL('enter', import.meta.url).pathname;
const build = mkdtempSync(join(tmpdir(), 'dcs-image-'));
process.on('exit', () => rmSync(build, { recursive: true }));
const inside = (...command) => run(command.join(' '), ENTER, [root, ...command]);

// What a build would be.
for (const [path, program] of [['server', 'dcs-server'], ['workers', 'dcs-worker'], ['cli', 'dcsctl']]) {
  mkdirSync(join(build, path));
  writeFileSync(join(build, path, program), `#!/bin/sh\nexec ${ENTER} ${root} /usr/bin/${program} "$@"\n`, { mode: 0o755 });
}
process.env.DCS_BUILD = build;
const { World } = await import('../../support/site.mjs');

async function checkDescription() {
  const { process: { user, env }, annotations } = JSON.parse(readFileSync(join(image, 'config.json'), 'utf8'));
  const newer = await must('find', 'find', [root, '-xdev', '-newermt', annotations['org.opencontainers.image.created']]);
  assert.equal(newer, '');
  assert.deepEqual([user.uid, user.gid], [USER, USER]);
  assert.ok(env.includes('PATH=/usr/bin:/bin'));
  const bill = JSON.parse(readFileSync(join(root, 'usr/share/dcs/sbom.spdx.json'), 'utf8'));
  const installed = readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8').split('\n\n')
    .filter((entry) => /^Status: install ok installed$/m.test(entry))
    .map((entry) => `${/^Package: (.*)$/m.exec(entry)[1]} ${/^Version: (.*)$/m.exec(entry)[1]}`);
  const named = bill.packages.filter((one) => one.SPDXID !== 'SPDXRef-Image');
  assert.deepEqual(named.map((one) => `${one.name} ${one.versionInfo}`).sort(), installed.sort());
  assert.equal(bill.spdxVersion, 'SPDX-2.3');
  const known = new Set(bill.packages.map((one) => one.SPDXID).concat('SPDXRef-DOCUMENT'));
  assert.equal(known.size, bill.packages.length + 1);
  for (const id of known) assert.match(id, /^SPDXRef-[A-Za-z0-9.-]+$/);
  for (const one of bill.relationships) assert.ok(known.has(one.spdxElementId) && known.has(one.relatedSpdxElement), JSON.stringify(one));
  assert.equal(bill.relationships.length, bill.packages.length);
  for (const path of ['usr/bin/gcc', 'usr/bin/cmake', 'usr/src/dcs', 'usr/include/jansson.h']) assert.ok(!existsSync(join(root, path)), path);
  console.log(`packages        ${named.length}`);
}

async function checkPrograms() {
  const [, version] = /^project\(dcs VERSION ([\d.]+)/m.exec(readFileSync(new URL('../../../CMakeLists.txt', import.meta.url), 'utf8'));
  for (const program of ['dcs-server', 'dcs-worker', 'dcsctl']) {
    const { status, stdout, stderr } = await inside(program, '--version');
    assert.equal(status, 0, stderr);
    assert.equal(stdout, `${program} ${version}\n`);
  }
  assert.equal((await inside('id', '-u')).stdout, `${USER}\n`);
  const written = await inside('sh', '-c', 'for d in / /tmp /usr /etc /var /run /home; do touch $d/x 2>/dev/null && echo $d; done; true');
  assert.equal(written.stdout, '');
  const size = await must('du', 'du', ['-sxm', root]);
  const raised = await must('find', 'find', [root, '-xdev', '-type', 'f', '-perm', '/6000']);
  assert.equal(raised, '');
  console.log(`unpacked        ${size.split('\t')[0]} MiB`);
}

async function doTheJob() {
  const world = await World.open();
  try {
    for (const path of [world.keyFile, world.certificates.key]) chownSync(path, USER, USER);
    const site = await world.site({ workers: 1, server: OPERATIONS, worker: OPERATIONS });
    for (const program of [site.server, site.workers[0]])
      await (await Operations.of(program)).reaches('/readyz', 200);
    const redis = await world.redis();
    for (let i = 0; i < 100; i++) await redis.command('SET', `key:${i}`, 'x'.repeat(100 * (i + 1)));
    const tenant = await site.tenant('image');
    const cache = await tenant.instance('one', redis.endpoint);
    const began = Date.now();
    const detail = await cache.analyse();
    assert.equal(detail.status, 'success', JSON.stringify(detail));
    assert.equal(detail.keys[0].name, 'key:99');
    console.log(`a task          ${Date.now() - began} ms, from its creation to its result`);
    const { id } = await cache.start(cache.expired);
    await cache.reaches(id, 'success');
    for (const program of [site.server, site.workers[0]]) await program.stop();
  } finally {
    await world.close();
  }
}

await checkDescription();
await checkPrograms();
await doTheJob();
console.log('as expected');
