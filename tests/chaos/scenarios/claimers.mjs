// Many claimers on many waiting tasks: each task is claimed exactly once.  With a round of pgbench in turn, which
// runs the same statement as often, the claims per second of both are compared.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../../support/program.mjs';
import { postgresDirectory } from '../../support/postgres.mjs';
import { environmentOf } from '../../support/site.mjs';

const PROGRAM = join(process.env.DCS_BUILD, 'tests/bench/chaos/dcs_claimers');
const KINDS = ['bigkey', 'hotkey', 'expired'];
const PROJECTS = 10;
const PROCESSES = 4;
const LEASE_SECONDS = 3600;
const ATTEMPTS_MAX = 3;
const DEADLINE_MS = 600_000;

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

async function fillInstances(sql, tasks) {
  await sql(`INSERT INTO project (id, name) SELECT gen_random_uuid(), 'p' || n FROM generate_series(1, $1::integer) n`,
    [PROJECTS]);
  await sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, probed_at, probe_at)
    SELECT id, gen_random_uuid(), 'i' || n, 'single', 'RUNNING', '{127.0.0.1:1}', now(), now() + interval '1 day'
    FROM project, generate_series(1, $1::integer) n`, [Math.ceil(tasks / PROJECTS / KINDS.length)]);
}

async function fillTasks(sql, tasks) {
  await sql('TRUNCATE scan_task CASCADE');
  await sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type)
    SELECT project_id, id, gen_random_uuid(), kind, 'manual' FROM instance, unnest($1::text[]) kind LIMIT $2`, [KINDS, tasks]);
  await sql('VACUUM ANALYZE scan_task');
}

// { ids, rate }
async function claimAll(url, claimers) {
  const outputs = await Promise.all(Array.from({ length: PROCESSES }, () => must('claimers', PROGRAM,
    [String(Math.ceil(claimers / PROCESSES)), String(LEASE_SECONDS), String(ATTEMPTS_MAX)],
    { env: environmentOf({ database_url: url }), deadlineMs: DEADLINE_MS })));
  const lines = outputs.flatMap((output) => output.trim().split('\n'));
  const times = lines.filter((line) => line.startsWith('#')).map((line) => line.split(' ').slice(2).map(Number));
  const ids = lines.filter((line) => !line.startsWith('#'));
  const ms = Math.max(...times.map(([, last]) => last)) - Math.min(...times.map(([first]) => first));
  return { ids, rate: ids.length / ms * 1000 };
}

async function pgbench(world, database, tasks, claimers) {
  const script = join(world.directory, 'claim.sql');
  const statement = (await must('claimers', PROGRAM, [])).replace(/\$(\d)/g, ':p$1');
  writeFileSync(script, `${statement.trim()};\n`, { mode: 0o644 });
  const output = await must('pgbench', join(postgresDirectory(), 'pgbench'), ['-n', '-M', 'prepared', '-c', String(claimers),
    '-j', String(Math.min(claimers, PROCESSES)), '-t', String(Math.floor(tasks / claimers)), '-f', script, '-D', 'p1=pgbench',
    '-D', `p2=${LEASE_SECONDS}`, '-D', `p3=${ATTEMPTS_MAX}`, '-h', world.postgres.directory, '-U', world.postgres.role,
    database], { deadlineMs: DEADLINE_MS });
  return Number(/tps = ([\d.]+) \(without/.exec(output)[1]);
}

// What is wrong with who claimed what.
async function judge(sql, ids, tasks) {
  const violations = [];
  const seen = new Set();
  for (const task of ids) {
    if (seen.has(task)) violations.push({ rule: 'claims', task, text: 'two claimers were given it' });
    seen.add(task);
  }
  for (const { id, status, fence, attempt } of await sql(`SELECT id, status, fence, attempt FROM scan_task
      WHERE (status, fence, attempt) IS DISTINCT FROM ('running', 1, 1) LIMIT 100`))
    violations.push({ rule: 'claims', task: id, text: `${status}, fence ${fence}, attempt ${attempt}` });
  if (seen.size !== tasks) violations.push({ rule: 'stuck', text: `${seen.size} of ${tasks} were claimed` });
  return violations;
}

export async function claimers(world, { rounds, tasks = 1000, claimers: count = 16, compare }) {
  const database = await world.postgres.createDatabase(world.template);
  const sql = (text, values) => world.postgres.sql(database, text, values);
  await fillInstances(sql, tasks);
  const ours = [], theirs = [], violations = [];
  for (let round = 0; round < rounds; round++) {
    await fillTasks(sql, tasks);
    const { ids, rate } = await claimAll(world.postgres.url(database), count);
    violations.push(...await judge(sql, ids, tasks));
    ours.push(rate);
    if (!compare) continue;
    await fillTasks(sql, tasks);
    theirs.push(await pgbench(world, database, tasks, count));
  }
  const doubled = violations.filter(({ rule }) => rule === 'claims').length;
  const stuck = violations.length - doubled;
  const rates = `${median(ours).toFixed(0)} claims/s of ${count} claimers`;
  return {
    rounds, kills: 0, violations, ours, theirs,
    figures: { tasks: tasks * rounds, failed: 0, lost: 0, stuck, doubled, late: 0, takeOvers: [], repeated: [] },
    note: compare ? `${rates}, ${median(theirs).toFixed(0)} in pgbench: ratio ${(median(ours) / median(theirs)).toFixed(2)}` : rates,
  };
}
