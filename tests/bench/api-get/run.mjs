// The benchmark itself; `run` says what it compares.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sign } from '../../support/signer.mjs';
import { must } from '../../support/program.mjs';
import { postgresDirectory } from '../../support/postgres.mjs';
import { World } from '../../support/site.mjs';
import { fillSmall } from '../../support/dataset.mjs';
import { statement } from '../statements.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const ROUNDS = number('ROUNDS', 5);
const SECONDS = number('SECONDS_EACH', 4);
const CLIENTS = number('CLIENTS', 64);
const THREADS = 2;
const GOAL = 0.6;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function wrk(port, target, headers) {
  const output = await must('wrk', 'wrk', [`-t${THREADS}`, `-c${CLIENTS}`, `-d${SECONDS}s`, '--latency',
    ...headers.flatMap(([name, value]) => ['-H', `${name}: ${value}`]), `http://127.0.0.1:${port}${target}`],
  { deadlineMs: 120_000 });
  if (/Non-2xx/.test(output)) throw new Error(`not every answer was 200:\n${output}`);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)[1]), p99: /99%\s+(\S+)/.exec(output)[1] };
}

async function pgbench(world, database, script, values) {
  const defined = values.flatMap((value, i) => ['-D', `p${i + 1}=${value}`]);
  const output = await must('pgbench', join(postgresDirectory(), 'pgbench'), ['-n', '-M', 'prepared', '-c',
    String(CLIENTS), '-j', String(THREADS), '-T', String(SECONDS), '-f', script, ...defined,
    '-h', world.postgres.directory, '-U', world.postgres.role,
    database], { deadlineMs: 120_000 });
  return Number(/tps = ([\d.]+) \(without/.exec(output)[1]);
}

const world = await World.open();
try {
  const site = await world.site({ workers: 1, server: { listen_http: '127.0.0.1:0' } });
  const { port } = await site.server.event('listening', (event) => event.scheme === 'http');
  const alice = await site.tenant('alice');
  const redis = await world.redis();
  await fillSmall(redis);
  const cache = await alice.instance('cache', redis.endpoint);
  const task = await cache.analyse();
  if (task.status !== 'success') throw new Error(`the analysis ended as ${task.status}`);
  await site.workers[0].stop();

  const target = cache.task(task.id);
  const headers = sign({ key: alice.key, method: 'GET', target, headers: [['Host', `127.0.0.1:${port}`]] });
  const values = [alice.projectId, cache.id, task.id, 'bigkey'];
  const script = join(world.directory, 'show.sql');
  writeFileSync(script, `${statement('scan_task_show').text.replace(/\$(\d)/g, ':p$1')};\n`, { mode: 0o644 });

  const rounds = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const api = await wrk(port, target, headers);
    const database = await pgbench(world, site.database, script, values);
    rounds.push({ api: api.rate, database });
    console.log(`round ${round}: ${api.rate.toFixed(0)} requests/s (p99 ${api.p99}), ${database.toFixed(0)} statements/s`);
  }
  const api = median(rounds.map((r) => r.api));
  const database = median(rounds.map((r) => r.database));
  const ratio = api / database;
  console.log(`signed GET of a task:   ${api.toFixed(0)} requests/s, HTTP/1.1 keep-alive, ${CLIENTS} connections`);
  console.log(`pgbench -M prepared:    ${database.toFixed(0)} statements/s, the same statement and row, ${CLIENTS} clients`);
  console.log(`ratio ${ratio.toFixed(2)} (goal ${GOAL})`);
  process.exitCode = ratio >= GOAL ? 0 : 1;
} finally {
  await world.close();
}
