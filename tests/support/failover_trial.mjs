// PostgreSQL's leader is killed under load, and what clients were told before is held against what is there
// afterwards.
//
// Every load loop has an instance of its own: it creates a task under an Idempotency-Key, sends the same request
// again until it is acknowledged, watches the task to its end, and begins anew.  So the tasks that are there must
// be those that were acknowledged, one for one.  Every server has a writer as well that never waits for a worker:
// it tells when service is back, and what it wrote last must still be there.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { largest } from './dataset.mjs';
import { json } from './http.mjs';
import { PatroniCluster } from './patroni.mjs';
import { Site, World } from './site.mjs';
import { until } from './wait.mjs';

const KEYS = 3000;
// Loops whose Redis says nothing while the leader is killed, so that their scans are under way.
const HELD = 2;
const PATIENT = { scan_profile: 'fast', redis_connect_timeout_ms: 120_000, redis_reply_timeout_ms: 120_000 };
const PAUSE_MS = 100;
const MINUTES_OF_DAY = 1440;

const key = (name, size) => ({ name: Buffer.from(name), type: 'string', db: 0, size });
const pause = () => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
const timeOf = (minute) =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

// What a connection that ends under a request looks like.
const CLOSED = new Set(['ECONNRESET', 'EPIPE', 'ECONNREFUSED']);

export class FailoverTrial {
  static async open({ nodes, timing, servers = 2, workers = 2, instances = 6, worker = {} }) {
    const trial = new FailoverTrial();
    trial.world = await World.open({
      database: (directory) => PatroniCluster.start(directory, { nodes, timing }),
    });
    try {
      await trial.prepare(servers, workers, instances, worker);
    } catch (error) {
      await trial.world.close().catch(() => {});
      throw error;
    }
    return trial;
  }

  async prepare(servers, workers, instances, worker) {
    const site = await this.world.site({ workers, worker: { ...PATIENT, ...worker } });
    this.site = site;
    this.cluster = this.world.postgres;
    const tenant = await site.tenant('alice');
    this.clients = [tenant.client];
    while (this.clients.length < servers) {
      const other = new Site(this.world, site.database);
      await other.startServer();
      this.clients.push(other.client(tenant.key));
    }
    this.held = await this.redis();
    const redis = await this.redis();
    this.expected = largest([key('largest', 1000), ...Array.from({ length: KEYS }, (_, i) => key(`k:${i}`, 10))]);
    this.instances = [];
    for (let i = 0; i < instances; i++)
      this.instances.push(await tenant.instance(`i${i}`, (i < HELD ? this.held : redis).endpoint));
    this.canaries = [];
    for (let i = 0; i < servers; i++)
      this.canaries.push(await tenant.instance(`canary${i}`, redis.endpoint, '--no-probe'));
    this.forget();
  }

  async redis() {
    const redis = await this.world.redis();
    await redis.command('DEBUG', 'POPULATE', KEYS, 'k', 10);
    await redis.command('SET', 'largest', 'x'.repeat(1000));
    return redis;
  }

  // Begins a new history.
  forget() {
    this.acknowledged = [];
    this.refused = { unavailable: 0, closed: 0 };
    this.violations = [];
    this.writes = this.clients.map(() => []);
  }

  // An answer that is not 503, or undefined.
  async attempt(client, method, path, how) {
    try {
      const answer = await client[method](path, how);
      if (answer.status !== 503) return answer;
      if (!/^\d+$/.test(answer.headers['retry-after'] ?? '')) this.violations.push('503 without Retry-After');
      this.refused.unavailable++;
    } catch (error) {
      if (CLOSED.has(error.code)) this.refused.closed++;
      else this.violations.push(`${method} ${path}: ${error.message}`);
    }
    await pause();
    return undefined;
  }

  // What the first answer that is not 503 says; undefined where it is not 200.
  async insist(client, method, path, how) {
    for (;;) {
      const answer = await this.attempt(client, method, path, how);
      if (answer?.status === 200) return answer.json;
      if (answer || this.violations.length) {
        if (answer) this.violations.push(`${method} ${path}: ${answer.status} ${answer.body}`);
        return undefined;
      }
    }
  }

  async createTasks(instance, number) {
    for (let i = number; this.loading && !this.violations.length; i++) {
      const client = this.clients[i % this.clients.length];
      const headers = [['Content-Type', 'application/json'], ['Idempotency-Key', randomUUID()]];
      const task = await this.insist(client, 'post', instance.create, { headers });
      if (!task) return;
      this.acknowledged.push({ id: task.id, instance, at: Date.now() });
      let seen;
      do {
        seen = await this.insist(this.clients[(i + 1) % this.clients.length], 'get', instance.task(task.id));
        await pause();
      } while (seen && !['success', 'failed'].includes(seen.status));
    }
  }

