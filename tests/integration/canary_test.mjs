// No secret turns up where it does not belong: recognisable ones are put everywhere, everything is made to succeed and
// to fail, and every place that somebody could read is searched for them.  In each place something is planted as well,
// by the way on which a secret would come there, and must be found.

import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, pbkdf2Sync, createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Canaries, formsOf, memoryOf } from '../support/canary.mjs';
import { createCertificate } from '../support/certificates.mjs';
import { fillSmall } from '../support/dataset.mjs';
import { exchangeRaw, json } from '../support/http.mjs';
import { IdentityFront, answers as answersOf } from '../support/identity_front.mjs';
import { Postgres, SERVER_USER, chownTo, postgresDirectory } from '../support/postgres.mjs';
import { Program, must, run } from '../support/program.mjs';
import { freePort } from '../support/redis.mjs';
import { sign } from '../support/signer.mjs';
import { PROGRAMS, SANITIZER, World, environmentOf } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const PLANTED = 'planted_where_a_secret_would_be';
const canaries = new Canaries(PLANTED);
// Characters that every encoding changes, and none that ends a line.
const text = () => `${randomBytes(9).toString('base64')}/+="' %&é`;
const secret = (name, value = text()) => canaries.add(name, value);

const POSTGRES = {
  log_min_messages: 'debug1', log_statement: 'all', log_min_duration_statement: '0', log_parameter_max_length: '-1',
  log_parameter_max_length_on_error: '-1', log_connections: 'on', log_min_error_statement: 'debug1',
  shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track_utility': 'on',
  password_encryption: 'scram-sha-256',
};

const file = (name, content) => {
  const path = join(world.directory, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};

// What PostgreSQL stores of a password, so that no statement has it (RFC 5803).
function scram(password) {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256');
  const mac = (key, what) => createHmac('sha256', key).update(what).digest();
  const stored = createHash('sha256').update(mac(salted, 'Client Key')).digest('base64');
  return `SCRAM-SHA-256$4096:${salt.toString('base64')}$${stored}:${mac(salted, 'Server Key').toString('base64')}`;
}

let world, site, redis, strict, parrot, client, passwords, statements = '', server, worker, identity, gatekeeper;
// Everything that clients and operators are shown.
const answers = [], outputs = [];

const urlOf = (database, password) =>
  `${world.postgres.url(database).replace(/user=[^&]*/, 'user=canary')}&password=${encodeURIComponent(password)}`;

before(async () => {
  world = await World.open({ database: (directory) => Postgres.start(directory, POSTGRES) });
  passwords = {
    database: secret('database password'), wrongDatabase: secret('wrong database password'),
    redis: secret('Redis password'), parrot: secret('password that is said back'), user: secret('ACL user password'), wrong: secret('wrong Redis password'),
    // Short enough for the JSON library to quote it.
    body: secret('password in a body', `${randomBytes(6).toString('base64')}/+`),
    api: secret('password by the API'),
    own: secret('own password at the identity service'), login: secret('password of a log-in'),
    wrongLogin: secret('wrong password of a log-in'),
  };
  const sql = (statement) => world.postgres.sql('postgres', statement);
  await sql(`CREATE ROLE canary SUPERUSER LOGIN PASSWORD '${scram(passwords.database)}'`);
  const rules = join(world.postgres.data, 'pg_hba.conf');
  writeFileSync(rules, `local all canary scram-sha-256\n${readFileSync(rules, 'utf8')}`);
  await sql('SELECT pg_reload_conf()');
  client = await createCertificate(world.directory, world.authority, 'client', { usage: 'clientAuth' });
  for (const [name, path] of [['TLS client key', client.key], ['TLS server key', world.certificates.key]]) {
    const pem = readFileSync(path, 'utf8');
    secret(`${name}, its text`, pem.split('\n')[1]);
    secret(`${name}, its number`, Buffer.from(createPrivateKey(pem).export({ format: 'jwk' }).d, 'base64url'));
  }
  secret('key-encryption key', Buffer.from(readFileSync(world.keyFile, 'utf8').trim(), 'hex'));
  redis = await world.redis({ options: { requirepass: passwords.redis } });
  await redis.command('ACL', 'SETUSER', 'app', 'on', `>${passwords.user}`, '~*', '+@all');
  strict = await world.redis({ certificates: world.certificates, options: { 'tls-auth-clients': 'yes' } });
  await fillSmall(redis);
  await fillSmall(strict);
  // Says every command back, as servers do with what they do not know.
  parrot = net.createServer((socket) => socket.on('error', () => {}).on('data', (bytes) =>
    socket.write(`-ERR unknown command, with args beginning with: ${bytes.toString().replace(/[\r\n]+/g, ' ')}\r\n`)));
  await new Promise((resolve) => parrot.listen(0, '127.0.0.1', resolve));
  world.onClose(async () => parrot.close());
  identity = await IdentityFront.start(undefined, world.certificates);
  world.onClose(() => identity.stop());
  identity.misbehave(answerLogin);
  await open();
});

// By the password in it; nothing else comes there.
function answerLogin(request, response) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
    const { password } = JSON.parse(Buffer.concat(chunks)).auth.identity.password.user;
    if (password === passwords.wrongLogin) answers401(request, response);
    else if (password === passwords.login) issue('token of a log-in', response);
    else if (password === passwords.own) issue('own token', response);
    else response.writeHead(500).end(password);
  });
}
after(() => world?.close());

