// The upgrade itself; `run` says what it is.

import { join } from 'node:path';
import { ROLES } from '../../support/postgres.mjs';
import { Rolling } from '../../support/rolling.mjs';
import { PROGRAMS, World } from '../../support/site.mjs';
import { fillInstances, fillTasks } from '../fill.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const ROUNDS = number('ROUNDS', 3);
const TASKS = number('TASKS', 20_000);
const CLIENTS = number('CLIENTS', 8);
const ANSWERS = number('ANSWERS', 500);
const INSTANCES = 200;
const KEYS = 20_000;

const OLD_BUILD = process.env.OLD_BUILD;
const old = { server: join(OLD_BUILD, 'server/dcs-server'), worker: join(OLD_BUILD, 'workers/dcs-worker'), dcsctl: join(OLD_BUILD, 'cli/dcsctl') };

const world = await World.open();
try {
  const database = await world.postgres.createDatabase();
  const sql = (text, values) => world.postgres.sql(database, text, values);
  await world.mustWith(old, database, 'migrate', ...Object.entries(ROLES).flatMap(([name, role]) => [`--${name}-role`, role]));
  const schema = async () => (await sql('SELECT max(name) AS name FROM schema_migration'))[0].name;
  const before = await schema();
  await fillInstances(sql, { projects: 10, instances: INSTANCES });
  await fillTasks(sql, { records: Math.ceil(TASKS / INSTANCES), kinds: ['bigkey'] });
  const redis = await world.redis();
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu');
  await redis.command('DEBUG', 'POPULATE', KEYS, 'k', 10);

  const rolling = await Rolling.open(world, { database, old, next: PROGRAMS, redis, instances: CLIENTS, worker: { scan_batch_keys: 100 } });
  await rolling.beginLoad();
  await rolling.answered(ANSWERS);
  await rolling.migrate();
  console.log(`${process.env.OLD_COMMIT} (schema ${before}) and today's (schema ${await schema()}), ${ROUNDS} times forth and back`);
  for (let round = 0; round < ROUNDS; round++) {
    await rolling.roll('worker', PROGRAMS);
    await rolling.roll('server', PROGRAMS);
    await rolling.answered(ANSWERS);
    await rolling.roll('server', old);
    await rolling.roll('worker', old);
    await rolling.answered(ANSWERS);
  }
  const { statuses, worstMs, problems, violations, figures } = await rolling.end();
  const sum = (matches) => Object.entries(statuses).filter(([status]) => matches(status)).reduce((total, [, count]) => total + count, 0);
  console.log(`answers ${sum(() => true)}: 2xx ${sum((s) => s < 300)}, 4xx ${sum((s) => s >= 400 && s < 500)}, 5xx ${sum((s) => s >= 500)}, cut ${statuses.cut ?? 0}; the slowest ${worstMs} ms`);
  console.log(`tasks ${figures.tasks}: lost ${figures.lost}, doubled ${figures.doubled}, failed ${figures.failed}, begun again ${violations.filter(({ rule }) => rule === 'attempts').length}`);
  for (const problem of [...problems, ...violations.map((violation) => JSON.stringify(violation))].slice(0, 20)) console.log(problem);
  if (problems.length + violations.length > 0) process.exitCode = 1;
} finally {
  await world.close();
}
