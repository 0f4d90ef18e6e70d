// Real programs around a real database: what most tests begin with.
//
//   const world = await World.open();              one PostgreSQL, one CA, one migrated template database
//   const site = await world.site({ workers: 1 }); a copy of the database, a server and workers on it
//   const tenant = await site.tenant('alice');     a project, a key, and a client that signs with it
//
// World.close() stops everything, and fails where a program of ours did not end well.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, createCertificate } from './certificates.mjs';
import { contract } from './contract.mjs';
import { Client, exchangeRaw } from './http.mjs';
import { Postgres, ROLES } from './postgres.mjs';
import { Program, must, run } from './program.mjs';
import { Redis, RedisCluster } from './redis.mjs';
import { until } from './wait.mjs';

const BUILD = process.env.DCS_BUILD;
if (!BUILD) throw new Error('DCS_BUILD must name the build directory (ctest sets it)');

export const SANITIZER = process.env.DCS_SANITIZE ?? '';

export const PROGRAMS = {
  server: join(BUILD, 'server/dcs-server'),
  worker: join(BUILD, 'workers/dcs-worker'),
  dcsctl: join(BUILD, 'cli/dcsctl'),
};

// The release after this one: the same programs with one migration more (tests/fixtures/migrations).
export const NEXT_PROGRAMS = {
  server: join(BUILD, 'tests/dcs-server-next'),
  worker: join(BUILD, 'tests/dcs-worker-next'),
  dcsctl: join(BUILD, 'tests/dcsctl-next'),
};

// Short enough that a test sees a lease run out, long enough for a slow machine to keep it.
export const WORKER_SETTINGS = {
  lease_seconds: 3, heartbeat_seconds: 1, poll_seconds: 1, retry_seconds: 1, redis_connect_timeout_ms: 2000,
  redis_reply_timeout_ms: 10000,
};

// The tests' servers are on loopback, which has to be listed by itself.
const REDIS_NETWORKS = '127.0.0.0/8,::1,0.0.0.0/0,::/0';

// Tests and benchmarks ask as fast as they can, and with wrong signatures; what limits do is a test of its own.
export const UNLIMITED = {
  address_rate: 0, key_rate: 0, project_rate: 0, creation_rate: 0, lockout_failures: 0,
};

// A setting that is undefined is left to its default.
export const environmentOf = (settings) => Object.fromEntries(
  Object.entries(settings).filter(([, value]) => value !== undefined).map(([name, value]) => [`DCS_${name.toUpperCase()}`, String(value)]));

export class World {
  // database is what starts PostgreSQL in a directory.
  static async open({ database = (directory) => Postgres.start(directory) } = {}) {
    const world = new World();
    world.directory = mkdtempSync(join(tmpdir(), 'dcs-test-'));
    chmodSync(world.directory, 0o755);
    world.stops = [];
    try {
      world.authority = await createAuthority(world.directory);
      world.certificates = await createCertificate(world.directory, world.authority);
      world.ca = readFileSync(world.authority.certificate);
      world.keyFile = join(world.directory, 'keys');
      writeFileSync(world.keyFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
      world.postgres = await database(world.directory);
      world.template = await world.postgres.createDatabase();
      for (const role of Object.values(ROLES)) await world.postgres.sql('postgres', `CREATE ROLE ${role} LOGIN`);
      await world.must(world.template, 'migrate', ...Object.entries(ROLES).flatMap(([name, role]) => [`--${name}-role`, role]));
    } catch (error) {
      await world.close().catch(() => {});
      throw error;
    }
    return world;
  }

  // Runs last first; every stop is tried, the first failure is thrown.
  async close() {
    const problems = [];
    for (const stop of this.stops.reverse()) await stop().catch((error) => problems.push(error));
    await this.postgres?.stop().catch((error) => problems.push(error));
    rmSync(this.directory, { recursive: true, force: true });
    if (problems.length) throw problems[0];
  }

  onClose(stop) {
    this.stops.push(stop);
  }

  // Of a program that comes as a role of its own, or as the owner of the database.
  settings(database, role) {
    return {
      database_url: this.postgres.url(database, role), key_file: this.keyFile, redis_networks: REDIS_NETWORKS,
    };
  }

  dcsctl(database, args, { programs = PROGRAMS, ...options } = {}) {
    return run(`dcsctl ${args.join(' ')}`, programs.dcsctl, args, {
      ...options, env: { ...environmentOf(this.settings(database)), ...options.env },
    });
  }

  // The JSON answer of a command that must succeed.
  must(database, ...args) {
    return this.mustWith(PROGRAMS, database, ...args);
  }

  async mustWith(programs, database, ...args) {
    const result = await this.dcsctl(database, [...args, '--json'], { programs });
    if (result.status !== 0)
      throw new Error(`dcsctl ${args.join(' ')} ended with ${result.status}:\n${result.stderr}`);
    return result.stdout.trim() ? JSON.parse(result.stdout) : undefined;
  }

  // Starts one of our programs; it is stopped and checked at the end unless the test did so itself.
  program(kind, settings, { args = [], env = {}, programs = PROGRAMS } = {}) {
    const program = new Program(`dcs-${kind}`, programs[kind], args, {
      env: { ...environmentOf(settings), ...env },
    });
    this.onClose(async () => {
      if (program.running) await program.stop();
      else program.check(null);
    });
    return program;
  }

  serverSettings(database) {
    return {
      ...this.settings(database, ROLES.server),
      listen_https: '127.0.0.1:0',
      tls_certificate: this.certificates.certificate,
      tls_key: this.certificates.key,
      loops: 2,
      drain_delay_seconds: 0,
      drain_seconds: 5,
      ...UNLIMITED,
    };
  }

  async redis(how = {}) {
    const redis = await Redis.start(this.directory, how);
    this.onClose(() => redis.stop());
    return redis;
  }

  async cluster(how = {}) {
    const cluster = await RedisCluster.start(this.directory, how);
    this.onClose(() => cluster.stop());
    return cluster;
  }

  async site({ server = {}, workers = 0, worker = {} } = {}) {
    const site = new Site(this, await this.postgres.createDatabase(this.template));
    await site.startServer(server);
    site.workers = [];
    for (let i = 0; i < workers; i++) site.workers.push(await site.startWorker(worker));
    return site;
  }
}

export class Site {
  // programs: what its dcsctl is of.
  constructor(world, database, programs = PROGRAMS) {
    this.world = world;
    this.database = database;
    this.programs = programs;
    this.workerCount = 0;
  }

