// PostgreSQL under Patroni: one etcd, a few nodes with synchronous replication, all in a temporary directory
// and on free ports, gone afterwards.  It takes the place of Postgres in a World.
//
// Patroni starts PostgreSQL away from itself, on purpose: neither dies with the other.  What is left where
// this process is killed is ended by the SIGTERM that Patroni gets then.

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { SERVER_USER, chownTo, connectTo, executeOn, postgresDirectory } from './postgres.mjs';
import { Program } from './program.mjs';
import { freePort } from './redis.mjs';
import { until } from './wait.mjs';

const HOST = '127.0.0.1';
const ROLE = SERVER_USER ?? userInfo().username;
const ATTEMPTS = 3;
const START_MS = 90_000;
const ANSWER_MS = 3000;

// Seconds.  How long a leader that says nothing keeps its place, how often a node looks, and how long it
// tries to reach etcd and PostgreSQL.
export const TIMING = { ttl: 20, loop_wait: 5, retry_timeout: 5 };

// Processes are killed, not the machine: what was written is there without being flushed.  pg_rewind wants full
// page writes.
const SETTINGS = { fsync: 'off', shared_buffers: '64MB', log_min_messages: 'fatal' };

// Of the process and of what came of it, the leaves last.
function descendants(pid) {
  const children = new Map();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    } catch {
      // It ended meanwhile.
    }
  }
  const found = [pid];
  for (const one of found) found.push(...(children.get(one) ?? []));
  return found;
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

class Node {
  constructor(cluster, name) {
    this.cluster = cluster;
    this.name = name;
    this.directory = join(cluster.directory, name);
    this.data = join(this.directory, 'data');
    this.file = join(cluster.directory, `${name}.json`);
  }

  async prepare() {
    this.port = await freePort();
    this.apiPort = await freePort();
    mkdirSync(this.directory, { mode: 0o755 });
    if (SERVER_USER) await chownTo(SERVER_USER, this.directory);
    // What is JSON is YAML.
    writeFileSync(this.file, JSON.stringify(this.configuration(), null, 2), { mode: 0o644 });
  }

  configuration() {
    const api = `${HOST}:${this.apiPort}`;
    const address = `${HOST}:${this.port}`;
    return {
      scope: 'test', name: this.name,
      restapi: { listen: api, connect_address: api },
      etcd3: { host: this.cluster.etcdAddress },
      bootstrap: {
        dcs: {
          ...this.cluster.timing,
          synchronous_mode: true,
          maximum_lag_on_failover: 1048576,
          postgresql: { use_pg_rewind: true, use_slots: true, parameters: { max_connections: 200 } },
        },
        initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'no-sync'],
      },
      postgresql: {
        listen: address, connect_address: address, data_dir: this.data, bin_dir: postgresDirectory(),
        pgpass: join(this.directory, 'pgpass'),
        remove_data_directory_on_rewind_failure: true,
        pg_hba: ['local all all trust', `host all all ${HOST}/32 trust`, `host replication all ${HOST}/32 trust`],
        authentication: { superuser: { username: ROLE }, replication: { username: 'replicator', password: 'unused' } },
        basebackup: [{ checkpoint: 'fast' }],
        parameters: { ...SETTINGS, unix_socket_directories: this.directory },
      },
    };
  }

  launch() {
    this.program = new Program(`patroni ${this.name}`, 'patroni', [this.file],
      { user: SERVER_USER, cwd: this.directory, deathSignal: 'TERM' });
  }

  get postmaster() {
    try {
      return Number(readFileSync(join(this.data, 'postmaster.pid'), 'latin1').split('\n')[0]) || undefined;
    } catch {
      return undefined;
    }
  }

  // All at once, as a machine that loses its power.  Both are held first, so that nobody starts another one.
  async crash() {
    const heads = [this.program.running ? this.program.pid : undefined, this.postmaster].filter(Boolean);
    for (const pid of heads) signal(pid, 'SIGSTOP');
    for (const pid of new Set(heads.flatMap(descendants))) signal(pid, 'SIGKILL');
    this.crashedAt = Date.now();
    await this.program.wait();
  }
}

export class PatroniCluster {
  // directory is new and can be entered by the server's user.  A port that another process was faster to take
  // is no failure: others are tried.
  static async start(directory, { nodes = 3, timing = TIMING } = {}) {
    for (let attempt = 1; ; attempt++) {
      const cluster = new PatroniCluster(mkdtempSync(join(directory, 'patroni-')), timing);
      try {
        await cluster.launch(nodes);
        return cluster;
      } catch (error) {
        const said = cluster.said();
        await cluster.stop();
        if (attempt === ATTEMPTS || !/address already in use/i.test(said))
          throw new Error(`${error.message}\n${said.slice(-4000)}`);
      }
    }
  }

