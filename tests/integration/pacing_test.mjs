// A scan and a server that is in trouble: it halves, pauses, resumes and can be cancelled meanwhile.  Decided by what
// the server has counted and by the scan's own records, never by time.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, test } from 'node:test';
import { Redis } from '../support/redis.mjs';
import { RespConnection } from '../support/resp.mjs';
import { scanOnce } from '../support/scan_once.mjs';
import { until, within } from '../support/wait.mjs';

const KEYS = process.env.DCS_SANITIZE ? 60_000 : 200_000;
const PATIENT = { timeoutMs: 150_000, replyMs: 15_000 };
const SLOW_MS = 10_000;

const directory = mkdtempSync(join(tmpdir(), 'dcs-pacing-'));
after(() => rmSync(directory, { recursive: true, force: true }));

let redis;
beforeEach(async () => {
  redis = await Redis.start(directory);
  await redis.command('DEBUG', 'POPULATE', KEYS, 'key', 10);
});
afterEach(() => redis.stop());

// Stalls of 20 ms, one after the other, until it is told to stop.
async function stall() {
  const connection = await RespConnection.open(redis.port);
  let going = true;
  const done = (async () => {
    while (going) await connection.command('DEBUG', 'SLEEP', '0.02');
  })();
  return async () => {
    going = false;
    await done;
    connection.close();
  };
}

const begun = () => until('the scan has begun', async () =>
  Number(/calls=(\d+)/.exec((await redis.info('commandstats')).cmdstat_scan ?? '')?.[1]) > 5);

const paused = (program) => until('the scan pauses', () => program.stderr.includes('paused\n'));

test('it halves, pauses and ends well once the stalls are over', async () => {
  const result = await scanOnce(redis.endpoint, 'bigkey', {
    ...PATIENT, profile: 'gentle',
    async during(program) {
      await begun();
      const stop = await stall();
      try {
        await paused(program);
      } finally {
        await stop();
      }
    },
  });
  console.log(`# ${JSON.stringify({ ...result, keys: undefined })}`);
  assert.equal(result.status, 'success', result.reason);
  assert.ok(result.keys_seen >= KEYS);
  assert.ok(result.halvings > 0);
  assert.ok(result.guard_pauses + result.ceiling_pauses > 0);
  assert.ok(result.paused_ms > 0);
  assert.ok(result.worst_us > 0);
});

test('it can be cancelled while it pauses', async () => {
  let stop;
  const result = await scanOnce(redis.endpoint, 'bigkey', {
    ...PATIENT, profile: 'gentle',
    async during(program) {
      await begun();
      stop = await stall();
      await paused(program);
      process.kill(program.pid, 'SIGTERM');
      await within('end of a cancelled scan', program.ended, SLOW_MS);
    },
  }).finally(() => stop?.());
  assert.deepEqual([result.status, result.code], ['failed', 'SCAN_CANCELLED']);
});

test('fast takes no notice', async () => {
  let stop;
  const result = await scanOnce(redis.endpoint, 'bigkey', {
    ...PATIENT, profile: 'fast', async during() { stop = await stall(); },
  }).finally(() => stop?.());
  assert.equal(result.status, 'success', result.reason);
  assert.deepEqual([result.halvings, result.guard_pauses, result.ceiling_pauses, result.paused_ms], [0, 0, 0, 0]);
});

test('a server without a connection left for the probe is scanned all the same', async () => {
  await redis.command('CONFIG', 'SET', 'maxclients', 2);
  const result = await scanOnce(redis.endpoint, 'bigkey', { ...PATIENT, profile: 'gentle' });
  assert.equal(result.status, 'success', result.reason);
  assert.ok(result.keys_seen >= KEYS);
  assert.equal(result.worst_us, 0, 'nothing was measured');
  assert.ok(Number((await redis.info('stats')).rejected_connections) > 0);
});
