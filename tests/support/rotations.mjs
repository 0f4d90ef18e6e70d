// Secrets in files, and a service that runs while they change: database passwords, key-encryption keys.
//
//   await requirePasswords(world.postgres);                     the programs' roles need one from now on
//   const rotating = await Rotating.open(world, { workers: 1 });
//   await rotating.rotate(n);                                   all files once, and every program has taken them over

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chownTo, ROLES } from './postgres.mjs';
import { OPERATIONS, Operations } from './probes.mjs';
import { newKey } from './sealing.mjs';
import { until } from './wait.mjs';

// The roles of the programs must give a password; their owner need not.
export async function requirePasswords(postgres) {
  const file = join(postgres.data, 'pg_hba.conf');
  const roles = Object.values(ROLES).join(',');
  writeFileSync(`${file}.new`, `local all ${roles} scram-sha-256\nlocal all all trust\n`);
  if (process.getuid() === 0) await chownTo('postgres', `${file}.new`);
  renameSync(`${file}.new`, file);
  await postgres.sql('postgres', 'SELECT pg_reload_conf()');
  await until('PostgreSQL asks for passwords', async () => {
    const [{ count }] = await postgres.sql('postgres',
      `SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256' AND error IS NULL`);
    return count === '1';
  });
}

let sites = 0;

export class Rotating {
  static async open(world, { workers = 1, server = {}, worker = {} } = {}) {
    const rotating = new Rotating();
    const directory = join(world.directory, `secrets-${++sites}`);
    rotating.world = world;
    rotating.paths = Object.fromEntries(['keys', 'server', 'worker', 'audit'].map((name) => [name, `${directory}-${name}`]));
    rotating.keys = [newKey(), newKey()];
    rotating.passwords = {};
    rotating.client = await world.postgres.connect('postgres');
    world.onClose(() => rotating.client.end());
    await rotating.setPasswords({ server: 'first', worker: 'first', audit: 'first' });
    rotating.putKeys(rotating.keys);
    const { keys: key_file } = rotating.paths;
    rotating.site = await world.site({
      workers,
      server: {
        ...OPERATIONS, key_file, database_password_file: rotating.paths.server, access_key_cache_seconds: 0,
        audit_database_password_file: rotating.paths.audit, ...server,
      },
      worker: { ...OPERATIONS, key_file, database_password_file: rotating.paths.worker, ...worker },
    });
    rotating.tool = (...args) => world.dcsctl(rotating.site.database, [...args, '--json'], { env: { DCS_KEY_FILE: key_file } });
    rotating.programs = [rotating.site.server, ...rotating.site.workers];
    rotating.operations = [];
    for (const program of rotating.programs) rotating.operations.push(await Operations.of(program));
    return rotating;
  }

  // At once, as whoever changes a file should.
  put(name, content) {
    const path = this.paths[name];
    writeFileSync(`${path}.new`, content, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  // In place.
  spoil(name, content) {
    writeFileSync(this.paths[name], content, { mode: 0o600 });
  }

  putKeys(keys) {
    this.put('keys', keys.map((key) => `${key}\n`).join(''));
  }

  // passwords: { role: password }
  async alter(passwords) {
    await this.client.query(Object.entries(passwords).map(([role, password]) => `ALTER ROLE ${ROLES[role]} PASSWORD '${password}'`).join(';'));
  }

  // Which of the two comes first is the operator's choice.
  async setPasswords(passwords, { fileFirst = true } = {}) {
    const put = () => Object.entries(passwords).forEach(([role, password]) => this.put(role, fileFirst ? password : `${password}\n`));
    if (fileFirst) put();
    await this.alter(passwords);
    if (!fileFirst) put();
    Object.assign(this.passwords, passwords);
  }

  // How often each program has logged that.
  counts(name) {
    return this.programs.map((program) => program.stderr.split(`"event":"${name}"`).length - 1);
  }

  // Sends SIGHUP, and waits until each of the programs has logged these.
  async hangUp(...names) {
    const before = names.map((name) => this.counts(name));
    for (const program of this.programs) program.signal('SIGHUP');
    await until(`${names} after SIGHUP`, () => names.every((name, i) =>
      this.counts(name).every((count, k) => count > before[i][k])));
  }

  async rotate(number) {
    const passwords = Object.fromEntries(['server', 'worker', 'audit'].map((role) => [role, `password-${number}-of-${role}`]));
    await this.setPasswords(passwords, { fileFirst: number % 2 === 0 });
    this.putKeys(number % 2 ? this.keys : [...this.keys].reverse());
    await this.hangUp('password_loaded', 'keys_loaded');
  }

  // Ends the connections of the programs' roles, which then log in anew.
  async endConnections(...roles) {
    await this.site.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND usename = ANY ($1)`, [roles.map((role) => ROLES[role])]);
  }

  // Those of the role that began after that moment of the database's.
  async connectionsSince(role, moment) {
    const [{ count }] = await this.site.sql(`SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND usename = $1 AND backend_start > $2`, [ROLES[role], moment]);
    return Number(count);
  }
}
