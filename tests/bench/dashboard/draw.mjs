// The browser's part: draws what page.mjs has put into `dashboard`, and lists in `window.problems` what cannot be read.
/* global document, window, uPlot, dashboard, formatted */

const COLOURS = ['#56a64b', '#e0b400', '#3274d9', '#e02f44', '#ff780a', '#8f3bb8', '#37872d', '#1f60c4', '#b877d9', '#fa6400', '#5c9a98', '#8a6d3b'];
const NAMED = { green: '#37872d', blue: '#3274d9', orange: '#e06c00', red: '#c4162a', text: '#24292e' };
const LEGEND_SHARE = 0.35;

// Steps of an axis in bytes are powers of two.
const INCREMENTS = { bytes: Array.from({ length: 40 }, (_, i) => 2 ** i) };
const two = (number) => String(number).padStart(2, '0');
const clock = (seconds) => {
  const date = new Date(seconds * 1000);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
};

const problems = (window.problems = []);

function element(parent, name, text, style = {}) {
  const made = parent.appendChild(document.createElement(name));
  if (text !== undefined) made.textContent = text;
  Object.assign(made.style, style);
  return made;
}

const colourOf = ({ steps }, value) => NAMED[steps.filter((step) => step.value === null || value >= step.value).at(-1).color];

// Series on one list of times; where one has none, a gap.
function aligned(series) {
  const times = [...new Set(series.flatMap(({ values }) => values.map(([time]) => time)))].sort((a, b) => a - b);
  return [times, ...series.map(({ values }) => {
    const at = new Map(values);
    return times.map((time) => (Number.isFinite(at.get(time)) ? at.get(time) : null));
  })];
}

function piled([times, ...lines]) {
  const sums = times.map(() => 0);
  return [times, ...lines.map((line) => line.map((value, i) => (sums[i] += value ?? 0)))];
}

function chart(box, { series, field, legend: shown, unit, decimals }, { spark = false } = {}) {
  const area = element(box, 'div', undefined, { flex: '1 1 0', minHeight: '0' });
  const legend = shown ? element(box, 'div') : undefined;
  if (legend) legend.className = 'legend';
  const colours = series.map(({ colour }, i) => spark || (colour ? NAMED[colour] : COLOURS[i % COLOURS.length]));
  series.forEach(({ name }, i) => {
    const item = legend && element(legend, 'span');
    if (!item) return;
    element(item, 'i', undefined, { background: colours[i] });
    item.append(name);
    if (!name) problems.push(`${box.dataset.title}: a series without a name`);
  });
  if (legend && legend.offsetHeight > LEGEND_SHARE * box.offsetHeight) problems.push(`${box.dataset.title}: its legend is ${legend.offsetHeight} px high`);
  const isPile = field.custom?.stacking?.mode === 'normal';
  const data = isPile ? piled(aligned(series)) : aligned(series);
  const bands = isPile ? series.slice(1).map((_, i) => ({ series: [i + 2, i + 1] })) : [];
  const axis = { stroke: '#52595f', font: '11px DejaVu Sans', grid: { stroke: '#e4e7e7', width: 1 }, ticks: { show: false } };
  new uPlot({
    width: area.offsetWidth, height: area.offsetHeight, legend: { show: false }, cursor: { show: false }, pxAlign: 1, bands,
    padding: spark ? [2, 0, 0, 0] : [8, 28, 0, 0],
    scales: { x: { time: true, range: () => [dashboard.start, dashboard.end] },
      y: { range: (_, low, high) => [field.min ?? low, field.max ?? (high > 0 ? high * 1.08 : 1)] } },
    axes: spark ? [{ show: false }, { show: false }] : [{ ...axis, space: 80, size: 24, values: (_, ticks) => ticks.map(clock) },
      { ...axis, size: 74, space: 34, ...(INCREMENTS[unit] && { incrs: INCREMENTS[unit] }), values: (_, ticks) => ticks.map((tick) => formatted(unit, tick, decimals)) }],
    series: [{}, ...series.map((_, i) => ({ stroke: colours[i], width: field.custom?.lineWidth ?? 1,
      fill: `${colours[i]}${isPile ? '60' : '1a'}`, points: { show: false } }))],
  }, data, area);
}

function stat(box, panel) {
  const last = panel.series[0]?.values.filter(([, value]) => Number.isFinite(value)).at(-1)?.[1];
  const colour = last === undefined ? NAMED.text : colourOf(panel.field.thresholds, last);
  const value = element(box, 'div', last === undefined ? 'No data' : formatted(panel.unit, last, panel.decimals), { color: colour });
  value.className = 'value';
  chart(box, { ...panel, legend: false }, { spark: colour });
}

function table(box, { columns, rows }) {
  const made = element(box, 'table');
  const head = element(element(made, 'thead'), 'tr');
  for (const { title, width } of columns) element(head, 'th', title, width ? { width: `${width}px` } : {});
  const body = element(made, 'tbody');
  for (const row of rows) {
    const line = element(body, 'tr');
    columns.forEach(({ thresholds, isText }, i) => {
      const { text, value } = row[i];
      const cell = element(line, 'td', text, thresholds && value !== undefined ? { color: colourOf(thresholds, value) } : {});
      if (!isText) cell.className = 'number';
      if (cell.scrollWidth > cell.offsetWidth) problems.push(`${box.dataset.title}: no room for ${text}`);
    });
  }
}

for (const panel of dashboard.panels) {
  const box = element(document.body, 'section', undefined, panel.place);
  box.dataset.title = panel.title;
  box.className = panel.type;
  const title = element(box, 'h2', panel.title);
  if (panel.type === 'row') continue;
  if (title.scrollWidth > title.offsetWidth) problems.push(`${panel.title}: no room for the title`);
  ({ timeseries: chart, stat, table })[panel.type](box, panel);
}
document.body.dataset.done = 'yes';
