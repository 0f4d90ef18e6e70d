// The measurement itself; `run` says what it is.
//
// Time is the backend's time on the processor, which other work on the machine hardly changes.  Write-ahead log is
// counted without full-page images.

import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { PROGRAMS, World } from '../../support/site.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const PROJECTS = 20;
const INSTANCES = number('INSTANCES', 1000);
const RECORDS = number('RECORDS', 20);
const CALLS = number('CALLS', 500);
const RUNNING = [1, 100, 1000];
const RUNNING_WITH_CHECKPOINTS = 100;
const CHECKPOINT_BYTES = 12_000;

// The statement of a program that has all these words: its text stands in the binary as it is sent.
function statementOf(program, ...words) {
  const found = readFileSync(PROGRAMS[program]).toString('latin1').split('\0')
    .filter((text) => words.every((word) => text.includes(word)));
  if (found.length !== 1) throw new Error(`${found.length} statements have ${words.join(', ')}`);
  const [text] = found;
  return { text, parameters: Math.max(...[...text.matchAll(/\$(\d+)/g)].map((match) => Number(match[1]))) };
}

const CREATE = statementOf('server', 'INSERT INTO scan_task', "'manual'", '$7::bytea');
const CLAIM = statementOf('worker', 'SKIP LOCKED', 'lease_owner = $1::text', 'array_to_string(i.endpoints');
const RENEW = statementOf('worker', 'unnest($3::uuid[], $4::uuid[]', 'UPDATE scan_task');
const SUCCEED = statementOf('worker', 'INSERT INTO scan_result', "'success'");
const PROBE_CLAIM = statementOf('worker', 'probe_at <= now()', 'SKIP LOCKED');
const PROBED = statementOf('worker', 'jsonb_to_recordset', 'UPDATE instance');
const PROBES = 8;

const world = await World.open();
const database = await world.postgres.createDatabase(world.template);
const client = await world.postgres.connect(database);
const sql = async (text, values) => (await client.query(text, values)).rows;
const one = async (text, values) => Object.values((await sql(text, values))[0])[0];
const has = async (table) => (await one('SELECT to_regclass($1)', [table])) !== null;

// Names and sizes as they come: 20 keys of each of five types.
const RESULT = `(SELECT '[' || string_agg(format('{"name":"%s:%s:%s","type":"%s","db":0,"size":%s,"unit":"byte"}',
  (ARRAY['session', 'cart', 'user', 'feed', 'queue'])[1 + (random() * 4)::int], left(md5(random()::text), 12),
  (random() * 1e6)::int, (ARRAY['string', 'list', 'set', 'zset', 'hash'])[1 + n / 20], (random() * 1e7)::int), ',')
  || ']' FROM generate_series(0, 99) n WHERE t.id IS NOT NULL)`;
// What the engine keeps of one shard's ranking, roughly; md5 compresses as badly as names do.
const checkpointOf = () => JSON.stringify({ shards: [{ keys: Array.from({ length: CHECKPOINT_BYTES / 60 }, () =>
  ({ name: randomUUID(), size: Math.floor(Math.random() * 1e7) })) }] });

async function fill() {
  await sql(`INSERT INTO project (id, name) SELECT gen_random_uuid(), 'project-' || n FROM generate_series(1, $1::integer) n`, [PROJECTS]);
  await sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, username, sealed_password, engine,
      engine_version, capabilities, node_role, server_mode, databases, used_memory, maxmemory, maxmemory_policy, probed_at,
      parameters, parameters_at)
    SELECT p.id, gen_random_uuid(), 'cache-' || n, 'ha', 'RUNNING', ARRAY['10.1.2.3:6379', '10.1.2.4:6379'], 'scanner',
      decode(md5(n::text) || md5('a' || n), 'hex'), 'redis', '7.2.4', '{bigkey,hotkey,expired}', 'master', 'standalone', 16,
      1e9, 4e9, 'allkeys-lfu', now(), (SELECT jsonb_object_agg('parameter-' || i, md5(i::text)) FROM generate_series(1, 20) i), now()
    FROM (SELECT id, row_number() OVER () AS nth FROM project) p, generate_series(1, $1::integer) n`, [INSTANCES / PROJECTS]);
  await sql(`INSERT INTO instance_node (project_id, instance_id, host, port, id, role)
    SELECT project_id, id, '10.1.2.' || n, 6379, gen_random_uuid(), CASE n WHEN 1 THEN 'master' ELSE 'slave' END
    FROM instance, generate_series(1, 2) n`);
  await sql(`INSERT INTO autoscan (project_id, instance_id, kind, enabled, schedule_minutes, next_at)
    SELECT project_id, id, 'bigkey', true, '{60,780}', now() + interval '1 day' FROM instance`);
  await sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, status, started_at, finished_at, claimable_at,
      attempt, fence, keys_seen, keys_total, num, created_at, cost)
    SELECT project_id, id, gen_random_uuid(), 'bigkey', 'auto', 'success', now(), now(), NULL, 1, 1, 1e6, 1e6, 100,
      now() - n * interval '12 hours', '{"profile": "gentle", "commands": 1310000, "bytes_in": 48000000, "bytes_out": 71000000, "paused_ms": 0, "halvings": 0, "baseline_us": 180, "worst_us": 2100}'
    FROM instance, generate_series(1, $1::integer) n ORDER BY n`, [RECORDS]);
  await sql(`INSERT INTO scan_result (project_id, task_id, keys) SELECT t.project_id, t.id, ${RESULT} FROM scan_task t`);
  await sql(`INSERT INTO remembered_request (project_id, token, fingerprint, task_id)
    SELECT project_id, sha256(id::text::bytea), sha256('f' || id::text::bytea), id FROM scan_task ORDER BY random()`);
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
    return run('create', CREATE, [project, id, randomUUID(), 'bigkey', bytes(`a${next}`), bytes(`b${next}`), bytes('c')]);
  });
  await waiting(INSTANCES);
  const claimed = [];
  await measure('claim', Math.min(CALLS, INSTANCES - 20), async () => {
    claimed.push((await run('claim', CLAIM, ['worker', 300, 3])).rows[0]);
  });
  const result = await one('SELECT keys FROM scan_result LIMIT 1');
  const cost = await one('SELECT cost FROM scan_task WHERE cost IS NOT NULL LIMIT 1');
  await measure('succeed', claimed.length - 20, () => {
    const { project_id: project, id, fence } = claimed.pop();
    return run('succeed', SUCCEED, [project, id, fence, 100, result, 1000000, cost, 60000]);
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
