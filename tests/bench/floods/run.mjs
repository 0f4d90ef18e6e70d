// The benchmark itself; `run` says what it shows.

import { flood } from '../../support/floods.mjs';
import { World } from '../../support/site.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const SECONDS = number('SECONDS_EACH', 60);
const CONNECTIONS = number('CONNECTIONS', 5000);
const RATE = number('RATE', 1000);
const ADDRESSES = number('ADDRESSES', 40);
const GOALS = { share: 0.999, p99: 500, growthMiB: 64 };

// Slow ones are split among the kinds, so that all together are CONNECTIONS.
const SCENARIOS = [
  ['nothing (base line)', [], {}],
  ['slow heads', ['head'], {}],
  ['slow bodies', ['body'], {}],
  ['slow readers', ['reader'], {}],
  ['slow heads, bodies and readers', ['head', 'body', 'reader'], {}],
  ['slow heads from one address', ['head'], { addresses: 1 }],
  ['silent, and half a TLS hello', ['silent', 'hello'], {}],
  ['connection churn', ['churn'], { connections: 64 }],
  ['TLS garbage', ['garbage'], { connections: 256 }],
  ['HTTP/2 prefaces', ['http2', 'http2-plain'], { connections: 256 }],
];

const world = await World.open();
let missed = 0;
try {
  console.log(`${CONNECTIONS} slow connections, at most ${RATE} new ones a second, ${ADDRESSES} addresses, ${SECONDS} s each`);
  console.log('| flood | opened | handshakes | open at most | longest s | good requests | failed | p50 ms | p99 ms | on fresh connections | failed | p50 ms | p99 ms | memory MiB |');
  console.log(`|${'---|'.repeat(14)}`);
  for (const [name, kinds, how] of SCENARIOS) {
    if (!name.includes(process.env.ONLY ?? '')) continue;
    const site = await world.site();
    const tenant = await site.tenant('good');
    for (let i = 0; i < 20; i++) await tenant.client.get(tenant.instances);
    const { connections = CONNECTIONS, addresses = ADDRESSES } = how;
    const result = await flood(site, tenant, {
      kinds, connections: Math.ceil(connections / Math.max(1, kinds.length)), seconds: SECONDS,
      rate: Math.ceil(RATE / Math.max(1, kinds.length)), addresses,
    });
    const sum = (member) => result.floods.reduce((total, one) => total + one[member], 0);
    const { kept, fresh } = result;
    const sent = kept.sent + fresh.sent;
    const failed = kept.failures.length + fresh.failures.length;
    const growth = result.growthKiB / 1024;
    const good = failed <= sent * (1 - GOALS.share) && Math.max(kept.p99, fresh.p99) < GOALS.p99 && growth < GOALS.growthMiB;
    missed += !good;
    console.log(`| ${[name, sum('opened'), sum('established'), sum('most_open'),
      (Math.max(0, ...result.floods.map((one) => one.longest_ms)) / 1000).toFixed(1),
      kept.sent, kept.failures.length, kept.p50.toFixed(0), kept.p99.toFixed(0),
      fresh.sent, fresh.failures.length, fresh.p50.toFixed(0), fresh.p99.toFixed(0), growth.toFixed(1)].join(' | ')} |`);
    if (failed) console.log(`  failures: ${[...new Set([...kept.failures, ...fresh.failures])].join(', ')}`);
    await site.server.stop();
  }
} finally {
  await world.close();
}
console.log(missed ? `${missed} of ${SCENARIOS.length} missed a goal` : 'all goals reached');
