// The trial itself; `run` says what it does.

import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fill, variablesOf } from '../../support/grafana.mjs';
import { dashboard } from '../../support/monitoring.mjs';
import { draw, pointsOf } from './page.mjs';
import { Stage } from './scenario.mjs';
import { typeProblems } from './types.mjs';

const SECONDS = Number(process.env.RUN_SECONDS ?? 75);
const DIRECTORY = join(process.env.DCS_BUILD, 'dashboard');
const { IMAGE } = process.env;
const IMAGE_MAX = 200_000;
const COLOURS = 48;

// What stays 0 in this run, and why; anything else has to move, and these must not.
const STILL = {
  'Audit events B': 'the audit log has room for all that waits while the database is away',
};

const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const isFinite = ({ values }) => values.some(([, value]) => Number.isFinite(value));

function problemsOf({ panel, results }) {
  const names = results.flatMap(({ series }) => series.map(({ name }) => name));
  return results.flatMap(({ refId, query, series }) => {
    const what = `${panel.title} ${refId}`;
    if (!series.length) return [`${what}: no series: ${query}`];
    const empty = series.filter((one) => !isFinite(one));
    if (empty.length === series.length) return [`${what}: no value: ${query}`];
    const moves = series.some(({ values }) => values.some(([, value]) => Number.isFinite(value) && value !== 0));
    return moves === !STILL[what] ? [] : [`${what}: ${moves ? 'moves, though it is listed as still' : 'stays 0'}`];
  }).concat(panel.type === 'timeseries' && new Set(names).size !== names.length ? [`${panel.title}: two series of one name: ${names}`] : []);
}

// What is asked for where the namespaces are chosen: as much as of all of them, or nothing where there is nothing.
async function problemsOfVariables(all, stage, when) {
  const problems = [];
  for (const [chosen, wanted] of [[['dcs'], (one) => one], [['dcs', 'else.where'], (one) => one], [['else.where'], () => 0]]) {
    const variables = await variablesOf(dashboard, stage.prometheus, { namespace: chosen });
    for (const { panel, results } of all) {
      const some = await fill(panel, stage.prometheus, { variables, ...when, points: pointsOf(panel) });
      results.forEach(({ refId, series }, i) => {
        const count = some.results[i].series.length;
        if (count !== wanted(series.length)) problems.push(`${panel.title} ${refId}: ${count} series of namespace ${chosen}, not ${wanted(series.length)}`);
      });
    }
  }
  return problems;
}

mkdirSync(DIRECTORY, { recursive: true });
const problems = typeProblems(dashboard, DIRECTORY);
const stage = await Stage.open({ seconds: SECONDS });
try {
  const { start, end } = await stage.play();
  const variables = await variablesOf(dashboard, stage.prometheus);
  if (variables.namespace.offered.join() !== 'dcs') problems.push(`namespaces to choose from: ${variables.namespace.offered}`);
  const when = { end, seconds: end - start };
  const filled = [];
  for (const panel of panels) filled.push(await fill(panel, stage.prometheus, { variables, ...when, points: pointsOf(panel) }));
  problems.push(...filled.flatMap(problemsOf), ...(await problemsOfVariables(filled, stage, when)));
  const rows = dashboard.panels.filter(({ type }) => type === 'row').map((panel) => ({ panel }));
  problems.push(...(await draw([...rows, ...filled], { start, end, directory: DIRECTORY, image: IMAGE })));
  execFileSync('pngquant', ['--force', '--strip', '--nofs', '--speed', '1', '--output', IMAGE, String(COLOURS), IMAGE]);
  const { size } = statSync(IMAGE);
  if (size > IMAGE_MAX) problems.push(`${IMAGE}: ${size} bytes`);
  const count = filled.reduce((sum, { results }) => sum + results.reduce((all, { series }) => all + series.length, 0), 0);
  console.log(`${panels.length} panels, ${count} series of ${end - start} s: ${IMAGE}, ${Math.ceil(size / 1000)} kB`);
} finally {
  await stage.world.close();
}
for (const problem of problems) console.log(`  ${problem}`);
if (!problems.length) console.log('every panel is filled and can be read, and Grafana 10 and 13 know every member');
process.exitCode = problems.length ? 1 : 0;
