// One measurement each: the load generator, pgbench, and what the programs took of the processor meanwhile.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../support/program.mjs';
import { postgresDirectory } from '../../support/postgres.mjs';
import { until } from '../../support/wait.mjs';
import { statement } from '../statements.mjs';

const LOAD = join(process.env.DCS_BUILD, 'tests/bench/load/load');
const DEADLINE_MS = 300_000;
const COMPLAINT_MAX = 2000;
const CLIENTS_WARM_PER_SECOND = 200;
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
};

// What read returns of a process; undefined where it has ended.
function whileThere(read) {
  try {
    return read();
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}

// Of a process: its parent, and the ticks that children of it took which have ended.
const statusOf = (pid) => whileThere(() => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ').map(Number);
  return { parent: fields[1], ended: fields[13] + fields[14] };
});

// Seconds that its threads have taken, those that are there; in nanoseconds, as the ticks of many processes would be off
// by one for each.
const secondsOf = (pid) => whileThere(() => readdirSync(`/proc/${pid}/task`).reduce((sum, thread) =>
  sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]) / 1e9, 0));

// A program and all its descendants, by pid.
function family(pid) {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => [Number(name), statusOf(name)])
    .filter(([, status]) => status);
  const found = new Map(all.filter(([other]) => other === pid));
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const [child, status] of all) if (found.has(status.parent)) found.set(child, status);
  }
  return found;
}

// Seconds of the processor that a program and all its descendants have taken so far.  One that ends between the
// reading of its parent and its own would be in neither: then all are read again.
export async function processorOf(pid) {
  let members = '';
  return until(`the processes of ${pid} stay the same`, () => {
    const now = family(pid), before = members;
    members = [...now.keys()].join();
    if (members !== before) return undefined;
    return { seconds: [...now].reduce((sum, [one, { ended }]) => sum + (secondsOf(one) ?? 0) + ended / TICKS, 0) };
  });
}

// What `work` returns, with the microseconds per request of each of the programs: { name: pid }.
export async function withProcessor(programs, work) {
  const take = async () => {
    const all = [];
    for (const [name, pid] of Object.entries(programs)) all.push([name, (await processorOf(pid)).seconds]);
    return all;
  };
  const before = await take();
  const result = await work();
  const after = await take();
  const processor = after.map(([name, seconds], i) => [name, (seconds - before[i][1]) * 1e6 / result.requests]);
  return { ...result, processor: Object.fromEntries(processor) };
}

// A file of requests for the load generator.  requests: { method, target, headers, body }.
export function writeRequests(file, requests) {
  writeFileSync(file, requests.map(({ method, target, headers, body = '' }) => {
    const length = body ? [['Content-Length', Buffer.byteLength(body)]] : [];
    const head = [...headers, ...length].map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const text = `${method} ${target} HTTP/1.1\r\n${head}\r\n${body}`;
    return `${Buffer.byteLength(text)}\n${text}`;
  }).join(''));
  return file;
}

// Any request that failed is the end of the benchmark.
export async function load({ url, ca, file, connections, seconds, once = false, rate, connect = 'keep', status = 200, warm }) {
  const args = ['--url', url, '--requests', file, '--connections', connections, '--connect', connect, '--status', status,
    ...(url.startsWith('https') ? ['--ca', ca] : []), ...(once ? ['--once'] : ['--seconds', seconds]),
    ...(rate ? ['--rate', rate] : []), ...(warm ? ['--warm', warm] : [])];
  const { status: ended, stdout, stderr } = await run('load', LOAD, args.map(String), { deadlineMs: DEADLINE_MS });
  if (ended !== 0) throw new Error(`load ${args.join(' ')} ended with ${ended}:\n${stderr}`);
  const result = JSON.parse(stdout);
  if (result.failed > 0) throw new Error(`${result.failed} requests to ${url} failed:\n${stderr}`);
  if (result.requests === 0) throw new Error(`nothing was answered by ${url}:\n${stderr}`);
  return result;
}

// A program's statement as a script of pgbench.  values: an expression for each parameter, in which `:name` is a
// variable of pgbench; each is put wherever the parameter stands.
export function script(file, name, values, before = '') {
  const { text, parameters } = statement(name);
  if (parameters !== values.length) throw new Error(`${name} has ${parameters} parameters, not ${values.length}`);
  writeFileSync(file, `${before}${text.replace(/\$(\d+)/g, (_, n) => values[n - 1])};\n`, { mode: 0o644 });
  return file;
}

// As a role on a database, with the settings of the server's own sessions.  each: so many transactions of every
// client; else for a time, of which the first seconds, in which sessions begin and each plans for itself, do not count.
export async function pgbench({ postgres, database, role, file, values = {}, connections, seconds, each, options }) {
  const defined = Object.entries(values).flatMap(([name, value]) => ['-D', `${name}=${value}`]);
  const warm = Math.ceil(connections / CLIENTS_WARM_PER_SECOND);
  const args = ['-n', '-M', 'prepared', '-c', connections, '-j', Math.min(2, connections), '-f', file, ...defined,
    ...(each ? ['-t', each] : ['-T', 2 * warm + seconds, '-P', 1]), '-h', postgres.directory, '-U', role, database];
  const { status, stdout, stderr } = await run('pgbench', join(postgresDirectory(), 'pgbench'), args.map(String),
    { deadlineMs: DEADLINE_MS, env: { PGOPTIONS: options } });
  const requests = Number(/actually processed: (\d+)/.exec(stdout)?.[1]);
  const failed = Number(/failed transactions: (\d+)/.exec(stdout)?.[1] ?? 0);
  const overall = Number(/tps = ([\d.]+) \(without/.exec(stdout)?.[1]);
  const rate = each ? overall : rateOfLast(seconds, stderr) ?? overall;
  if (status !== 0 || !(requests > 0) || !(rate > 0) || failed > 0 || (each && requests !== each * connections))
    throw new Error(`pgbench ended with ${status}, or not every transaction was processed:\n${stdout}${
      stderr.slice(0, COMPLAINT_MAX)}`);
  return { requests, rate };
}

// Of its reports, one a second: `progress: 2.0 s, 1234.5 tps, …`; those of the last seconds count.  The first one has
// the time in it that connecting took: where there are so few, undefined.
function rateOfLast(seconds, text) {
  const reports = [...text.matchAll(/^progress: ([\d.]+) s, ([\d.]+) tps/gm)].map(([, at, tps]) => [Number(at), Number(tps)]);
  let sum = 0, total = 0;
  for (let i = reports.length - 1; i > 0 && total < seconds - 0.5; i--) {
    const [from] = reports[i - 1], [at, tps] = reports[i];
    total += at - from;
    sum += tps * (at - from);
  }
  return total < seconds - 0.5 ? undefined : sum / total;
}
