// What a request costs the server, in numbers that have no clock in them: instructions, allocations, system calls
// and statements.
//
// A figure is the mean of many requests of one kind on connections that stand and are warm, so that no start and no
// end of anything is in it; but all that is done for requests later or at times, such as the audit log's rows, is.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Callgrind } from './callgrind.mjs';
import { CountedCalls } from './counted_calls.mjs';
import { Messages } from './pg_messages.mjs';
import { PgProxy } from './pg_proxy.mjs';
import { Pipe, signedRequest } from './pipe.mjs';
import { ROLES } from './postgres.mjs';
import { PROGRAMS, environmentOf } from './site.mjs';
import { until } from './wait.mjs';

// As `script/bench instructions` prints them.
export const MEASURED = '2026-11-29';
export const FIGURES = {
  'GET, finished, 100 keys': { instructions: 133550, allocations: 24.0, reads: 2.3, writes: 2.0, waits: 4.3 },
  'the same over TLS': { instructions: 238636, allocations: 31.0, reads: 2.3, writes: 2.0, waits: 4.3 },
  'GET, running': { instructions: 113416, allocations: 22.0, reads: 2.0, writes: 2.0, waits: 4.0 },
  'list of 10': { instructions: 179953, allocations: 26.0, reads: 2.0, writes: 2.0, waits: 4.0 },
  'create': { instructions: 156203, allocations: 25.2, reads: 2.0, writes: 3.0, waits: 4.0 },
  'delete': { instructions: 164874, allocations: 25.4, reads: 2.0, writes: 3.0, waits: 4.0 },
  'PUT, autoscan': { instructions: 174774, allocations: 40.5, reads: 2.0, writes: 3.1, waits: 4.1 },
  'a small document': { instructions: 21797, allocations: 1.0, reads: 1.0, writes: 1.0, waits: 1.0 },
};

// What is let pass is so many times that.  Instructions differ with the versions of the libraries and with what they
// find the processor able to do; the others do not.
const LEEWAY = { instructions: 1.5, allocations: 1.25, reads: 1.25, writes: 1.25, waits: 1.25 };
// And what each tick of the loop may do besides: the audit log's rows, a sign of life to the database.  So a machine
// that is slow lets more pass.
const TICK_MS = 100;
const PER_TICK = { instructions: 60_000, allocations: 20, reads: 1, writes: 1, waits: 4 };
// What is longer than PostgreSQL sends at once (8 KiB) comes in one piece or in two.
const PER_PIECE = { reads: 1, waits: 1 };

// The most that is let pass of a row, where so many requests took so long.
export const boundOf = (row, what, { milliseconds, requests }) =>
  FIGURES[row.name][what] * LEEWAY[what] + PER_TICK[what] * (milliseconds / TICK_MS + 1) / requests
  + (row.isLong ? PER_PIECE[what] ?? 0 : 0);

// What is named here is counted as one.
const GROUPS = {
  allocations: ['malloc', 'calloc', 'realloc'],
  reads: ['read', 'readv', 'recv', 'recvfrom', 'recvmsg'],
  writes: ['write', 'writev', 'send', 'sendto', 'sendmsg'],
  waits: ['poll', 'epoll_wait', 'epoll_ctl'],
};
export const groupCalls = (calls) => Object.fromEntries(
  Object.entries(GROUPS).map(([group, names]) => [group, names.reduce((sum, name) => sum + calls[name], 0)]));

// Requests after which a connection costs what it will: over TLS it writes short records for long.
const WARM = 10;
const WARM_SECURE = 40;
// More than all measurements together may use; each creation needs an instance without a task.
const SPARE_INSTANCES = 3000;
const KEYS = 100;

