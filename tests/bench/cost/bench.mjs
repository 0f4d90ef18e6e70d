// What the rows share: PostgreSQL as an operator would set it, servers on filled databases, and measured loads.

import { readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Postgres } from '../../support/postgres.mjs';
import { Site, World } from '../../support/site.mjs';
import { load, pgbench, withProcessor } from '../api/measure.mjs';

export const number = (name, fallback) => Number(process.env[name] ?? fallback);
export const numbers = (name, fallback) => (process.env[name] ?? fallback).split(',').map(Number);

export const ROUNDS = number('ROUNDS', 5);
export const SECONDS = number('SECONDS_EACH', 3);
export const ACTIVE = 64;

const ACCOUNTS = 100_000;

// What the limits cost belongs to a request, but nobody is to reach one.
const MOST = 1_000_000;
const SETTINGS = {
  address_rate: MOST, address_burst: MOST, key_rate: MOST, key_burst: MOST, project_rate: MOST, project_burst: MOST,
  creation_rate: MOST, creation_burst: MOST, project_instances_max: 0, project_schedule_entries_max: 0,
  connections_max: 50_000, connections_per_address_max: 50_000, idle_timeout_ms: 3_600_000,
  // Requests are signed once and sent for as long as the benchmark takes.
  signature_window_seconds: 86_400, listen_http: '127.0.0.1:0',
};

export class Bench {
  static async open() {
    const bench = new Bench();
    bench.world = await World.open({ database: (directory) => Postgres.start(directory, {
      shared_buffers: process.env.SHARED_BUFFERS ?? '2GB', max_wal_size: '4GB', checkpoint_timeout: '1h',
      maintenance_work_mem: '256MB', synchronous_commit: 'off',
    }) });
    return bench;
  }

  close() {
    return this.world.close();
  }

  get keyEncryptionKey() {
    return readFileSync(this.world.keyFile, 'utf8').trim();
  }

  requireDisk(bytes) {
    const { bavail, bsize } = statfsSync(this.world.directory);
    if (bavail * bsize < bytes)
      throw new Error(`${this.world.directory}: ${(bytes / 1e9).toFixed(0)} GB are needed, ${(bavail * bsize / 1e9).toFixed(0)} are free`);
  }

  async serve(database, settings = {}) {
    const site = new Site(this.world, database);
    await site.startServer({ ...SETTINGS, lockout_failures: undefined, ...settings });
    const { port } = await site.server.event('listening', (event) => event.scheme === 'http');
    return new Served(this, site, port);
  }

  // What pgbench itself selects with -S: no size of ours has a part in that.  { rate }
  async anchor() {
    const { postgres, directory } = this.world;
    if (!this.anchored) {
      this.anchored = { database: await postgres.createDatabase(), file: join(directory, 'anchor.sql'), values: { accounts: ACCOUNTS } };
      await postgres.sql(this.anchored.database, `CREATE TABLE pgbench_accounts AS SELECT n AS aid, 1 AS bid, n AS abalance,
        repeat(' ', 84)::char(84) AS filler FROM generate_series(1, ${ACCOUNTS}) n`);
      await postgres.sql(this.anchored.database, 'ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)');
      await postgres.sql(this.anchored.database, 'VACUUM (FREEZE, ANALYZE) pgbench_accounts');
      writeFileSync(this.anchored.file, '\\set aid random(1, :accounts)\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n');
    }
    return this.pgbench(this.anchored);
  }

  // As requests are measured: the rate, and what PostgreSQL takes.
  async pgbench(what) {
    const { postgres } = this.world;
    const result = await withProcessor({ database: postgres.program.pid }, () =>
      pgbench({ postgres, role: postgres.role, connections: ACTIVE, seconds: SECONDS, ...what }));
    return { ...result, databaseUs: result.processor.database };
  }
}

// A server, and what requests cost there.
export class Served {
  constructor(bench, site, port) {
    Object.assign(this, { bench, site, port, pid: site.server.pid });
  }

  // how: of `load`, and `secure`.  The result has what both sides took of the processor for each request as well.
  async measure(file, { secure = false, ...how } = {}) {
    const { world } = this.bench;
    const result = await withProcessor({ server: this.pid, database: world.postgres.program.pid }, () => load({
      url: secure ? `https://127.0.0.1:${this.site.port}` : `http://127.0.0.1:${this.port}`,
      ca: world.authority.certificate, file, connections: ACTIVE, ...how,
    }));
    return { ...result, serverUs: result.processor.server, databaseUs: result.processor.database };
  }
}

export function table(heads, rows) {
  console.log(`| ${heads.join(' | ')} |\n|${'---|'.repeat(heads.length)}`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
  console.log('');
}
