// What is compared with what.
//
// A group is what one round measures in turn: { row, title, connections, sides, pairs, goals }.  A side is a label and
// a function that measures it; a pair names two sides by their keys, with the least ratio that is wanted of it.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROLES } from '../../support/postgres.mjs';
import { check } from '../peer/check.mjs';
import { load, pgbench, script, withProcessor, writeRequests } from './measure.mjs';
import { INSTANCES, PGBENCH_ROW, PREFIX, SESSION } from './rig.mjs';

const GOALS_AT = 64;
const DOCUMENT = '/docs/start.js';
const P99_GOAL_US = 2000;
const WARM = 0.2;
const PEER_WARM_SECONDS = 3;
// Of a second of writing, roughly; a write takes a row of its own, and there are so many.
const WRITES_PER_SECOND = { 1: 2000, 8: 6000 };
const WRITES_MOST = 8000;
// More sessions of pgbench than these take turns at one lock of PostgreSQL (NOTIFY's) until nothing else is done.
const WRITERS_MOST = 64;

const KIND = 'bigkey';
const FINGERPRINT = `\\x${'5a'.repeat(32)}`;
const PROJECT = `('${PREFIX.project}' || :p::text)`;
const INSTANCE = `('${PREFIX.instance}' || :v::text)`;
const TASK = `('${PREFIX.task}' || :v::text)`;
const TOKEN = '(:a::text || :b::text)'; // 32 digits: a token's length, and a uuid as well
// A session of pgbench writes a few hundred times; the server's are long past the plans that a statement begins with.
const PLANNED_ONCE = '-c plan_cache_mode=force_generic_plan';
const BODY = JSON.stringify({ enable_auto_scan: true, schedule_at: ['02:00', '08:00'] });

const RESULT = 'SELECT keys FROM scan_result WHERE project_id = :project AND task_id = :task';
const TASK_ROW = 'SELECT * FROM scan_task WHERE project_id = :project AND id = :task';

const READS = {
  get: {
    title: 'GET of a finished task', statement: 'scan_task_show', parameters: [':p1', ':p2', ':p3', ':p4'],
    of: ({ alice, cache, finished }) => ({
      target: cache.task(finished.id), values: [alice.projectId, cache.id, finished.id, KIND],
    }),
    row: { name: 'result', text: RESULT, task: ({ finished }) => finished.id },
  },
  'get-running': {
    title: 'GET of a running task', statement: 'scan_task_show', parameters: [':p1', ':p2', ':p3', ':p4'],
    of: ({ alice, running, runningTask }) => ({
      target: running.task(runningTask), values: [alice.projectId, running.id, runningTask, KIND],
    }),
    row: { name: 'task', text: TASK_ROW, task: ({ runningTask }) => runningTask },
  },
  list: {
    title: 'list, 10 of 100', statement: 'scan_task_list', parameters: [':p1', ':p2', ':p3', 'NULL', ':p4', ':p5'],
    of: ({ alice, listed }) => ({ target: `${listed.list}?limit=10`, values: [alice.projectId, listed.id, KIND, 0, 10] }),
  },
};

const WRITES = {
  create: {
    title: 'create', statement: 'scan_task_create', cleared: {}, goal: 0.8,
    parameters: [PROJECT, INSTANCE, TOKEN, ':kind', TOKEN, 'NULL', ':fingerprint', 'NULL', 'NULL', 'NULL', 'NULL'],
    values: { kind: KIND, fingerprint: FINGERPRINT },
    request: (path) => ({ method: 'POST', target: `${path}/bigkey-task` }),
    done: async (rig, database) => rig.count(database, 'scan_task'),
  },
  delete: {
    title: 'delete', statement: 'scan_task_delete', cleared: { tasks: true },
    parameters: [PROJECT, INSTANCE, TASK, ':kind'], values: { kind: KIND },
    request: (path, task) => ({ method: 'DELETE', target: `${path}/bigkey-task/${task}` }),
    done: async (rig, database) => INSTANCES - await rig.count(database, 'scan_task'),
  },
  put: {
    title: 'PUT of an autoscan configuration', statement: 'autoscan_write_times', cleared: { configurations: true },
    parameters: [PROJECT, INSTANCE, ':kind', ':enabled', ':minutes', TOKEN, ':fingerprint', ':quota'],
    values: { kind: KIND, enabled: 'true', minutes: '{120,480}', fingerprint: FINGERPRINT, quota: 10000 },
    request: (path) => ({ method: 'PUT', target: `${path}/bigkey/autoscan`, body: BODY }),
    done: async (rig, database) => rig.count(database, 'remembered_request'),
  },
};

// The measurements of one kind each, of a rig and for so many seconds.
class Measures {
  constructor(rig, seconds) {
    this.rig = rig;
    this.seconds = seconds;
  }

  file(name) {
    return join(this.rig.world.directory, name);
  }

