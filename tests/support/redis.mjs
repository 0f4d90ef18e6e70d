// A private Redis on a free port, or a cluster of them, with connections of the test's own.

import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import net from 'node:net';
import { Program } from './program.mjs';
import { RespConnection } from './resp.mjs';
import { until } from './wait.mjs';

const ATTEMPTS = 10;

// The servers on the PATH, as their programs are called.
export function installedServers() {
  const directories = (process.env.PATH ?? '').split(delimiter);
  return ['redis-server', 'valkey-server'].filter((name) =>
    directories.some((directory) => existsSync(join(directory, name))));
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const listener = net.createServer().once('error', reject);
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}

// Whether this machine has the address.
export function canBind(host) {
  return new Promise((resolve) => {
    const listener = net.createServer().once('error', () => resolve(false));
    listener.listen(0, host, () => listener.close(() => resolve(true)));
  });
}

export class Redis {
  // options are redis.conf directives, or a function that makes them; certificates adds TLS on a port of its
  // own.  Redis cannot take port 0, so another process may be faster with the port found: then another one is
  // tried.
  static async start(directory, { options = {}, certificates, server = 'redis-server', host = '127.0.0.1' } = {}) {
    for (let attempt = 1; ; attempt++) {
      const redis = new Redis();
      redis.server = server;
      redis.host = host;
      redis.directory = mkdtempSync(join(directory, 'redis-'));
      redis.port = await freePort();
      redis.tlsPort = certificates ? await freePort() : undefined;
      const directives = typeof options === 'function' ? await options() : options;
      if (await redis.launch(directives, certificates)) return redis;
      if (attempt === ATTEMPTS) throw new Error(redis.program.stdout);
    }
  }

  async launch(options, certificates) {
    const directives = {
      port: this.port,
      bind: this.host,
      dir: this.directory,
      save: '',
      appendonly: 'no',
      'enable-debug-command': 'yes',
      ...(certificates && {
        'tls-port': this.tlsPort,
        'tls-cert-file': certificates.certificate,
        'tls-key-file': certificates.key,
        'tls-ca-cert-file': certificates.ca,
        'tls-auth-clients': 'no',
      }),
      ...options,
    };
    const args = Object.entries(directives).flatMap(([name, value]) =>
      [`--${name}`, ...[].concat(value).map(String)]);
    this.args = args;
    this.password = options.requirepass;
    return this.run();
  }

  async run() {
    this.program = new Program(this.server, this.server, this.args, { cwd: this.directory });
    await until('Redis is ready or gone', () =>
      this.program.stdout.includes('Ready to accept connections') || !this.program.running);
    if (!this.program.running) return false;
    await this.connect();
    return true;
  }

  // Anew where there was a connection, as Sentinels cut those of a server that they promote.
  async connect() {
    this.connection?.close();
    this.connection = await RespConnection.open(this.port, this.host);
    if (this.password) await this.command('AUTH', this.password);
  }

  // As when the machine fails; what it had written to its directory stays.
  async kill() {
    await this.stop();
  }

  async restart() {
    await until('Redis runs again', () => this.run());
    await until('Redis is loaded', () => this.command('PING').then((reply) => reply === 'PONG'));
  }

