// The benchmark itself; `run` says what it compares.

import { randomUUID } from 'node:crypto';
import net from 'node:net';
import { sign } from '../../support/signer.mjs';
import { World } from '../../support/site.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const SAMPLES = number('SAMPLES', 5000);
const IDS = number('IDS', 200);
// What is looked for in constant-time work: a leak is beyond this.
const THRESHOLD = 4.5;
// Of each side, what a busy machine held up is left out, by one bound for both.
const KEPT = 0.9;

const pick = (values) => values[Math.floor(Math.random() * values.length)];
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

// Welch's t: the difference of the means by its standard error.
function welch(a, b) {
  const moments = (values) => {
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    return [mean, values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1) / values.length];
  };
  const [[meanA, errorA], [meanB, errorB]] = [moments(a), moments(b)];
  return (meanA - meanB) / Math.sqrt(errorA + errorB);
}

function cropped(a, b) {
  const all = [...a, ...b].sort((x, y) => x - y);
  const bound = all[Math.floor(all.length * KEPT)];
  return [a, b].map((values) => values.filter((x) => x <= bound));
}

// One connection, one request at a time; the time from the last byte written to the last one read.
class Wire {
  constructor(port) {
    this.socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    this.received = '';
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
      const end = this.received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.received.slice(0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (this.received.length < end + 4 + length) return;
      this.done([process.hrtime.bigint(), head.slice(9, 12)]);
    });
    this.socket.on('error', (error) => this.fail(error));
  }

  // [microseconds, status]
  async ask(bytes) {
    this.received = '';
    const answered = new Promise((resolve, reject) => {
      this.done = resolve;
      this.fail = reject;
    });
    const begun = process.hrtime.bigint();
    this.socket.write(bytes);
    const [ended, status] = await answered;
    return [Number(ended - begun) / 1000, status];
  }
}

let count = 0;
function bytesOf(key, method, target) {
  const headers = sign({ key, method, target, headers: [['Host', 'h'], ['X-Number', String(++count)]] });
  return `${[`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`;
}

async function compare(wire, key, { method, first, second, status }) {
  const times = [[], []];
  for (let i = -200; i < SAMPLES; i++) {
    const sides = Math.random() < 0.5 ? [0, 1] : [1, 0];
    for (const side of sides) {
      const [time, answered] = await wire.ask(bytesOf(key, method, [first, second][side]()));
      if (status && answered !== status) throw new Error(`${method}: ${answered}, not ${status}`);
      if (i >= 0) times[side].push(time);
    }
  }
  return { medians: times.map(median), t: welch(...cropped(...times)), whole: welch(...times) };
}

const world = await World.open();
try {
  const site = await world.site({ server: { listen_http: '127.0.0.1:0', loops: 1 } });
  const { port } = await site.server.event('listening', (event) => event.scheme === 'http');
  const [alice, bob] = [await site.tenant('alice'), await site.tenant('bob')];
  const ids = {};
  for (const tenant of [alice, bob]) {
    await site.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, probed_at)
      SELECT $1, gen_random_uuid(), 'i' || n, 'single', 'RUNNING', '{a:1}', now() FROM generate_series(1, $2::int) n`,
    [tenant.projectId, IDS]);
    await site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, status, scan_type, started_at, finished_at,
        claimable_at) SELECT project_id, id, gen_random_uuid(), 'bigkey', 'success', 'manual', now(), now(), NULL
      FROM instance WHERE project_id = $1`, [tenant.projectId]);
    const rows = await site.sql('SELECT instance_id, id FROM scan_task WHERE project_id = $1', [tenant.projectId]);
    ids[tenant.name] = { instances: rows.map((row) => row.instance_id), tasks: rows };
  }
  await site.sql('ANALYZE');
  const none = Array.from({ length: IDS }, () => randomUUID());
  const projects = none.map((id) => id.replaceAll('-', ''));
  const own = () => pick(ids.bob.tasks);
  const instance = (id, rest = '') => `${bob.instances}/${id}${rest}`;
  const each = (name, method, target, status) => ({
    name, method, status, first: () => target(pick(ids.alice.instances)), second: () => target(pick(none)),
  });
  const task = (name, method, status) => {
    const target = (id) => instance(own().instance_id, `/bigkey-task/${id}`);
    return { name, method, status, first: () => target(pick(ids.alice.tasks).id), second: () => target(pick(none)) };
  };
  const forms = [
    each('show an instance', 'GET', (id) => instance(id), '404'),
    each('its list of tasks', 'GET', (id) => instance(id, '/bigkey-tasks'), '404'),
    each('its configuration', 'GET', (id) => instance(id, '/bigkey/autoscan'), '404'),
    each('start a task on it', 'POST', (id) => instance(id, '/bigkey-task'), '404'),
    each('delete a task of it', 'DELETE', (id) => instance(id, `/bigkey-task/${pick(none)}`), '404'),
    each('instances, by id', 'GET', (id) => `${bob.instances}?instance_id=${id}`, '200'),
    task('show a task', 'GET', '400'),
    task('delete a task', 'DELETE', '204'),
    { name: 'a project', method: 'GET', status: '403',
      first: () => alice.instances, second: () => `/v2/${pick(projects)}/instances` },
  ];
  const control = { name: 'control: own, none', method: 'GET',
    first: () => instance(own().instance_id), second: () => instance(pick(none)) };

  const wire = new Wire(port);
  const show = (name, { medians, t, whole }) => console.log(`${name.padEnd(22)} ${medians.map((m) =>
    m.toFixed(1).padStart(7)).join(' ')} us  t ${t.toFixed(2).padStart(6)}  of all samples ${whole.toFixed(2).padStart(6)}`);
  console.log(`medians of another tenant's id and of none, ${SAMPLES} samples each`);
  let leaks = 0;
  for (const form of forms) {
    const result = await compare(wire, bob.key, form);
    show(form.name, result);
    leaks += Math.abs(result.t) > THRESHOLD;
  }
  const seen = await compare(wire, bob.key, control);
  show(control.name, seen);
  console.log(`${leaks} of ${forms.length} beyond ${THRESHOLD}; the control is to be beyond it`);
  process.exitCode = leaks === 0 && Math.abs(seen.t) > THRESHOLD ? 0 : 1;
  wire.socket.destroy();
} finally {
  await world.close();
}