  // By our server or by another one: requests on one file, over and over.
  async ask(server, { scheme, file, connections, ...how }) {
    const programs = { server: server.pid, postgres: this.rig.postgres.program.pid };
    return withProcessor(programs, () => load({
      url: server[scheme], ca: this.rig.ca, file, connections, seconds: this.seconds, warm: WARM, ...how,
    }));
  }

  read(name) {
    const { target } = READS[name].of(this.rig);
    const requests = this.rig.signed(name, () => [{ key: this.rig.alice.key, method: 'GET', target }]);
    return writeRequests(this.file(`${name}.requests`), requests);
  }

  statement({ options = '', ...how }) {
    const { postgres } = this.rig;
    return withProcessor({ postgres: postgres.program.pid }, () =>
      pgbench({ postgres, role: ROLES.server, options: `${SESSION} ${options}`, ...how }));
  }

  readStatement(name, connections) {
    const { statement, parameters, of } = READS[name];
    const file = script(this.file(`${name}.sql`), statement, parameters);
    const values = Object.fromEntries(of(this.rig).values.map((value, i) => [`p${i + 1}`, value]));
    return this.statement({ database: this.rig.main, file, values, connections, seconds: this.seconds });
  }

  // The row that is answered, by its primary key and nothing else.
  bareSelect(text, task, connections) {
    const file = this.file('select.sql');
    writeFileSync(file, `${text};\n`, { mode: 0o644 });
    const values = { project: this.rig.alice.projectId, task };
    return this.statement({ database: this.rig.main, file, values, connections, seconds: this.seconds });
  }

  // As many for each connection.
  writesEach(connections) {
    const most = Math.min(INSTANCES, this.seconds * (WRITES_PER_SECOND[connections] ?? WRITES_MOST));
    return Math.max(1, Math.floor(most / connections));
  }

  // Fresh rows before, and afterwards a look whether each request was carried out.
  async written(name, database, count, work) {
    const { cleared, done } = WRITES[name];
    await this.rig.clear(database, cleared);
    const result = await work();
    const found = await done(this.rig, database);
    if (found !== count) throw new Error(`${name}: ${count} requests, ${found} of them carried out`);
    return result;
  }

  write(name, server, database, { scheme, connections }) {
    const count = this.writesEach(connections) * connections;
    const requests = this.rig.signed(name, () => this.rig.each(WRITES[name].request));
    const file = writeRequests(this.file(`${name}.requests`), requests.slice(0, count));
    return this.written(name, database, count, () =>
      this.ask(server, { scheme, file, connections, once: true, warm: undefined }));
  }

  writeStatement(name, connections) {
    const each = this.writesEach(connections), { copy } = this.rig;
    const { statement, parameters, values } = WRITES[name];
    const file = script(this.file(`${name}.sql`), statement, parameters, PGBENCH_ROW);
    return this.written(name, copy, each * connections, () =>
      this.statement({ database: copy, file, connections, each, values: { ...values, each, n: 0 }, options: PLANNED_ONCE }));
  }
}


async function readGroup(measures, name, connections) {
  const server = await measures.rig.server('main');
  const ask = (scheme) => () => measures.ask(server, { scheme, file: measures.read(name), connections });
  const group = {
    row: name, title: READS[name].title, connections,
    sides: {
      http: { label: 'signed, HTTP', measure: ask('http') },
      https: { label: 'signed, TLS', measure: ask('https') },
      statement: { label: 'pgbench, its statement', measure: () => measures.readStatement(name, connections) },
    },
    pairs: [['http', 'statement'], ['https', 'statement']],
  };
  const { row } = READS[name];
  if (!row) return group;
  const goal = (value) => (connections === GOALS_AT ? value : undefined);
  const select = () => measures.bareSelect(row.text, row.task(measures.rig), connections);
  group.sides.select = { label: `pgbench, SELECT of the ${row.name}'s row`, measure: select };
  group.pairs.push(['http', 'select', goal(0.9)], ['https', 'select', goal(0.75)]);
  return group;
}

async function writeGroup(measures, name, connections) {
  const server = await measures.rig.server('writes');
  const { title, goal } = WRITES[name], clients = Math.min(connections, WRITERS_MOST);
  const write = (scheme) => () => measures.write(name, server, measures.rig.writes, { scheme, connections });
  return {
    row: name, title, connections,
    sides: {
      http: { label: 'signed, HTTP', measure: write('http') },
      https: { label: 'signed, TLS', measure: write('https') },
      statement: {
        label: `pgbench, its statement${clients < connections ? `, ${clients} clients` : ''}`,
        measure: () => measures.writeStatement(name, clients),
      },
    },
    pairs: [['http', 'statement', connections === GOALS_AT ? goal : undefined], ['https', 'statement']],
  };
}

// One request that needs neither credentials nor a statement, so that nothing but HTTP is left.
function documentFile(measures) {
  return writeRequests(measures.file('document.requests'), [{ method: 'GET', target: DOCUMENT, headers: [['Host', 'bench']] }]);
}

