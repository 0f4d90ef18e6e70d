// Prints what run says.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askServer, errorsByGroup, fillRdb, readDump, readSaved } from '../../support/rdb_data.mjs';
import { Random } from '../../support/random.mjs';
import { installedServers, Redis } from '../../support/redis.mjs';

const KEYS = Number(process.env.KEYS ?? 20_000);
const ELEMENTS = Number(process.env.ELEMENTS ?? 5000);
const SAMPLES = new URL('../../fixtures/rdb/', import.meta.url).pathname;

// How the servers of the samples were built.
const allocatorOf = (sample) => (sample === 'redis-7.0' ? 'jemalloc-5.3.0' : 'libc');

const at = (errors, part) => Math.abs(errors[Math.min(errors.length - 1, Math.floor(errors.length * part))]).toFixed(2);

function print(title, said, read) {
  let all = 0, estimated = 0;
  for (const [name, { bytes }] of said) {
    all += bytes;
    estimated += read.get(name).bytes;
  }
  console.log(`\n${title}: ${said.size} keys, ${all} bytes, estimated ${((100 * (estimated - all)) / all).toFixed(2)} % off in all`);
  console.log(`  ${'type, encoding'.padEnd(44)}${['keys', 'median', '19 of 20', 'largest'].map((word) => word.padStart(10)).join('')}`);
  for (const [group, errors] of errorsByGroup(said, read)) {
    const columns = [errors.length, at(errors, 0.5), at(errors, 0.95), at(errors, 1)];
    console.log(`  ${group.padEnd(44)}${columns.map((column) => String(column).padStart(10)).join('')}`);
  }
}

for (const file of readdirSync(SAMPLES).filter((name) => name.endsWith('.json')).sort()) {
  const sample = file.slice(0, -'.json'.length);
  const { keys } = JSON.parse(readFileSync(join(SAMPLES, file)));
  const said = new Map(keys.filter((key) => key.memory_usage).map((key) =>
    [`${key.db}:${key.key_hex}`, { ...key, bytes: key.memory_usage }]));
  if (said.size > 0) print(sample, said, await readDump(join(SAMPLES, `${sample}.rdb`), allocatorOf(sample)));
}

const directory = mkdtempSync(join(tmpdir(), 'dcs-rdb-error-'));
try {
  for (const server of installedServers()) {
    const redis = await Redis.start(directory, { server });
    try {
      const keys = await fillRdb(redis, new Random(), KEYS, ELEMENTS);
      const said = await askServer(redis, keys);
      const { redis_version, valkey_version } = await redis.info('server');
      print(`${server} ${valkey_version ?? redis_version}, random data`, said, await readSaved(redis));
      await redis.command('DEBUG', 'RELOAD');
      const loaded = await askServer(redis, keys);
      print(`${server} ${valkey_version ?? redis_version}, the same after a restart`, loaded, await readSaved(redis));
    } finally {
      await redis.stop();
    }
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
