// Runs the scan engine alone against an endpoint and says what came of it.

import { Program } from './program.mjs';
import { within } from './wait.mjs';

const BUILD = process.env.DCS_BUILD;
if (!BUILD) throw new Error('DCS_BUILD must name the build directory (ctest sets it)');

// { status, code, reason, ms, peak_kib, keys_seen, num, keys }.  A scan that does not end some time after its
// deadline fails the test, as does any report of a sanitizer.  A success tells its cost as well: note, commands,
// touched, halvings, guard_pauses, ceiling_pauses, paused_ms, worst_us.  `during` is called with the program.
export async function scanOnce(endpoint, kind,
  { layout = 'one', timeoutMs = 5000, replyMs = 500, env = {}, profile = 'fast', bytes = false, during } = {}) {
  const program = new Program('scan', `${BUILD}/tests/dcs_scan_once`,
    [endpoint, kind, layout, timeoutMs, replyMs, profile, ...(bytes ? ['bytes'] : [])].map(String), { env });
  try {
    await during?.(program);
    await within(`end of the scan for ${kind}`, program.ended, timeoutMs + 20_000);
  } finally {
    await program.stop({ signal: 'SIGKILL', expected: null });
  }
  if (program.status !== 0) throw new Error(`status ${program.status}: ${program.stderr}`);
  const [result, keys] = program.stdout.trim().split('\n').map((line) => JSON.parse(line));
  return { ...result, keys };
}