  constructor(directory, timing) {
    this.directory = directory;
    this.timing = timing;
    this.role = ROLE;
    this.nodes = [];
    this.databases = 0;
  }

  said() {
    return [this.etcd, ...this.nodes.map((node) => node.program)]
      .map((program) => `${program?.stdout ?? ''}${program?.stderr ?? ''}`).join('\n');
  }

  async launch(count) {
    if (SERVER_USER) await chownTo(SERVER_USER, this.directory);
    await this.launchEtcd();
    for (let i = 1; i <= count; i++) {
      const node = new Node(this, `node${i}`);
      await node.prepare();
      node.launch();
      this.nodes.push(node);
    }
    await this.isWhole(START_MS);
  }

  async launchEtcd() {
    this.etcdAddress = `${HOST}:${await freePort()}`;
    const peer = `http://${HOST}:${await freePort()}`;
    const client = `http://${this.etcdAddress}`;
    this.etcd = new Program('etcd', 'etcd', ['--name', 'one', '--data-dir', join(this.directory, 'etcd'),
      '--listen-client-urls', client, '--advertise-client-urls', client,
      '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `one=${peer}`],
    { user: SERVER_USER, cwd: this.directory });
    await until('etcd is well', async () => {
      if (!this.etcd.running) throw new Error('etcd ended');
      return (await fetch(`${client}/health`, { signal: AbortSignal.timeout(ANSWER_MS) })).ok;
    });
  }

  // As Patroni sees them: { name, role, state, lag }.
  async members() {
    let problem = new Error('no node runs');
    for (const node of this.nodes.filter(({ program }) => program?.running)) {
      try {
        const answer = await fetch(`http://${HOST}:${node.apiPort}/cluster`, { signal: AbortSignal.timeout(ANSWER_MS) });
        return (await answer.json()).members;
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  }

  // Every node is there, and one follows so closely that it can take over without loss.
  isWhole(deadlineMs) {
    return until('a leader, a synchronous standby, and all that follow', async () => {
      const members = await this.members();
      const following = members.filter(({ role }) => role !== 'leader');
      return members.length === this.nodes.length && following.length === members.length - 1 &&
        following.some(({ role }) => role === 'sync_standby') &&
        members.every(({ state }) => ['running', 'streaming'].includes(state)) &&
        following.every(({ lag }) => lag === 0) && this.isSynchronous();
    }, deadlineMs);
  }

  // What Patroni wants is in force once PostgreSQL says so.
  async isSynchronous() {
    const rows = await this.sql('postgres', `SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`);
    return rows.length > 0;
  }

  async leader() {
    const found = (await this.members()).find(({ role, state }) => role === 'leader' && state === 'running');
    return this.nodes.find(({ name }) => name === found?.name);
  }

  // Kills the leader and returns it, with the moment in crashedAt; launch() brings it back.
  async crashLeader() {
    const node = await until('there is a leader', () => this.leader());
    await node.crash();
    return node;
  }

  url(database) {
    const hosts = this.nodes.map(({ port }) => `${HOST}:${port}`).join(',');
    return `postgresql://${ROLE}@${hosts}/${database}?target_session_attrs=read-write`;
  }

  // To the node that takes writes; there may be none for a while.
  connect(database) {
    return until(`a node that takes writes to ${database}`, async () => {
      for (const { port } of this.nodes) {
        const client = await connectTo({ host: HOST, port, user: ROLE, database }).catch(() => undefined);
        if (!client) continue;
        try {
          if ((await client.query('SELECT pg_is_in_recovery() AS standby')).rows[0].standby === 'f') return client;
        } catch {
          // It went away again.
        }
        await client.end().catch(() => {});
      }
      return undefined;
    });
  }

  async sql(database, text, values = []) {
    return executeOn(await this.connect(database), text, values);
  }

  // On every node: a database that a standby does not have yet ends libpq's search for the leader there.
  async createDatabase(template) {
    const name = `test_${++this.databases}`;
    await this.sql('postgres', `CREATE DATABASE ${name}${template ? ` TEMPLATE ${template}` : ''}`);
    for (const { port } of this.nodes) {
      const client = await until(`${name} is on every node`, () =>
        connectTo({ host: HOST, port, user: ROLE, database: name }));
      await client.end();
    }
    return name;
  }

  // Nothing of it is wanted any more.
  async stop() {
    await Promise.all(this.nodes.filter(({ program }) => program).map((node) => node.crash()));
    this.etcd?.signal('SIGKILL');
    await this.etcd?.wait();
  }
}
