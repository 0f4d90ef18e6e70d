// SIGSTOP of a worker until somebody else has all that it held, then SIGCONT: it must not write any more.

import { Fleet } from '../../support/fleet.mjs';
import { until } from '../../support/wait.mjs';
import { Load, conclude, moment, targets } from './common.mjs';

const TARGETS = 4;
const LEASE_SECONDS = 3;
const FREE_WORKER_MS = 15_000;
const LONGEST_MOMENT_MS = 500;
const GIVES_UP = ['scan_stopped', 'write_fenced'];

// Returns whether somebody took any of it over; a result that was on its way may have ended all of it.
async function takenOver(fleet, worker, tasks) {
  await until(`what ${worker.name} held is with others`, async () =>
    (await fleet.sql(`SELECT FROM scan_task WHERE id = ANY ($1) AND status = 'running' AND lease_owner = $2 LIMIT 1`,
      [tasks, worker.name])).length === 0, LEASE_SECONDS * 1000 + 2 * FREE_WORKER_MS);
  const { at } = fleet.recorder.events.filter(({ kind }) => kind === 'stopped').pop();
  return (await fleet.sql(`SELECT FROM history.transition WHERE task = ANY ($1) AND fence > old_fence AND old_owner = $2
    AND at > to_timestamp($3::float8 / 1000) LIMIT 1`, [tasks, worker.name, at])).length > 0;
}

export async function stopWorkers(world, { rounds, random, scanMs }) {
  const fleet = await Fleet.open(world, { servers: 2, workers: 3, worker: {
    scan_batch_keys: 10, attempts_max: 100, lease_seconds: LEASE_SECONDS, heartbeat_seconds: 1 } });
  const list = await targets(fleet, TARGETS, { scanMs, random });
  const load = new Load(list, random);
  await load.during(rounds, async () => {
    await moment(random, LONGEST_MOMENT_MS);
    const { worker, tasks } = await until('a worker is stopped with a task', async () => {
      const worker = random.pick(await fleet.busyWorkers());
      const tasks = await fleet.stopWorker(worker);
      if (!tasks.length) fleet.continueWorker(worker);
      return tasks.length > 0 && { worker, tasks };
    });
    const before = worker.program.events.filter(({ event }) => GIVES_UP.includes(event)).length;
    const taken = await takenOver(fleet, worker, tasks);
    fleet.continueWorker(worker);
    if (taken) await until('it gives up what it held', () =>
      worker.program.events.filter(({ event }) => GIVES_UP.includes(event)).length > before);
  });
  await load.end();
  const refused = fleet.logged('write_fenced'), given = fleet.logged(...GIVES_UP);
  const done = await conclude(fleet, { allSucceed: true,
    takeOverMs: LEASE_SECONDS * 1000 + FREE_WORKER_MS }, { rounds, kills: rounds });
  return { ...done, note: `${given} scans given up afterwards, ${refused} at a write` };
}
