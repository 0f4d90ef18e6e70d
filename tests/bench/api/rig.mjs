// What is measured, and what it is measured on: one PostgreSQL with three databases.
//
// `main` has the tasks that are read and a server; `writes` has the instances that are written to, and a server of its
// own; `copy` is a copy of that for what is not our server.  All three begin equal.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exchangeRaw } from '../../support/http.mjs';
import { Postgres } from '../../support/postgres.mjs';
import { TYPES } from '../../support/dataset.mjs';
import { sign } from '../../support/signer.mjs';
import { World } from '../../support/site.mjs';
import { startPeer } from '../peer/start.mjs';
import { startNginx } from './nginx.mjs';

const PROJECTS = 20;
const INSTANCES_PER_PROJECT = 1000; // the quota of a project that has none of its own
export const INSTANCES = PROJECTS * INSTANCES_PER_PROJECT;
const RECORDS = 100;
const KEYS_PER_TYPE = 30;
const RESIGN_MS = 8 * 60_000; // signatures are good for fifteen minutes
const FIRST = 10_000_000_000; // eleven digits, so that a number is the end of an id as it is

// Ids that both sides can make out of a number.
export const PREFIX = {
  project: '00000000-0000-4000-a000-1', instance: '00000000-0000-4000-8000-1', task: '00000000-0000-4000-9000-1',
};
const idOf = (kind, number) => `${PREFIX[kind]}${FIRST + number}`;
const projectOf = (number) => Math.floor(number / INSTANCES_PER_PROJECT);

// For pgbench: which of the instances a transaction is about, each one once, and a random token.
export const PGBENCH_ROW = `\\set i :client_id * :each + :n
\\set n :n + 1
\\set p ${FIRST} + :i / ${INSTANCES_PER_PROJECT}
\\set v ${FIRST} + :i
\\set a random(1000000000000000, 9999999999999999)
\\set b random(1000000000000000, 9999999999999999)
`;

// What the server asks for in its sessions (core/pg/target.c) as far as it changes how a statement is run.  Time runs as
// there, but does not run out: a thousand sessions that commit in turn wait longer for each other than the server's few.
export const SESSION = '-c statement_timeout=600000 -c lock_timeout=600000 -c synchronous_commit=on -c enable_seqscan=off '
  + '-c jit=off -c TimeZone=UTC -c DateStyle=ISO';

// A thousand connections that all ask at once are more than a server of two loops takes by default.
const GENEROUS = {
  connections_max: 16000, connections_per_address_max: 100_000, connections_unproved_max: 100_000, database_in_flight: 4096,
};

async function fillRedis(redis) {
  const many = (count, of) => Array.from({ length: count }, (_, i) => of(i)).flat();
  const commands = {
    string: (name, n) => ['SET', name, 'x'.repeat(1000 * n)],
    list: (name, n) => ['RPUSH', name, ...many(10 * n, (i) => [i])],
    set: (name, n) => ['SADD', name, ...many(10 * n, (i) => [i])],
    zset: (name, n) => ['ZADD', name, ...many(10 * n, (i) => [i, `m${i}`])],
    hash: (name, n) => ['HSET', name, ...many(10 * n, (i) => [`f${i}`, i])],
  };
  await redis.pipeline(TYPES.flatMap((type) => Array.from({ length: KEYS_PER_TYPE }, (_, i) =>
    commands[type](`tenant:${type}:${String(i * 7919).padStart(8, '0')}`, i + 1))));
}

export class Rig {
  // fsync 'off' takes the disk out of what is measured.
  static async open({ fsync, server }) {
    const rig = new Rig();
    rig.fsync = fsync;
    rig.world = await World.open({
      database: (directory) => Postgres.start(directory, {
        max_connections: 1200, shared_buffers: '512MB', fsync, full_page_writes: fsync, synchronous_commit: 'on',
        max_wal_size: '8GB', checkpoint_timeout: '1h',
      }),
    });
    rig.settings = { listen_http: '127.0.0.1:0', ...GENEROUS, ...server, docs_directory: rig.#viewer() };
    rig.servers = {};
    rig.peers = {};
    rig.signatures = new Map();
    try {
      await rig.#prepare();
    } catch (error) {
      await rig.close().catch(() => {});
      throw error;
    }
    return rig;
  }

  close() {
    return this.world.close();
  }

  get postgres() {
    return this.world.postgres;
  }

  // The viewer's own files are not read here; the server wants them to be there.
  #viewer() {
    const directory = join(this.world.directory, 'viewer');
    mkdirSync(directory, { mode: 0o755 });
    for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']) writeFileSync(join(directory, name), '');
    return directory;
  }

  sql(database, text, values) {
    return this.postgres.sql(database, text, values);
  }

