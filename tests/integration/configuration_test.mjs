// The settings: the table in the documentation and in --help, what --check-config finds without doing anything,
// what --print-config prints and keeps to itself, and what SIGHUP takes over.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pageOf } from '../settings-table.mjs';
import { must, run } from '../support/program.mjs';
import { settings } from '../support/settings.mjs';
import { PROGRAMS, World, environmentOf } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

let world, database;

before(async () => {
  world = await World.open();
  database = await world.postgres.createDatabase(world.template);
});
after(() => world?.close());

const file = (name, content) => {
  const path = join(world.directory, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};
const lines = (values) => Object.entries(values).map(([name, value]) => `${name} = ${value}\n`).join('');

// Nobody may be asked: the database's port is closed, and its name resolves nowhere.
const traced = () => ({
  trace_endpoint: 'https://no-such-host.invalid:4318', trace_ca: world.authority.certificate,
  trace_headers_file: file('trace-headers', 'Authorization: Bearer hunter5\n'),
});
const serverValues = () => ({
  ...traced(),
  ...world.serverSettings(database), database_url: 'postgresql://u:hunter2@no-such-host.invalid:1/d', identity_url: 'https://127.0.0.1:1',
  identity_user: 'u', identity_password: 'hunter3', identity_ca: world.authority.certificate, tls_client_ca: world.authority.certificate,
});
const workerValues = () => ({ ...traced(), ...world.settings(database), database_url: 'postgresql://u:hunter2@no-such-host.invalid:1/d' });
const VALUES = { server: serverValues, worker: workerValues };

const ask = (kind, args, values = {}) => run(kind, PROGRAMS[kind], args, { env: environmentOf(values) });

test('the documentation has the programs\' table, and so has --help', async () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  assert.equal(page, pageOf(page), 'npm run settings --prefix tests');
  assert.ok(settings.size > 70);
  for (const kind of ['server', 'worker']) {
    const help = await must(kind, PROGRAMS[kind], ['--help']);
    const listed = [...help.matchAll(/^ {2}(\w+) +(.*) \((.*)\)$/gm)].map(([, name, what, rest]) => [name, { what, rest }]);
    assert.deepEqual(listed.map(([name]) => name), [...settings.keys()]);
    for (const [name, { what, rest }] of listed) {
      const row = settings.get(name);
      assert.equal(what, row.help, name);
      if (row.type === 'number') assert.equal(rest, `${row.unit}, ${row.least} to ${row.most}, default ${row.value}`);
      else assert.equal(rest.includes('file or environment only'), Boolean(row.secret), name);
      assert.equal(rest.includes('SIGHUP takes a new value'), row.reload === 'SIGHUP', name);
      assert.equal(rest.includes('read again when it changes'), row.reload === 'content', name);
    }
  }
});

const SECRETS = [...settings].filter(([, { secret }]) => secret).map(([name]) => name);

for (const kind of ['server', 'worker', 'dcsctl']) {
  test(`${kind}: a secret is taken from the file and the environment only, and an unknown name from nowhere`, async () => {
    assert.ok(SECRETS.length >= 3);
    const start = kind === 'dcsctl' ? ['project', 'list'] : ['--print-config'];
    const refused = async (args, values, reason) => {
      const { status, stdout, stderr } = await ask(kind, [...start, ...args], values);
      assert.notEqual(status, 0, args.join(' '));
      assert.equal(stdout, '');
      assert.match(stderr, reason);
      assert.doesNotMatch(stderr, /hunter/);
    };
    for (const name of SECRETS) {
      const option = `--${name.replaceAll('_', '-')}`;
      for (const args of [[`${option}=hunter2`], [option, 'hunter2']]) await refused(args, {}, new RegExp(`${name} is a secret`));
      if (kind === 'dcsctl') continue;
      for (const [args, values] of [[[], { [name]: 'hunter2' }], [['--config', file(`${kind}-${name}`, lines({ [name]: 'hunter2' }))], {}]])
        assert.ok((await ask(kind, [...start, ...args], values)).stdout.includes(`# ${name} is set; it is a secret\n`), name);
    }
    if (kind !== 'dcsctl') await refused(['--no-such=1'], {}, /command line: unknown setting 'no_such'/);
    else await refused(['--no-such=1'], {}, /--no-such/);
    await refused([], { no_such: 1 }, /environment: unknown setting 'no_such'/);
    await refused(['--config', file(`${kind}-unknown`, 'no_such = 1\n')], {}, /unknown:1: unknown setting 'no_such'/);
  });
}

