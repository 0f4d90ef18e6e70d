// Workers that go at random moments, while several servers and workers are at work: by kill -9, or told to.

import { Fleet } from '../../support/fleet.mjs';
import { until } from '../../support/wait.mjs';
import { Load, conclude, longest, moment, targets } from './common.mjs';

const TARGETS = 4;
const LEASE_SECONDS = 3;
// A scan that another worker has taken up is not waited for; one that nobody has is, this long after its lease.
const FREE_WORKER_MS = 15_000;
// A task that loses its worker waits for its lease to end: more tasks where that takes longer, so that there is
// somebody to lose meanwhile, and more time for each.
const SECONDS_EACH = 5;
const LOSSES_MOST = 20;

async function loseWorkers(world, how, rules, { rounds, random, scanMs, leaseSeconds = LEASE_SECONDS }) {
  const fleet = await Fleet.open(world, { servers: 2, workers: 4, worker: {
    scan_batch_keys: 10, attempts_max: 100, lease_seconds: leaseSeconds, heartbeat_seconds: Math.floor(leaseSeconds / 3) } });
  fleet.endMs += LOSSES_MOST * leaseSeconds * 1000;
  const list = await targets(fleet, Math.max(TARGETS, Math.ceil(leaseSeconds / SECONDS_EACH)), { scanMs, random });
  const usualMs = longest(list);
  const load = new Load(list, random);
  await load.during(rounds, async () => {
    await moment(random, Math.min(usualMs, scanMs));
    const busy = await until('a worker is busy', async () => {
      const workers = await fleet.busyWorkers();
      return workers.length && workers;
    }, 2 * leaseSeconds * 1000 + FREE_WORKER_MS);
    await how(fleet, random.pick(busy));
    await fleet.startWorker();
  });
  await load.end();
  return conclude(fleet, { allSucceed: true, ...rules },
    { rounds, kills: rounds, note: `an undisturbed scan took ${usualMs} ms` });
}

// repeatedMs is asked where it is given.
export function killWorkers(world, { leaseSeconds = LEASE_SECONDS, repeatedMs, ...how }) {
  return loseWorkers(world, (fleet, worker) => fleet.killWorker(worker),
    { takeOverMs: leaseSeconds * 1000 + FREE_WORKER_MS, repeatedMs }, { leaseSeconds, ...how });
}

export function endWorkers(world, how) {
  return loseWorkers(world, (fleet, worker) => fleet.endWorker(worker), { handOverMs: FREE_WORKER_MS }, how);
}
