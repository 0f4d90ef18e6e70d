// Private PostgreSQL clusters, with stand-bys where asked: Unix sockets only, in a temporary directory, no fsync,
// gone afterwards.

import { existsSync, readdirSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import pg from 'pg';
import { Program, must, run } from './program.mjs';
import { until } from './wait.mjs';

// PostgreSQL refuses to run as root, so root runs it as the user that Debian's package makes.
export const SERVER_USER = process.getuid() === 0 ? 'postgres' : undefined;
const ROLE = SERVER_USER ?? userInfo().username;

// What each program comes as: a role that may do no more than db/grants.sql gives it.
export const ROLES = { server: 'dcs_server', worker: 'dcs_worker', audit: 'dcs_audit', operator: 'dcs_operator' };

const SETTINGS = {
  listen_addresses: '',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '64MB',
  autovacuum: 'off',
  log_min_messages: 'fatal',
};

export function postgresDirectory() {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const found = versions.map((v) => join(root, v, 'bin')).find((d) => existsSync(join(d, 'postgres')));
  if (!found) throw new Error(`no PostgreSQL server under ${root}`);
  return found;
}

export async function chownTo(user, path) {
  const uid = Number(await must('id', 'id', ['-u', user]));
  const gid = Number(await must('id', 'id', ['-g', user]));
  chownSync(path, uid, gid);
}

// A client to which every value is text.
export async function connectTo(how) {
  const client = new pg.Client({ ...how, types: { getTypeParser: () => (value) => value } });
  client.on('error', () => {});
  await client.connect();
  return client;
}

// The rows, and the end of the client.
export async function executeOn(client, text, values) {
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

export class Postgres {
  // directory is new and can be entered by the server's user; settings are laid over ours.
  static async start(directory, settings = {}) {
    const postgres = await Postgres.prepare(directory, 'postgres');
    postgres.settings = settings;
    await must('initdb', join(postgresDirectory(), 'initdb'),
      ['-D', postgres.data, '-U', ROLE, '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync',
        '--no-instructions'],
      { user: SERVER_USER, cwd: postgres.directory, deadlineMs: 60_000 });
    await postgres.launch();
    return postgres;
  }

  // The directory of one that is still to be made.
  static async prepare(directory, name) {
    const postgres = new Postgres();
    postgres.directory = join(directory, name);
    postgres.data = join(postgres.directory, 'data');
    postgres.databases = 0;
    postgres.role = ROLE;
    mkdirSync(postgres.directory, { mode: 0o755 });
    if (SERVER_USER) await chownTo(SERVER_USER, postgres.directory);
    return postgres;
  }

  // A copy of this one that follows it.
  async standby(directory, name = 'standby') {
    const standby = await Postgres.prepare(directory, name);
    await must('pg_basebackup', join(postgresDirectory(), 'pg_basebackup'),
      ['-D', standby.data, '-h', this.directory, '-U', ROLE, '-R', '--checkpoint=fast', '--no-sync'],
      { user: SERVER_USER, cwd: standby.directory, deadlineMs: 60_000 });
    await standby.launch();
    return standby;
  }

  async promote() {
    await this.sql('postgres', 'SELECT pg_promote(wait => false)');
    await until('it is promoted', async () =>
      (await this.sql('postgres', 'SELECT pg_is_in_recovery() AS standby'))[0].standby === 'f');
  }

  // What a proxy in front of it connects to.
  get socket() {
    return join(this.directory, '.s.PGSQL.5432');
  }

  async launch() {
    const settings = Object.entries({ ...SETTINGS, ...this.settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.program = new Program('postgres', join(postgresDirectory(), 'postgres'),
      ['-D', this.data, '-k', this.directory, ...settings],
      { user: SERVER_USER, cwd: this.directory, deathSignal: 'QUIT' });
    await until('PostgreSQL accepts connections', async () => {
      if (!this.program.running) throw new Error(this.program.stderr);
      await this.sql('postgres', 'SELECT 1');
      return true;
    });
  }

  url(database, role = ROLE) {
    return `postgresql:///${database}?host=${encodeURIComponent(this.directory)}&user=${role}`;
  }

  // By way of others: `host:port`, one or several with commas between.
  urlVia(hosts, database) {
    return `postgresql://${ROLE}@${hosts}/${database}`;
  }

  connect(database, role = ROLE) {
    return connectTo({ host: this.directory, user: role, database });
  }

  // One statement on a connection of its own; the rows as objects, values as text.
  async sql(database, text, values = [], role = ROLE) {
    return executeOn(await this.connect(database, role), text, values);
  }

  // A statement whose transaction stays open; others may come to wait for it.
  async open(database, text, values = []) {
    const client = await this.connect(database);
    await client.query('BEGIN');
    await client.query(text, values);
    return {
      query: (more, moreValues) => client.query(more, moreValues),
      async isWaitedFor() {
        // What a transaction has read of it stays as it was.
        await client.query('SELECT pg_stat_clear_snapshot()');
        const { rows } = await client.query(
          'SELECT FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))');
        return rows.length > 0;
      },
      async commit() {
        await client.query('COMMIT');
        await client.end();
      },
    };
  }

  async createDatabase(template) {
    const name = `test_${++this.databases}`;
    await this.sql('postgres', `CREATE DATABASE ${name}${template ? ` TEMPLATE ${template}` : ''}`);
    return name;
  }

  // Silent, with every connection open, until it is thawed.
  async freeze() {
    this.program.signal('SIGSTOP');
    await this.#signalBackends('SIGSTOP');
  }

  async thaw() {
    await this.#signalBackends('SIGCONT');
    this.program.signal('SIGCONT');
  }

  // One that has ended meanwhile is none.
  async #signalBackends(name) {
    const { stdout } = await run('ps', 'ps', ['-o', 'pid=', '--ppid', String(this.program.pid)]);
    for (const pid of stdout.trim().split(/\s+/).map(Number)) {
      try {
        process.kill(pid, name);
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    }
  }

  // Away and back, as an operator's restart is.
  async stop() {
    await this.program.stop({ signal: 'SIGINT' });
  }

  // As a power cut is.
  async stopImmediately() {
    await this.program.stop({ signal: 'SIGQUIT', expected: null });
  }
}