// Each is { name, secure, statement, isLong, ask(): [method, target, body] }; ask is called for each request.
export function rowsOf(stage) {
  const { cache } = stage;
  const get = (target) => () => ['GET', target, ''];
  const time = (number) => `${String(number % 24).padStart(2, '0')}:${String(number % 60).padStart(2, '0')}`;
  const finished = { statement: 'scan_task_show', isLong: true, ask: get(cache.task(stage.finished)) };
  let puts = 0;
  return [
    { name: 'GET, finished, 100 keys', ...finished },
    { name: 'the same over TLS', secure: true, ...finished },
    { name: 'GET, running', statement: 'scan_task_show', ask: get(cache.task(stage.running)) },
    { name: 'list of 10', statement: 'scan_task_list', ask: get(`${cache.list}?limit=10&offset=0`) },
    { name: 'create', statement: 'scan_task_create', ask: () => ['POST', stage.next(stage.idle), ''] },
    { name: 'delete', statement: 'scan_task_delete', ask: () => ['DELETE', stage.next(stage.waiting), ''] },
    {
      name: 'PUT, autoscan', statement: 'autoscan_write_times',
      ask: () => ['PUT', cache.autoscan, JSON.stringify({ enable_auto_scan: true, schedule_at: [time(puts++), '12:30'] })],
    },
    { name: 'a small document', ask: get('/docs/swagger-ui.css') },
  ];
}

// A tenant with everything that the rows ask for; no worker runs.
export class Stage {
  static async open(world) {
    const stage = new Stage();
    stage.world = world;
    stage.site = await world.site();
    stage.tenant = await stage.site.tenant('alice');
    stage.cache = await stage.tenant.instance('cache', '127.0.0.1:1', '--no-probe');
    await stage.#fill();
    return stage;
  }

  async #fill() {
    const { site, tenant, cache } = this;
    const able = `status = 'RUNNING', probed_at = now(), capabilities = '{bigkey,hotkey,expired}'`;
    const ids = (rows) => rows.map((row) => row.id);
    await site.sql(`UPDATE instance SET ${able} WHERE id = $1`, [cache.id]);
    const instances = ids(await site.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, probed_at,
        capabilities, endpoints) SELECT $1, gen_random_uuid(), 'spare-' || n, 'single', 'RUNNING', now(), '{bigkey}',
        '{127.0.0.1:1}' FROM generate_series(1, $2::integer) n RETURNING id`, [tenant.projectId, 2 * SPARE_INSTANCES]));
    const tasks = await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type)
      SELECT project_id, id, gen_random_uuid(), 'bigkey', 'manual' FROM instance WHERE id = ANY ($1::uuid[])
      RETURNING instance_id, id`, [instances.slice(SPARE_INSTANCES)]);
    this.idle = instances.slice(0, SPARE_INSTANCES).map((id) => `${tenant.instances}/${id}/bigkey-task`);
    this.waiting = tasks.map((task) => `${tenant.instances}/${task.instance_id}/bigkey-task/${task.id}`);
    const finished = ids(await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, status,
        started_at, finished_at, claimable_at, num) SELECT $1, $2, gen_random_uuid(), 'bigkey', 'manual', 'success', now(),
        now(), NULL, $3 FROM generate_series(1, 12) RETURNING id`, [tenant.projectId, cache.id, KEYS]));
    await site.sql(`INSERT INTO scan_result (project_id, task_id, keys) SELECT $1, id, $2 FROM unnest($3::uuid[]) id`,
      [tenant.projectId, JSON.stringify(keys()), finished]);
    [this.finished] = finished;
    [this.running] = ids(await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, status,
        started_at, lease_owner, attempt, claimable_at) SELECT $1, $2, gen_random_uuid(), 'bigkey', 'manual', 'running', now(),
        'nobody', 1, now() + interval '1 day' RETURNING id`, [tenant.projectId, cache.id]));
    await site.sql('VACUUM ANALYZE');
  }

  // Each is used once.
  next(spares) {
    const spare = spares.pop();
    if (!spare) throw new Error('no instance is left');
    return spare;
  }

  // One loop, one connection to the database, and nothing that comes and goes with the time.
  serverSettings() {
    const viewer = join(this.world.directory, 'viewer');
    mkdirSync(viewer, { recursive: true });
    for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'])
      writeFileSync(join(viewer, name), 'body {}\n');
    return {
      ...this.world.serverSettings(this.site.database), listen_http: '127.0.0.1:0', loops: 1, database_connections: 1,
      access_key_cache_seconds: 3600, docs_directory: viewer,
    };
  }

  // Sends n of a row, shared out among the connections; each must succeed.
  async send(row, connections, n) {
    let left = n;
    await Promise.all(connections.map(async (connection) => {
      while (left-- > 0) {
        const [method, target, body] = row.ask();
        const [answer] = await connection.exchange([signedRequest(this.tenant.key, method, target, { body })]);
        if (answer.status !== 200) throw new Error(`${row.name}: ${answer.status} ${answer.body}`);
      }
    }));
  }

  // One of a row on each connection, all of which the server finds at once: it is stopped while they come.
  async #sendTogether(row, connections, { program }) {
    program.signal('SIGSTOP');
    await until('the server stands still', () => readFileSync(`/proc/${program.pid}/stat`, 'latin1').includes(') T '));
    const sent = this.send(row, connections, connections.length);
    await new Promise(setImmediate);
    program.signal('SIGCONT');
    await sent;
  }

  // What a request of the row takes of each thing that is counted, by n requests once the connections are warm:
  // server.taken() gives the counts since it was called last.  Where they are to come together, n is a multiple of
  // the connections.
  async measure(row, server, { n, connections: count = 1, warm = row.secure ? WARM_SECURE : WARM, together = false }) {
    const port = server.ports[row.secure ? 'https' : 'http'];
    const connections = await Promise.all(Array.from({ length: count },
      () => Pipe.open({ port, ca: row.secure && this.world.ca })));
    try {
      await this.send(row, connections, warm * count);
      await server.taken();
      const began = Date.now();
      for (let sent = 0; together && sent < n; sent += count) await this.#sendTogether(row, connections, server);
      if (!together) await this.send(row, connections, n);
      const counts = await server.taken();
      const numbers = Object.entries(counts).filter(([, value]) => typeof value === 'number');
      const milliseconds = Date.now() - began;
      return { counts, requests: n, milliseconds, ...Object.fromEntries(numbers.map(([name, value]) => [name, value / n])) };
    } finally {
      for (const connection of connections) connection.close();
    }
  }
}

