// Five workers over a compressed month, killed and cut off while they make its rounds: none is missing, none is doubled.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { month } from '../support/month.mjs';
import { Random } from '../support/random.mjs';
import { SANITIZER, World } from '../support/site.mjs';

let world;

before(async () => {
  world = await World.open();
});
after(() => world?.close());

test('a month of rounds, each made once', async () => {
  const site = await world.site();
  const { projectId: project } = await site.tenant('alice');
  const days = SANITIZER ? 12 : 30;
  const result = await month(site, { project, instances: 20, days, workers: 5, random: new Random() });
  console.log(`# ${JSON.stringify(result)}`);
  assert.deepEqual(result.violations, []);
  assert.equal(result.rounds + result.missed, 60 * days);
  assert.ok(result.kills > 0);
});
