// Chaos with a history that is judged, a few rounds of each scenario; `script/bench chaos` runs many.
//
//     DCS_CHAOS_ROUNDS=20   rounds of each, 3 without it
//     DCS_TEST_SEED=N       what happens when

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Random } from '../support/random.mjs';
import { World } from '../support/site.mjs';
import { SCENARIOS } from './scenarios/index.mjs';

const ROUNDS = Number(process.env.DCS_CHAOS_ROUNDS ?? 3);
const SCAN_MS = 700;
const random = new Random();

let world;

before(async () => {
  world = await World.open();
});
after(() => world?.close());

// The month has a test of its own, as few days of it show little.
const { month: _, ...scenarios } = SCENARIOS;
for (const [name, { run, what }] of Object.entries(scenarios)) {
  test(`${name}: ${what}`, async (t) => {
    const done = await run(world, { rounds: ROUNDS, random, scanMs: SCAN_MS });
    const { figures, violations, evidence, note } = done;
    t.diagnostic(`seed ${random.seed}: ${JSON.stringify(figures)} ${note ?? ''}`);
    assert.deepEqual(violations, [], `${JSON.stringify(violations)}\n${JSON.stringify(evidence)}`);
    assert.ok(figures.failed < figures.tasks, `${figures.failed} of ${figures.tasks} failed`);
  });
}
