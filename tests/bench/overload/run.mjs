// The benchmark itself; `run` says what it shows.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { residentKiB } from '../../support/floods.mjs';
import { PHASES, failStatements, makeInstances, makeTask, pathsOf, vanish } from '../../support/overload.mjs';
import { Pipe, signedRequest } from '../../support/pipe.mjs';
import { ROLES } from '../../support/postgres.mjs';
import { Program } from '../../support/program.mjs';
import { World } from '../../support/site.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const SECONDS = number('SECONDS_EACH', 20);
const ROUNDS = number('ROUNDS', 1);
const CONNECTIONS = number('CONNECTIONS', 64);
const LOCKED_MS = number('LOCKED_MS', 5000);
const AFFECTED = 32;
const GOALS = { failed: 0, growthMiB: 64 };
const SAMPLE_MS = 50;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const world = await World.open();
const site = await world.site({ server: { listen_http: '127.0.0.1:0', connections_per_address_max: 4096 } });
const plain = { port: (await site.server.event('listening', (event) => event.scheme === 'http')).port };
const secure = { port: site.port, ca: site.ca };
const alice = await site.tenant('alice');
const [lockedRow, ...instances] = await makeInstances(site, alice, 101);
const tasks = await Promise.all(instances.map((id) => makeTask(site, alice, id, '[{"key_name":"k"}]')));
const paths = instances.map((id) => pathsOf(alice, id));

function write(name, requests) {
  const file = join(world.directory, name);
  writeFileSync(file, requests.map((request) => `${Buffer.byteLength(request)}\n${request}`).join(''));
  return file;
}

const schedule = { enable_auto_scan: true, schedule_at: ['03:00'] };
const put = (target) => signedRequest(alice.key, 'PUT', target, { body: JSON.stringify(schedule) });
const get = (target) => signedRequest(alice.key, 'GET', target);

// Of a hundred: what a lock of scan_result does not touch, and all.
const aside = paths.flatMap(({ show, configs, list, schedules }) => [get(show), get(configs), get(list), put(schedules)]);
const all = paths.flatMap(({ show, list, task, create, schedules }, i) =>
  [get(show), get(list), get(task(tasks[i])), put(schedules), signedRequest(alice.key, 'POST', create)]);
const files = { aside: write('aside', aside), all: write('all', all) };

// Good requests for as long as a round takes; `--status` says what is no failure.
function load(address, file, ...more) {
  const tls = address.ca ? ['--ca', world.authority.certificate] : [];
  return new Program('load', join(process.env.DCS_BUILD, 'tests/bench/load/load'),
    ['--url', `${address.ca ? 'https' : 'http'}://127.0.0.1:${address.port}`, '--requests', file, '--seconds', SECONDS, ...tls,
      ...more].map(String));
}

async function resultOf(program) {
  await program.wait(1000 * SECONDS + 120_000);
  program.check(0);
  return JSON.parse(program.stdout);
}

class Round {
  constructor() {
    this.told = {};
    this.running = true;
  }

  count(what, times = 1) {
    this.told[what] = (this.told[what] ?? 0) + times;
  }

  // Does it over and over until the end; what it throws is counted.
  async keep(what) {
    while (this.running) {
      await what().catch((error) => {
        this.count(error.code ?? error.message.slice(0, 60));
        return pause(50);
      });
    }
  }

  async exchange(address, requests) {
    const pipe = await Pipe.open(address);
    try {
      for (const { status } of await pipe.exchange(requests)) this.count(status);
    } finally {
      pipe.close();
    }
  }

  // Opens connections that are written to and never read, anew when the server has closed them.
  async unread(address, bytes) {
    const pipe = await Pipe.open(address);
    pipe.socket.pause();
    pipe.socket.write(bytes);
    this.count('opened');
    for (let i = 0; i < 100 && this.running && !pipe.problem; i++) await pause(50);
    pipe.close();
  }

  // Holds what `lock` takes for LOCKED_MS, lets go for a moment, and so on, while clients ask for it.
  async lock(lock, values, request) {
    const clients = Array.from({ length: AFFECTED }, (_, i) =>
      this.keep(() => this.exchange(i % 2 ? plain : secure, [request()])));
    await this.keep(async () => {
      const held = await world.postgres.open(site.database, lock, values);
      for (let ms = 0; ms < LOCKED_MS && this.running; ms += 50) await pause(50);
      await held.commit();
      await pause(200);
    });
    await Promise.all(clients);
  }
}

const both = (round, times, what) => Promise.all(Array.from({ length: times }, (_, i) =>
  round.keep(() => what(i % 2 ? plain : secure))));

