// The measurement itself; `run` says what it is.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { World } from '../../support/site.mjs';
import { statement } from '../statements.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const PROJECTS = (process.env.PROJECTS ?? '10000,100000').split(',').map(Number);
const ROUNDS = number('ROUNDS', 7);
const CALLS = number('CALLS', 500);
const CLIENTS = number('CLIENTS', 8);
const LARGE = 1000; // instances of one of the projects
const QUOTA = '10000';
// As the programs' connections have it (core/pg/target.c).
const SESSION = `SET enable_seqscan = off; SET jit = off; SET TimeZone = 'UTC'`;

const write = statement('autoscan_write_times');
const functionOf = (file) => /CREATE (?:OR REPLACE )?(FUNCTION project_may_schedule[^]*?END \$\$;)/
  .exec(readFileSync(new URL(`../../../db/migrations/${file}.sql`, import.meta.url), 'utf8'))[1];
const WAYS = { before: functionOf('0007_project_quotas'), now: functionOf('0012_cheaper_schedule_quota') };

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function fill(database, projects) {
  const sql = (text, values) => world.postgres.sql(database, text, values);
  await sql(`INSERT INTO project (id, name) SELECT gen_random_uuid(), 'p-' || n FROM generate_series(1, $1::integer) n`, [projects]);
  const instances = (which) => `INSERT INTO instance (project_id, id, name, cache_mode, status, endpoints, probed_at)
    SELECT id, gen_random_uuid(), 'i' || n, 'single', 'RUNNING', '{a:1}', now() FROM project, generate_series(1, $1::integer) n WHERE ${which}`;
  await sql(instances(`name <> 'p-1'`), [2]);
  await sql(instances(`name = 'p-1'`), [LARGE]);
  await sql(`INSERT INTO autoscan (project_id, instance_id, kind, enabled, schedule_minutes, next_at)
    SELECT project_id, id, kind, true, '{60,780}', now() + interval '1 day' FROM instance, unnest('{bigkey,hotkey}'::text[]) kind`);
  await sql('VACUUM ANALYZE');
}

const connect = async (database) => {
  const client = await world.postgres.connect(database);
  await client.query(SESSION);
  return client;
};

const put = (client, { project_id: project, id }) => client.query({ name: 'put', text: write.text,
  values: [project, id, 'bigkey', 'true', '{60,780}', randomBytes(32), randomBytes(32), QUOTA] });

// Milliseconds a call, each client writing the same again for an instance of its own.
async function measure(clients, instances, calls) {
  const from = process.hrtime.bigint();
  await Promise.all(clients.map(async (client, i) => {
    for (let n = 0; n < calls; n++) await put(client, instances[i]);
  }));
  return Number(process.hrtime.bigint() - from) / 1e6 / (calls * clients.length);
}

const world = await World.open();
try {
  for (const projects of PROJECTS) {
    const databases = {};
    for (const [way, body] of Object.entries(WAYS)) {
      databases[way] = await world.postgres.createDatabase(world.template);
      await world.postgres.sql(databases[way], `CREATE OR REPLACE ${body}`);
      await fill(databases[way], projects);
    }
    for (const [what, name, count] of [['a project of 2 instances', 'p-2', 1], [`a project of ${LARGE}`, 'p-1', 1], [`${CLIENTS} clients of a project of ${LARGE}`, 'p-1', CLIENTS]]) {
      const results = { before: [], now: [] };
      for (let round = -1; round < ROUNDS; round++)
        for (const way of Object.keys(WAYS)) {
          const instances = await world.postgres.sql(databases[way],
            'SELECT i.project_id, i.id FROM instance i JOIN project p ON p.id = i.project_id WHERE p.name = $1 LIMIT $2', [name, count]);
          const clients = await Promise.all(instances.map(() => connect(databases[way])));
          const ms = await measure(clients, instances, Math.ceil(CALLS / count));
          await Promise.all(clients.map((client) => client.end()));
          if (round >= 0) results[way].push(ms);
        }
      const [before, now] = [median(results.before), median(results.now)];
      const ratios = results.now.map((ms, i) => ms / results.before[i]);
      console.log(`${projects} projects, ${what}: before ${before.toFixed(3)} ms, now ${now.toFixed(3)} ms, ratio ${median(ratios).toFixed(2)}`);
    }
  }
} finally {
  await world.close();
}
