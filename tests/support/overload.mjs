// A full load of requests whose every answer is compared, and the tasks that it made with what the database has.

import net from 'node:net';
import tls from 'node:tls';
import { Pipe, signedRequest } from './pipe.mjs';
import { until, within } from './wait.mjs';

// Instances that can be analysed, made in the database: their ids.
export async function makeInstances(site, tenant, number) {
  const rows = await site.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, probed_at,
      capabilities)
    SELECT $1, gen_random_uuid(), 'made-' || gen_random_uuid(), 'single', 'RUNNING', '{127.0.0.1:1}', now(), '{bigkey,hotkey,expired}'
    FROM generate_series(1, $2::integer) RETURNING id`, [tenant.projectId, number]);
  return rows.map(({ id }) => id);
}

// A task that has ended, with the JSON text of its result: its id.
export async function makeTask(site, tenant, instance, keys = '[]') {
  const [{ id }] = await site.sql(`WITH t AS (INSERT INTO scan_task
      (project_id, instance_id, id, kind, scan_type, status, num, started_at, finished_at, claimable_at)
      VALUES ($1, $2, gen_random_uuid(), 'bigkey', 'manual', 'success', 0, now(), now(), NULL) RETURNING project_id, id),
    r AS (INSERT INTO scan_result (project_id, task_id, keys) SELECT project_id, id, $3 FROM t)
    SELECT id FROM t`, [tenant.projectId, instance, keys]);
  return id;
}

export const pathsOf = (tenant, instance) => {
  const path = `${tenant.instances}/${instance}`;
  return {
    show: path, configs: `${path}/configs`, list: `${path}/bigkey-tasks`, create: `${path}/bigkey-task`,
    task: (id) => `${path}/bigkey-task/${id}`, schedules: `${path}/bigkey/autoscan`,
  };
};

// What an answer is in one line, for a message.
const told = (answer) => `${answer.status} ${answer.body.slice(0, 200)}`;

// Clients that behave: each has a connection, plain or TLS in turn, and asks without a pause.
export class Load {
  constructor(site, plainPort) {
    Object.assign(this, { site, done: 0, refusedReads: 0, refusedWrites: 0, written: 0 });
    this.addresses = [{ port: plainPort }, { port: site.port, ca: site.ca }];
    this.clients = [];
    this.failures = [];
    this.running = true;
  }

  fail(what) {
    if (this.failures.length < 10) this.failures.push(what);
  }

  async #client(round) {
    const pipe = await Pipe.open(this.addresses[this.clients.length % this.addresses.length]);
    try {
      while (this.running) await round(pipe);
    } catch (error) {
      this.fail(error.message);
    } finally {
      pipe.close();
    }
  }

  // Asks for targets over and over, `depth` at once; each must be answered as it is the first time, with status 200
  // or what `refused` has for it.
  async readers(clients, tenant, targets, { depth = 1, refused = new Map() } = {}) {
    const first = await Pipe.open(this.addresses[0]);
    const requests = targets.map((target) => signedRequest(tenant.key, 'GET', target));
    const expected = (await first.exchange(requests)).map(({ status, body }) => ({ status, body }));
    first.close();
    expected.forEach((answer, i) => {
      const status = refused.get(targets[i]) ?? 200;
      if (answer.status !== status) throw new Error(`${targets[i]}: ${told(answer)}`);
      this.refusedReads += status !== 200;
    });
    let next = 0;
    for (let i = 0; i < clients; i++) {
      this.clients.push(this.#client(async (pipe) => {
        const chosen = Array.from({ length: depth }, () => next++ % targets.length);
        const answers = await pipe.exchange(chosen.map((index) => requests[index]));
        answers.forEach(({ status, body }, j) => {
          const right = expected[chosen[j]];
          if (status !== right.status || body !== right.body) this.fail(`${targets[chosen[j]]}: ${told({ status, body })}`);
          this.refusedReads += right.status !== 200;
        });
        this.done += depth;
      }));
    }
  }

  // Each client creates a task on each of its own instances and deletes it again, all of them at once; `ledger` has
  // what must be there.  On those of `refused` a task cannot be created: the status that says so.
  writers(clients, tenant, instances, ledger, { refused = new Map() } = {}) {
    const share = Math.floor(instances.length / clients);
    for (let i = 0; i < clients; i++) {
      const mine = instances.slice(i * share, (i + 1) * share);
      this.clients.push(this.#client(async (pipe) => {
        const created = await pipe.exchange(mine.map((id) => signedRequest(tenant.key, 'POST', pathsOf(tenant, id).create)));
        const tasks = created.flatMap((answer, j) => this.#created(answer, mine[j], refused, ledger));
        if (!this.running) return;
        const deleted = await pipe.exchange(tasks.map(({ instance, id }) =>
          signedRequest(tenant.key, 'DELETE', pathsOf(tenant, instance).task(id))));
        deleted.forEach((answer, j) => this.#deleted(answer, tasks[j].id, ledger));
      }));
    }
  }

  #created(answer, instance, refused, ledger) {
    const status = refused.get(instance) ?? 200;
    this.done++;
    if (answer.status !== status) {
      this.fail(`create: ${told(answer)}`);
    } else if (status !== 200) {
      this.refusedWrites++;
      if (answer.json.error_code !== 'DCS.5000') this.fail(`create: ${told(answer)}`);
    } else {
      this.written++;
      ledger.add(answer.json.id);
      return [{ instance, id: answer.json.id }];
    }
    return [];
  }

  // It is told as it was made.
  #deleted(answer, id, ledger) {
    this.done++;
    if (answer.status !== 200 || answer.json.id !== id || answer.json.status !== 'waiting') {
      this.fail(`delete: ${told(answer)}`);
    } else {
      this.written++;
      ledger.delete(id);
    }
  }

  // As many more have been answered.
  answers(more, deadlineMs) {
    const wanted = this.done + more;
    return until(`${more} requests are answered`, () => this.done >= wanted || this.failures.length > 0, deadlineMs);
  }

  async stop() {
    this.running = false;
    await Promise.all(this.clients);
  }
}

// The database's tasks of instances must be exactly those of the ledger.
export async function compareTasks(site, instances, ledger) {
  const rows = await site.sql('SELECT id FROM scan_task WHERE instance_id = ANY ($1)', [instances]);
  const there = new Set(rows.map(({ id }) => id));
  return {
    lost: [...ledger].filter((id) => !there.has(id)),
    unknown: [...there].filter((id) => !ledger.has(id)),
  };
}

// From now on statements of the server that come upon an instance of `reads` fail, and so do those that make a task on
// one of `writes`, and the commit where it is one of `commits`: with the SQLSTATE that each has for it.
export async function failStatements(site, role, { reads = new Map(), writes = new Map(), commits = new Map() }) {
  await site.sql('CREATE TABLE unsound (id uuid, what text, code text, PRIMARY KEY (id, what))');
  for (const [what, codes] of [['read', reads], ['write', writes], ['commit', commits]]) {
    for (const [id, code] of codes) await site.sql('INSERT INTO unsound VALUES ($1, $2, $3)', [id, what, code]);
  }
  await site.sql(`CREATE FUNCTION is_sound(of uuid, how text) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
    DECLARE one unsound; BEGIN
    SELECT * INTO one FROM unsound WHERE id = of AND what = how;
    IF FOUND THEN RAISE EXCEPTION 'unsound' USING ERRCODE = one.code; END IF;
    RETURN true; END $$`);
  await site.sql(`CREATE FUNCTION refuse_unsound() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    PERFORM is_sound(NEW.instance_id, TG_ARGV[0]); RETURN NEW; END $$`);
  await site.sql(`CREATE TRIGGER unsound AFTER INSERT ON scan_task FOR EACH ROW EXECUTE FUNCTION refuse_unsound('write')`);
  await site.sql(`CREATE CONSTRAINT TRIGGER unsound_later AFTER INSERT ON scan_task DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse_unsound('commit')`);
  await site.sql(`CREATE POLICY sound ON instance TO ${role} USING (is_sound(id, 'read'))`);
  await site.sql('ALTER TABLE instance ENABLE ROW LEVEL SECURITY');
}

export const PHASES = ['connected', 'hello', 'head', 'body', 'request', 'pipelined', 'writing', 'answered'];

// A client that leaves in a phase, by a reset or an end of its input alone; `target` is asked for with GET.
export async function vanish({ port, ca }, key, target, phase, how) {
  const raw = net.connect({ host: '127.0.0.1', port });
  raw.on('error', () => {});
  const socket = ca && phase !== 'hello' ? tls.connect({ socket: raw, ca }) : raw;
  socket.on('error', () => {});
  await within('the connection is there', new Promise((resolve) => {
    socket.once(socket === raw ? 'connect' : 'secureConnect', resolve).once('close', resolve);
  }));
  const request = () => signedRequest(key, 'GET', target);
  const heard = (what) => within(what, new Promise((resolve) => {
    socket.once('data', resolve).once('close', resolve);
  }));
  switch (phase) {
  case 'hello': socket.write(Buffer.from('16030100fe010000fa0303', 'hex')); break;
  case 'head': socket.write(request().slice(0, 60)); break;
  case 'body': socket.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc'); break;
  case 'request': socket.write(request()); break;
  case 'pipelined': socket.write(Array.from({ length: 20 }, request).join('')); break;
  case 'writing':
    socket.write('GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(20));
    await heard('the answer begins');
    socket.pause();
    break;
  case 'answered':
    socket.write(request());
    await heard('an answer');
    break;
  }
  if (how === 'reset') raw.resetAndDestroy();
  else raw.end();
  return raw;
}
