// The leader of a Patroni cluster is killed under load with two servers and two workers: the standby takes over,
// nothing that was acknowledged is lost or done twice, and clients see 503 or a closed connection meanwhile.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FailoverTrial } from '../support/failover_trial.mjs';

// Short, so that the test is; a machine of its own should be given more.
const TIMING = { ttl: 8, loop_wait: 1, retry_timeout: 3 };

let trial;

before(async () => {
  trial = await FailoverTrial.open({ nodes: 2, timing: TIMING, instances: 4 });
});
after(() => trial?.close());

test('kill -9 of the leader under load', async (t) => {
  const back = await trial.run();
  const seen = await trial.check();
  t.diagnostic(`service back after ${back.map((ms) => (ms / 1000).toFixed(1)).join(' and ')} s; ${JSON.stringify(seen)}`);
  assert.ok(seen.unavailable + seen.closed > 0, 'nobody noticed the kill');
});
