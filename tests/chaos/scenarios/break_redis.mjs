// Redis killed and restarted, and a cluster that is resharded, handed over and loses nodes, all in mid-scan: a
// success has seen every shard, as its largest keys are spread over all of them; what fails says why.

import { Fleet } from '../../support/fleet.mjs';
import { slotOf } from '../../support/redis.mjs';
import { SANITIZER } from '../../support/site.mjs';
import { until } from '../../support/wait.mjs';
import { CLUSTER_OPTIONS, ClusterEvents } from '../cluster_events.mjs';
import { Load, Target, conclude, fill, moment } from './common.mjs';

const MASTERS = 3;
const KEYS = SANITIZER ? 5000 : 30_000;
const TAGS = Array.from({ length: 40 }, (_, i) => `{tag-${i}}`);
const LONGEST_MOMENT_MS = 300;
const SCAN_SECONDS = 120;

const items = (count) => Array.from({ length: count }, (_, i) => [`m${i}`, i]).flat();

// Every tag's slot has a string and a hash that a ranking of all must show, or a smaller one that it must not.
async function fillCluster(cluster) {
  await cluster.pipeline([
    ...Array.from({ length: KEYS }, (_, i) => ['SET', `key:${i}`, 'x'.repeat(20)]),
    ...TAGS.map((tag, i) => ['SET', `${tag}:string`, 'x'.repeat(1000 + (i * 7) % 40)]),
    ...TAGS.map((tag, i) => ['HSET', `${tag}:hash`, ...items(30 + (i * 11) % 40)]),
  ]);
}

export async function breakRedis(world, { rounds, random }) {
  const fleet = await Fleet.open(world, { servers: 2, workers: 3, worker: {
    attempts_max: 100, scan_batch_keys: 10, scan_timeout_seconds: SCAN_SECONDS, redis_reply_timeout_ms: 5000 } });
  const cluster = await world.cluster({ masters: MASTERS, replicas: MASTERS, options: CLUSTER_OPTIONS });
  await fillCluster(cluster);
  const redis = await world.redis();
  await fill(redis, KEYS);
  await redis.command('SAVE');
  // What a scan asks again here is not the workers' doing.
  const unknown = () => 0;
  const single = new Target(fleet, redis, await fleet.tenant.instance('single', redis.endpoint), unknown);
  const sharded = new Target(fleet, cluster, await fleet.tenant.instance('cluster', cluster.masters[0].endpoint,
    ...cluster.nodes.slice(1).flatMap(({ endpoint }) => ['--endpoint', endpoint]), '--cache-mode', 'cluster'), unknown);
  const list = [single, sharded];
  for (const target of list) await target.learn(random);
  const events = new ClusterEvents(cluster, (sides) => random.below(sides));
  const slots = TAGS.map(slotOf);
  const counts = {};
  const load = new Load(list, random);
  await load.during(rounds, async (round) => {
    const target = round % 3 ? sharded : single;
    await until('it is being scanned', async () => (await fleet.sql(
      `SELECT FROM scan_task WHERE instance_id = $1 AND status = 'running'`, [target.instance.id])).length > 0);
    await moment(random, LONGEST_MOMENT_MS);
    let name = 'restart';
    if (target === sharded) {
      name = await events.any(slots);
    } else {
      await redis.kill();
      await redis.restart();
    }
    counts[name] = (counts[name] ?? 0) + 1;
    fleet.recorder.event({ at: Date.now(), kind: name, target: 'redis' });
  });
  await load.end();
  const kills = rounds - (counts.reshard ?? 0) - (counts.handOver ?? 0);
  const done = await conclude(fleet, {}, { rounds, kills, counts });
  const ends = await fleet.sql(`SELECT i.name, count(*) AS tasks, count(*) FILTER (WHERE t.status = 'success') AS good
    FROM scan_task t JOIN instance i ON i.id = t.instance_id GROUP BY i.name ORDER BY i.name DESC`);
  return { ...done, note: `${Object.entries(counts).map(([name, n]) => `${n} ${name}`).join(', ')}; succeeded: ` +
    ends.map(({ name, tasks, good }) => `${good} of ${tasks} scans of the ${name === 'single' ? 'single server' : 'cluster'}`).join(', ') };
}
