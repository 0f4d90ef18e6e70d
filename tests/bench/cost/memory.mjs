// Bytes that an idle connection takes of the server, and of the kernel.

import { readFileSync } from 'node:fs';
import { numbers, table } from './bench.mjs';
import { Filled } from './filled.mjs';
import { Held, possible } from './held.mjs';

const HELD = numbers('HELD', '1000,5000,20000');
const GOAL_KIB = 64;
const PAGE_KIB = 4;
const WARM = 2000, WARMING = 4;

const memoryOf = (pid) => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const kib = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)[1]);
  return { pss: kib('Pss'), rss: kib('Rss') };
};

// Both ends of every connection are on this machine.
const kernel = () => ({
  buffers: Number(/^TCP: .* mem (\d+)/m.exec(readFileSync('/proc/net/sockstat', 'latin1'))[1]) * PAGE_KIB,
  slab: Number(/^Slab:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'latin1'))[1]),
});

async function measure(bench, filled, file, single, secure) {
  const name = secure ? 'TLS' : 'plain';
  const served = await bench.serve(filled.database);
  // What is taken once for all is taken before anything is counted, by few connections, which leave little behind.
  await served.measure(file, { secure, once: true, connections: WARMING });
  const before = { ...memoryOf(served.pid), ...kernel() };
  const held = new Held(served, single, { secure });
  const rows = [[name, 0, before.pss, before.rss, '', '', '', '']];
  const missed = [];
  let last = { ...before, count: 0 };
  for (const count of possible(served, HELD)) {
    const { open, asked, answered } = await held.open(count);
    const now = { ...memoryOf(served.pid), ...kernel() };
    const each = (what) => ((now[what] - before[what]) / count).toFixed(1);
    const further = (now.pss - last.pss) / (count - last.count);
    rows.push([name, count, now.pss, now.rss, `**${each('pss')}**`, `**${further.toFixed(1)}**`, each('buffers'), each('slab')]);
    if (open !== count || answered !== asked) missed.push(`${name}: ${open} of ${count} open, ${answered} of ${asked} answered`);
    if (secure && Math.max(each('pss'), further) > GOAL_KIB)
      missed.push(`${name}: ${each('pss')} KiB for each of ${count}, ${further.toFixed(1)} for each further one (goal ${GOAL_KIB})`);
    last = { ...now, count };
  }
  const again = await held.ask();
  const busy = memoryOf(served.pid);
  if (again.answered !== again.asked || again.open !== again.asked)
    missed.push(`${name}: asked again, ${again.answered} of ${again.asked} answered, ${again.open} open`);
  await held.end();
  rows.push([name, `${again.asked} asked again, ${again.answered} answered`, busy.pss, busy.rss, '', '', '', '']);
  await served.site.server.stop();
  return { rows, missed };
}

export async function memory(bench) {
  const filled = await Filled.make(bench, { projects: 1, instances: WARM, records: 1, which: 'true' });
  const tasks = await filled.tasksOf(await filled.instances(WARM));
  const file = filled.getFile(tasks);
  const single = filled.getFile(tasks.slice(0, 1), 'one');
  const plain = await measure(bench, filled, file, single, false);
  const secure = await measure(bench, filled, file, single, true);
  console.log('KiB; what the kernel has is of both ends:\n');
  table(['', 'connections', 'Pss', 'Rss', 'Pss each', 'each beyond the row before', 'kernel, buffers each', 'kernel, slab each'],
    [...plain.rows, ...secure.rows]);
  return [...plain.missed, ...secure.missed];
}