// What fails of itself, reads and writes: only by those who ask for it.
const unsound = await makeInstances(site, alice, 2);
files.unsound = write('unsound', [get(pathsOf(alice, unsound[0]).show), signedRequest(alice.key, 'POST', pathsOf(alice, unsound[1]).create)]);
const makeUnsound = () => failStatements(site, ROLES.server,
  { reads: new Map([[unsound[0], '22012']]), writes: new Map([[unsound[1], '22012']]) });

// Its name, which good requests run beside it, what it does, and what is done before its rounds.
const TROUBLES = [
  ['clients that vanish', 'all', (round) => Promise.all(PHASES.flatMap((phase) => ['reset', 'end'].map((how) =>
    both(round, 2, async (address) => {
      const socket = await vanish(address, alice.key, paths[0].show, phase, how);
      round.count(how);
      await pause(20);
      socket.destroy();
    }))))],
  ['a thousand requests at once, read', 'all', (round) => both(round, 8, (address) =>
    round.exchange(address, Array.from({ length: 1000 }, (_, i) => all[i % all.length])))],
  ['a thousand requests at once, not read', 'all', (round) => both(round, 64, (address) =>
    round.unread(address, Array.from({ length: 1000 }, (_, i) => all[i % all.length]).join('')))],
  ['documents, not read', 'all', (round) => both(round, 64, (address) =>
    round.unread(address, 'GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(50)))],
  ['a row is locked', 'all', (round) => round.lock('SELECT FROM instance WHERE id = $1 FOR UPDATE', [lockedRow],
    () => signedRequest(alice.key, 'POST', pathsOf(alice, lockedRow).create))],
  ['a table is locked', 'aside', (round) => round.lock('LOCK TABLE scan_result IN ACCESS EXCLUSIVE MODE', [],
    () => get(paths[0].task(tasks[0])))],
  ['one statement in a hundred fails', 'all', async (round, base) => {
    const program = load(plain, files.unsound, '--connections', 8, '--rate', Math.max(1, Math.round(base.rate / 99)),
      '--status', '500');
    const result = await resultOf(program);
    for (const [status, times] of Object.entries(result.statuses)) round.count(status, times);
    if (result.failed) round.count('neither', result.failed);
  }, makeUnsound],
];

async function measure(file, trouble, base) {
  const { pid } = site.server;
  const round = new Round();
  const before = residentKiB(pid);
  let most = before;
  const sampler = setInterval(() => (most = Math.max(most, residentKiB(pid))), SAMPLE_MS);
  const programs = [plain, secure].map((address) => load(address, files[file], '--connections', CONNECTIONS / 2, '--status', '200'));
  const troubled = trouble?.(round, base);
  const results = await Promise.all(programs.map(resultOf));
  round.running = false;
  await troubled;
  clearInterval(sampler);
  const sum = (member) => results.reduce((total, one) => total + one[member], 0);
  return {
    requests: sum('requests'), failed: sum('failed'), rate: sum('rate'), told: round.told,
    p99: Math.max(...results.map((one) => one.p99_us)) / 1000, max: Math.max(...results.map((one) => one.max_us)) / 1000,
    statuses: results.map((one) => JSON.stringify(one.statuses)).join(' '), growth: (most - before) / 1024, most: most / 1024,
  };
}

let missed = 0;
try {
  console.log(`${CONNECTIONS} connections, half of them TLS, ${SECONDS} s each, ${ROUNDS} rounds, medians`);
  console.log('| trouble | good requests | failed | p99 ms without | with | longest ms | requests/s without | with | memory MiB | grown by | others were told |');
  console.log(`|${'---|'.repeat(11)}`);
  for (const [name, file, trouble, prepare] of TROUBLES.filter(([title]) => title.includes(process.env.ONLY ?? ''))) {
    await prepare?.();
    const without = [], withIt = [];
    for (let i = 0; i < ROUNDS; i++) {
      without.push(await measure(file));
      withIt.push(await measure(file, trouble, without.at(-1)));
    }
    const of = (rounds, member) => median(rounds.map((round) => round[member]));
    const total = (member) => [...without, ...withIt].reduce((sum, round) => sum + round[member], 0);
    const growth = Math.max(...withIt.map((round) => round.growth));
    if (total('failed') > GOALS.failed || growth > GOALS.growthMiB) missed++;
    console.log(`| ${[name, total('requests'), total('failed'), of(without, 'p99').toFixed(1), of(withIt, 'p99').toFixed(1),
      Math.max(...withIt.map((round) => round.max)).toFixed(0), of(without, 'rate').toFixed(0), of(withIt, 'rate').toFixed(0),
      Math.max(...withIt.map((round) => round.most)).toFixed(1), growth.toFixed(1),
      JSON.stringify(withIt.at(-1).told).replaceAll('"', '')].join(' | ')} |`);
    if (total('failed')) console.log(`  statuses: ${withIt.map((round) => round.statuses).join('; ')}`);
  }
} finally {
  await world.close();
}
console.log(missed ? `${missed} missed a goal` : 'all goals reached');