test('the file yields to the environment, and that to the command line', async () => {
  const path = file('weight.conf', lines({ loops: 2, poll_seconds: 2, scan_threads: 2 }));
  const { stdout } = await ask('worker', ['--print-config', '--scan-threads=4', '--config', path], { loops: 3, scan_threads: 3 });
  for (const line of ['loops = 3', 'poll_seconds = 2', 'scan_threads = 4', 'lease_seconds = 30']) assert.ok(stdout.includes(`${line}\n`), line);
});

for (const kind of ['server', 'worker']) {
  test(`${kind}: --check-config is content with what is good, from each source`, async () => {
    const values = VALUES[kind]();
    const path = file(`${kind}-good.conf`, lines(values));
    for (const [args, env] of [[['--check-config'], values], [['--check-config', '--config', path], {}],
      [[`--config=${path}`, '--check-config', '--log-level=error'], {}], [['--check-config'], { config: path }]]) {
      const { status, stdout, stderr } = await ask(kind, args, env);
      assert.deepEqual([status, stdout, stderr], [0, `dcs-${kind}: the settings are good\n`, ''], stderr);
    }
  });

  test(`${kind}: --check-config finds what is wrong`, async () => {
    const good = VALUES[kind]();
    const cases = [
      [{ no_such: 1 }, /unknown setting 'no_such'/],
      [{ log_level: 'loud' }, /log_level is one of debug\|info\|warning\|error, not 'loud'/],
      [{ log_level: '' }, /log_level is one of/],
      [{ audit: 'al' }, /audit is one of changes\|all/],
      [{ core_dumps: 'On' }, /core_dumps is one of on\|off/],
      [{ scan_profile: 'gentle|fast' }, /scan_profile is one of/],
      [{ scan_threads: 0 }, /scan_threads must be/],
      [{ database_url: '' }, /database_url: not set/],
      [{ database_url: 'hunter2 is no url' }, /database_url: not a PostgreSQL connection URI/],
      [{ key_file: '/no-such-file' }, /key_file: .*no-such-file/],
      [{ key_file: file('no-key', 'hunter2\n') }, /key_file/],
      [{ listen_operations: 'nonsense' }, /listen_operations: 'nonsense' is not address:port/],
      [{ trace_endpoint: 'collector:4318' }, /trace_endpoint: not an http or https URL/],
      [{ trace_sample_ratio: '1%' }, /trace_sample_ratio: not a decimal/],
      [{ trace_resource: 'service.name' }, /trace_resource: entry 1 is not name=value/],
      [{ trace_ca: world.keyFile }, /trace_ca: no certificates in/],
      [{ trace_headers_file: file('no-header', 'hunter2\n') }, /trace_headers_file: .*line 1 is not/],
      [{ trace_headers_file: world.authority.certificate }, /trace_headers_file: .*others cannot read/],
      ...(kind === 'worker' ? [
        [{ heartbeat_seconds: 30 }, /heartbeat_seconds: must be at most a third/],
        [{ redis_networks: '10.0.0.0/33' }, /redis_networks/],
        [{ redis_networks_denied: 'x' }, /redis_networks_denied/],
      ] : [
        [{ tls_certificate: '/no-such-file' }, /tls_certificate.*no-such-file/],
        [{ tls_key: world.authority.certificate }, /tls_key/],
        [{ tls_client_ca: '/no-such-file' }, /tls_client_ca/],
        [{ identity_ca: world.keyFile }, /identity_ca/],
        [{ identity_roles: 'admin' }, /identity_roles/],
        [{ docs_directory: '/no-such-directory' }, /docs_directory/],
        [{ trusted_proxies: '10.0.0.1/8' }, /trusted_proxies/],
        [{ listen_https: '' }, /nothing to listen on/],
        [{ listen_http: ':x' }, /listen_http: ':x' is not address:port/],
        [{ listen_https: '127.0.0.1:9', listen_operations: '127.0.0.1:9' }, /listen_operations: it is the API's port/],
        [{ audit_database_url: 'mysql://hunter2' }, /audit_database_url: not a PostgreSQL connection URI/],
      ]),
    ];
    for (const [changed, reason] of cases) {
      const { status, stdout, stderr } = await ask(kind, ['--check-config'], { ...good, ...changed });
      assert.deepEqual([status, stdout], [1, ''], JSON.stringify(changed));
      assert.match(stderr, reason);
      assert.match(stderr, new RegExp(`^dcs-${kind}: .*\n$`), 'one line, for a person');
      assert.doesNotMatch(stderr, /hunter/);
    }
    for (const args of [['--check-config', 'word'], ['--check-config=1'], ['--check-config', '--config', '/no-such-file']])
      assert.equal((await ask(kind, args, good)).status, 1, args.join(' '));
  });

  test(`${kind}: --print-config: where each comes from, and no secret`, async () => {
    const good = VALUES[kind]();
    const path = file(`${kind}-printed.conf`, lines({ ...good, loops: 3, scan_threads: 5, poll_seconds: 7 }));
    const { status, stdout, stderr } = await ask(kind, ['--print-config', '--config', path, '--scan-threads', '9'],
      { log_level: 'error', scan_threads: 8, worker_name: 'a\nb\x1b[31m', identity_url: 'https://u:hunter4@h' });
    assert.deepEqual([status, stderr], [0, '']);
    assert.doesNotMatch(stdout, /hunter|\x1b/);
    const sections = Object.fromEntries(stdout.split(/^# (?=from |defaults)/m).slice(1).map((part) => {
      const [heading, ...rest] = part.trim().split('\n');
      return [heading, rest];
    }));
    assert.deepEqual(sections['from the command line'], ['scan_threads = 9']);
    assert.deepEqual(sections['from the environment'],
      ['log_level = error', '# identity_url is set; it is a secret', 'worker_name = a?b?[31m']);
    for (const line of ['# database_url is set; it is a secret', 'loops = 3', 'poll_seconds = 7', `key_file = ${world.keyFile}`])
      assert.ok(sections['from the file'].includes(line), line);
    for (const line of ['lease_seconds = 30', '# audit_database_url is empty; it is a secret', 'audit = changes'])
      assert.ok(sections.defaults.includes(line), line);
    assert.equal(Object.values(sections).flat().length, settings.size);
    // What was printed can be read again.
    const again = await ask(kind, ['--print-config', '--config', file(`${kind}-again.conf`, stdout)]);
    assert.equal(again.status, 0, again.stderr);
    assert.ok(again.stdout.includes('scan_threads = 9\n') && again.stdout.includes('poll_seconds = 7\n'));
    assert.equal((await ask(kind, ['--print-config'], { ...good, no_such: 1 })).status, 1);
  });

  test(`${kind}: SIGHUP takes a new log_level, and says what it did not take`, async () => {
    const values = kind === 'server' ? world.serverSettings(database) : world.settings(database);
    const path = file(`${kind}-running.conf`, lines({ ...values, log_level: 'warning' }));
    const program = world.program(kind, {}, { args: ['--config', path] });
    const line = (event, matches) => program.event(event, matches);
    // Nothing says that it works but what it writes at `warning`: it is asked until it takes the signal.
    const hangup = async (changed, done) => {
      writeFileSync(path, lines({ ...values, ...changed }));
      await until('SIGHUP is taken', () => {
        if (!done()) program.signal('SIGHUP');
        return done();
      });
    };
    const has = (event, setting) => program.events.some((e) => e.event === event && (!setting || e.setting === setting));
    await until('it is there', async () => (await world.postgres.sql('postgres',
      'SELECT FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE $2', [database, `dcs-${kind}%`])).length > 0);
    assert.ok(!program.events.some((e) => e.level === 'info'), program.stderr);
    await hangup({ log_level: 'info', scan_threads: 7, database_url: 'postgresql://u:hunter2@h/d' },
      () => has('setting_reloaded', 'log_level'));
    await line('setting_needs_restart', (e) => e.setting === 'scan_threads');
    await line('setting_needs_restart', (e) => e.setting === 'database_url');
    await line('keys_loaded');
    await hangup({ log_level: 'info', no_such: 1 }, () => has('settings_not_reloaded'));
    assert.match(program.events.find((e) => e.event === 'settings_not_reloaded').reason, /unknown setting 'no_such'/);
    await program.stop();
    assert.ok(has('stopped'), 'and info counts since');
    assert.doesNotMatch(program.stderr, /hunter/);
    assert.ok(!program.events.some((e) => e.setting && !['log_level', 'scan_threads', 'database_url'].includes(e.setting)));
  });
}
