// The benchmark itself; `run` says what it shows.

import { join } from 'node:path';
import { readProfile } from '../../support/callgrind.mjs';
import { Collector } from '../../support/collector.mjs';
import { rowsOf, Stage, underCallgrind } from '../../support/cost.mjs';
import { World } from '../../support/site.mjs';

const REQUESTS = Number(process.env.REQUESTS ?? 192);
// So short that each row's requests end with few spans that are not sent.
const INTERVAL_MS = 100;
const RATIOS = ['0.01', '1'];

// What the thread that sends calls, and nobody else does.
const SENDER = /^(collector_post|span_ring_take|export_batch_\w+) \[dcs-server\]$/;

const whole = (value) => String(Math.round(value));
const ratio = (value, base) => (value / base).toFixed(3);
const line = (cells) => console.log(`| ${cells.join(' | ')} |`);

// { total, sender } of a request of each row, by its name.
async function measureAll(stage, how) {
  const server = await underCallgrind(stage, how);
  const found = {};
  for (const row of rowsOf(stage)) {
    const { instructions, counts, requests } = await stage.measure(row, server, { n: REQUESTS });
    const sender = readProfile(counts.file).filter(({ name }) => SENDER.test(name)).reduce((sum, { inclusive }) => sum + inclusive, 0);
    found[row.name] = { total: instructions, sender: sender / requests };
  }
  await server.program.stop();
  return found;
}

const world = await World.open();
try {
  const stage = await Stage.open(world);
  const collector = await Collector.open(world);
  const traced = (trace_sample_ratio) => ({ settings: { trace_endpoint: collector.endpoint, trace_interval_ms: INTERVAL_MS, trace_sample_ratio } });
  const other = process.env.OTHER_BUILD
    && await measureAll(stage, { command: join(process.env.OTHER_BUILD, 'server/dcs-server') });
  const off = await measureAll(stage, {});
  const on = [];
  for (const share of RATIOS) on.push(await measureAll(stage, traced(share)));
  line(['instructions a request', ...(other ? ['other build', 'off', 'ratio'] : ['off']),
    ...RATIOS.flatMap((share) => [`${share} of them`, 'to off', 'of these sending'])]);
  console.log(`|${'---|'.repeat((other ? 4 : 2) + 3 * RATIOS.length)}`);
  for (const [name, { total }] of Object.entries(off)) {
    line([name, ...(other ? [whole(other[name].total), whole(total), ratio(total, other[name].total)] : [whole(total)]),
      ...on.flatMap((found) => [whole(found[name].total), ratio(found[name].total, total), whole(found[name].sender)])]);
  }
  console.log(`\n${collector.of().length} spans came to the collector, in ${collector.requests.length} requests`);
} finally {
  await world.close();
}
