// Runs an offline analysis alone, of a node or of a file of backups, and says what came of it.

import { Program } from './program.mjs';
import { within } from './wait.mjs';

const BUILD = process.env.DCS_BUILD;
if (!BUILD) throw new Error('DCS_BUILD must name the build directory (ctest sets it)');

async function once(args, { env, during, timeoutMs }) {
  const program = new Program('offline', `${BUILD}/tests/dcs_offline_once`, args.map(String), { env });
  try {
    await during?.(program);
    await within('end of the offline analysis', program.ended, timeoutMs + 20_000);
  } finally {
    await program.stop({ signal: 'SIGKILL', expected: null });
  }
  if (program.status !== 0) throw new Error(`status ${program.status}: ${program.stderr}`);
  const [result, document, members] = program.stdout.trim().split('\n').map((line) => JSON.parse(line));
  return { ...result, document, members, progress: program.stderr };
}

// { status, code, reason, ms, peak_kib, document, members, progress }; of a success its cost as well.  `during` is called
// with the program.
export function offlineOnce(endpoint,
  { timeoutMs = 20_000, replyMs = 5000, bytesPerSecond = 0, memoryPercent = 0, profile = 'fast', env = {}, during } = {}) {
  return once([endpoint, timeoutMs, replyMs, bytesPerSecond, memoryPercent, profile], { env, during, timeoutMs });
}

export function backupOnce(root, directory, id, { timeoutMs = 20_000, bytesPerSecond = 0, during } = {}) {
  return once([root, directory, id, timeoutMs, bytesPerSecond, 'backup'], { during, timeoutMs });
}
