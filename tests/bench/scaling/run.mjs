// The measurement itself; `run` says what it is.
//
// Time is the backend's time on the processor, which other work on the machine hardly changes.  Write-ahead log is
// counted without full-page images.

import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { World } from '../../support/site.mjs';
import { fillInstances, fillRemembered, fillResults, fillTasks } from '../fill.mjs';
import { statement } from '../statements.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const PROJECTS = 20;
const INSTANCES = number('INSTANCES', 1000);
const RECORDS = number('RECORDS', 20);
const CALLS = number('CALLS', 500);
const RUNNING = [1, 100, 1000];
const RUNNING_WITH_CHECKPOINTS = 100;
const CHECKPOINT_BYTES = 12_000;

const CREATE = statement('scan_task_create');
const CLAIM = statement('scan_task_claim');
const RENEW = statement('scan_task_renew');
const SUCCEED = statement('scan_task_succeed');
const PROBE_CLAIM = statement('instance_probe_claim');
const PROBED = statement('instance_probe_succeed');
const PROBES = 8;

const world = await World.open();
const database = await world.postgres.createDatabase(world.template);
const client = await world.postgres.connect(database);
const sql = async (text, values) => (await client.query(text, values)).rows;
const one = async (text, values) => Object.values((await sql(text, values))[0])[0];
const has = async (table) => (await one('SELECT to_regclass($1)', [table])) !== null;

// What the engine keeps of one shard's ranking, roughly; md5 compresses as badly as names do.
const checkpointOf = () => JSON.stringify({ shards: [{ keys: Array.from({ length: CHECKPOINT_BYTES / 60 }, () =>
  ({ name: randomUUID(), size: Math.floor(Math.random() * 1e7) })) }] });

async function fill() {
  await fillInstances(sql, { projects: PROJECTS, instances: INSTANCES });
  await fillTasks(sql, { records: RECORDS, kinds: ['bigkey'] });
  await fillResults(sql);
  await fillRemembered(sql, INSTANCES * RECORDS);
  if (await has('autoscan_round'))
    await sql(`INSERT INTO autoscan_round (project_id, instance_id, kind, slot, outcome, task_id)
      SELECT project_id, instance_id, kind, created_at, 'started', id FROM scan_task ORDER BY created_at`);
  await sql('VACUUM ANALYZE');
}

async function sizes() {
  console.log('bytes a row, with indexes and TOAST: table, rows, heap, indexes, TOAST, all');
  const tables = await sql(`SELECT c.oid::regclass::text AS name, pg_relation_size(c.oid) AS heap,
    pg_indexes_size(c.oid) AS indexes, coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) AS toast,
    pg_total_relation_size(c.oid) AS total FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`);
  for (const { name, heap, indexes, toast, total } of tables) {
    const rows = Number(await one(`SELECT count(*) FROM ${name}`));
    if (rows < INSTANCES) continue;
    const each = (bytes) => Math.round(Number(bytes) / rows);
    console.log(`  ${name}: ${rows} rows, ${each(heap)} + ${each(indexes)} + ${each(toast)} = ${each(total)}`);
  }
  console.log(`  a result's JSON is ${await one('SELECT round(avg(length(keys))) FROM scan_result')} bytes, ` +
    `${await one('SELECT round(avg(pg_column_size(keys))) FROM scan_result')} stored`);
}

// Runs call(i) so often; microseconds on the processor and bytes of log for each.
async function measure(what, count, call) {
  const pid = await one('SELECT pg_backend_pid()');
  const cpu = () => Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]) / 1000;
  const wal = async () => Number(await one(`SELECT pg_current_wal_insert_lsn() - '0/0'`));
  for (let i = 0; i < Math.min(10, count / 10); i++) await call(i, true);
  const before = [cpu(), await wal(), Date.now()];
  for (let i = 0; i < count; i++) await call(i, false);
  const after = [cpu(), await wal(), Date.now()];
  const [us, bytes, ms] = after.map((value, i) => (value - before[i]) / count);
  console.log(`  ${what}: ${us.toFixed(0)} us, ${bytes.toFixed(0)} bytes of log, ${ms.toFixed(2)} ms as seen`);
}

const run = (name, { text, parameters }, values) => {
  if (values.length < parameters) values.push(...Array(parameters - values.length).fill(null));
  return client.query({ name, text, values: values.slice(0, parameters) });
};
const array = (values) => `{${values.join(',')}}`;

