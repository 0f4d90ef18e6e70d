// A database as it looks after months: projects and their keys, instances, the history of their tasks, results.
//
// Rows are inserted in the order in which they would have come, so that an instance's tasks lie apart, and by way of
// all indexes, so that these have the gaps that ids in random order leave.

import { randomBytes } from 'node:crypto';
import { sealed } from '../support/sealing.mjs';

// Names and sizes as they come: 20 keys of each of five types.  Calculated anew for each row of `t`.
const RESULT = `(SELECT '[' || string_agg(format('{"name":"%s:%s:%s","type":"%s","db":0,"size":%s,"unit":"byte"}',
  (ARRAY['session', 'cart', 'user', 'feed', 'queue'])[1 + (random() * 4)::int], left(md5(random()::text), 12),
  (random() * 1e6)::int, (ARRAY['string', 'list', 'set', 'zset', 'hash'])[1 + n / 20], (random() * 1e7)::int), ',')
  || ']' FROM generate_series(0, 99) n WHERE t.id IS NOT NULL)`;
const COST = '{"profile": "gentle", "commands": 1310000, "bytes_in": 48000000, "bytes_out": 71000000, "paused_ms": 0, '
  + '"halvings": 0, "baseline_us": 180, "worst_us": 2100}';

const HOURS_BETWEEN = 12;

export async function fillInstances(sql, { projects, instances }) {
  await sql(`INSERT INTO project (id, name) SELECT gen_random_uuid(), 'project-' || n FROM generate_series(1, $1::integer) n`, [projects]);
  await sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, username, sealed_password, engine,
      engine_version, capabilities, node_role, server_mode, databases, used_memory, maxmemory, maxmemory_policy, probed_at,
      parameters, parameters_at)
    SELECT p.id, gen_random_uuid(), 'cache-' || n, 'ha', 'RUNNING', ARRAY['10.1.2.3:6379', '10.1.2.4:6379'], 'scanner',
      decode(md5(n::text) || md5('a' || n), 'hex'), 'redis', '7.2.4', '{bigkey,hotkey,expired}', 'master', 'standalone', 16,
      1e9, 4e9, 'allkeys-lfu', now(), (SELECT jsonb_object_agg('parameter-' || i, md5(i::text)) FROM generate_series(1, 20) i), now()
    FROM generate_series(1, $1::integer) n JOIN (SELECT id, row_number() OVER () - 1 AS nth FROM project) p ON p.nth = n % $2::integer`,
  [instances, projects]);
  await sql(`INSERT INTO instance_node (project_id, instance_id, host, port, id, role)
    SELECT project_id, id, '10.1.2.' || n, 6379, gen_random_uuid(), CASE n WHEN 1 THEN 'master' ELSE 'slave' END
    FROM instance, generate_series(1, 2) n`);
  await sql(`INSERT INTO autoscan (project_id, instance_id, kind, enabled, schedule_minutes, next_at)
    SELECT project_id, id, 'bigkey', true, '{60,780}', now() + interval '1 day' FROM instance`);
}

// So many finished tasks of each instance and kind, the newest HOURS_BETWEEN ago.
export async function fillTasks(sql, { records, kinds }) {
  for (let n = records; n > 0; n--)
    await sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type, status, started_at, finished_at, claimable_at,
        attempt, fence, keys_seen, keys_total, num, created_at, cost)
      SELECT project_id, i.id, gen_random_uuid(), kind, 'auto', 'success', past.at, past.at + interval '1 minute', NULL,
        1, 1, 1e6, 1e6, 100, past.at, $3::jsonb
      FROM instance i, unnest($2::text[]) kind, (SELECT now() - $1::integer * interval '${HOURS_BETWEEN} hours' AS at) past`,
    [n, kinds, COST]);
}

// Of the finished tasks that have none and that `which` is true of: what a scan of 100 large keys found, or of none,
// where these results take too much room (a task's own `num` stays 100).
export async function fillResults(sql, { which = 'true', keys = 100 } = {}) {
  await sql(`INSERT INTO scan_result (project_id, task_id, keys) SELECT t.project_id, t.id, ${keys ? RESULT : "'[]'"}
    FROM scan_task t WHERE (${which}) AND NOT EXISTS (
      SELECT FROM scan_result r WHERE r.project_id = t.project_id AND r.task_id = t.id)`);
}

// So many requests that changed something and are remembered.
export async function fillRemembered(sql, count) {
  await sql(`INSERT INTO remembered_request (project_id, token, fingerprint, task_id)
    SELECT project_id, sha256(id::text::bytea), sha256('f' || id::text::bytea), id FROM scan_task ORDER BY random() LIMIT $1`, [count]);
}

// A key for each project: a map from the project's id to one that signs (tests/support/signer.mjs).  keyFile is the
// first line of the programs' key_file.
export async function fillKeys(sql, keyFile) {
  const keys = new Map();
  const rows = (await sql('SELECT id FROM project')).map(({ id }, nth) => {
    const key = { id: `BENCH${String(nth).padStart(15, '0')}`, secret: randomBytes(20).toString('hex') };
    keys.set(id, key);
    return { key, project: id, sealed: sealed(keyFile, { column: 'access_key.sealed_secret', project: id, row: key.id }, key.secret) };
  });
  await sql(`INSERT INTO access_key (id, project_id, sealed_secret, role)
    SELECT id, project_id, sealed, 'DCS FullAccess' FROM unnest($1::text[], $2::uuid[], $3::bytea[]) AS k (id, project_id, sealed)`,
  [rows.map((row) => row.key.id), rows.map((row) => row.project), rows.map((row) => row.sealed)]);
  return keys;
}
