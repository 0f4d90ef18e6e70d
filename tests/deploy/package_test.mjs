// The Debian package, as CPack makes it of the build: what is in it, with which modes and dependencies; pages that man reads
// without a complaint and that have all settings and commands; and its life with dpkg, on a copy of this machine.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { must } from '../support/program.mjs';
import { settings } from '../support/settings.mjs';
import { PROGRAMS } from '../support/site.mjs';

const LIFE = new URL('../support/package_life.sh', import.meta.url).pathname;
const directory = mkdtempSync(join(tmpdir(), 'dcs-package-'));
const root = join(directory, 'root');
const installed = (path) => join(root, path);
const PAGES = ['man8/dcs-server.8', 'man8/dcs-worker.8', 'man1/dcsctl.1', 'man5/dcs.conf.5'];

let deb;

before(async () => {
  // Without compression and symbols: of a build with sanitizers they would take longer than all the rest.
  await must('cpack', 'cpack', ['-G', 'DEB', '-B', directory, '-D', 'CPACK_DEBIAN_COMPRESSION_TYPE=none',
    '-D', 'CPACK_DEBIAN_DEBUGINFO_PACKAGE=OFF', '--config', join(process.env.DCS_BUILD, 'CPackConfig.cmake')],
    { cwd: directory, deadlineMs: 120_000 });
  const [name] = readdirSync(directory).filter((one) => one.endsWith('.deb'));
  deb = join(directory, name);
  await must('dpkg-deb', 'dpkg-deb', ['-x', deb, root]);
});
after(() => rmSync(directory, { recursive: true }));

const field = async (name) => (await must('dpkg-deb', 'dpkg-deb', ['-f', deb, name])).trim();

function filesOf(path, prefix = '') {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory()
    ? filesOf(join(path, entry.name), `${prefix}/${entry.name}`) : `${prefix}/${entry.name}`));
}

test('it has the programs, units, pages, settings and documents, and nothing of the build', () => {
  const files = filesOf(root);
  for (const expected of [
    '/usr/bin/dcs-server', '/usr/bin/dcs-worker', '/usr/bin/dcsctl',
    '/usr/lib/systemd/system/dcs-server.service', '/usr/lib/systemd/system/dcs-worker.service',
    ...PAGES.map((page) => `/usr/share/man/${page}`),
    '/etc/dcs/server.conf', '/etc/dcs/worker.conf', '/etc/dcs/dcsctl.conf',
    '/usr/share/dcs/console/index.html', '/usr/share/dcs/console/licenses.txt',
    ...['copyright', 'install.md', 'operations.md', 'dcs-v2.yaml', 'dcs-v2.json', 'ext-v1.yaml', 'ext-v1.json', 'monitoring/alerts.yaml',
      'redis-acl/redis-7.2.acl']
      .map((name) => `/usr/share/doc/dcs/${name}`),
  ]) assert.ok(files.includes(expected), expected);
  for (const file of files) assert.match(file, /^\/(usr\/(bin|lib\/systemd|share\/(dcs\/console|doc\/dcs|man))|etc\/dcs)\//);
  for (const file of files) {
    const mode = file.startsWith('/usr/bin/') ? 0o755 : file.startsWith('/etc/') ? 0o600 : 0o644;
    assert.equal((statSync(installed(file)).mode & 0o7777).toString(8), mode.toString(8), file);
  }
});

test('dpkg knows which files are an operator\'s, and what the programs need', async () => {
  mkdirSync(join(directory, 'control'));
  await must('dpkg-deb', 'dpkg-deb', ['-e', deb, join(directory, 'control')]);
  const conffiles = readFileSync(join(directory, 'control/conffiles'), 'utf8').trim().split('\n');
  assert.deepEqual(conffiles.sort(), filesOf(root).filter((file) => file.startsWith('/etc/')).sort());
  const depends = await field('Depends');
  for (const library of ['libc6', 'libcurl4', 'libh2o-evloop', 'libhiredis', 'libjansson4', 'libmicrohttpd12', 'libpq5', 'libssl3', 'passwd'])
    assert.match(depends, new RegExp(`(^|, )${library}`), library);
  assert.equal(await field('Package'), 'dcs');
  assert.match(await must('version', PROGRAMS.server, ['--version']), new RegExp(` ${await field('Version')}\\n$`));
});

test('pages are read without a complaint, and have every setting and command', async () => {
  for (const page of PAGES) {
    const path = installed(`usr/share/man/${page}`);
    const lint = (path) => spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', path], { encoding: 'utf8' });
    const { status, stdout, error } = lint(path);
    if (error) throw error;
    assert.equal(status, 0, stdout);
    const spoilt = join(directory, 'spoilt');
    writeFileSync(spoilt, readFileSync(path, 'utf8').replace('.El\n', '.Xl\n'));
    assert.notEqual(lint(spoilt).status, 0);
  }
  const text = async (page) => must('mandoc', 'mandoc', ['-T', 'ascii', '-O', 'width=1000', installed(`usr/share/man/${page}`)])
    .then((shown) => shown.replace(/.\x08/g, '').replace(/\s+/g, ' '));
  const ofSettings = await text('man5/dcs.conf.5');
  for (const [name, { type, value, least, most, secret }] of settings) {
    const row = new RegExp(` ${name} \\([^)]+\\) .{3,}?${secret ? 'A secret' : type === 'number' ? `Default: ${value}; from ${least} to ${most} ` : ''}`);
    assert.match(ofSettings, row, name);
  }
  const ofCommands = await text('man1/dcsctl.1');
  const help = await must('help', PROGRAMS.dcsctl, ['--help']);
  const rows = [...help.matchAll(/^  ([a-z][a-z-]*(?: [a-z][a-z-]*)?) +(?:(?:[A-Z|]+|[a-z]+\|[a-z]+) +)?(\S.*)$/gm)];
  assert.ok(rows.length >= 25);
  for (const [, name, summary] of rows) assert.match(ofCommands, new RegExp(` ${name} .*?${summary.replace(/[^\w ]/g, '.')}`), name);
  const noun = await must('help', PROGRAMS.dcsctl, ['key', 'add', '--help']);
  for (const [option] of noun.matchAll(/--[a-z-]+/g)) assert.ok(ofCommands.includes(option), option);
});

test('dpkg installs, upgrades, removes and purges it', { skip: process.getuid() !== 0 && 'only root may install' }, async () => {
  const life = join(directory, 'life');
  mkdirSync(life);
  const output = await must('life', 'unshare', ['--mount', '--propagation', 'private', 'bash', LIFE, deb, life]);
  const version = await field('Version');
  assert.deepEqual(output.split('\n').map((line) => line.trim()).filter(Boolean), [
    'installed installed --system daemon-reload;',
    'dcs-server:/nonexistent:/usr/sbin/nologin dcs-worker:/nonexistent:/usr/sbin/nologin',
    'groups dcs-server dcs-worker',
    `version dcs-server ${version}`,
    `version dcs-worker ${version}`,
    `version dcsctl ${version}`,
    // Nothing is stopped or started by an upgrade: the schema comes first.
    'again installed --system daemon-reload;--system daemon-reload;',
    'kept # ours 640',
    'removed config-files --system disable --now dcs-server.service dcs-worker.service;--system daemon-reload;',
    'left dcsctl.conf key-encryption.key server.conf worker.conf',
    'purged gone --system daemon-reload;',
    'left key-encryption.key',
    'accounts dcs-server dcs-worker',
    'end',
  ]);
});