async function waiting(count) {
  await sql(`DELETE FROM scan_task WHERE status IN ('waiting', 'running')`);
  await sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type)
    SELECT project_id, id, gen_random_uuid(), 'bigkey', 'auto' FROM instance LIMIT $1`, [count]);
  await sql('VACUUM ANALYZE scan_task');
}

async function life() {
  console.log(`a task's life, ${INSTANCES * RECORDS} tasks of history:`);
  await sql(`DELETE FROM scan_task WHERE status IN ('waiting', 'running')`);
  const instances = await sql('SELECT project_id, id FROM instance ORDER BY random()');
  const bytes = (i) => Buffer.from(`${i}`.padStart(32, 'x'));
  let next = 0;
  await measure('create', Math.min(CALLS, INSTANCES - 20), () => {
    const { project_id: project, id } = instances[next++];
    return run('create', CREATE, [project, id, randomUUID(), 'bigkey', bytes(`a${next}`), bytes(`b${next}`), bytes('c'), null,
      null, null, null]);
  });
  await waiting(INSTANCES);
  const claimed = [];
  await measure('claim', Math.min(CALLS, INSTANCES - 20), async () => {
    claimed.push((await run('claim', CLAIM, ['worker', 300, 3, 0, 'bigkey'])).rows[0]);
  });
  const result = await one('SELECT keys FROM scan_result LIMIT 1');
  const cost = await one('SELECT cost FROM scan_task WHERE cost IS NOT NULL LIMIT 1');
  await measure('succeed', claimed.length - 20, () => {
    const { project_id: project, id, fence } = claimed.pop();
    return run('succeed', SUCCEED, [project, id, fence, 100, result, 1000000, cost, 60000, null]);
  });
}

async function probes() {
  console.log('a probe:');
  await sql(`UPDATE instance SET probe_at = now() - interval '1 hour'`);
  await sql('VACUUM ANALYZE instance');
  await measure(`claim of ${PROBES}`, Math.min(CALLS, INSTANCES / PROBES - 20), () =>
    run('probe_claim', PROBE_CLAIM, [3600, PROBES]));
  const instances = await sql(`SELECT project_id, id, version, parameters::text AS parameters,
    (SELECT jsonb_agg(n)::text FROM instance_node n WHERE n.instance_id = i.id) AS nodes FROM instance i ORDER BY random()`);
  await measure('result', Math.min(CALLS, INSTANCES - 20), () => {
    const { project_id: project, id, version, parameters, nodes } = instances.pop();
    return run('probed', PROBED, [project, id, 'redis', '7.2.4', 'bigkey,hotkey,expired', 'master', 'standalone', 16, 1000000001,
      4000000000, 'allkeys-lfu', parameters, nodes, version]);
  });
}

async function heartbeats(withCheckpoint) {
  const takes = /checkpoint/.test(RENEW.text);
  if (withCheckpoint && !takes) return;
  console.log(`a heartbeat of a worker${withCheckpoint ? `, every checkpoint of ${CHECKPOINT_BYTES} bytes written` : ''}:`);
  const most = withCheckpoint ? RUNNING_WITH_CHECKPOINTS : INSTANCES;
  for (const count of RUNNING.filter((n) => n <= most)) {
    await waiting(count);
    await sql(`UPDATE scan_task SET status = 'running', started_at = now(), fence = 1, attempt = 1, lease_owner = 'worker',
      claimable_at = now() + interval '1 hour' WHERE status = 'waiting'`);
    await sql('VACUUM ANALYZE scan_task');
    const tasks = await sql(`SELECT project_id, id FROM scan_task WHERE status = 'running'`);
    const checkpoints = array(tasks.map(() => (withCheckpoint ? JSON.stringify(checkpointOf()) : 'NULL')));
    const fixed = [array(tasks.map((t) => t.project_id)), array(tasks.map((t) => t.id)), array(tasks.map(() => 1))];
    let seen = 0;
    await measure(`${count} running`, Math.max(20, Math.min(CALLS, (withCheckpoint ? 2000 : 50_000) / count)), () => {
      const numbers = array(tasks.map(() => ++seen));
      return run('renew', RENEW, ['worker', 300, ...fixed, numbers, numbers, numbers, checkpoints]);
    });
    await sql('VACUUM scan_task');
  }
}

try {
  await fill();
  await sizes();
  await life();
  await probes();
  await heartbeats(false);
  await heartbeats(true);
} finally {
  await client.end();
  await world.close();
}
