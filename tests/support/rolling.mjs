// Programs of two releases that take each other's place under load, on one database and behind one address.
//
//   const rolling = await Rolling.open(world, { database, old, next, redis });
//   await rolling.beginLoad();
//   await rolling.migrate();              with the next release's tool, while something holds its tables
//   await rolling.roll('worker', next);   one by one
//   const verdict = await rolling.end();  { statuses, worst, violations, figures }
//
// old and next: the paths of server, worker and dcsctl.  Every request is sent once: what is answered counts as it is, and
// a connection that is cut counts as a failure.

import { randomUUID } from 'node:crypto';
import { Balancer } from './balancer.mjs';
import { Recorder } from './history.mjs';
import { check } from './history_checker.mjs';
import { Client, json } from './http.mjs';
import { ROLES } from './postgres.mjs';
import { OPERATIONS, Operations } from './probes.mjs';
import { Program } from './program.mjs';
import { environmentOf, Site, WORKER_SETTINGS } from './site.mjs';
import { until } from './wait.mjs';

const SERVERS = 2;
const WORKERS = 2;
const DRAIN_SECONDS = 1;
// What is left of a slow machine's time is not the program's to answer for.
const STOP_MS = 30_000;
const KINDS = ['create', 'createHot'];

export class Rolling {
  static async open(world, { database, old, next, redis, instances = 6, server = {}, worker = {} }) {
    const rolling = new Rolling();
    Object.assign(rolling, { world, old, next, serverSettings: server, workerSettings: worker });
    rolling.site = new Site(world, database, old);
    rolling.counts = { server: 0, worker: 0 };
    rolling.running = { server: [], worker: [] };
    rolling.statuses = {};
    rolling.problems = [];
    rolling.answers = 0;
    rolling.worstMs = 0;
    rolling.balancer = await Balancer.start();
    world.onClose(() => rolling.balancer.stop());
    world.onClose(async () => {
      rolling.over = true;
      rolling.tool?.signal('SIGKILL');
    });
    rolling.tenant = await rolling.site.tenant('rolling');
    rolling.caches = [];
    for (let i = 0; i < instances; i++) rolling.caches.push(await rolling.tenant.instance(`cache-${i}`, redis.endpoint));
    rolling.recorder = await Recorder.open((text, values) => rolling.sql(text, values));
    await rolling.sql('GRANT USAGE ON SCHEMA history TO PUBLIC');
    await rolling.sql('GRANT INSERT ON ALL TABLES IN SCHEMA history TO PUBLIC');
    for (let i = 0; i < SERVERS; i++) await rolling.start('server', old);
    for (let i = 0; i < WORKERS; i++) await rolling.start('worker', old);
    return rolling;
  }

  sql(text, values) {
    return this.site.sql(text, values);
  }

