// kill -9 of a server between the commit of a request and its answer; the client sends it again, to two servers at
// once.
//
// The servers are behind a proxy that keeps the answer of the database back until the server is killed, so that the
// kill falls between the two for certain; one in four is killed at a random moment after the request was sent
// instead.  What a kill fell on is worked out afterwards and counted.

import { randomUUID } from 'node:crypto';
import { Fleet, Order } from '../../support/fleet.mjs';
import { PgProxy } from '../../support/pg_proxy.mjs';
import { until } from '../../support/wait.mjs';
import { Target, conclude, fill, moment } from './common.mjs';

const TARGETS = 6;
const FEW_KEYS = 100;
// Between a trigger and the end of the transaction it is part of.
const COMMIT_MS = 1;
const RANDOM_ONE_IN = 4;
// Kills before the answer and after it.
const ANSWER_TIMES = 2;

const idle = async (fleet, { instance }) => (await fleet.sql(
  `SELECT FROM scan_task WHERE instance_id = $1 AND status IN ('waiting', 'running')`, [instance.id])).length === 0;

// When the server's transaction noted the task.
async function madeAt(fleet, server) {
  const [row] = await fleet.sql(`SELECT extract(epoch FROM at) * 1000 AS at FROM history.transition
    WHERE op = 'INSERT' AND writer = $1`, [server.name]);
  return row && Number(row.at);
}

// A server that knows the key already, so that all it has to ask is the statement itself.
async function startVictim(fleet, proxy) {
  const victim = await fleet.startServer({ loops: 1, database_connections: 1 }, proxy.url(fleet.site.database));
  fleet.servers.pop();
  const order = () => new Order(fleet, { id: null, create: `${fleet.tenant.instances}/${randomUUID()}/bigkey-task` });
  await order().send(victim);
  const { sentAt, answeredAt } = await order().send(victim);
  return { victim, answerMs: answeredAt - sentAt };
}

async function killHeld(fleet, proxy, { victim }, order) {
  proxy.holdAfter('scan_task_create');
  const sent = order.send(victim);
  await until('the task is committed', () => madeAt(fleet, victim));
  await fleet.killServer(victim);
  const { answeredAt } = await sent;
  proxy.release();
  return answeredAt === null ? 'between' : 'after';
}

async function killSomewhen(fleet, { victim, answerMs }, order, random) {
  const sent = order.send(victim);
  await moment(random, ANSWER_TIMES * answerMs + 1);
  const killedAt = await fleet.killServer(victim);
  const { answeredAt } = await sent;
  if (answeredAt !== null) return 'after';
  const at = await madeAt(fleet, victim);
  return at !== undefined && at + COMMIT_MS < killedAt ? 'between' : 'before';
}

export async function killServers(world, { rounds, random }) {
  const fleet = await Fleet.open(world, { servers: 2, workers: 2 });
  const proxy = await PgProxy.open(world.postgres, world.directory);
  world.onClose(() => proxy.close());
  const redis = await world.redis();
  await fill(redis, FEW_KEYS);
  const list = [];
  for (let i = 0; i < TARGETS; i++)
    list.push(new Target(fleet, redis, await fleet.tenant.instance(`cache-${i}`, redis.endpoint)));
  for (const target of list) await target.learn(random);
  const counts = { before: 0, between: 0, after: 0 };
  for (let round = 0; round < rounds; round++) {
    const target = list[round % TARGETS];
    await until('the instance is idle', () => idle(fleet, target));
    const victim = await startVictim(fleet, proxy);
    const order = new Order(fleet, target.instance, random.pick(['key', 'signature']));
    const fellOn = round % RANDOM_ONE_IN === 1 ? await killSomewhen(fleet, victim, order, random)
      : await killHeld(fleet, proxy, victim, order);
    counts[fellOn]++;
    await Promise.all([order.acknowledged(random), order.acknowledged(random)]);
  }
  const done = await conclude(fleet, { allSucceed: true }, { rounds, kills: rounds, counts });
  return { ...done, note: `${counts.between} kills between commit and answer, ${counts.before} before, ${counts.after} after` };
}
