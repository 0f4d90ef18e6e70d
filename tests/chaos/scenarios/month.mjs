// A month of automatic analyses, a day a round: five workers that are killed and cut off while they make the rounds.

import { month } from '../../support/month.mjs';

const INSTANCES = 20;
const WORKERS = 5;

export async function keepMonth(world, { rounds, random }) {
  const site = await world.site();
  const { projectId: project } = await site.tenant('alice');
  const result = await month(site, { project, instances: INSTANCES, days: rounds, workers: WORKERS, random });
  const { violations, started, skipped, missed, kills, cuts } = result;
  const count = (...rules) => violations.filter(({ rule }) => rules.includes(rule)).length;
  return {
    rounds, kills, violations, result,
    figures: { tasks: started, failed: 0, lost: count('lost'), stuck: 0, doubled: count('doubled'), late: 0, takeOvers: [],
      repeated: [] },
    note: `${result.rounds} rounds: ${started} started, ${skipped} skipped as one ran, ${missed} missed while nobody was ` +
      `there; ${cuts} connections cut`,
  };
}
