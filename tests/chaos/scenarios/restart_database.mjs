// PostgreSQL stopped immediately, as its crash is, and started again, under load.

import { Fleet } from '../../support/fleet.mjs';
import { until } from '../../support/wait.mjs';
import { sign } from '../../support/signer.mjs';
import { Load, conclude, moment, targets } from './common.mjs';

const TARGETS = 4;
const LONGEST_MOMENT_MS = 1000;
const BACK_MS = 45_000;

async function serves(fleet, { instance }, server) {
  const headers = sign({ key: fleet.tenant.key, method: 'GET', target: instance.path, headers: [['Host', 'dcs.test']] });
  return (await server.client.send('GET', instance.path, { headers })).status === 200;
}

export async function restartDatabase(world, { rounds, random, scanMs }) {
  const fleet = await Fleet.open(world, { servers: 2, workers: 3, worker: { attempts_max: 100, scan_batch_keys: 10 } });
  const list = await targets(fleet, TARGETS, { scanMs, random });
  const load = new Load(list, random);
  const back = [], ready = [];
  const made = () => fleet.recorder.requests.filter(({ op, task }) => op === 'create' && task).length;
  await load.during(rounds, async () => {
    const before = made();
    await until('there is load', () => made() > before + 1, BACK_MS);
    await moment(random, LONGEST_MOMENT_MS);
    const stoppedAt = Date.now();
    await world.postgres.program.stop({ signal: 'SIGQUIT', expected: null });
    fleet.recorder.event({ at: stoppedAt, kind: 'database', target: 'postgres' });
    await world.postgres.launch();
    const launchedAt = Date.now();
    for (const server of fleet.servers) await until('the server serves again', () => serves(fleet, list[0], server), BACK_MS);
    back.push(Date.now() - stoppedAt);
    ready.push(Date.now() - launchedAt);
  });
  await load.end();
  const done = await conclude(fleet, { allSucceed: true }, { rounds, kills: rounds });
  return { ...done, back, ready, note: `service back after at most ${Math.max(...back)} ms, ${Math.max(...ready)} ms after ` +
    'the database took connections' };
}
