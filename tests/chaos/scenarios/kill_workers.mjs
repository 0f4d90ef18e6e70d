// kill -9 of workers at random moments, while several servers and workers are at work.

import { Fleet } from '../../support/fleet.mjs';
import { until } from '../../support/wait.mjs';
import { Load, conclude, moment, reference, targets } from './common.mjs';

const TARGETS = 4;
const LEASE_SECONDS = 3;
// A scan that another worker has taken up is not waited for; one that nobody has is, this long after its lease.
const FREE_WORKER_MS = 15_000;
const LONGEST_MOMENT_MS = 2000;

export async function killWorkers(world, { rounds, random, keys, leaseSeconds = LEASE_SECONDS, repeatedMs }) {
  const fleet = await Fleet.open(world, { servers: 2, workers: 4, worker: {
    scan_batch_keys: 10, attempts_max: 100, lease_seconds: leaseSeconds, heartbeat_seconds: Math.floor(leaseSeconds / 3) } });
  const list = await targets(fleet, TARGETS, { keys, random });
  const slowest = Math.max(...list.map(({ usualMs }) => usualMs));
  const load = new Load(list, random);
  await load.during(rounds, async () => {
    await moment(random, Math.min(slowest, LONGEST_MOMENT_MS));
    const busy = await until('a worker is busy', async () => {
      const workers = await fleet.busyWorkers();
      return workers.length && workers;
    });
    await fleet.killWorker(random.pick(busy));
    await fleet.startWorker();
  });
  await load.end();
  return conclude(fleet, { reference: reference(list), allSucceed: true, takeOverMs: leaseSeconds * 1000 + FREE_WORKER_MS,
    repeatedMs }, { rounds, kills: rounds, usualMs: slowest });
}
