// The units as they are installed: systemd reads them without a complaint and rates what they leave a program at 2.0 of 10 at
// most; the times fit the settings that are installed with them; and server and worker do all of their work with the system
// calls, the address families and the memory that the units leave them, out of the settings' files.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Collector } from '../support/collector.mjs';
import { ROLES } from '../support/postgres.mjs';
import { NotifySocket, Operations } from '../support/probes.mjs';
import { Program, must, run } from '../support/program.mjs';
import { settings } from '../support/settings.mjs';
import { PROGRAMS, SANITIZER, Site, World, environmentOf, UNLIMITED } from '../support/site.mjs';
import { readUnit } from '../support/unit.mjs';

const SANDBOX = new URL('../support/sandbox.py', import.meta.url).pathname;
const MOST_EXPOSED = '20'; // tenths
const PARTS = ['server', 'worker'];
const root = mkdtempSync(join(tmpdir(), 'dcs-units-'));
const installed = (path) => join(root, path);
const unitPath = (part) => installed(`usr/lib/systemd/system/dcs-${part}.service`);
const seconds = (unit, name) => Number(unit.get(name));

let world, site, collector, headersFile;

before(async () => {
  await must('install', 'cmake', ['--install', process.env.DCS_BUILD], { env: { DESTDIR: root } });
  world = await World.open();
  site = new Site(world, await world.postgres.createDatabase(world.template));
  collector = await Collector.open(world);
  headersFile = join(world.directory, 'headers');
  writeFileSync(headersFile, 'Authorization: Bearer token\n', { mode: 0o600 });
});
after(async () => {
  await world?.close();
  rmSync(root, { recursive: true });
});

function analyze(...args) {
  const { status, stdout, stderr, error } = spawnSync('systemd-analyze', ['--no-pager', ...args], { encoding: 'utf8' });
  if (error) throw error;
  return { status, output: stdout + stderr };
}

const rate = (path) => analyze('security', '--offline=true', `--threshold=${MOST_EXPOSED}`, path);

// What a check says of a unit with one line changed.
function ofSpoilt(check, part, line, other) {
  const text = readFileSync(unitPath(part), 'utf8');
  assert.ok(text.includes(`\n${line}\n`), line);
  const path = unitPath(`${part}-spoilt`);
  writeFileSync(path, text.replace(`\n${line}\n`, `\n${other}\n`));
  return check(path);
}

for (const part of PARTS) {
  test(`${part}: systemd reads the unit without a complaint`, () => {
    // Programs are looked for below the root, with what else the unit refers to.
    for (const path of ['usr/lib/systemd/system', 'bin']) mkdirSync(installed(path), { recursive: true });
    writeFileSync(installed('bin/sh'), '', { mode: 0o755 });
    const check = (path) => {
      const { status, output } = analyze('verify', '--man=no', '--recursive-errors=no', `--root=${root}`, path);
      return status === 0 && output === '' ? '' : output || String(status);
    };
    assert.equal(check(unitPath(part)), '');
    assert.notEqual(ofSpoilt(check, part, 'ProtectSystem=strict', 'ProtectSystems=strict'), '');
    assert.notEqual(ofSpoilt(check, part, 'Type=notify', 'Type=notified'), '');
  });

  test(`${part}: systemd rates it at ${MOST_EXPOSED / 10} at most`, () => {
    const { status, output } = rate(unitPath(part));
    assert.equal(status, 0, output);
    assert.notEqual(ofSpoilt(rate, part, 'SystemCallFilter=~@privileged @resources @keyring @aio', 'SystemCallFilter=').status, 0);
    assert.notEqual(ofSpoilt(rate, part, 'CapabilityBoundingSet=', '#').status, 0);
  });
}

// As the programs have it: the settings that the package installs, and the defaults.
function settingsOf(part) {
  const rows = readFileSync(installed(`etc/dcs/${part}.conf`), 'utf8').split('\n').map((line) => /^(\w+) = (.*)$/.exec(line));
  const own = new Map(rows.filter(Boolean).map(([, name, value]) => [name, value]));
  for (const name of own.keys()) assert.ok(settings.has(name), name);
  return (name) => own.get(name) ?? settings.get(name).value;
}

test('a program has time to stop, and the watchdog leaves it that time', () => {
  for (const [part, names] of [['server', ['drain_delay_seconds', 'drain_seconds']], ['worker', ['stop_seconds']]]) {
    const unit = readUnit(unitPath(part));
    const needed = names.reduce((sum, name) => sum + Number(settingsOf(part)(name)), 0);
    assert.ok(seconds(unit, 'TimeoutStopSec') >= needed + 5, part);
    // It is told half as often as it wants to be, and not any more from the signal on.
    assert.ok(seconds(unit, 'WatchdogSec') / 2 > needed, part);
    assert.ok(seconds(unit, 'WatchdogSec') > Number(settingsOf(part)('stuck_seconds')), part);
    assert.equal(unit.get('Type'), 'notify');
    assert.ok(settingsOf('server')('listen_operations') !== settingsOf('worker')('listen_operations'));
  }
});

test('files of settings are for their owner alone, and hold no secret', () => {
  for (const name of readdirSync(installed('etc/dcs'))) {
    const path = installed(`etc/dcs/${name}`);
    assert.equal(statSync(path).mode & 0o777, 0o600, name);
    for (const [, setting] of readFileSync(path, 'utf8').matchAll(/^(\w+) =/gm)) assert.ok(!settings.get(setting).secret, setting);
  }
});

