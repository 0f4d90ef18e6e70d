// Several servers and several workers on one database, which come and go, and clients that go on asking until they
// are answered; all of it recorded.
//
// A client takes no answer for an answer that it has not got: a request that was cut off, or refused with 503, is
// sent again as it is to whichever server runs, under the same Idempotency-Key or with the same signature.

import { randomUUID } from 'node:crypto';
import { contract } from './contract.mjs';
import { Recorder } from './history.mjs';
import { Client } from './http.mjs';
import { sign } from './signer.mjs';
import { Site } from './site.mjs';
import { until } from './wait.mjs';

const ANSWER_MS = 120_000;
const END_MS = 180_000;
const LOOK_MS = 100;
const HEADERS = [['Content-Type', 'application/json'], ['Host', 'dcs.test']];

export class Fleet {
  static async open(world, { servers = 2, workers = 3, server = {}, worker = {} } = {}) {
    const fleet = new Fleet();
    fleet.world = world;
    fleet.site = new Site(world, await world.postgres.createDatabase(world.template));
    // What is acknowledged here has to outlive the database server.
    await fleet.sql(`ALTER DATABASE ${fleet.site.database} SET synchronous_commit = on`);
    fleet.serverSettings = server;
    fleet.workerSettings = worker;
    fleet.servers = [];
    fleet.workers = [];
    fleet.serverCount = 0;
    // The longest that an analysis may take, whatever happens.
    fleet.endMs = END_MS;
    // What an undisturbed scan finds, by instance.
    fleet.learnt = {};
    for (let i = 0; i < servers; i++) await fleet.startServer();
    fleet.tenant = await fleet.site.tenant('alice');
    fleet.recorder = await Recorder.open((text, values) => fleet.sql(text, values));
    for (let i = 0; i < workers; i++) await fleet.startWorker();
    return fleet;
  }

  sql(text, values) {
    return this.site.sql(text, values);
  }

  // By its application_name a program is known to the recorder.
  url(name, base = this.world.postgres.url(this.site.database)) {
    return `${base}&application_name=${name}`;
  }

  async startServer(settings = {}, base) {
    const name = `server-${++this.serverCount}`;
    await this.site.startServer({ ...this.serverSettings, database_url: this.url(name, base), ...settings });
    const { server: program, port } = this.site;
    const server = { name, program, port };
    server.client = new Client({ port, ca: this.site.ca, check: (...exchange) => contract.check(...exchange) });
    this.world.onClose(async () => server.client.close());
    this.servers.push(server);
    return server;
  }

  async startWorker(settings = {}) {
    const name = `worker-${this.site.workerCount + 1}`;
    const program = await this.site.startWorker({ ...this.workerSettings, database_url: this.url(name), ...settings });
    await program.event('working');
    const worker = { name, program };
    this.workers.push(worker);
    return worker;
  }

  // The time of it.
  async killServer(server) {
    const at = Date.now();
    this.servers = this.servers.filter((other) => other !== server);
    await server.program.stop({ signal: 'SIGKILL', expected: 137 });
    server.client.close();
    this.recorder.event({ at, kind: 'killed', target: server.name });
    return at;
  }

  async killWorker(worker) {
    const at = Date.now();
    this.workers = this.workers.filter((other) => other !== worker);
    await worker.program.stop({ signal: 'SIGKILL', expected: 137 });
    this.recorder.event({ at, kind: 'killed', target: worker.name, tasks: await this.recorder.heldBy(worker.name) });
  }

  // Tells a worker to end, and waits until it has.
  async endWorker(worker) {
    const tasks = await this.recorder.heldBy(worker.name);
    this.recorder.event({ at: Date.now(), kind: 'told', target: worker.name, tasks });
    this.workers = this.workers.filter((other) => other !== worker);
    await worker.program.stop();
  }

  // Holds a worker, though not what it has sent: what it has then, by task, is the result.
  async stopWorker(worker) {
    const at = Date.now();
    worker.program.signal('SIGSTOP');
    const tasks = await this.recorder.heldBy(worker.name);
    this.recorder.event({ at, kind: 'stopped', target: worker.name, tasks });
    return tasks;
  }

