// A month of automatic analyses in a minute: workers as they are, and the rows' times set back a day at a time, rounds
// and all, so that the database's clock may be what it is.  Workers are killed and their connections cut while they
// make the rounds.  What is expected of every schedule is kept beside, day by day, and decides at the end.
//
//   const result = await month(site, { project, instances: 20, days: 30, workers: 5, random });
//
// The result counts what happened, and its violations name every schedule of which a round is missing, made twice, or
// other than expected: { rule: 'lost' | 'doubled' | 'rounds', task: the schedule, text }.

import { until } from './wait.mjs';

const KINDS = ['bigkey', 'hotkey', 'expired'];
const DAY = `interval '1 day'`;
const DUE = 'next_at IS NOT NULL AND coalesce(deferred_until, next_at) <= now()';

// A schedule of each kind per instance, the first round within the next day: at any time but those that may come to be
// while this runs.
async function populate(site, project, count, random) {
  const instances = await site.sql(`INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, probed_at,
      probe_at, capabilities) SELECT $1, gen_random_uuid(), 'month-' || n, 'single', 'RUNNING', '{127.0.0.1:1}', now(),
      now() + interval '10 days', '{bigkey,hotkey,expired}' FROM generate_series(1, $2::integer) n RETURNING id`,
  [project, count]);
  for (const { id } of instances)
    for (const kind of KINDS)
      await site.sql(`INSERT INTO autoscan (project_id, instance_id, kind, enabled, schedule_minutes, first_scan_at,
          interval_seconds, timeout_seconds, scan_keys_count, next_at)
        SELECT $1, $2, $3::text, true, CASE WHEN $3 <> 'expired' THEN ARRAY[$4::smallint] ELSE '{}' END, at,
          CASE $3 WHEN 'expired' THEN 86400 END, CASE $3 WHEN 'expired' THEN 172800 END,
          CASE $3 WHEN 'expired' THEN 100 END, at
        FROM (SELECT CASE WHEN today > now() THEN today ELSE today + ${DAY} END AS at FROM (
          SELECT date_trunc('day', now(), 'UTC') + $4::smallint * interval '1 minute' AS today) t) slots`,
      [project, id, kind, (new Date().getUTCHours() * 60 + 120 + random.below(1200)) % 1440]);
}

