// The benchmark itself; `run` says what it compares.

import { World } from '../../support/site.mjs';
import { until } from '../../support/wait.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const SCHEDULES = number('SCHEDULES', 100_000);
const ROUNDS = number('ROUNDS', 3);
const GOAL_SECONDS = 30;
const DEADLINE_MS = 600_000;
const PROJECTS = 100;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

const world = await World.open();
try {
  const site = await world.site();
  await site.sql(`INSERT INTO project (id, name) SELECT gen_random_uuid(), 'p' || n FROM generate_series(1, $1::integer) n`,
    [PROJECTS]);
  // Not to be probed, nor scanned while it is measured.
  await site.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, probed_at, probe_at,
      capabilities) SELECT id, gen_random_uuid(), 'i' || n, 'single', 'RUNNING', '{127.0.0.1:1}', now(),
      now() + interval '1 day', '{bigkey}' FROM project, generate_series(1, $1::integer) n`, [SCHEDULES / PROJECTS]);
  await site.sql(`INSERT INTO autoscan (project_id, instance_id, kind, enabled, schedule_minutes, next_at)
    SELECT project_id, id, 'bigkey', true, '{60}', now() + interval '1 day' FROM instance`);

  const clear = async () => {
    for (const table of ['scan_task', 'autoscan_round']) await site.sql(`TRUNCATE ${table} CASCADE`);
    for (const table of ['scan_task', 'autoscan_round', 'autoscan', 'instance']) await site.sql(`VACUUM ANALYZE ${table}`);
  };
  const timed = async (work) => {
    const started = performance.now();
    await work();
    return (performance.now() - started) / 1000;
  };
  const bare = () => timed(() => site.sql(`INSERT INTO scan_task (project_id, instance_id, id, kind, scan_type,
      claimable_at) SELECT project_id, id, gen_random_uuid(), 'bigkey', 'auto', now() + interval '1 hour'
    FROM instance`));
  const scheduled = async () => {
    await site.sql(`UPDATE autoscan SET next_at = date_trunc('day', now(), 'UTC') - interval '23 hours'`);
    await site.sql('VACUUM ANALYZE autoscan');
    const worker = await site.startWorker({ schedule_spread_seconds: 3600, scan_threads: 1 });
    await worker.event('working');
    const seconds = await timed(() => until('all rounds are decided', async () =>
      (await site.sql('SELECT FROM autoscan WHERE next_at IS NOT NULL AND coalesce(deferred_until, next_at) <= now() LIMIT 1')).length === 0, DEADLINE_MS));
    await worker.stop();
    const [{ count }] = await site.sql(`SELECT count(*) FROM autoscan_round WHERE outcome = 'started'`);
    if (Number(count) !== SCHEDULES) throw new Error(`${count} tasks of ${SCHEDULES} schedules`);
    return seconds;
  };

  const rounds = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await clear();
    const inserted = await bare();
    await clear();
    rounds.push({ inserted, made: await scheduled() });
    console.log(`round ${round}: INSERT ${inserted.toFixed(2)} s, schedules ${rounds.at(-1).made.toFixed(2)} s`);
  }
  const inserted = median(rounds.map((r) => r.inserted));
  const made = median(rounds.map((r) => r.made));
  const rate = (seconds) => (SCHEDULES / seconds).toFixed(0);
  console.log(`bare INSERT ... SELECT: ${inserted.toFixed(2)} s, ${rate(inserted)} rows/s`);
  console.log(`due schedules to tasks: ${made.toFixed(2)} s, ${rate(made)} rows/s (goal ${GOAL_SECONDS} s)`);
  console.log(`ratio ${(inserted / made).toFixed(2)}`);
  process.exitCode = made <= GOAL_SECONDS ? 0 : 1;
} finally {
  await world.close();
}
