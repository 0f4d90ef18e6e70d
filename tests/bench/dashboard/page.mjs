// The dashboard as one page: panels where the JSON places them on Grafana's grid, filled, in their units; and its picture.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Browser } from '../../support/browser.mjs';
import { formatted } from '../../support/grafana_units.mjs';

export const WIDTH = 1440;
const COLUMNS = 24;
const ROW_HEIGHT = 30;
const GAP = 8;
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');

const STYLE = `
body { margin: 0; position: relative; background: #f4f5f5; font: 12px 'DejaVu Sans', sans-serif; color: #24292e; }
section { position: absolute; box-sizing: border-box; display: flex; flex-direction: column; background: #fff; border: 1px solid #dcdfe0; border-radius: 2px; padding: 6px 8px; overflow: hidden; }
section.row { background: none; border: none; padding: 4px 2px; }
h2 { margin: 0 0 4px; font-size: 13px; font-weight: bold; white-space: nowrap; overflow: hidden; }
.value { font-size: 28px; text-align: center; padding: 6px 0; }
.legend { flex: none; display: flex; flex-wrap: wrap; gap: 1px 12px; padding-top: 4px; font-size: 11px; }
.legend i { display: inline-block; width: 12px; height: 3px; margin-right: 5px; vertical-align: middle; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; }
th { text-align: left; color: #3274d9; } th, td { padding: 2px 8px; border-bottom: 1px solid #e4e7e7; white-space: nowrap; overflow: hidden; }
td.number { font-variant-numeric: tabular-nums; }`;

// Where on the grid, in pixels.
function place({ x, y, w, h }) {
  const column = (WIDTH - GAP) / COLUMNS;
  return { left: `${GAP + x * column}px`, top: `${GAP + y * (ROW_HEIGHT + GAP)}px`,
    width: `${w * column - GAP}px`, height: `${h * (ROW_HEIGHT + GAP) - GAP}px` };
}

// So many points has a panel: one for each pixel.
export const pointsOf = ({ gridPos: { w } }) => Math.floor((w * WIDTH) / COLUMNS);

// What is said of a field by its name.
const overriding = (overrides, name) => Object.fromEntries(overrides.filter(({ matcher }) => {
  if (matcher.id !== 'byName') throw new Error(`matcher ${matcher.id}`);
  return matcher.options === name;
}).flatMap(({ properties }) => properties.map(({ id, value }) => [id, value])));

function tableFor({ panel, table }) {
  const { defaults, overrides } = panel.fieldConfig;
  const columns = table.columns.map((name) => {
    const own = overriding(overrides, name);
    return { name, title: own.displayName ?? name, unit: own.unit ?? defaults.unit, decimals: own.decimals ?? defaults.decimals,
      thresholds: own.thresholds, width: own['custom.width'], isText: table.rows.every((row) => typeof row[name] !== 'number') };
  });
  const [{ displayName, desc }] = panel.options.sortBy;
  const by = columns.find(({ title }) => title === displayName).name;
  return {
    columns,
    rows: [...table.rows].sort((one, other) => (one[by] - other[by]) * (desc ? -1 : 1)).map((row) => columns.map(({ name, unit, decimals, isText }) =>
      (isText ? { text: row[name] } : row[name] === undefined ? { text: '' } : { text: formatted(unit, row[name], decimals), value: row[name] }))),
  };
}

function panelFor(filled) {
  const { type, title, gridPos, fieldConfig, options } = filled.panel;
  const common = { type, title, place: place(gridPos) };
  if (type === 'row') return common;
  if (type === 'table') return { ...common, ...tableFor(filled) };
  const { defaults, overrides } = fieldConfig;
  return { ...common, field: defaults, unit: defaults.unit, decimals: defaults.decimals, legend: options.legend?.showLegend,
    series: filled.results.flatMap(({ series }) => series.map(({ name, values }) =>
      ({ name, values, colour: overriding(overrides, name).color?.fixedColor }))) };
}

// filled: what grafana.mjs made of each panel, rows as { panel }.  Writes directory/dashboard.html and the picture; the result is
// what cannot be read on it.
export async function draw(filled, { start, end, directory, image }) {
  const uPlot = (name) => read(`node_modules/uplot/dist/${name}`);
  const last = Math.max(...filled.map(({ panel: { gridPos: { y, h } } }) => y + h));
  const heightOf = (units) => GAP + units * (ROW_HEIGHT + GAP);
  const path = join(directory, 'dashboard.html');
  const data = JSON.stringify({ start, end, panels: filled.map(panelFor) }).replaceAll('<', '\\u003c');
  writeFileSync(path, `<!doctype html><html lang="en"><meta charset="utf-8"><title>Dashboard</title>
<style>${uPlot('uPlot.min.css')}${STYLE}</style><body style="height: ${heightOf(last)}px">
<script>${uPlot('uPlot.iife.min.js')}</script>
<script type="module">const dashboard = ${data};
${read('../../support/grafana_units.mjs').replace(/^export /gm, '')}
${read('draw.mjs')}</script></body></html>`);
  const browser = await Browser.start();
  try {
    const page = await browser.page({ width: WIDTH, height: heightOf(last) });
    await page.goto(pathToFileURL(path).href);
    await page.waitForSelector('body[data-done]', { state: 'attached' }).catch(() => {});
    await page.screenshot({ path: image, clip: { x: 0, y: 0, width: WIDTH, height: heightOf(last) } });
    return [...page.problems, ...(await page.evaluate('window.problems ?? ["nothing was drawn"]'))];
  } finally {
    await browser.stop();
  }
}
