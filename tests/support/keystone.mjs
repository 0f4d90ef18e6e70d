// A real Keystone (Debian's package) under uwsgi, on a Unix socket, with a database of the test's PostgreSQL.
//
//   const keystone = await Keystone.start(directory, postgres);   ten seconds: once per file
//   const alice = await keystone.project('alice');                { id }
//   await keystone.user('ann', { project: alice, roles: ['member'] });
//   const token = await keystone.token('ann', { project: 'alice' });
//
// Users' passwords are their names and PASSWORD_SUFFIX; everything is in the domain `Default`.

import { mkdirSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { join } from 'node:path';
import { Program } from './program.mjs';
import { until, within } from './wait.mjs';

const APPLICATION = new URL('keystone_app.py', import.meta.url).pathname;
const START_MS = 90_000;
const THREADS = 8;
const HEAD_MAX = 65535;
const PASSWORD_SUFFIX = '-password';
const DOMAIN = { name: 'Default' };

export const passwordOf = (user) => `${user}${PASSWORD_SUFFIX}`;

// A request by a Unix socket: { status, headers, body }.
export function requestBy(socketPath, method, path, { headers = {}, body } = {}) {
  return within(`Keystone: ${method} ${path}`, new Promise((resolve, reject) => {
    // uwsgi ends every connection after its answer.
    const request = http.request({ socketPath, method, path, headers, agent: false }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk)).on('error', reject).on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    request.on('error', reject).end(body);
  }));
}

export class Keystone {
  static async start(directory, postgres) {
    const keystone = new Keystone();
    keystone.directory = join(directory, 'keystone');
    keystone.socket = join(keystone.directory, 'socket');
    keystone.ids = { users: {}, projects: {}, roles: {} };
    const keys = join(keystone.directory, 'keys');
    mkdirSync(keys, { recursive: true, mode: 0o700 });
    // The key that is to come and the one that is used; both are needed.
    for (const name of ['0', '1']) writeFileSync(join(keys, name), fernetKey(), { mode: 0o600 });
    const database = await postgres.createDatabase();
    writeFileSync(join(keystone.directory, 'keystone.conf'), [
      '[cache]', 'enabled = true', 'backend = dogpile.cache.memory',
      '[database]',
      `connection = postgresql+psycopg2://${postgres.role}@/${database}?host=${postgres.directory}`,
      ...['fernet_tokens', 'fernet_receipts', 'credential'].flatMap((name) => [`[${name}]`, `key_repository = ${keys}`]),
      '[identity]', 'password_hash_rounds = 4', '',
    ].join('\n'));
    await keystone.launch();
    keystone.admin = await keystone.token('admin', { project: 'admin' });
    for (const { name, id } of (await keystone.call('GET', '/v3/roles')).roles) keystone.ids.roles[name] = id;
    return keystone;
  }

  async launch() {
    this.program = new Program('keystone', 'uwsgi', ['--plugins', 'python3', '--http-socket', this.socket, '--threads',
      String(THREADS), '--buffer-size', String(HEAD_MAX), '--need-app', '--die-on-term', '--wsgi-file', APPLICATION], {
      cwd: this.directory,
      env: {
        OS_KEYSTONE_CONFIG_FILES: join(this.directory, 'keystone.conf'),
        TEST_ADMIN_PASSWORD: passwordOf('admin'),
      },
    });
    await until('Keystone answers', async () => {
      if (!this.program.running) throw new Error(this.program.stderr);
      return (await requestBy(this.socket, 'GET', '/v3')).status === 200;
    }, START_MS, 100).catch((error) => {
      throw new Error(`${error.message}\n${this.program.stderr.slice(-4000)}`);
    });
  }

  // A request of the administrator's that must succeed; the answer's JSON.
  async call(method, path, value) {
    const answer = await requestBy(this.socket, method, path, {
      headers: { 'Content-Type': 'application/json', 'X-Auth-Token': this.admin },
      body: value === undefined ? undefined : JSON.stringify(value),
    });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return answer.body.length ? JSON.parse(answer.body) : undefined;
  }

  async project(name) {
    const { project } = await this.call('POST', '/v3/projects', { project: { name, domain_id: 'default' } });
    this.ids.projects[name] = project.id;
    return project;
  }

  async role(name) {
    this.ids.roles[name] ??= (await this.call('POST', '/v3/roles', { role: { name } })).role.id;
    return this.ids.roles[name];
  }

  // project is a name; without one the roles are on the system.
  async grant(user, role, project) {
    const place = project ? `projects/${this.ids.projects[project]}` : 'system';
    await this.call('PUT', `/v3/${place}/users/${this.ids.users[user]}/roles/${await this.role(role)}`);
  }

  async user(name, { project, roles = [] } = {}) {
    const { user } = await this.call('POST', '/v3/users',
      { user: { name, domain_id: 'default', password: passwordOf(name) } });
    this.ids.users[name] = user.id;
    for (const role of roles) await this.grant(name, role, project);
    return user;
  }

  // Its tokens are revoked thereby.
  async setPassword(name, password) {
    await this.call('PATCH', `/v3/users/${this.ids.users[name]}`, { user: { password } });
  }

  // scope: { project: name }, { domain: id }, { system: true }, or none.
  async token(user, scope = {}) {
    const auth = {
      identity: { methods: ['password'], password: { user: { name: user, domain: DOMAIN, password: passwordOf(user) } } },
      scope: scopeOf(scope),
    };
    const answer = await requestBy(this.socket, 'POST', '/v3/auth/tokens',
      { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ auth }) });
    if (answer.status !== 201) throw new Error(`no token for ${user}: ${answer.status} ${answer.body}`);
    return answer.headers['x-subject-token'];
  }

  async revoke(token) {
    const answer = await requestBy(this.socket, 'DELETE', '/v3/auth/tokens',
      { headers: { 'X-Auth-Token': this.admin, 'X-Subject-Token': token } });
    if (answer.status !== 204) throw new Error(`not revoked: ${answer.status} ${answer.body}`);
  }

  // Of the tokens that are issued from now on.
  async setExpiration(seconds) {
    await requestBy(this.socket, 'PUT', `/test/expiration/${seconds}`);
  }

  // Silent, with every connection open, until it is thawed.
  freeze() {
    this.program.signal('SIGSTOP');
  }

  thaw() {
    this.program.signal('SIGCONT');
  }

  async stop() {
    if (!this.program.running) return;
    await this.program.stop({ signal: 'SIGKILL', expected: null });
  }
}

const fernetKey = () => randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_');

function scopeOf({ project, domain, system }) {
  if (project) return { project: { name: project, domain: DOMAIN } };
  if (domain) return { domain: { id: domain } };
  return system ? { system: { all: true } } : 'unscoped';
}