  async writeOn(server) {
    for (let i = 0; this.loading && !this.violations.length; i++) {
      const write = { number: i, from: Date.now() };
      this.writes[server].push(write);
      const body = json({ enable_auto_scan: false, schedule_at: [timeOf(i % MINUTES_OF_DAY)] });
      const answer = await this.attempt(this.clients[server], 'put', this.canaries[server].autoscan, body);
      if (answer && answer.status !== 200) this.violations.push(`put: ${answer.status} ${answer.body}`);
      if (answer) write.acknowledged = Date.now();
      await pause();
    }
  }

  // When the server first acknowledged a write that it was asked for after that moment; undefined before.
  backSince(server, moment) {
    return this.writes[server].find(({ from, acknowledged }) => from >= moment && acknowledged)?.acknowledged;
  }

  // Load, a kill in it, and load again until tasks made after it have ended.  Returns the milliseconds from the
  // kill to the first acknowledged write of each server.
  async run({ before = 2 * this.instances.length, deadlineMs = 120_000 } = {}) {
    this.forget();
    this.loading = true;
    const loops = [...this.instances.map((instance, i) => this.createTasks(instance, i)),
      ...this.clients.map((_, i) => this.writeOn(i))];
    const isWell = () => {
      if (this.violations.length) throw new Error(this.violations.join('\n'));
      return true;
    };
    try {
      const more = (count) => until(`${count} tasks are acknowledged`, () =>
        this.acknowledged.length >= count || this.violations.length, deadlineMs);
      await more(before);
      isWell();
      this.held.program.signal('SIGSTOP');
      await until('scans are under way', async () => (await this.countHeld()) === HELD);
      this.dead = await this.cluster.crashLeader();
      this.held.program.signal('SIGCONT');
      const killed = this.dead.crashedAt;
      await until('every server writes again', () =>
        this.violations.length || this.clients.every((_, i) => this.backSince(i, killed)), deadlineMs);
      isWell();
      const back = this.clients.map((_, i) => this.backSince(i, killed) - killed);
      await more(this.acknowledged.length + this.instances.length);
      return back;
    } finally {
      this.held.program.signal('SIGCONT');
      this.loading = false;
      await Promise.all(loops);
      isWell();
    }
  }

  async countHeld() {
    const [{ count }] = await this.site.sql(`SELECT count(*) FROM scan_task
      WHERE status = 'running' AND instance_id = ANY ($1)`, [this.instances.slice(0, HELD).map(({ id }) => id)]);
    return Number(count);
  }

  async check() {
    const rows = await this.site.sql(`SELECT t.id, t.status, t.failure, t.attempt, t.fence,
      (SELECT count(*) FROM scan_result r WHERE r.task_id = t.id) AS results FROM scan_task t`);
    const ids = this.acknowledged.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, 'a task was acknowledged to two creates');
    const there = new Set(rows.map(({ id }) => id));
    assert.deepEqual(ids.filter((id) => !there.has(id)), [], 'acknowledged tasks are lost');
    assert.deepEqual(rows.filter(({ id }) => !ids.includes(id)), [], 'there are tasks that nobody was told of');
    assert.deepEqual(rows.filter(({ status, results }) => status !== 'success' || results !== '1'), []);
    for (const { id, instance } of this.acknowledged)
      assert.deepEqual((await instance.detail(id)).keys, this.expected, `the result of ${id}`);
    await this.checkWrites();
    return { tasks: rows.length, claimedAgain: rows.filter(({ fence }) => fence !== '1').length, ...this.refused };
  }

  // What was acknowledged last is there, or what was asked for after it.
  async checkWrites() {
    for (const [server, client] of this.clients.entries()) {
      const answer = await client.get(this.canaries[server].autoscan);
      const last = this.writes[server].filter(({ acknowledged }) => acknowledged).at(-1).number;
      const possible = this.writes[server].filter(({ number }) => number >= last)
        .map(({ number }) => timeOf(number % MINUTES_OF_DAY));
      assert.ok(possible.includes(answer.json.schedule_at[0]), `an acknowledged write is lost: ${answer.body}`);
    }
  }

  // The machine is up again; as before the kill, and with nothing done.
  async mend(deadlineMs = 120_000) {
    this.dead.launch();
    await this.cluster.isWhole(deadlineMs);
    await this.site.sql('DELETE FROM scan_task');
  }

  close() {
    return this.world.close();
  }
}
