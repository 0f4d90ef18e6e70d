// A server and a worker that are told to stop while requests come at a rate and scans run: what fails, how long they take to
// end, and what becomes of the scans.  Whoever asks is behind a balancer.
//
//   const lifecycle = await Lifecycle.open(world, { keys: 20_000 });
//   const outcome = await lifecycle.trial({ rate: 500, connections: 50 });

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Balancer } from './balancer.mjs';
import { signedRequest } from './pipe.mjs';
import { OPERATIONS, Operations } from './probes.mjs';
import { Program } from './program.mjs';
import { Site } from './site.mjs';
import { until, within } from './wait.mjs';

const LOAD = join(process.env.DCS_BUILD, 'tests/bench/load/load');
const SCANS = 3, BATCH = 10;
// Settings that a scan is slow by, so that it is under way when its worker ends.
const WORKER = { scan_threads: SCANS, scan_batch_keys: BATCH };
const LOAD_MS = 600_000;
// Of each, the service remembers a hundred tasks.
const SMALL = 8;
// How many calls a scan takes that nothing disturbs; the keys stay as they are.
const COUNT_CALLS = `local cursor, calls = '0', 0
repeat
  cursor, calls = redis.call('SCAN', cursor, 'COUNT', ARGV[1])[1], calls + 1
until cursor == '0'
return calls`;

// Of a load generator, which sends nothing twice.
async function resultOf(program) {
  await program.wait(LOAD_MS);
  program.check(0);
  const result = JSON.parse(program.stdout);
  return { requests: result.requests, failed: result.failed, p99Ms: result.p99_us / 1000, connections: result.connections, said: program.stderr };
}

export class Lifecycle {
  // server: settings beside the defaults of a program that stops; the delay is the default's.
  static async open(world, { keys, server = {} } = {}) {
    const lifecycle = new Lifecycle();
    lifecycle.world = world;
    lifecycle.site = new Site(world, await world.postgres.createDatabase(world.template));
    lifecycle.serverSettings = {
      ...world.serverSettings(lifecycle.site.database), ...OPERATIONS, drain_delay_seconds: undefined, drain_seconds: undefined,
      connections_per_address_max: 4096, ...server,
    };
    lifecycle.balancer = await Balancer.start();
    world.onClose(() => lifecycle.balancer.stop());
    lifecycle.site.port = lifecycle.balancer.port;
    lifecycle.servers = [];
    lifecycle.workers = [];
    for (let i = 0; i < 2; i++) await lifecycle.#startServer();
    await lifecycle.#startWorker();
    lifecycle.redis = await world.redis();
    await lifecycle.redis.command('DEBUG', 'POPULATE', keys, 'k', 10);
    lifecycle.calls = Number(await lifecycle.redis.command('EVAL', COUNT_CALLS, 0, BATCH));
    lifecycle.alice = await lifecycle.site.tenant('alice');
    lifecycle.caches = [];
    for (let i = 0; i < SCANS; i++) lifecycle.caches.push(await lifecycle.alice.instance(`large-${i}`, lifecycle.redis.endpoint));
    const small = await world.redis();
    await small.command('SET', 'only', 'value');
    lifecycle.small = [];
    for (let i = 0; i < SMALL; i++) lifecycle.small.push(await lifecycle.alice.instance(`small-${i}`, small.endpoint));
    lifecycle.file = join(world.directory, 'lifecycle-requests');
    const targets = [lifecycle.alice.instances, ...lifecycle.caches.flatMap(({ path, list }) => [path, list])];
    lifecycle.write = () => writeFileSync(lifecycle.file, targets.map((target) => {
      const request = signedRequest(lifecycle.alice.key, 'GET', target);
      return `${Buffer.byteLength(request)}\n${request}`;
    }).join(''));
    return lifecycle;
  }

