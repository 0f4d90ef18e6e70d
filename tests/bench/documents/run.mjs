// Two documents of so many keys each, in both rankings, and their medians of a number of rounds, one after the other.

import { Analyses, documentOf } from '../../support/analysis.mjs';
import { World } from '../../support/site.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 15);
const KEYS = (process.env.KEYS ?? '100,4500,10000').split(',').map(Number);
const PREFIXES = 1000;

const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];

function documents(count) {
  return [0, 1].map((offset) => documentOf(Array.from({ length: count }, (_, i) =>
    ({ name: `user:${i % PREFIXES}:cart:${i}`, bytes: 200_000 - i + (i % 3) * offset, ttl_ms: i })), { top: 10_000, depth: 2 }));
}

async function timed(times, work) {
  const start = performance.now();
  const answer = await work();
  times.push(performance.now() - start);
  if (answer.status && answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
  return answer;
}

const world = await World.open();
try {
  const site = await world.site();
  const tenant = await site.tenant('bench');
  console.log('document, bytes  record, ms  compare, ms  CSV of keys, ms  whole, ms');
  for (const count of KEYS) {
    const cache = await tenant.instance(`of ${count}`, '127.0.0.1:1', '--no-probe');
    await site.sql(`UPDATE instance SET status = 'RUNNING', probed_at = now(), capabilities = '{analysis}' WHERE id = $1`, [cache.id]);
    const analyses = new Analyses(site, cache);
    const pair = documents(count), times = { record: [], compare: [], csv: [], whole: [] };
    for (let round = 0; round < ROUNDS; round++) {
      const ids = [];
      for (const document of pair) ids.push(await timed(times.record, () => analyses.record(document, { options: { top: 10_000 } })));
      await timed(times.compare, () => analyses.compare(...ids));
      await timed(times.csv, () => analyses.export(ids[0], '?format=csv'));
      await timed(times.whole, () => analyses.export(ids[0]));
    }
    console.log([JSON.stringify(pair[0]).length, ...Object.values(times).map((of) => median(of).toFixed(1))]
      .map((cell, i) => String(cell).padStart([15, 12, 13, 17, 11][i])).join(''));
  }
} finally {
  await world.close();
}