// The ports that a server listens on, by scheme.
async function portsOf(server) {
  const port = async (scheme) => (await server.event('listening', (e) => e.scheme === scheme, 60_000)).port;
  return { https: await port('https'), http: await port('http') };
}

// A server of the stage's whose instructions are counted; with settings besides, or another program than this build's.
export async function underCallgrind(stage, { settings = {}, command = PROGRAMS.server } = {}) {
  const env = environmentOf({ ...stage.serverSettings(), ...settings });
  const callgrind = Callgrind.start(stage.world.directory, command, { env });
  stage.world.onClose(async () => {
    if (callgrind.program.running) await callgrind.stop();
  });
  return { ports: await portsOf(callgrind.program), taken: () => callgrind.taken(), program: callgrind.program };
}

// The same whose calls of the C library are counted.
export async function withCountedCalls(stage) {
  const calls = new CountedCalls(stage.world.directory);
  const program = stage.world.program('server', stage.serverSettings(), { env: calls.environment });
  return { ports: await portsOf(program), taken: async () => groupCalls(calls.taken()), program };
}

// The same whose messages to the database are counted.
export async function withCountedMessages(stage) {
  const { world, site } = stage;
  const proxy = await PgProxy.open(world.postgres, world.directory);
  const messages = new Messages();
  world.onClose(() => proxy.close());
  proxy.listen = () => messages.listener();
  const program = world.program('server', { ...stage.serverSettings(), database_url: proxy.url(site.database, ROLES.server) });
  return { ports: await portsOf(program), taken: async () => messages.taken(), program };
}

// Names and sizes as they come: 20 keys of each of five types.
function keys() {
  const types = ['string', 'list', 'set', 'zset', 'hash'];
  return Array.from({ length: KEYS }, (_, i) => ({
    name: `${types[i % 5]}:user:${(i * 7919) % 100_003}:feed`, type: types[Math.floor(i / 20)], db: 0,
    size: 1_000_000 - i * 137, unit: i < 20 ? 'byte' : 'count',
  }));
}
