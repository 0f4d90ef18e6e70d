// The benchmark itself; `run` says what it compares.

import { join } from 'node:path';
import { OPERATIONS, Operations } from '../../support/probes.mjs';
import { sign } from '../../support/signer.mjs';
import { World } from '../../support/site.mjs';
import { load, median, processorOf, withProcessor, writeRequests } from '../api/measure.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const ROUNDS = number('ROUNDS', 20);
const SECONDS = number('SECONDS_EACH', 5);
const SCRAPES = number('SCRAPES', 1000);
const CONNECTIONS = number('CONNECTIONS', 64);
const KEYS = number('KEYS', 300_000);
const GOAL = 0.99;
const RATE = SCRAPES / ROUNDS / SECONDS;

const world = await World.open();
const site = await world.site({ server: { ...OPERATIONS, connections_per_address_max: 4096, connections_unproved_max: 4096 } });
const alice = await site.tenant('alice');
const scrapeFile = writeRequests(join(world.directory, 'scrape'), [{ method: 'GET', target: '/metrics', headers: [['Host', 'bench']] }]);

// Reads /metrics at the rate, on a connection that is kept, for as long as a round takes: how often.
async function scrape(operations, options = { seconds: SECONDS, rate: RATE }) {
  return load({ url: `http://127.0.0.1:${operations.port}`, file: scrapeFile, connections: 1, ...options });
}

// What one scrape takes of the program's processor time, where it has nothing else to do.
async function alone(program, operations) {
  const { body } = await operations.ask('/metrics');
  const { processor } = await withProcessor({ program: program.pid }, () => scrape(operations, { seconds: 2 }));
  console.log(`one scrape: ${(body.length / 1024).toFixed(0)} KiB, ${body.split('\n').filter((line) => line && !line.startsWith('#')).length} series, ${
    processor.program.toFixed(0)} us of the processor`);
}

const quartiles = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return [sorted[sorted.length >> 2], sorted[(3 * sorted.length) >> 2]];
};

// work: one round, { rate, cost } (the program's processor time for a unit of work).  Whether the goal is reached.
async function compare(what, unit, operations, work) {
  const rounds = [];
  let scrapes = 0;
  const round = { without: work, scraped: async () => {
    const [result, { requests }] = await Promise.all([work(), scrape(operations)]);
    scrapes += requests;
    return result;
  } };
  for (let i = 0; i < ROUNDS; i++) {
    const pair = {};
    for (const side of i % 2 ? ['scraped', 'without'] : ['without', 'scraped']) pair[side] = await round[side]();
    rounds.push(pair);
    console.log(`${what} ${i + 1}: ${pair.without.rate.toFixed(0)} without, ${pair.scraped.rate.toFixed(0)} scraped, ratio ${
      (pair.scraped.rate / pair.without.rate).toFixed(3)}`);
  }
  const of = (side, value) => median(rounds.map((pair) => pair[side][value]));
  const ratios = rounds.map((pair) => pair.scraped.rate / pair.without.rate);
  const costs = rounds.map((pair) => pair.scraped.cost / pair.without.cost);
  const ratio = median(ratios);
  const [low, high] = quartiles(ratios);
  console.log(`\n${what}: ${of('without', 'rate').toFixed(0)} ${unit}/s without, ${of('scraped', 'rate').toFixed(0)} with ${scrapes} scrapes in ${
    ROUNDS * SECONDS} s; median of the pairs' ratios ${ratio.toFixed(3)} (half of them ${low.toFixed(3)} to ${high.toFixed(3)}), goal ${GOAL}: ${
    ratio >= GOAL ? 'reached' : 'missed'}`);
  console.log(`${what}: processor time of the program for one of the ${unit}: ${of('without', 'cost').toFixed(2)} us without, ${
    of('scraped', 'cost').toFixed(2)} us scraped, median ratio ${median(costs).toFixed(3)}\n`);
  return ratio >= GOAL;
}

async function server() {
  const operations = await Operations.of(site.server);
  const headers = sign({ key: alice.key, method: 'GET', target: alice.instances, headers: [['Host', 'bench']] });
  const file = writeRequests(join(world.directory, 'requests'), [{ method: 'GET', target: alice.instances, headers }]);
  const work = async () => {
    const { rate, processor } = await withProcessor({ server: site.server.pid }, () => load({
      url: `https://127.0.0.1:${site.port}`, ca: world.authority.certificate, file, connections: CONNECTIONS, seconds: SECONDS }));
    return { rate, cost: processor.server };
  };
  await alone(site.server, operations);
  await work();
  return compare('server', 'requests', operations, work);
}

// Scans one after the other.  Their own time counts, not what lies between them.
async function worker() {
  const redis = await world.redis();
  await redis.command('DEBUG', 'POPULATE', KEYS, 'k', 10);
  const cache = await alice.instance('cache', redis.endpoint);
  const program = await site.startWorker({ ...OPERATIONS, scan_profile: 'fast', scan_threads: 1 });
  const operations = await Operations.of(program);
  const scan = async () => {
    const { id } = await cache.start();
    await cache.reaches(id, 'success', 120_000);
    return program.event('scan_succeeded', (event) => event.task === id);
  };
  let many = 1;
  const work = async () => {
    const before = (await processorOf(program.pid)).seconds;
    let keys = 0, ms = 0;
    for (let i = 0; i < many; i++) {
      const { keys_seen: seen, duration_ms: took } = await scan();
      keys += seen;
      ms += took;
    }
    return { rate: keys * 1000 / ms, cost: ((await processorOf(program.pid)).seconds - before) * 1e6 / keys, ms };
  };
  await alone(program, operations);
  many = Math.max(1, Math.round(SECONDS * 1000 / (await work()).ms));
  return compare('worker', 'keys', operations, work);
}

const PARTS = { server, worker };
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS);
const missed = [];
try {
  for (const name of wanted) if (!await PARTS[name]()) missed.push(name);
} finally {
  await world.close();
}
console.log(missed.length ? `goals missed: ${missed.join(', ')}` : 'all goals reached');
process.exitCode = missed.length ? 1 : 0;