  get endpoint() {
    return this.host.includes(':') ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`;
  }

  get tlsEndpoint() {
    return `127.0.0.1:${this.tlsPort}`;
  }

  command(...words) {
    return this.connection.command(...words);
  }

  pipeline(commands) {
    return this.connection.pipeline(commands);
  }

  // Sections of INFO as an object.
  async info(section) {
    const text = (await this.command('INFO', section)).toString();
    return Object.fromEntries(text.split('\r\n').filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
  }

  // A pause that holds every client but this connection's administration: a scan stays where it is.
  pause(ms) {
    return this.command('CLIENT', 'PAUSE', ms, 'ALL');
  }

  async stop() {
    this.connection?.close();
    await this.program.stop({ signal: 'SIGKILL', expected: null });
  }
}

export const SLOTS = 16384;

// The slot of a key's name (Buffer or text): CRC16 of it, or of what its first braces hold.
export function slotOf(name) {
  let bytes = Buffer.from(name);
  const open = bytes.indexOf('{');
  const close = open < 0 ? -1 : bytes.indexOf('}', open);
  if (close > open + 1) bytes = bytes.subarray(open + 1, close);
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc % SLOTS;
}

// Masters that share the slots evenly, and replicas of the first ones.
export class RedisCluster {
  static async start(directory, { masters = 3, replicas = 1, options = {}, server, host = '127.0.0.1' } = {}) {
    const cluster = new RedisCluster();
    cluster.nodes = [];
    const directives = async () => ({
      'cluster-enabled': 'yes', 'cluster-port': await freePort(), 'cluster-node-timeout': 1000,
      'cluster-allow-replica-migration': 'no', 'repl-diskless-sync-delay': 0, ...options,
    });
    try {
      for (let i = 0; i < masters + replicas; i++)
        cluster.nodes.push(await Redis.start(directory, { options: directives, server, host }));
      await cluster.#join(masters);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async #join(masters) {
    const [first] = this.nodes;
    for (const [i, node] of this.nodes.entries()) {
      node.id = (await node.command('CLUSTER', 'MYID')).toString();
      node.busPort = Number((await node.command('CONFIG', 'GET', 'cluster-port'))[1]);
      await node.command('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
      if (i < masters)
        await node.command('CLUSTER', 'ADDSLOTSRANGE', Math.ceil((i * SLOTS) / masters),
          Math.ceil(((i + 1) * SLOTS) / masters) - 1);
      if (i > 0) await node.command('CLUSTER', 'MEET', first.host, first.port, first.busPort);
    }
    for (const [i, node] of this.nodes.slice(masters).entries()) {
      await until('the replica knows its master', () =>
        node.command('CLUSTER', 'REPLICATE', this.nodes[i].id).then((reply) => reply === 'OK'));
    }
    this.masters = this.nodes.slice(0, masters);
    this.replicas = this.nodes.slice(masters);
    await this.settled();
  }

  // All nodes that run agree that all is well.
  settled(count = this.nodes.length) {
    return until('the cluster is settled', async () => {
      for (const node of this.nodes.filter(({ program }) => program.running)) {
        const state = (await node.command('CLUSTER', 'INFO')).toString();
        const lines = (await node.command('CLUSTER', 'NODES')).toString().trim().split('\n');
        if (!/cluster_state:ok/.test(state) || lines.length !== count || lines.some((l) => /handshake/.test(l)))
          return false;
        const { role, master_link_status: link } = await node.info('replication');
        if (role === 'slave' && link !== 'up') return false;
      }
      return true;
    });
  }

  // All nodes that run agree on who serves what.  A replica that is promoted with an older view takes back slots
  // that have moved, and their keys are lost.
  agreed() {
    return until('all nodes have one view of the slots', async () => {
      const views = [];
      for (const node of this.nodes.filter(({ program }) => program.running))
        views.push({ node, owners: (await this.owners(node)).map((owner) => owner.port) });
      const slot = views[0].owners.findIndex((port, i) => views.some(({ owners }) => owners[i] !== port));
      if (slot < 0) return true;
      const said = views.map(({ node, owners }) => `${owners[slot]} to ${node.port}`);
      throw new Error(`slot ${slot} is with ${said.join(', ')}`);
    });
  }

  // Somebody else serves all slots of that master, and the others agree on it.
  promoted(master) {
    return until('a replica is promoted', async () => {
      for (const node of this.nodes.filter(({ program }) => program.running)) {
        if (!/cluster_state:ok/.test((await node.command('CLUSTER', 'INFO')).toString())) return false;
        if ((await this.owners(node)).includes(master)) return false;
      }
      return true;
    });
  }

  // The master of every slot, as the node given sees it.
  async owners(node = this.nodes.find(({ program }) => program.running)) {
    const owners = Array(SLOTS);
    for (const [first, last, master] of await node.command('CLUSTER', 'SLOTS'))
      owners.fill(this.nodes.find(({ port }) => port === master[1]), first, last + 1);
    return owners;
  }

  // Runs commands, whose second word is a key, where their keys live.
  async pipeline(commands) {
    const owners = await this.owners();
    const shares = new Map(this.nodes.map((node) => [node, []]));
    for (const command of commands) shares.get(owners[slotOf(command[1])]).push(command);
    for (const [node, share] of shares) if (share.length) await node.pipeline(share);
  }

  // Moves a slot with all of its keys, as redis-cli does.
  async move(slot, from, to) {
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
    for (;;) {
      const keys = await from.command('CLUSTER', 'GETKEYSINSLOT', slot, 10);
      if (keys.length === 0) break;
      await from.command('MIGRATE', to.host, to.port, '', 0, 5000, 'KEYS', ...keys);
    }
    for (const node of [to, from, ...this.nodes.filter((other) => other !== to && other !== from)]) {
      if (node.program.running && (await node.info('replication')).role === 'master')
        await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
    }
  }

  get endpoints() {
    return this.nodes.map(({ endpoint }) => endpoint).join(',');
  }

  async stop() {
    for (const node of this.nodes) await node.stop().catch(() => {});
  }
}

// A Sentinel that is alone in its opinion: a quorum of one.
export class Sentinel {
  static async start(directory, { requirepass } = {}) {
    const sentinel = new Sentinel();
    sentinel.directory = mkdtempSync(join(directory, 'sentinel-'));
    for (let attempt = 1; ; attempt++) {
      sentinel.port = await freePort();
      const file = join(sentinel.directory, `${sentinel.port}.conf`);
      writeFileSync(file, `port ${sentinel.port}\nbind 127.0.0.1\ndir ${sentinel.directory}\n` +
        (requirepass ? `requirepass ${requirepass}\n` : ''));
      sentinel.program = new Program('redis-sentinel', 'redis-server', [file, '--sentinel'],
        { cwd: sentinel.directory });
      await until('the Sentinel is ready or gone', () =>
        sentinel.program.stdout.includes('Sentinel ID is') || !sentinel.program.running);
      if (sentinel.program.running) break;
      if (attempt === ATTEMPTS) throw new Error(sentinel.program.stdout);
    }
    sentinel.connection = await until('the Sentinel takes connections', () => RespConnection.open(sentinel.port));
    if (requirepass) await sentinel.command('AUTH', requirepass);
    return sentinel;
  }

  get endpoint() {
    return `127.0.0.1:${this.port}`;
  }

  command(...words) {
    return this.connection.command(...words);
  }

  async monitor(name, master, password) {
    await this.command('SENTINEL', 'MONITOR', name, '127.0.0.1', master.port, 1);
    for (const [option, value] of [['auth-pass', password], ['down-after-milliseconds', 1000], ['failover-timeout', 5000]])
      if (value) await this.command('SENTINEL', 'SET', name, option, value);
  }

  async stop() {
    this.connection.close();
    await this.program.stop({ signal: 'SIGKILL', expected: null });
  }
}