  get ca() {
    return this.world.ca;
  }

  async startServer(settings = {}) {
    this.server = this.world.program('server',
      { ...this.world.serverSettings(this.database), ...settings });
    this.port = (await this.server.event('listening', (e) => e.scheme === 'https')).port;
  }

  async startWorker(settings = {}, how = {}) {
    const name = `worker-${++this.workerCount}`;
    const program = this.world.program('worker',
      { ...this.world.settings(this.database, ROLES.worker), worker_name: name, ...WORKER_SETTINGS, ...settings }, how);
    program.workerName = name;
    return program;
  }

  sql(text, values, role) {
    return this.world.postgres.sql(this.database, text, values, role);
  }

  dcsctl(...args) {
    return this.world.mustWith(this.programs, this.database, ...args);
  }

  async tenant(name) {
    const project = await this.dcsctl('project', 'add', name);
    const key = await this.dcsctl('key', 'add', '--project', name);
    return new Tenant(this, name, project.id, key);
  }

  // An operator's client: it signs with a key that belongs to no project.
  async operator() {
    const key = await this.dcsctl('key', 'add', '--operator');
    return this.client({ id: key.id, secret: key.secret });
  }

  // What it is answered is held against the published description.
  client(key, { port = this.port, from } = {}) {
    const check = (method, target, answer) => contract.check(method, target, answer);
    const client = new Client({ port, ca: this.ca, key, check, from });
    this.world.onClose(async () => client.close());
    return client;
  }

  raw(bytes, how) {
    return exchangeRaw({ port: this.port, ca: this.ca }, bytes, how);
  }

  inspect(taskId) {
    return this.dcsctl('task', 'show', taskId);
  }
}

export class Tenant {
  constructor(site, name, projectId, key) {
    this.site = site;
    this.name = name;
    this.projectId = projectId;
    this.key = { id: key.id, secret: key.secret };
    this.client = site.client(this.key);
    this.instances = `/v2/${projectId}/instances`;
  }

  // Registers and probes a Redis; the paths of its operations.
  async instance(name, endpoint, ...options) {
    const added = await this.site.dcsctl('instance', 'add', name, '--project', this.name,
      '--endpoint', endpoint, ...options);
    return new InstancePaths(this, added.id);
  }
}

export class InstancePaths {
  constructor(tenant, id) {
    this.tenant = tenant;
    this.id = id;
    this.path = `${tenant.instances}/${id}`;
    this.create = `${this.path}/bigkey-task`;
    this.list = `${this.path}/bigkey-tasks`;
    this.expired = `${this.path}/scan-expire-keys-task`;
    this.expiredAgain = `${this.path}/auto-expire/scan`;
    this.histories = `${this.path}/auto-expire/histories`;
    this.createHot = `${this.path}/hotkey-task`;
    this.listHot = `${this.path}/hotkey-tasks`;
    this.offline = `${this.path}/offline/key-analysis`;
    this.autoscan = `${this.path}/bigkey/autoscan`;
    this.autoscanHot = `${this.path}/hotkey/autoscan`;
    this.autoscanExpired = `${this.path}/scan-expire-keys/autoscan-config`;
  }

  task(id) {
    return `${this.create}/${id}`;
  }

  hotTask(id) {
    return `${this.createHot}/${id}`;
  }

  offlineTask(id) {
    return `${this.offline}/${id}`;
  }

  // Posts and returns the task; a refusal is thrown.
  async start(path = this.create) {
    const answer = await this.tenant.client.post(path);
    if (answer.status !== 200) throw new Error(`POST ${path}: ${answer.status} ${answer.body}`);
    return answer.json;
  }

  // The state of a task, of either kind, as the database has it.
  async status(id) {
    const [row] = await this.tenant.site.sql('SELECT status FROM scan_task WHERE id = $1', [id]);
    return row?.status;
  }

  reaches(id, status, deadlineMs) {
    return until(`task ${id} is ${status}`, async () => (await this.status(id)) === status, deadlineMs);
  }

  async detail(id) {
    const answer = await this.tenant.client.get(this.task(id));
    if (answer.status !== 200) throw new Error(`GET ${id}: ${answer.status} ${answer.body}`);
    return answer.json;
  }

  // Creates a big-key task and waits for its end: the detail.
  async analyse(deadlineMs) {
    const { id } = await this.start();
    await until(`task ${id} ends`, async () =>
      ['success', 'failed'].includes(await this.status(id)), deadlineMs);
    return this.detail(id);
  }
}

export { must };