async function emptyGroup(measures, connections) {
  const [server, nginx] = [await measures.rig.server('main'), await measures.rig.nginx(DOCUMENT)];
  const file = documentFile(measures);
  const side = (label, whose, scheme) => ({ label, measure: () => measures.ask(whose, { scheme, file, connections }) });
  const goal = connections === GOALS_AT ? 0.85 : undefined;
  return {
    row: 'empty', title: 'small document', connections,
    sides: {
      http: side('HTTP', server, 'http'), nginx: side('nginx, HTTP', nginx, 'http'),
      https: side('TLS', server, 'https'), nginxTls: side('nginx, TLS', nginx, 'https'),
    },
    pairs: [['http', 'nginx', goal], ['https', 'nginxTls', goal]],
  };
}

// A connection and a handshake for each request; nginx for what these alone take.
async function connectGroup(measures, connections) {
  const [server, nginx] = [await measures.rig.server('main'), await measures.rig.nginx(DOCUMENT)];
  const document = documentFile(measures);
  const side = (label, whose, connect, fileOf) => ({
    label,
    measure: async () => {
      const result = await measures.ask(whose, { scheme: 'https', file: fileOf(), connections, connect });
      const resumed = result.resumed / result.handshakes;
      // The first handshake of each connection has nothing to resume.
      if (connect === 'full' ? resumed > 0 : result.resumed < result.handshakes - 2 * connections)
        throw new Error(`${label}: ${result.resumed} of ${result.handshakes} handshakes resumed`);
      return result;
    },
  });
  const get = () => measures.read('get');
  return {
    row: 'connect', title: 'a new connection each', connections,
    sides: {
      full: side('signed GET, full handshake', server, 'full', get),
      nginxFull: side('nginx, small document, full', nginx, 'full', () => document),
      resumed: side('signed GET, resumed', server, 'resumed', get),
      nginxResumed: side('nginx, small document, resumed', nginx, 'resumed', () => document),
    },
    pairs: [['full', 'nginxFull'], ['resumed', 'nginxResumed']],
  };
}

// Half of what went in the same round.
async function latencyGroup(measures) {
  const server = await measures.rig.server('main');
  const ask = (how) => measures.ask(server, { scheme: 'http', file: measures.read('get'), connections: GOALS_AT, ...how });
  let peak;
  return {
    row: 'latency', title: 'GET of a finished task', connections: GOALS_AT, inOrder: true,
    sides: {
      peak: { label: 'signed, HTTP, all it takes', measure: async () => (peak = await ask({})) },
      half: { label: 'signed, HTTP, half of that', measure: () => ask({ rate: peak.rate / 2 }) },
    },
    pairs: [],
    goals: [{ side: 'half', beside: 'peak', what: 'p99_us', most: P99_GOAL_US }],
  };
}

async function peerGroups(measures) {
  const { rig } = measures, connections = GOALS_AT, scheme = 'http';
  const [main, writes] = [await rig.server('main'), await rig.server('writes')];
  const [peerMain, peerCopy] = [await rig.peer('main'), await rig.peer('copy')];
  const get = (whose) => () => measures.ask(whose, { scheme, file: measures.read('get'), connections });
  const create = (whose, database) => () => measures.write('create', whose, database, { scheme, connections });
  await check({ server: main.ports.http, peer: peerMain.port, key: rig.alice.key, cache: rig.cache, task: rig.finished.id });
  // Node.js is fast once it has compiled what runs often.
  await measures.ask(peerMain, { scheme, file: measures.read('get'), connections, seconds: PEER_WARM_SECONDS });
  await create(peerCopy, rig.copy)();
  const group = (title, ours, peer, goal) => ({
    row: 'peer', title, connections,
    sides: { ours: { label: 'signed, HTTP', measure: ours }, peer: { label: 'Node.js, signed, HTTP', measure: peer } },
    pairs: [['ours', 'peer', goal]],
  });
  return [
    group(READS.get.title, get(main), get(peerMain), 5),
    group('create', create(writes, rig.writes), create(peerCopy, rig.copy), 2),
  ];
}

const many = (make) => async (measures, counts) => {
  const groups = [];
  for (const count of counts) groups.push(await make(measures, count));
  return groups;
};

export const ROWS = {
  ...Object.fromEntries(Object.keys(READS).map((name) => [name, many((measures, count) => readGroup(measures, name, count))])),
  ...Object.fromEntries(Object.keys(WRITES).map((name) => [name, many((measures, count) => writeGroup(measures, name, count))])),
  connect: (measures, counts) => many(connectGroup)(measures, counts.filter((count) => count <= GOALS_AT)),
  empty: many(emptyGroup),
  latency: async (measures) => [await latencyGroup(measures)],
  peer: peerGroups,
};

// The groups of those rows.
export async function groupsOf(rig, names, { connections, seconds }) {
  const measures = new Measures(rig, seconds);
  const groups = [];
  for (const name of names) groups.push(...await ROWS[name](measures, connections));
  return groups;
}
