// A minute in the life of an installation, in which all happens that the dashboard has a panel for: two servers, workers, a
// PostgreSQL, a Keystone and several Redis, watched by a Prometheus; load, scans, and each kind of trouble once.

import { connect as connectTls } from 'node:tls';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { Collector } from '../../support/collector.mjs';
import { EventStream } from '../../support/event_stream.mjs';
import { json } from '../../support/http.mjs';
import { IdentityFront } from '../../support/identity_front.mjs';
import { Keystone, passwordOf } from '../../support/keystone.mjs';
import { OPERATIONS, Operations } from '../../support/probes.mjs';
import { Prometheus } from '../../support/prometheus.mjs';
import { Receiver } from '../../support/receiver.mjs';
import { RespConnection } from '../../support/resp.mjs';
import { newKey } from '../../support/sealing.mjs';
import { World } from '../../support/site.mjs';
import { until } from '../../support/wait.mjs';

const KEYS = 60_000;
const LOAD_MS = 10;
// By what a scan pauses for them: above the guard's latency, above the ceiling.
const STALLS = { guard: '0.008', ceiling: '0.03' };
const STALLS_AT_ONCE = 20;
const ATTEMPTS = 3;
const BURST = 60;
const BURSTS = 30;
const EVERY_HOUR = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, '0')}:00`);
const WEBHOOKS = { webhook_networks: '127.0.0.0/8,::1', webhook_networks_denied: '', webhook_timeout_ms: 8000, webhook_retry_seconds: 5 };
// What receivers do with a delivery.
const ANSWERS = {
  fine: undefined,
  broken: (_, response) => response.writeHead(500).end(),
  gone: (_, response) => response.writeHead(410).end(),
  slow: (_, response) => setTimeout(() => response.writeHead(204).end(), 6000),
};
const LABELS = { namespace: 'dcs' };
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ignore = () => {};

export class Stage {
  static async open({ seconds }) {
    const stage = new Stage();
    stage.seconds = seconds;
    stage.world = await World.open();
    try {
      await stage.#prepare();
    } catch (error) {
      await stage.world.close().catch(ignore);
      throw error;
    }
    return stage;
  }

  async #prepare() {
    const { world } = this;
    const { identity, tokenOf, project } = await this.#keystone();
    this.site = await world.site({ server: { ...OPERATIONS, ...identity, lockout_failures: 3, database_connections: 1,
      trace_endpoint: 'http://127.0.0.1:9', trace_sample_ratio: '1' } });
    const { port, server } = this.site;
    // Nobody takes the traces of the one, somebody those of the other.
    const collector = await Collector.open(world);
    await this.site.startServer({ ...OPERATIONS, trace_endpoint: collector.endpoint, trace_sample_ratio: '1', creation_rate: 1, creation_burst: 2, loops: 1, database_connections: 1, database_in_flight: 16 });
    this.strictPort = this.site.port;
    [this.strict, this.site.server, this.site.port] = [this.site.server, server, port];
    this.alice = await this.site.tenant('alice');
    this.operator = await this.site.operator();
    await this.site.dcsctl('project', 'add', 'tokens', '--id', project);
    this.byToken = { target: `/v2/${project}/instances`, headers: [['X-Auth-Token', tokenOf]] };
    this.redis = {};
    for (const name of ['busy', 'stalled', 'held', 'lost', 'deleted', 'fenced', 'scheduled']) await this.#instance(name);
    this.prometheus = await Prometheus.start(world.directory, { seconds: 1 });
    world.onClose(() => this.prometheus.stop());
    await this.#watch('dcs-server', 'server-1', this.site.server);
    await this.#watch('dcs-server', 'server-2', this.strict);
    this.workers = [];
    for (let i = 0; i < 2; i++) await this.#worker();
  }

  async #keystone() {
    const { world } = this;
    const keystone = await Keystone.start(world.directory, world.postgres);
    world.onClose(() => keystone.stop());
    const front = await IdentityFront.start(keystone.socket);
    world.onClose(() => front.stop());
    for (const name of ['service', 'tokens']) await keystone.project(name);
    await keystone.user('dcs', { project: 'service', roles: ['service'] });
    await keystone.user('member', { project: 'tokens', roles: ['member'] });
    return {
      identity: { identity_url: front.url, identity_user: 'dcs', identity_password: passwordOf('dcs') },
      tokenOf: await keystone.token('member', { project: 'tokens' }), project: keystone.ids.projects.tokens,
    };
  }

  async #instance(name) {
    const redis = await this.world.redis({ options: { 'maxmemory-policy': 'allkeys-lfu' } });
    await redis.command('DEBUG', 'POPULATE', KEYS, name, 30);
    this.redis[name] = Object.assign(redis, { cache: await this.alice.instance(name, redis.endpoint) });
  }

  async #watch(job, instance, program) {
    this.prometheus.watch(job, instance, (await Operations.of(program)).port, LABELS);
  }

  async #worker() {
    const worker = await this.site.startWorker({ ...OPERATIONS, ...WEBHOOKS, webhook_ca: this.world.authority.certificate, scan_threads: 3, probe_seconds: 2, attempts_max: ATTEMPTS });
    this.workers.push(worker);
    await this.#watch('dcs-worker', worker.workerName, worker);
    // A rate needs a sample from before what it tells of.
    await until(`${worker.workerName} is watched`, () => this.counts(`count_over_time(dcs_ready{instance="${worker.workerName}"}[1m]) > 1`));
  }

  // One that was taken from a lost worker has none for a moment.
  #ownerOf(task) {
    return until('a worker has the task', async () => {
      const [{ lease_owner: owner }] = await this.site.sql('SELECT lease_owner FROM scan_task WHERE id = $1', [task]);
      return this.workers.find(({ workerName }) => workerName === owner);
    });
  }

  // Ends the worker that has a task as a power cut would, and starts another.
  async #killOwnerOf(task) {
    const lost = await this.#ownerOf(task);
    this.workers = this.workers.filter((worker) => worker !== lost);
    await lost.stop({ signal: 'SIGKILL', expected: 137 });
    await this.#worker();
  }

  // Whether a counter is above 0, as Prometheus knows.
  async counts(selector) {
    return (await this.prometheus.instant(`sum(${selector}) > 0`, Date.now() / 1000)).length > 0;
  }

  async #started(name, path) {
    const { cache } = this.redis[name];
    const task = await cache.start(path);
    await cache.reaches(task.id, 'running');
    return task.id;
  }

  // Plays everything; { start, end } in seconds.
  async play() {
    const start = Math.floor(Date.now() / 1000);
    const background = [this.#load(), this.#scans()];
    try {
      for (const [what, act] of Object.entries(TROUBLE)) {
        console.error(`    ${Math.round(Date.now() / 1000 - start)} s: ${what}`);
        await act(this);
      }
      await until('the time is over', () => Date.now() / 1000 - start > this.seconds, this.seconds * 1000 + 1000);
    } finally {
      this.over = true;
      await Promise.all(background);
    }
    return { start, end: Math.floor(Date.now() / 1000) };
  }

  async #load() {
    const { alice: { client, instances }, operator, byToken: { target, headers } } = this;
    const { cache } = this.redis.busy;
    const nameless = this.site.client();
    const requests = [
      () => client.get(instances), () => client.get(cache.list), () => client.get(cache.path), () => client.get(cache.autoscan),
      () => client.get(cache.listHot), () => client.get(cache.histories), () => operator.get('/admin/v1/projects'),
      () => client.get(`${instances}?limit=none`), () => client.get('/nothing'),
      () => client.put(cache.autoscanHot, json({ enable_auto_scan: true, schedule_at: ['03:00'] })),
      () => nameless.send('GET', target, { headers }),
    ];
    for (let i = 0; !this.over; i++) {
      const request = requests[i % requests.length]().catch(ignore);
      if (i % 4 === 0) await request;
      await pause(LOAD_MS);
    }
  }

  async #scans() {
    const { cache } = this.redis.busy;
    for (let i = 0; !this.over; i++) {
      const path = [cache.create, cache.createHot, cache.expired][i % 3];
      const task = await cache.start(path).catch(ignore);
      if (task) await cache.reaches(task.id, 'success').catch(ignore);
      else await pause(500);
    }
  }

  static trouble = {
    'a scan of a server that stalls': async (stage) => {
      const connection = await RespConnection.open(stage.redis.stalled.port);
      for (const [reason, stall] of Object.entries(STALLS)) {
        await until(`it pauses by its ${reason}`, async () => {
          await stage.redis.stalled.cache.start().catch(ignore);
          for (let i = 0; i < STALLS_AT_ONCE; i++) await connection.command('DEBUG', 'SLEEP', stall);
          return stage.counts(`dcs_scan_pauses_total{reason="${reason}"}`);
        }, 60_000, 0);
      }
      connection.close();
    },
    'wrong signatures, and a key that is locked': async ({ site }) => {
      const carol = await site.tenant('carol');
      const wrong = site.client({ id: carol.key.id, secret: 'wrong' });
      for (let i = 0; i < 6; i++) await wrong.get(carol.instances);
    },
    'more tasks than a project may create': async ({ site, strictPort, alice, redis }) => {
      const client = site.client(alice.key, { port: strictPort });
      for (let i = 0; i < 8; i++) await client.post(redis.busy.cache.create);
    },
    'more requests at a time than the database may have in flight': async ({ site, strictPort, alice }) => {
      const client = site.client(alice.key, { port: strictPort });
      client.agent.maxSockets = BURST;
      for (let i = 0; i < BURSTS; i++) {
        await Promise.all(Array.from({ length: BURST }, () => client.get(alice.instances)));
        await pause(100);
      }
    },
    'handshakes that fail, sessions that resume, requests that nobody understands': async ({ site }) => {
      for (let i = 0; i < 5; i++) {
        const plain = net.connect(site.port, '127.0.0.1');
        plain.on('error', ignore).write('GET / HTTP/1.1\r\n\r\n');
        await new Promise((resolve) => plain.on('close', resolve));
        await site.raw('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
      }
      let session;
      for (let i = 0; i < 10; i++) {
        await new Promise((resolve, reject) => {
          const socket = connectTls({ host: '127.0.0.1', port: site.port, ca: site.ca, session });
          socket.on('session', (ticket) => (session = ticket)).on('error', reject).on('close', resolve)
            .once('data', () => socket.end()).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
        });
      }
    },
    'a task that is deleted in mid-scan, by a request that meets a lock': async (stage) => {
      const { alice, redis: { deleted: { cache, program } }, world, site } = stage;
      program.signal('SIGSTOP');
      const id = await stage.#started('deleted');
      const holder = await world.postgres.open(site.database, 'SELECT FROM scan_task WHERE id = $1 FOR UPDATE', [id]);
      const answer = alice.client.delete(cache.task(id));
      await until('the request meets the lock', () => stage.counts('dcs_requests_locked_total'));
      await holder.commit();
      await answer;
      await until('the scan has stopped', () => stage.counts('dcs_leases_lost_total'));
      program.signal('SIGCONT');
    },
    'a result that comes too late': async (stage) => {
      const { site, alice, redis: { fenced: { cache } } } = stage;
      await site.sql(`CREATE FUNCTION too_late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER too_late BEFORE UPDATE ON scan_task FOR EACH ROW WHEN (NEW.status = 'success' AND NEW.instance_id = '${cache.id}') EXECUTE FUNCTION too_late()`);
      const { id } = await cache.start();
      await until('it is fenced', () => stage.counts('dcs_writes_fenced_total'));
      await site.sql('DROP TRIGGER too_late ON scan_task');
      await alice.client.delete(cache.task(id));
    },
    'a Redis that is away': async ({ redis: { lost } }) => {
      await lost.stop();
      const { id } = await lost.cache.start();
      await lost.cache.reaches(id, 'failed');
    },
    'rounds that are due, were missed, and find one that runs': async (stage) => {
      const { alice, world, site, redis: { scheduled, deleted } } = stage;
      deleted.program.signal('SIGSTOP');
      await stage.#started('deleted');
      for (const { cache } of [scheduled, deleted]) {
        const { status, body } = await alice.client.put(cache.autoscan, json({ enable_auto_scan: true, schedule_at: EVERY_HOUR }));
        if (status !== 200) throw new Error(body);
        await site.sql(`UPDATE autoscan SET next_at = now() + interval '1 s' WHERE instance_id = $1`, [cache.id]);
      }
      // Whoever has their rows keeps the rounds from being made.
      const holder = await world.postgres.open(site.database, `UPDATE autoscan SET next_at = now() - interval '2 hours' WHERE instance_id = ANY ($1)`,
        [[scheduled, deleted].map(({ cache }) => cache.id)]);
      await until('they are late', () => stage.counts('dcs_schedule_lag_seconds'));
      await holder.commit();
      for (const outcome of ['started', 'missed', 'skipped'])
        await until(`a round is ${outcome}`, () => stage.counts(`dcs_schedule_rounds_total{outcome="${outcome}"}`));
      deleted.program.signal('SIGCONT');
    },
    'a worker that is lost with its task, and a task that lost as many as it may': async (stage) => {
      const { site, redis: { held: { cache, program } } } = stage;
      program.signal('SIGSTOP');
      const id = await stage.#started('held');
      await stage.#killOwnerOf(id);
      await until('it is rescued', () => stage.counts('dcs_tasks_rescued_total'));
      // Where nobody has it, it would be given up at once.
      await stage.#ownerOf(id);
      await site.sql('UPDATE scan_task SET attempt = $2 WHERE id = $1', [id, ATTEMPTS]);
      await stage.#killOwnerOf(id);
      await cache.reaches(id, 'failed');
      program.signal('SIGCONT');
    },
    'a worker that is told to stop in mid-scan': async (stage) => {
      stage.redis.held.program.signal('SIGSTOP');
      const id = await stage.#started('held');
      const [{ lease_owner: owner }] = await stage.site.sql('SELECT lease_owner FROM scan_task WHERE id = $1', [id]);
      const worker = stage.workers.find(({ workerName }) => workerName === owner);
      const stopped = worker.stop();
      stage.redis.held.program.signal('SIGCONT');
      await stopped;
      stage.workers = stage.workers.filter((other) => other !== worker);
      await stage.#worker();
      await stage.redis.held.cache.reaches(id, 'success');
    },
    'more tasks than threads': async ({ redis, workers }) => {
      const names = ['held', 'deleted', 'fenced', 'stalled'];
      for (const name of names) redis[name].program.signal('SIGSTOP');
      const tasks = [];
      for (const name of names) for (const path of [redis[name].cache.create, redis[name].cache.createHot]) tasks.push([name, (await redis[name].cache.start(path)).id]);
      if (!(tasks.length > workers.length * 3)) throw new Error('too few tasks');
      await pause(4000);
      for (const name of names) redis[name].program.signal('SIGCONT');
      for (const [name, id] of tasks) await redis[name].cache.reaches(id, 'success', 60_000);
    },
    'a task that is watched, by one who leaves and one who stays': async (stage) => {
      const { alice, site, redis: { held: { cache, program } } } = stage;
      program.signal('SIGSTOP');
      const id = await stage.#started('held');
      const path = `/ext/v1/${alice.projectId}/instances/${cache.id}/tasks/${id}/events`;
      const open = async () => (await EventStream.open({ port: site.port, ca: site.ca, key: alice.key }, path)).stream;
      const [leaves, stays] = [await open(), await open()];
      await until('streams are open', () => stage.counts('dcs_event_streams'));
      leaves.close();
      await until('one is gone', () => stage.counts('dcs_event_streams_ended_total{reason="gone"}'));
      program.signal('SIGCONT');
      await stays.end();
      await until('one is finished', () => stage.counts('dcs_event_streams_ended_total{reason="finished"}'));
    },
    'webhooks whose receivers take, fail, let wait and are gone': async (stage) => {
      const { alice: { client, projectId }, world } = stage;
      for (const [name, answer] of Object.entries(ANSWERS)) {
        const receiver = await Receiver.start({ certificates: world.certificates, answer });
        world.onClose(() => receiver.stop());
        const path = `/ext/v1/${projectId}/webhooks`;
        const { status, body, json: made } = await client.post(path, json({ name, url: receiver.url, events: ['task.failed'], enabled: true }));
        if (status !== 201) throw new Error(body);
        for (let i = 0; i < 3; i++) await client.post(`${path}/${made.id}/test`);
      }
      for (const result of ['delivered', 'broken', 'gone']) await until(`one is ${result}`, () => stage.counts(`dcs_webhook_attempts_total{result="${result}"}`));
      for (const metric of ['given_up_total', 'pending', 'oldest_due_seconds']) await until(metric, () => stage.counts(`dcs_webhook_deliveries_${metric}`));
    },
    'a key file that gets a key, and then is none': async (stage) => {
      const { world } = stage;
      const before = readFileSync(world.keyFile, 'utf8');
      const write = (text) => {
        writeFileSync(`${world.keyFile}.new`, text, { mode: 0o600 });
        renameSync(`${world.keyFile}.new`, world.keyFile);
      };
      write(`${before}${newKey()}\n`);
      await until('it is taken', () => stage.counts('dcs_secret_file_loads_total{result="loaded"}'));
      write('nonsense\n');
      await until('it is not taken', () => stage.counts('dcs_secret_file_unused'));
      write(before);
    },
    'a database that is away': async ({ world }) => {
      await world.postgres.stop();
      await pause(4000);
      await world.postgres.launch();
    },
  };
}

const TROUBLE = Stage.trouble;