  #settings(kind, name) {
    const url = `${this.world.postgres.url(this.site.database, ROLES[kind])}&application_name=${name}`;
    return kind === 'server'
      ? { ...this.world.serverSettings(this.site.database), ...OPERATIONS, drain_delay_seconds: DRAIN_SECONDS, ...this.serverSettings, database_url: url }
      : { ...this.world.settings(this.site.database, ROLES.worker), ...OPERATIONS, ...WORKER_SETTINGS, worker_name: name, ...this.workerSettings, database_url: url };
  }

  // Ready, when it returns.
  async start(kind, programs) {
    const name = `${kind}-${++this.counts[kind]}`;
    const program = this.world.program(kind, this.#settings(kind, name), { programs });
    const operations = await Operations.of(program);
    const one = { name, program, operations };
    if (kind === 'server') {
      const { port } = await program.event('listening', (event) => event.scheme === 'https');
      one.backend = await this.balancer.add({ port, operations });
    } else {
      await program.event('working');
    }
    this.running[kind].push(one);
    return one;
  }

  async #stop(kind, one) {
    const served = one.backend?.accepted;
    await one.program.stop({ deadlineMs: STOP_MS });
    await one.backend?.left;
    if (one.program.events.some(({ event }) => event === 'audit_lost')) this.problems.push(`${one.name} lost lines of the audit log`);
    if (served === 0) this.problems.push(`${one.name} never had a client`);
  }

  // A new one comes before an old one goes.
  async roll(kind, programs) {
    for (const leaving of [...this.running[kind]]) {
      if (kind === 'worker') await this.#untilItScans();
      await this.start(kind, programs);
      await this.answered(10);
      this.running[kind] = this.running[kind].filter((one) => one !== leaving);
      await this.#stop(kind, leaving);
    }
  }

  #untilItScans() {
    return until('a scan is under way', async () =>
      (await this.sql(`SELECT FROM scan_task WHERE status = 'running' AND lease_owner IS NOT NULL LIMIT 1`)).length > 0);
  }

  beginLoad() {
    this.over = false;
    this.load = Promise.all(this.caches.map((cache, i) => this.#use(cache, i)));
    this.load.catch(() => {});
    return this.answered(20);
  }

  // So many more.
  answered(count) {
    const from = this.answers;
    return until(`${count} more answers`, () => this.answers >= from + count, 60_000);
  }

  // What a tenant does all day, one request after the other, on one instance.
  async #use(cache, number) {
    const client = new Client({ port: this.balancer.port, ca: this.world.ca, key: this.tenant.key });
    const own = [];
    const tasks = [];
    const steps = [
      () => this.#create(client, cache, KINDS[0], tasks),
      () => this.#ask(client, 'GET', cache.list),
      () => this.#create(client, cache, KINDS[1], own),
      () => this.#ask(client, 'PUT', cache.autoscan, json({ enable_auto_scan: own.length % 2 === 0, schedule_at: [`0${number % 10}:30`] })),
      () => tasks.length && this.#read(client, cache, tasks.at(-1)),
      () => this.#ask(client, 'GET', this.tenant.instances),
      () => tasks.length > 3 && this.#delete(client, cache, tasks.shift()),
      () => this.#ask(client, 'GET', cache.listHot),
    ];
    try {
      for (let i = number; !this.over; i++) await steps[i % steps.length]();
    } finally {
      client.close();
    }
  }

  // undefined where the connection was cut.
  async #ask(client, method, target, how) {
    const from = Date.now();
    let answer;
    try {
      answer = await client.request(method, target, how);
    } catch (error) {
      this.problems.push(`${method} ${target}: ${error.code ?? error.message}`);
    }
    this.worstMs = Math.max(this.worstMs, Date.now() - from);
    const status = answer?.status ?? 'cut';
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    if (status >= 500) this.problems.push(`${method} ${target}: ${status} ${answer.body}`);
    this.answers++;
    return answer;
  }

  async #create(client, cache, path, tasks) {
    const entry = this.recorder.sending({ name: randomUUID(), op: 'create', instance: cache.id });
    const answer = await this.#ask(client, 'POST', cache[path]);
    if (!answer) return;
    const made = answer.status === 200 ? { task: answer.json.id, state: answer.json.status } : {};
    this.recorder.answered(entry, { status: answer.status, ...made });
    if (made.task) tasks.push(made.task);
  }

  async #read(client, cache, task) {
    const entry = this.recorder.sending({ name: null, op: 'read', instance: cache.id, task });
    const answer = await this.#ask(client, 'GET', cache.task(task));
    if (answer) this.recorder.answered(entry, { status: answer.status, state: answer.status === 200 ? answer.json.status : 'absent' });
  }

  async #delete(client, cache, task) {
    const entry = this.recorder.sending({ name: null, op: 'delete', instance: cache.id, task });
    const answer = await this.#ask(client, 'DELETE', cache.task(task));
    if (answer) this.recorder.answered(entry, { status: answer.status });
  }

  // While a transaction that reads the tables is open, which is closed once the migration has had to wait for it.
  async migrate(...words) {
    const holder = await this.world.postgres.open(this.site.database, 'SELECT FROM scan_task, instance, autoscan LIMIT 1');
    const tool = new Program('dcsctl', this.next.dcsctl, ['migrate', ...words], { env: environmentOf(this.world.settings(this.site.database)) });
    this.tool = tool;
    try {
      await tool.event('migration_waits');
      await this.answered(40);
      if (!tool.running) this.problems.push(`it was to wait: ${tool.stdout}${tool.stderr}`);
    } finally {
      await holder.commit();
    }
    await tool.stop({ signal: 0, deadlineMs: 120_000 });
    return tool;
  }

  // No task may be lost or doubled, none begun again, and none fail.
  async end() {
    this.over = true;
    await this.load;
    await this.recorder.settle(60_000);
    await Promise.all(Object.entries(this.running).flatMap(([kind, all]) => all.map((one) => this.#stop(kind, one))));
    const history = await this.recorder.history();
    // The tool writes to tasks that are over: it fills columns.
    history.transitions = history.transitions.filter(({ writer }) => writer !== 'dcsctl');
    const { violations, figures } = check(history, { attemptsMax: 1, allSucceed: true });
    return { statuses: this.statuses, worstMs: this.worstMs, problems: this.problems, violations, figures };
  }
}