  async #startServer() {
    const program = this.world.program('server', this.serverSettings);
    const { port } = await program.event('listening', (event) => event.scheme === 'https');
    this.servers.push(await this.balancer.add({ program, port, operations: await Operations.of(program) }));
  }

  async #startWorker() {
    const worker = await this.site.startWorker(WORKER);
    await worker.event('working');
    this.workers.push(worker);
  }

  // HTTP/1.1 over TLS at a rate, for so long.
  load({ rate, connections, seconds }) {
    this.write();
    const program = new Program('load', LOAD, ['--url', `https://127.0.0.1:${this.balancer.port}`, '--ca', this.world.authority.certificate,
      '--requests', this.file, '--connections', connections, '--rate', rate, '--seconds', seconds].map(String));
    return resultOf(program);
  }

  async scanCalls() {
    const { cmdstat_scan: text = 'calls=0' } = await this.redis.info('commandstats');
    return Number(/calls=(\d+)/.exec(text)[1]);
  }

  // Makes tasks one after the other as long as the load lasts: those that were acknowledged.
  async #create(state) {
    const made = [];
    while (!state.over) {
      const cache = this.small[made.length % SMALL];
      const answer = await this.alice.client.post(cache.create);
      assert.equal(answer.status, 200, answer.body);
      made.push(answer.json.id);
      await cache.reaches(answer.json.id, 'success', 60_000);
    }
    return made;
  }

  // extra: another load beside, a function of the seconds; its result has `failed`.
  async trial({ rate, connections, seconds, extra }) {
    const state = { over: false };
    const before = await this.scanCalls();
    const tasks = [];
    for (const cache of this.caches) tasks.push((await cache.start()).id);
    const [leavingWorker] = this.workers;
    await until('all scans are under way', async () => (await this.#checkpoints(tasks, leavingWorker)) === SCANS);
    await this.#startWorker();
    const creating = this.#create(state);
    const loads = [this.load({ rate, connections, seconds }), ...(extra ? [extra(seconds)] : [])];
    for (const promise of [creating, ...loads]) promise.catch(() => {});
    const leaving = this.servers.shift();
    const through = leaving.accepted;
    await until('the load is there', () => leaving.accepted > through + connections / 4);
    const stop = async (program) => {
      const began = Date.now();
      await program.stop({ deadlineMs: 60_000 });
      return Date.now() - began;
    };
    this.workers.shift();
    const [serverMs, workerMs] = await Promise.all([stop(leaving.program), stop(leavingWorker)]);
    const results = await Promise.all(loads);
    state.over = true;
    const made = await within('the last task that was made', creating, 60_000);
    for (const [i, id] of tasks.entries()) await this.caches[i].reaches(id, 'success', 120_000);
    const calls = (await this.scanCalls()) - before;
    const outcome = { results, serverMs, workerMs, made: made.length, repeated: calls / (SCANS * this.calls) - 1,
      ...await this.#judge(tasks, made, leavingWorker, leaving.program) };
    await this.#startServer();
    return outcome;
  }

  async #checkpoints(tasks, worker) {
    const [{ count }] = await this.site.sql(`SELECT count(*) FROM scan_task t JOIN scan_checkpoint c ON c.task_id = t.id
      WHERE t.id = ANY ($1) AND status = 'running' AND lease_owner = $2`, [tasks, worker.workerName]);
    return Number(count);
  }

  // Each task that was acknowledged is there, and was recorded once, by one worker; the scans went on at another.
  async #judge(tasks, made, leaving, server) {
    const all = [...tasks, ...made];
    assert.equal(new Set(all).size, all.length);
    const rows = await this.site.sql('SELECT id, status, attempt, num FROM scan_task WHERE id = ANY ($1)', [all]);
    assert.equal(rows.length, all.length, 'no task is lost');
    assert.deepEqual(rows.filter(({ status, attempt }) => status !== 'success' || attempt !== '1'), []);
    const ended = [leaving, ...this.workers].flatMap((worker) => worker.events)
      .filter(({ event }) => event === 'scan_succeeded').map(({ task }) => task);
    const counts = all.map((id) => ended.filter((task) => task === id).length);
    assert.ok(counts.every((count) => count === 1), 'no task is done twice');
    const resumed = this.workers.flatMap((worker) => worker.events).filter(({ event, task, checkpoint_bytes: bytes }) =>
      event === 'scan_started' && tasks.includes(task) && bytes > 0);
    assert.equal(resumed.length, SCANS, 'each scan went on from its checkpoint elsewhere');
    assert.ok(!server.events.some(({ event }) => event === 'audit_lost'));
    return { resumed: resumed.length };
  }
}