// The arguments of ExecStart, with a directory of credentials that LoadCredential fills out of the installed files; their
// paths are in a directory of ours, and ports are free ones.
function prepare(part, more) {
  const unit = readUnit(unitPath(part));
  const [name, source] = unit.get('LoadCredential').split(':');
  const directory = mkdtempSync(join(root, `${part}-`));
  const text = readFileSync(installed(source), 'utf8')
    .replace(/^#database_url = .*$/m, `database_url = ${world.postgres.url(site.database, ROLES[part])}`)
    .replace(/^(listen_\w+) = .*$/gm, '$1 = 127.0.0.1:0')
    .replace(/^#trace_endpoint = .*$/m, `trace_endpoint = ${collector.endpoint.replace('127.0.0.1', 'localhost')}`)
    .replace(/^#trace_headers_file = .*$/m, `trace_headers_file = ${headersFile}`)
    .replace(/^#trace_sample_ratio = .*$/m, 'trace_sample_ratio = 1')
    .replace(/^(console_directory) = (.*)$/m, (line, setting, path) => `${setting} = ${installed(path)}`)
    .replace(/\/etc\/dcs\/key-encryption\.key$/m, world.keyFile)
    .replace(/\/etc\/dcs\/tls\.crt$/m, world.certificates.certificate)
    .replace(/\/etc\/dcs\/tls\.key$/m, world.certificates.key);
  assert.ok(!text.includes('/etc/dcs/'), text);
  writeFileSync(join(directory, name), text + more);
  const [program, ...args] = unit.get('ExecStart').split(' ');
  assert.equal(program, `/usr/bin/dcs-${part}`);
  return args.map((word) => word.replace('%d', directory));
}

function start(part, notify, { more = '', path = unitPath(part), env = {} } = {}) {
  const program = new Program(`dcs-${part}`, 'python3', [SANDBOX, path, PROGRAMS[part], ...prepare(part, more)], {
    env: {
      NOTIFY_SOCKET: notify?.name ?? '', WATCHDOG_USEC: '2000000',
      // What looks for leaks attaches as a debugger would, which a unit does not allow.
      ...(SANITIZER.includes('address') ? { ASAN_OPTIONS: 'detect_leaks=0:exitcode=99' } : {}), ...env,
    },
  });
  world.onClose(async () => program.running && program.stop({ expected: null }));
  return program;
}

const limits = Object.entries(UNLIMITED).map(([name, value]) => `${name} = ${value}\n`).join('');

test('server and worker do their work with what the units leave them', async () => {
  const notify = { server: await NotifySocket.open(world), worker: await NotifySocket.open(world, { abstract: true }) };
  // Nothing that they ask for is refused, not even what they could do without.
  const env = { SANDBOX_KILL: '1' };
  const server = start('server', notify.server, { more: `${limits}drain_delay_seconds = 0\n`, env });
  const worker = start('worker', notify.worker, { more: 'redis_networks = 127.0.0.0/8\n', env });
  site.port = (await server.event('listening', (event) => event.scheme === 'https')).port;
  for (const [part, program] of [['server', server], ['worker', worker]]) {
    const operations = await Operations.of(program);
    await operations.reaches('/readyz', 200);
    await operations.reaches('/metrics', 200, 'process_open_fds');
    const status = readFileSync(`/proc/${program.pid}/status`, 'utf8');
    assert.match(status, /^CapBnd:\t0+$/m);
    assert.match(status, /^Seccomp:\t2$/m);
    await notify[part].heard('READY=1');
    await notify[part].heard('WATCHDOG=1');
    program.signal('SIGHUP');
    await notify[part].heard(/^RELOADING=1/);
  }
  const redis = await world.redis();
  await redis.command('SET', 'big', 'x'.repeat(4096));
  const tenant = await site.tenant('unit');
  const cache = await tenant.instance('one', redis.endpoint);
  const detail = await cache.analyse();
  assert.equal(detail.status, 'success', JSON.stringify(detail));
  assert.equal(detail.keys[0].name, 'big');
  await collector.span(({ name }) => name === 'scan bigkey');
  assert.equal(collector.requests[0].headers.authorization, 'Bearer token');
  await server.stop();
  await worker.stop();
  for (const part of PARTS) await notify[part].heard('STOPPING=1');
});

test('what a unit refuses is refused', async () => {
  const outcome = async (path, command, env = {}) => run('refused', 'python3', [SANDBOX, path, ...command], { env });
  const python = (code) => ['/usr/bin/python3', '-c', code];
  for (const [part, code, error] of [
    ['server', 'import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)', 'OSError: .Errno 97'],
    ['worker', 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)', 'OSError: .Errno 97'],
    ['worker', 'import os; os.chroot("/")', 'PermissionError'],
    ['worker', 'import mmap; mmap.mmap(-1, 4096, prot=7)', 'PermissionError'],
  ]) {
    const { status, stderr } = await outcome(unitPath(part), python(code));
    assert.notEqual(status, 0, code);
    assert.match(stderr, new RegExp(error), code);
  }
  const { status } = await outcome(unitPath('server'), python('import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)'),
    { SANDBOX_KILL: '1' });
  assert.equal(status, 128 + 31); // SIGSYS
});