const answers401 = answersOf.status(401, '{"error":{"code":401}}');

function issue(name, response) {
  const at = (hours) => new Date(Date.now() + hours * 3600_000).toISOString().replace('Z', '000Z');
  response.writeHead(201, { 'X-Subject-Token': secret(name, randomBytes(48).toString('base64')) }).end(JSON.stringify({ token: {
    issued_at: at(0), expires_at: at(1), user: { id: PLANTED }, roles: [{ name: 'member' }],
    project: { id: '0'.repeat(32), name: PLANTED } } }));
}

// A site that says all it can: the server has the database's password in a file, the worker in its environment.
async function open() {
  site = { database: await world.postgres.createDatabase(world.template) };
  site.settings = { ...world.settings(site.database), database_url: urlOf(site.database, passwords.database),
    log_level: 'debug', audit: 'all', core_dumps: 'on' };
  await world.postgres.sql(site.database, 'CREATE EXTENSION pg_stat_statements');
  const { database_url: url, ...others } = { ...world.serverSettings(site.database), ...site.settings };
  const config = file('server.conf', `database_url = ${url}\n`);
  server = world.program('server', { ...others, loops: 1, access_key_cache_seconds: 0 },
    { args: [`--config=${config}`], env: { CANARY: PLANTED } });
  worker = world.program('worker', { ...site.settings, probe_seconds: 1, probe_timeout_ms: 1000, lease_seconds: 3,
    heartbeat_seconds: 1, poll_seconds: 1, retry_seconds: 1, retry_seconds_max: 1, attempts_max: 2,
    redis_connect_timeout_ms: 1000 }, { args: [`--worker-name=${PLANTED}`] });
  site.port = (await server.event('listening')).port;
  // Takes log-ins, and no tokens.
  gatekeeper = world.program('server', { ...others, loops: 1, identity_url: identity.url, login_rate: 0,
    identity_ca: world.authority.certificate, identity_user: PLANTED, identity_password: passwords.own },
  { args: [`--config=${config}`], env: { CANARY: PLANTED } });
  site.loginPort = (await gatekeeper.event('listening')).port;
  await gatekeeper.event('identity_logged_in');
}

async function tool(args, { expected = 0, settings = {}, shown = true, ...options } = {}) {
  const result = await run(`dcsctl ${args[0]}`, PROGRAMS.dcsctl, args,
    { ...options, env: { ...environmentOf({ ...site.settings, ...settings }), ...options.env } });
  assert.equal(result.status, expected, result.stderr);
  if (shown) outputs.push(result.stdout, result.stderr);
  return result.stdout.startsWith('{') ? JSON.parse(result.stdout) : result.stdout;
}