  continueWorker(worker) {
    worker.program.signal('SIGCONT');
    this.recorder.event({ at: Date.now(), kind: 'continued', target: worker.name });
  }

  // Workers that have a task at this moment.
  async busyWorkers() {
    const owners = new Set((await this.sql(`SELECT lease_owner FROM scan_task WHERE status = 'running'`))
      .map((row) => row.lease_owner));
    return this.workers.filter(({ name }) => owners.has(name));
  }

  // How often the workers that run have logged that.
  logged(...names) {
    return this.workers.reduce((sum, { program }) =>
      sum + program.events.filter(({ event }) => names.includes(event)).length, 0);
  }
}

// What a connection that was cut or refused fails with.
const isCut = (error) => /^E[A-Z]+$/.test(error.code ?? '');

// Sends and records one attempt; the entry, with answeredAt null where no answer came.
async function attempt(fleet, server, request, { method, target, headers }, read) {
  const entry = fleet.recorder.sending({ ...request, server: server.name });
  try {
    const answer = await server.client.send(method, target, { headers });
    fleet.recorder.answered(entry, { status: answer.status, ...read(answer) });
  } catch (error) {
    if (!isCut(error)) throw error;
    entry.problem = error.code;
  }
  return entry;
}

// A request for an analysis that can be sent any number of times.
export class Order {
  // by: 'key', under which every attempt is signed anew, or 'signature', where all attempts are the same bytes.
  constructor(fleet, instance, by = 'key') {
    this.fleet = fleet;
    this.instance = instance;
    this.name = randomUUID();
    this.headers = [...HEADERS, [by === 'key' ? 'Idempotency-Key' : 'X-Nonce', this.name]];
    this.signed = by === 'key' ? undefined : this.#sign();
  }

  #sign() {
    return sign({ key: this.fleet.tenant.key, method: 'POST', target: this.instance.create, headers: this.headers });
  }

  // Once, to that server.
  send(server) {
    return attempt(this.fleet, server, { name: this.name, op: 'create', instance: this.instance.id },
      { method: 'POST', target: this.instance.create, headers: this.signed ?? this.#sign() },
      ({ status, json, body }) => (status === 200 ? { task: json.id, state: json.status } : { body }));
  }

  // Until there is an answer that is one: the task.
  acknowledged(random) {
    return until(`an answer to ${this.name}`, async () => {
      if (!this.fleet.servers.length) return undefined;
      const { answeredAt, status, task, body } = await this.send(random.pick(this.fleet.servers));
      if (answeredAt === null || status >= 500) return undefined;
      if (!task) throw new Error(`refused: ${status} ${body}`);
      return task;
    }, ANSWER_MS);
  }
}

// The task's state as a client is told; undefined where it is told nothing.
async function look(fleet, instance, task, random) {
  if (!fleet.servers.length) return undefined;
  const target = instance.task(task);
  const headers = sign({ key: fleet.tenant.key, method: 'GET', target, headers: [...HEADERS, ['X-Nonce', randomUUID()]] });
  const { state } = await attempt(fleet, random.pick(fleet.servers), { name: null, op: 'read', instance: instance.id, task },
    { method: 'GET', target, headers },
    ({ status, json }) => ({ task, state: status === 200 ? json.status : status < 500 ? 'absent' : null }));
  return state ?? undefined;
}

// An analysis from its request to its end, whatever happens meanwhile: { task, state }.
export async function analyse(fleet, instance, random, deadlineMs = fleet.endMs) {
  const task = await new Order(fleet, instance, random.pick(['key', 'signature'])).acknowledged(random);
  const state = await until(`task ${task} ends`, async () => {
    const told = await look(fleet, instance, task, random);
    return ['success', 'failed', 'absent'].includes(told) && told;
  }, deadlineMs, LOOK_MS);
  return { task, state };
}