// Sets everything back.  In two steps, as a round may not take the place of the one before it in between.
async function pass(site, days) {
  const back = `${days} * ${DAY}`;
  const client = await site.world.postgres.connect(site.database);
  try {
    await client.query('BEGIN');
    await client.query(`UPDATE autoscan SET next_at = next_at - ${back}, deferred_until = deferred_until - ${back},
      first_scan_at = first_scan_at - ${back}`);
    await client.query(`UPDATE autoscan_round SET slot = slot - 100000 * ${DAY}`);
    await client.query(`UPDATE autoscan_round SET slot = slot + 100000 * ${DAY} - ${back}`);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

// Ends all tasks, but now and then not those of a tenth of the schedules; returns the ones that are held up so.
async function finish(site, random) {
  await site.sql(`WITH held AS (UPDATE scan_task SET claimable_at = now() + interval '10 days'
      WHERE status = 'waiting' AND kind <> 'expired' AND $1::integer = 0
        AND (instance_id, kind) IN (SELECT instance_id, kind FROM autoscan ORDER BY md5($2 || instance_id || kind)
          LIMIT (SELECT count(*) / 10 FROM autoscan))
      RETURNING project_id, id)
    UPDATE scan_task t SET status = 'success', started_at = now(), finished_at = now(), claimable_at = NULL,
      lease_owner = NULL WHERE status IN ('waiting', 'running')
      AND NOT EXISTS (SELECT FROM held h WHERE h.project_id = t.project_id AND h.id = t.id)`,
  [random.below(3), String(random.next())]);
  const held = await site.sql(`SELECT instance_id, kind FROM scan_task WHERE status IN ('waiting', 'running')`);
  return new Set(held.map((task) => `${task.instance_id} ${task.kind}`));
}

// How often each of them is there.
const tally = (list) => list.reduce((counts, one) => counts.set(one, (counts.get(one) ?? 0) + 1), new Map());

function judgeSchedule(key, expected, made, violations) {
  const wanted = new Map(expected.map((round) => [round.day, round]));
  const days = tally(made.map(({ day }) => day));
  for (const [day, count] of days) {
    if (count > 1) violations.push({ rule: 'doubled', task: key, text: `${count} rounds ${day} days before the next` });
    if (!wanted.has(day))
      violations.push({ rule: 'doubled', task: key, text: `a round that nobody expects ${day} days before the next` });
  }
  for (const round of expected)
    if (!days.has(round.day)) violations.push({ rule: 'lost', task: key, text: `no round ${round.day} days before the next` });
  for (const { day, outcome, missed, reason } of made) {
    const want = wanted.get(day);
    const got = `${outcome}, ${reason ?? 'no reason'}, ${missed} missed`;
    const due = want && `${want.outcome}, ${want.outcome === 'skipped' ? 'busy' : 'no reason'}, ${want.missed} missed`;
    if (want && got !== due) violations.push({ rule: 'rounds', task: key, text: `${got} where ${due} is right` });
  }
}

// Every round that was started has the one task that it names, and there are no others.
function judgeTasks(rounds, tasks, violations) {
  const named = tally(rounds.flatMap(({ task_id: task }) => task ?? []));
  const there = new Set(tasks.map(({ id }) => id));
  for (const [task, count] of named) {
    if (count > 1) violations.push({ rule: 'doubled', task, text: `the task of ${count} rounds` });
    if (!there.has(task)) violations.push({ rule: 'lost', task, text: 'a round names it' });
  }
  for (const task of there)
    if (!named.has(task)) violations.push({ rule: 'doubled', task, text: 'no round names it' });
}

async function judge(site, expected, result) {
  const made = new Map([...expected.keys()].map((key) => [key, []]));
  const rows = await site.sql(`SELECT r.instance_id, r.kind, r.outcome, r.reason, r.missed, r.task_id,
      round(extract(epoch FROM a.next_at - r.slot) / 86400, 6)::float AS day
    FROM autoscan_round r JOIN autoscan a USING (project_id, instance_id, kind) ORDER BY slot`);
  for (const row of rows)
    made.get(`${row.instance_id} ${row.kind}`).push({ ...row, day: Number(row.day), missed: Number(row.missed) });
  for (const [key, rounds] of expected) {
    judgeSchedule(key, rounds, made.get(key), result.violations);
    for (const round of rounds) {
      result.rounds++;
      result[round.outcome]++;
      result.missed += round.missed;
    }
  }
  judgeTasks(rows, await site.sql(`SELECT id FROM scan_task WHERE scan_type = 'auto'`), result.violations);
}

export async function month(site, { project, instances, days, workers: count, random, log = () => {} }) {
  const result = { rounds: 0, started: 0, skipped: 0, missed: 0, kills: 0, cuts: 0, violations: [] };
  const settings = { schedule_spread_seconds: 3600, scan_threads: 1, log_level: 'error' };
  await populate(site, project, instances, random);
  const schedules = await site.sql('SELECT instance_id, kind FROM autoscan');
  const expected = new Map(schedules.map((row) => [`${row.instance_id} ${row.kind}`, []]));
  const workers = [];
  const start = async (place) => (workers[place] = await site.startWorker(settings));
  const kill = async (place) => {
    result.kills++;
    await workers[place].stop({ signal: 'SIGKILL', expected: 137 });
  };
  for (let place = 0; place < count; place++) await start(place);

  const disturb = async () => {
    if (random.below(4) > 0) {
      const place = random.below(count);
      await kill(place);
      return start(place);
    }
    const cut = await site.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'dcs-worker schedule' ORDER BY random() LIMIT 2`);
    result.cuts += cut.length;
  };
  const settled = async () => (await site.sql(`SELECT FROM autoscan WHERE ${DUE} LIMIT 1`)).length === 0;

  let held = new Set();
  for (let day = 0; day < days;) {
    // Now and then nobody is there for some days.
    const away = random.below(8) === 0 ? 1 + random.below(3) : 0;
    const passed = Math.min(1 + away, days - day);
    if (passed > 1) for (let place = 0; place < count; place++) await kill(place);
    await pass(site, passed);
    day += passed;
    for (const [key, rounds] of expected) {
      for (const round of rounds) round.day += passed;
      rounds.push({ day: 1, outcome: held.has(key) ? 'skipped' : 'started', missed: passed - 1 });
    }
    if (passed > 1) for (let place = 0; place < count; place++) await start(place);
    // At some of the next moments, which may be before, while or after the rounds are made.
    const moments = new Set(Array.from({ length: 1 + random.below(3) }, () => random.below(40)));
    let moment = 0;
    await until(`the rounds of day ${day} are decided`, async () => {
      if (moments.delete(moment++)) await disturb();
      return moments.size === 0 && settled();
    }, 120_000);
    held = await finish(site, random);
    log(`day ${day}: ${JSON.stringify(result)}`);
  }
  for (const worker of workers) await worker.stop();

  await judge(site, expected, result);
  return result;
}
