// Each kind of flood, short and small: whoever behaves is served, and nothing is held for long.  The long form
// is `script/bench floods`.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { KINDS, flood } from '../support/floods.mjs';
import { SANITIZER, World } from '../support/site.mjs';
import { assertAnswer } from '../support/golden.mjs';

const CONNECTIONS = 300;
const SECONDS = 1;
// What the server ends, or the client leaves, without waiting.
const AT_ONCE = ['churn', 'garbage', 'http2', 'http2-plain'];
const GROWTH_KIB = 64 * 1024;

let world, site, alice;

before(async () => {
  world = await World.open();
  site = await world.site({ server: { head_timeout_ms: 120_000, request_timeout_ms: 120_000 } });
  alice = await site.tenant('alice');
  assertAnswer(await alice.client.get(alice.instances), 200);
});
after(() => world?.close());

for (const kind of KINDS) {
  test(kind, async () => {
    const result = await flood(site, alice, {
      kinds: [kind], connections: CONNECTIONS, seconds: SECONDS, rate: 600, addresses: 4, goodRate: 20, freshRate: 5,
    });
    const [did] = result.floods;
    assert.ok(did.opened > 0, JSON.stringify(did));
    if (AT_ONCE.includes(kind)) assert.ok(did.closed > 0, JSON.stringify(did));
    for (const good of [result.kept, result.fresh]) {
      assert.ok(good.sent > 0);
      assert.deepEqual(good.failures, []);
    }
    if (!SANITIZER) assert.ok(result.growthKiB < GROWTH_KIB, `${result.growthKiB} KiB`);
  });
}