  async #prepare() {
    const site = await this.world.site({ workers: 1 });
    this.main = site.database;
    await this.#reads(site);
    await this.#instances(site);
    await site.workers[0].stop();
    await site.server.stop();
    await this.sql(this.main, 'VACUUM (ANALYZE)');
    this.writes = await this.postgres.createDatabase(this.main);
    this.copy = await this.postgres.createDatabase(this.main);
  }

  // An analysis as a worker makes it, one that runs, and an instance with as many records as are kept.
  async #reads(site) {
    const tenant = await site.tenant('alice');
    const redis = await this.world.redis();
    await fillRedis(redis);
    this.alice = tenant;
    this.cache = await tenant.instance('cache', redis.endpoint);
    this.finished = await this.cache.analyse();
    if (this.finished.status !== 'success' || this.finished.keys.length !== 100)
      throw new Error(`the analysis ended as ${this.finished.status} with ${this.finished.num} keys`);
    this.running = await tenant.instance('running', redis.endpoint, '--no-probe');
    this.runningTask = idOf('task', 1);
    await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, status, started_at, attempt, fence,
        claimable_at, lease_owner, keys_seen, keys_total)
      VALUES ($1, $2, $3, 'bigkey', 'manual', 'running', now(), 1, 1, now() + interval '1 day', 'bench', 1000, 5000)`,
    [tenant.projectId, this.running.id, this.runningTask]);
    this.listed = await tenant.instance('listed', redis.endpoint, '--no-probe');
    await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, status, created_at, started_at,
        finished_at, claimable_at, num)
      SELECT $1, $2, gen_random_uuid(), 'bigkey', 'manual', 'success', at, at, at, NULL, 100
      FROM generate_series(1, $3) n, LATERAL (SELECT now() - n * interval '1 hour') t (at)`,
    [tenant.projectId, this.listed.id, RECORDS]);
  }

  // All like the one that was probed.
  async #instances(site) {
    this.keys = [];
    for (let i = 0; i < PROJECTS; i++) {
      await site.dcsctl('project', 'add', `bench-${i}`, '--id', idOf('project', i));
      const key = await site.dcsctl('key', 'add', '--project', `bench-${i}`);
      this.keys.push({ id: key.id, secret: key.secret });
    }
    await site.sql(`INSERT INTO instance SELECT (jsonb_populate_record(i, jsonb_build_object('name', 'cache-' || n,
        'project_id', $2 || ($4::bigint + n / $5), 'id', $3 || ($4::bigint + n), 'probe_at', 'infinity'))).*
      FROM instance i, generate_series(0, $6::integer - 1) n WHERE i.id = $1::uuid`,
    [this.cache.id, PREFIX.project, PREFIX.instance, FIRST, INSTANCES_PER_PROJECT, INSTANCES]);
  }

  // A server of that database, started when it is first asked for: { pid, http, https }.
  async server(which) {
    if (!this.servers[which]) {
      const program = this.world.program('server', { ...this.world.serverSettings(this[which]), ...this.settings });
      const port = async (scheme) => (await program.event('listening', (event) => event.scheme === scheme)).port;
      const [http, https] = [await port('http'), await port('https')];
      this.servers[which] = {
        pid: program.pid, ports: { http, https }, http: `http://127.0.0.1:${http}`, https: `https://127.0.0.1:${https}`,
      };
    }
    return this.servers[which];
  }

  // nginx that answers everything as our server answers that.
  async nginx(target) {
    if (!this.nginxStarted) {
      const { ports } = await this.server('main');
      const request = `GET ${target} HTTP/1.1\r\nHost: bench\r\n\r\n`;
      const { answers } = await exchangeRaw({ port: ports.http }, request, { secure: false });
      if (answers[0]?.status !== 200) throw new Error(`${target}: ${answers[0]?.status}`);
      const { program, ports: its } = await startNginx(this.world, answers[0]);
      this.nginxStarted = { pid: program.pid, http: `http://127.0.0.1:${its.http}`, https: `https://127.0.0.1:${its.https}` };
    }
    return this.nginxStarted;
  }

  // Node.js on that database.
  async peer(which) {
    if (!this.peers[which]) {
      const { program, port } = await startPeer(this.world, { database: this[which] });
      this.peers[which] = { pid: program.pid, port, http: `http://127.0.0.1:${port}` };
    }
    return this.peers[which];
  }

  get ca() {
    return this.world.authority.certificate;
  }

  // Signed requests of one kind, signed anew where they would grow too old.  make: () => { key, method, target, body }s.
  signed(name, make) {
    const known = this.signatures.get(name);
    if (known && Date.now() - known.at < RESIGN_MS) return known.requests;
    const requests = make().map(({ key, method, target, body = '' }) => {
      const headers = [['Host', 'bench'], ...(body ? [['Content-Type', 'application/json']] : [])];
      return { method, target, body, headers: sign({ key, method, target, headers, body }) };
    });
    this.signatures.set(name, { at: Date.now(), requests });
    return requests;
  }

  // One of each of the instances, neighbours of other projects: those of one would wait for each other's quota.
  each(request) {
    return Array.from({ length: INSTANCES }, (_, k) => {
      const number = (k % PROJECTS) * INSTANCES_PER_PROJECT + Math.floor(k / PROJECTS);
      const project = projectOf(number);
      const path = `/v2/${idOf('project', project)}/instances/${idOf('instance', number)}`;
      return { key: this.keys[project], ...request(path, idOf('task', number)) };
    });
  }

  // Both sides begin with the same rows; what the audit log has gathered goes as well.
  async clear(database, { tasks = false, configurations = false }) {
    await this.sql(database, 'SET session_replication_role = replica; TRUNCATE audit_event');
    await this.sql(database, 'TRUNCATE remembered_request, autoscan, autoscan_round, scan_task, scan_result, scan_checkpoint');
    if (tasks)
      await this.sql(database, `INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type)
        SELECT project_id, id, ($1 || right(id::text, 11))::uuid, 'bigkey', 'manual' FROM instance WHERE id::text LIKE $2`,
      [PREFIX.task, `${PREFIX.instance}%`]);
    if (configurations)
      await this.sql(database, `INSERT INTO autoscan (project_id, instance_id, kind, enabled, schedule_minutes, next_at)
        SELECT project_id, id, 'bigkey', true, '{60}', now() + interval '1 hour' FROM instance WHERE id::text LIKE $1`,
      [`${PREFIX.instance}%`]);
  }

  async count(database, table) {
    const [{ count }] = await this.sql(database, `SELECT count(*) FROM ${table}`);
    return Number(count);
  }
}