function clientOf(key) {
  let count = 0;
  const send = async (method, target, { headers = [], body = '', shown = true, ...how } = {}) => {
    const signed = sign({ key, method, target, body, ...how,
      headers: [['Host', `127.0.0.1:${site.port}`], ['X-Test-Number', String(++count)], ...headers] });
    const [, signature] = /Signature=([0-9a-f]+)/.exec(signed.at(-1)[1]);
    secret(`signature of ${method} ${target} ${count}`, Buffer.from(signature, 'hex'));
    const head = [`${method} ${target} HTTP/1.1`, ...signed.map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close', '', ''].join('\r\n');
    const { answers: [answer] } = await exchangeRaw({ port: site.port, ca: world.ca }, head + body);
    if (shown) answers.push(JSON.stringify(answer.headers), answer.body);
    return answer;
  };
  return send;
}

const instances = {};
let operator, tenant, project, admin;

test('everything succeeds and fails once', async () => {
  // Where a secret is shown on purpose, its forms are seen to be found.
  const shownOnce = (name, value, where) => {
    secret(name, value);
    assert.deepEqual(canaries.find(where).some((found) => found.startsWith(name)), true);
  };
  project = (await tool(['project', 'add', PLANTED, '--json'])).id;
  const key = await tool(['key', 'add', '--project', project, '--json'], { shown: false });
  shownOnce('secret key', key.secret, JSON.stringify(key));
  const operatorKey = await tool(['key', 'add', '--operator', '--json'], { shown: false });
  shownOnce("operator's secret key", operatorKey.secret, JSON.stringify(operatorKey));
  tenant = clientOf(key);
  operator = clientOf(operatorKey);
  admin = `/admin/v1/projects/${project}`;
  const made = await operator('POST', `${admin}/access-keys`, { shown: false });
  assert.equal(made.status, 201, made.body);
  shownOnce('secret key made by the API', made.json.secret, made.body);

  // By the tool: right and wrong passwords, users and keys; one that nobody listens at, one that says all back.
  const nowhere = `127.0.0.1:${await freePort()}`;
  const add = async (name, endpoint, options, expected = 0) => {
    await tool(['instance', 'add', name, '--project', project, '--endpoint', endpoint, ...options,
      '--probe-timeout-ms', '1000'], { expected });
    instances[name] = (await tool(['instance', 'show', name, '--project', project, '--json'])).id;
  };
  const password = (value) => ['--password-file', file(`password-${randomBytes(4).toString('hex')}`, value)];
  await add(`${PLANTED}_1`, redis.endpoint, password(passwords.redis));
  await add('user', redis.endpoint, [...password(passwords.user), '--user', 'app']);
  await add('wrong', redis.endpoint, password(passwords.wrong), 1);
  await add('nowhere', nowhere, password(passwords.redis), 1);
  await add('parrot', `127.0.0.1:${parrot.address().port}`, password(passwords.parrot), 1);
  await add('key', strict.tlsEndpoint, ['--tls', '--tls-ca', world.authority.certificate, '--client-certificate',
    client.certificate, '--client-key-file', client.key]);

  // By the API: taken, refused, cut short, and with a secret in every wrong place.
  const pem = { tls: true, tls_ca: world.ca.toString(), tls_certificate: readFileSync(client.certificate, 'utf8'),
    tls_key: readFileSync(client.key, 'utf8') };
  const body = (members) => ({ ...json({ name: 'api', endpoints: [redis.endpoint], ...members }),
    headers: [['Content-Type', 'application/json']] });
  const created = await operator('POST', `${admin}/instances`, body({ password: passwords.api }));
  assert.equal(created.status, 201, created.body);
  assert.equal((await operator('POST', `${admin}/instances`, body({ name: 'tls', ...pem }))).status, 201);
  assert.equal((await operator('POST', `${admin}/instances`, body({ password: passwords.api }))).status, 409);
  const id = created.json.id;
  for (const version of ['"9"', 'nonsense'])
    await operator('PUT', `${admin}/instances/${id}`, { ...body({ password: passwords.api }),
      headers: [['If-Match', version]] });
  const quoted = JSON.stringify(passwords.body);
  const malformed = [
    quoted, `{"password": ${quoted}`, `{"password" ${quoted}}`, `{"password": ${quoted} ${quoted}}`, `{${quoted}}`,
    `{${quoted}: ${quoted}}`, `{"password": ${quoted}, "password": ${quoted}}`, `{"password": [${quoted}]}`,
    `{"name": "n", "endpoints": [${quoted}]}`, `{"name": "n", "endpoints": ${quoted}}`, `[${quoted}]`,
    `{"name": "n", "endpoints": ["a:1"], "tls_key": ${quoted}, "tls_certificate": ${quoted}, "tls": true}`,
    `{"name": "n", "endpoints": ["a:1"], "scan_profile": ${quoted}, "cache_mode": ${quoted}}`,
    passwords.body, `{"password": ${passwords.body}}`, `{"password": "\\x ${passwords.body}"}`,
    `{"name": "n", "endpoints": ["a:1"], "password": "${passwords.body}\\u0000"}`,
  ];
  for (const text of malformed) {
    const answer = await operator('POST', `${admin}/instances`, { body: text });
    assert.ok(answer.status === 400 || answer.status === 201, answer.body);
  }

  // Log-ins: right and wrong, refused by us and by others, and with the password in every wrong place.
  const login = async (text) => {
    const { answers: [answer] } = await exchangeRaw({ port: site.loginPort, ca: world.ca },
      `POST /ext/v1/login HTTP/1.1\r\nHost: h\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`);
    return answer;
  };
  const who = (more) => JSON.stringify({ user: PLANTED, domain: 'Default', project: PLANTED, ...more });
  const right = await login(who({ password: passwords.login }));
  assert.equal(right.status, 200, right.body);
  assert.ok(canaries.find(right.body).some((found) => found.startsWith('token of a log-in')));
  const said = JSON.stringify(passwords.wrongLogin);
  for (const [text, status] of [[who({ password: passwords.wrongLogin }), 401], [who({ password: `${passwords.wrongLogin}?` }), 503],
    [who({ password: [passwords.wrongLogin] }), 400],
    [who({ [passwords.wrongLogin]: passwords.wrongLogin }), 400], [said, 400], [`{"password": ${said}`, 400],
    [`{"password": ${said}, "password": ${said}}`, 400], [passwords.wrongLogin, 400]]) {
    const answer = await login(text);
    assert.equal(answer.status, status, answer.body);
    answers.push(answer.body);
  }

  // Requests that are refused, and what makes them the same as others.
  const list = `/v2/${project}/instances`;
  const task = (name, kind = 'bigkey') => `${list}/${instances[name]}/${kind}-task`;
  await tenant('GET', `/v2/${PLANTED}/instances`);
  assert.equal((await tenant('GET', list, { secretKey: secret('wrong secret key') })).status, 401);
  const token = secret('token', randomBytes(24).toString('base64'));
  const [unsigned] = (await exchangeRaw({ port: site.port, ca: world.ca },
    `GET ${list} HTTP/1.1\r\nHost: h\r\nX-Auth-Token: ${token}\r\n\r\n`)).answers;
  answers.push(unsigned.body);
  assert.equal(unsigned.status, 401);
  const again = ['Idempotency-Key', secret('Idempotency-Key', randomBytes(24).toString('base64'))];
  const first = await tenant('POST', task(`${PLANTED}_1`), { headers: [again] });
  assert.equal(first.status, 200, first.body);
  assert.equal((await tenant('POST', task(`${PLANTED}_1`), { headers: [again] })).json.id, first.json.id);
  assert.equal((await tenant('POST', task('user'), { headers: [again] })).status, 400);
  await tenant('POST', task('user'), { headers: [again, again] });
  const second = await tenant('POST', task('key'));
  assert.equal(second.status, 200, second.body);
  for (const other of [[PLANTED + '_1', 'hotkey'], ['user', 'scan-expire-keys'], ['wrong', 'bigkey']])
    await tenant('POST', task(...other));
  await until('tasks have ended', async () => {
    const rows = await world.postgres.sql(site.database,
      `SELECT status FROM scan_task WHERE id IN ('${first.json.id}', '${second.json.id}')`);
    return rows.every(({ status }) => status === 'success');
  });
  // Tasks of instances that cannot be reached, which no client may start.
  await world.postgres.sql(site.database, `INSERT INTO scan_task (project_id, instance_id, id, kind, status, scan_type)
    SELECT project_id, id, gen_random_uuid(), 'expired', 'waiting', 'manual' FROM instance
    WHERE name IN ('wrong', 'nowhere', 'parrot')`);
  await until('they have failed', async () => (await world.postgres.sql(site.database,
    `SELECT count(*) FROM scan_task WHERE kind = 'expired' AND status = 'failed'`))[0].count === '3');
  for (const target of [list, `${list}/${instances.wrong}`, `${list}/${instances.user}/configs`])
    await tenant('GET', target);
  for (const target of [`${admin}/instances`, `${admin}/instances/${id}`, `${admin}/access-keys`])
    await operator('GET', target);

  // Statements that fail, and a database that goes away in between.
  await world.postgres.sql(site.database, 'ALTER TABLE instance RENAME COLUMN description TO gone');
  const failed = await operator('POST', `${admin}/instances`, body({ name: 'fails', password: passwords.api }));
  assert.equal(failed.status, 500);
  await world.postgres.sql(site.database, 'ALTER TABLE instance RENAME COLUMN gone TO description');
  await world.postgres.sql(site.database, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE usename = 'canary'`);
  await until('the server is back', async () => (await tenant('GET', list)).status === 200);

  // A key file that is damaged, and its rotation.
  const keys = readFileSync(world.keyFile, 'utf8');
  writeFileSync(world.keyFile, `${keys.trim()}0\n`);
  for (const program of [server, worker]) await program.event('keys_not_loaded');
  const fresh = randomBytes(32);
  secret('new key-encryption key', fresh);
  writeFileSync(world.keyFile, `${fresh.toString('hex')}\n${keys}`);
  for (const program of [server, worker]) await program.event('keys_loaded', (e) => e.keys === 2);
  await tool(['secret', 'rotate']);
  await tool(['secret', 'rotate', '--check', '--json']);
});

test('the tool and the programs fail at their start', async () => {
  const wrong = { settings: { database_url: urlOf(site.database, passwords.wrongDatabase) } };
  await tool(['project', 'list'], { expected: 1, ...wrong });
  for (const url of [`postgresql://canary:${passwords.wrongDatabase}@[::1`, `postgresql://canary:${
    encodeURIComponent(passwords.wrongDatabase)}@127.0.0.1:${await freePort()}/d`, `password=${passwords.wrongDatabase}`,
  `host=/nowhere password='${encodeURIComponent(passwords.wrongDatabase)}' nonsense=1`])
    await tool(['project', 'list'], { expected: 1, settings: { database_url: url } });
  const misplaced = file('misplaced.conf', `${urlOf(site.database, passwords.wrongDatabase)}\n`);
  await tool(['project', 'list', '--config', misplaced], { expected: 2 });
  for (const kind of ['server', 'worker']) {
    const program = world.program(kind, { ...site.settings, ...wrong.settings, listen_https: '', listen_http: '127.0.0.1:0' });
    assert.equal(await program.wait(), 1);
    outputs.push(program.stderr);
  }
  const list = [['key', 'list'], ['instance', 'list', '--json'], ['task', 'list', '--json'], ['project', 'list'],
    ['instance', 'show', 'wrong', '--project', project], ['instance', 'show', 'parrot', '--project', project, '--json'],
    ['instance', 'probe', 'parrot', '--project', project]];
  for (const args of list) await tool(args, { expected: args[1] === 'probe' ? 1 : 0 });
  const scan = (url, password, expected, ...options) => tool(['scan', url, '--password-file', file('scan-password', password),
    '--no-progress', ...options], { expected });
  await scan(`redis://${redis.endpoint}/0`, passwords.redis, 0, '--json');
  await scan(`redis://app@${redis.endpoint}`, passwords.user, 0);
  await scan(`redis://${redis.endpoint}`, passwords.wrong, 1);
  await scan(`redis://127.0.0.1:${parrot.address().port}`, passwords.parrot, 1);
  await tool(['scan', `redis://${redis.endpoint}`], { env: { REDISCLI_AUTH: passwords.wrong }, expected: 1 });
  const fresh = join(world.directory, 'generated');
  await tool(['secret', 'generate-key', fresh, '--json']);
  secret('generated key', Buffer.from(readFileSync(fresh, 'utf8').trim(), 'hex'));
});

test('nothing is in what programs say, what they are called, and what they leave in the database', async () => {
  canaries.search("the server's log", server.stderr + server.stdout);
  canaries.search("the log of the server that takes log-ins", gatekeeper.stderr + gatekeeper.stdout);
  canaries.search("the worker's log", worker.stderr + worker.stdout);
  canaries.search('replies', answers.join('\n'));
  canaries.search("the tool's output", outputs.join('\n'));
  // The worker was told its name there.
  canaries.search('command lines', [server, worker].map(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'latin1') +
    readFileSync(`/proc/${pid}/comm`)).join('\n'));
  // The environment may have the database's password and nothing else; the server's has not even that.
  canaries.search("the server's environment", readFileSync(`/proc/${server.pid}/environ`));
  assert.deepEqual([...new Set(canaries.find(readFileSync(`/proc/${worker.pid}/environ`)).map((found) =>
    found.replace(/ \(.*/, '')))], ['database password']);

  const open = await world.postgres.connect(site.database);
  await open.query(`SELECT 1 AS "${PLANTED}"`);
  const all = (rows) => JSON.stringify(rows.map((row) => Object.values(row).join('\n')));
  const activity = await world.postgres.sql(site.database, 'SELECT query, application_name FROM pg_stat_activity');
  canaries.search('pg_stat_activity', all(activity));
  canaries.search('pg_stat_statements', all(await world.postgres.sql(site.database, 'SELECT query FROM pg_stat_statements')));
  await open.end();
  canaries.search("PostgreSQL's log", world.postgres.program.stderr);
  assert.match(world.postgres.program.stderr, /parameters: \$1 = /, 'it logs parameters');
  canaries.search('the database', await must('pg_dump', join(postgresDirectory(), 'pg_dump'),
    ['-h', world.postgres.directory, '-U', world.postgres.role, '--inserts', site.database]));
  assert.equal(canaries.places, 11);
});

test('each form is found where it is', () => {
  for (const planted of [PLANTED, text(), Buffer.from(randomBytes(32))]) {
    const own = new Canaries('');
    own.add('planted', planted);
    for (const [form, bytes] of formsOf(planted))
      assert.ok(own.find(Buffer.concat([Buffer.from('before '), bytes, Buffer.from(' behind')]))
        .includes(`planted (${form})`), form);
    const inside = Buffer.from(`{"a":"${Buffer.from(planted).toString('latin1')}"}`, 'latin1').toString('base64');
    assert.ok(own.find(inside).length > 0, 'in the middle of base64');
    assert.deepEqual(own.find('nothing at all'), []);
  }
});

// What h2o keeps of a request's head until its buffer is used again; a signature is good for minutes, and once.
const isOfARequest = (name) => ['token', 'Idempotency-Key'].includes(name) || name.startsWith('signature of');
// What is needed for as long as the program lives, and what a server said back.
const inUse = (name) => ['planted', 'database password', 'key-encryption key', 'new key-encryption key',
  'TLS server key, its number', 'TLS server key, its text', 'password that is said back',
  'own password at the identity service', 'own token'].includes(name);

// Where in the memory of a program each is, as it is or as hex digits: its name to the mappings' flags.
function inMemory(program) {
  const found = new Map();
  const forms = [...canaries.secrets].filter(([name]) => !isOfARequest(name)).flatMap(([name, all]) => all
    .filter(([form]) => ['raw', 'hex', 'in JSON'].includes(form)).map(([, bytes]) => [name, bytes]));
  for (const { bytes, flags } of memoryOf(program.pid)) {
    for (const [name, form] of [...forms, ['planted', Buffer.from(PLANTED)]])
      if (bytes.includes(form)) found.set(name, [...(found.get(name) ?? []), flags]);
  }
  return found;
}

test('what was used is not in memory any more, and the keys are in no core file', async () => {
  await world.postgres.sql(site.database, "UPDATE instance SET probe_at = 'infinity'");
  for (const program of [server, gatekeeper, worker]) {
    let found;
    // The last probe's connection may be open still.
    await until(`nothing is left in the memory of ${program.name}`, () => {
      found = inMemory(program);
      const left = [...found.keys()].filter((name) => !inUse(name));
      if (left.length) throw new Error(left.join(', '));
      return true;
    });
    for (const name of ['planted', 'database password', 'new key-encryption key'])
      assert.ok(found.has(name), `${name} is found in the memory of ${program.name}`);
    for (const name of ['key-encryption key', 'new key-encryption key'])
      assert.deepEqual(found.get(name)?.map((flags) => / dd( |$)/.test(flags)), [true], `${name}, ${program.name}`);
  }
});

// As a user who is not root, in a directory where a core file may be.
async function unprivileged(settings) {
  const directory = join(world.directory, `cores-${settings.core_dumps}`);
  const key = join(directory, 'keys');
  mkdirSync(directory, { mode: 0o755 });
  writeFileSync(key, readFileSync(world.keyFile), { mode: 0o600 });
  if (SERVER_USER) for (const path of [directory, key]) await chownTo(SERVER_USER, path);
  const program = new Program('dcs-worker', 'prlimit', ['--core=unlimited', '--', PROGRAMS.worker,
    `--worker-name=${PLANTED}`], { user: SERVER_USER, cwd: directory,
    env: { ...environmentOf({ ...site.settings, ...settings, key_file: key }),
      ASAN_OPTIONS: 'detect_leaks=0:disable_coredump=0', CANARY: PLANTED } });
  world.onClose(() => program.stop({ signal: 'SIGKILL', expected: null }));
  await program.event('working');
  return { program, directory };
}

test('no core file is written, and nobody of the same user may look', async () => {
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
  for (const core_dumps of ['on', 'off']) {
    const { program, directory } = await unprivileged({ core_dumps });
    const looked = await run('cat', 'cat', [`/proc/${program.pid}/environ`], { user: SERVER_USER });
    const attached = await run('head', 'head', ['-c', '0', `/proc/${program.pid}/mem`], { user: SERVER_USER });
    assert.equal(looked.stdout.includes(PLANTED), core_dumps === 'on');
    if (core_dumps === 'off') assert.deepEqual([looked.status > 0, attached.status > 0], [true, true]);
    // With a sanitizer's shadow it would be a large one.
    if (core_dumps === 'on' && SANITIZER) continue;
    program.signal('SIGABRT');
    assert.equal(await program.wait(), 134);
    const cores = readdirSync(directory).filter((name) => name !== 'keys');
    if (core_dumps === 'off') assert.deepEqual(cores, []);
    // Where the system puts it elsewhere there is nothing to look at.
    else if (/^[^|/]+$/.test(pattern)) searchCore(join(directory, cores[0]));
  }
});

// It has what is in use, but not the keys.
function searchCore(path) {
  const core = readFileSync(path);
  assert.ok(core.includes(PLANTED));
  const has = (name) => canaries.secrets.get(name).some(([form, bytes]) => ['raw', 'hex'].includes(form) && core.includes(bytes));
  assert.ok(has('database password'));
  assert.ok(!has('key-encryption key') && !has('new key-encryption key'));
}
