// What can be said of the image without building it, which script/image --test does: its list of packages is made of dpkg's
// status, complete and in order; it is built of what the sources are built of, and is run as the manifests run it.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { overlays } from '../support/deploy_overlays.mjs';
import { workloads } from '../support/deploy_objects.mjs';
import { deploy, render } from '../support/kustomize.mjs';
import { run } from '../support/program.mjs';

const SBOM = join(deploy, 'image/sbom');
const directory = mkdtempSync(join(tmpdir(), 'dcs-image-'));
after(() => rmSync(directory, { recursive: true }));
const read = (path) => readFileSync(join(deploy, path), 'utf8');
const containerfile = read('image/Containerfile');

// One of dpkg's entries.
const entry = (name, version, { status = 'install ok installed', source } = {}) => `Package: ${name}
Status: ${status}
Maintainer: Nobody <nobody@example.org>
Architecture: amd64
${source ? `Source: ${source}\n` : ''}Version: ${version}
Description: ${name}, "quoted" \\ in a description
`;

const DCS = entry('dcs', '1.2.3');
const OTHERS = [
  entry('libstdc++6', '12.2.0-14+deb12u1', { source: 'gcc-12' }),
  entry('zlib1g', '1:1.2.13.dfsg-1', { source: 'zlib' }),
  entry('gone', '1.0', { status: 'deinstall ok config-files' }),
];

async function describe(name, entries) {
  const admin = join(directory, name);
  mkdirSync(admin);
  writeFileSync(join(admin, 'status'), entries.join('\n'));
  return run('sbom', SBOM, [admin], { env: { SOURCE_DATE_EPOCH: '86400' } });
}

test('the list has what is installed, and is the same for the same', async () => {
  const { status, stdout, stderr } = await describe('one', [DCS, ...OTHERS]);
  assert.equal(status, 0, stderr);
  const list = JSON.parse(stdout);
  assert.equal(list.spdxVersion, 'SPDX-2.3');
  assert.equal(list.creationInfo.created, '1970-01-02T00:00:00Z');
  assert.deepEqual(list.packages.map((one) => [one.SPDXID, one.name, one.versionInfo, one.externalRefs?.[0].referenceLocator]), [
    ['SPDXRef-Package-dcs-amd64', 'dcs', '1.2.3', 'pkg:generic/dcs@1.2.3'],
    ['SPDXRef-Package-libstdc-plus--plus-6-amd64', 'libstdc++6', '12.2.0-14+deb12u1',
      'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64'],
    ['SPDXRef-Package-zlib1g-amd64', 'zlib1g', '1:1.2.13.dfsg-1', 'pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1?arch=amd64'],
    ['SPDXRef-Image', 'dcs-image', '1.2.3', undefined],
  ]);
  assert.match(list.packages[1].sourceInfo, /gcc-12/);
  assert.deepEqual(list.relationships.map((one) => `${one.spdxElementId} ${one.relationshipType} ${one.relatedSpdxElement}`), [
    ...list.packages.slice(0, -1).map((one) => `SPDXRef-Image CONTAINS ${one.SPDXID}`),
    'SPDXRef-DOCUMENT DESCRIBES SPDXRef-Image',
  ]);
  assert.equal((await describe('other order', [...OTHERS.reverse(), DCS])).stdout, stdout);
  const changed = await describe('changed', [DCS, OTHERS[1]]);
  assert.notEqual(JSON.parse(changed.stdout).documentNamespace, list.documentNamespace);
});

test('what is no image of ours is not described', async () => {
  const { status, stderr } = await describe('without', OTHERS);
  assert.notEqual(status, 0);
  assert.match(stderr, /package dcs/);
});

test('it is built of what the sources are built of', () => {
  const words = (text) => text.replace(/\\\n/g, ' ').split(/\s+/).filter(Boolean).sort();
  const [, packages] = /^BUILD_PACKAGES=\(([^)]*)\)/m.exec(read('../script/lib.sh'));
  const [, installed] = /install -y --no-install-recommends \\\n([^&]*?)\nWORKDIR/.exec(containerfile);
  assert.deepEqual(words(installed), [...words(packages), 'ca-certificates', 'dpkg-dev', 'file', 'nodejs', 'npm'].sort());
  const [, suite] = /^SUITE=(\w+)$/m.exec(read('../script/image'));
  assert.match(containerfile, new RegExp(`^ARG BASE=docker\\.io/library/debian:${suite}-slim$`, 'm'));
});

test('it is run as the manifests run it', () => {
  const user = 10001;
  assert.match(containerfile, new RegExp(`^USER ${user}:${user}$`, 'm'));
  const objects = render(overlays.production);
  for (const { component, spec } of workloads(objects)) {
    assert.equal(spec.securityContext.runAsUser, user, component);
    assert.equal(spec.securityContext.runAsGroup, user, component);
  }
});
