// A dashboard of Grafana as Grafana would fill it from a Prometheus: variables, intervals, names of series, transformations.
// What a dashboard says that is not known here is refused, never left out.

const STEPS_SECONDS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600];
const RATE_SCRAPES = 4;
const ANSWERS_MAX = 11_000;

// Of a variable whose values may be several the query gets an expression: each value quoted, one alone or with bars between.
const quoted = (value) => value.replace(/[\\^$*+?.()|[\]{}]/g, '\\\\$&');
const expression = (values) => (values.length === 1 ? quoted(values[0]) : `(${values.map(quoted).join('|')})`);

// chosen: by name the values that somebody has picked; where there are none, what the dashboard begins with.
export async function variablesOf(dashboard, prometheus, chosen = {}) {
  const variables = {};
  for (const { name, type, query, includeAll, allValue, multi, current } of dashboard.templating.list) {
    if (type === 'datasource') continue;
    if (type !== 'query' || !multi) throw new Error(`variable ${name}: of type ${type}`);
    const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec(query.query) ?? [];
    if (!label) throw new Error(`variable ${name}: ${query.query}`);
    const offered = await prometheus.labelValues(label, selector);
    const all = chosen[name] === undefined && current.value === '$__all';
    if (all && !includeAll) throw new Error(`variable ${name}: there is no All`);
    variables[name] = { offered, text: all && allValue ? allValue : expression(all ? offered : chosen[name] ?? [current.value]) };
  }
  return variables;
}

// The step of a panel of so many points, in seconds: never below what is scraped.
export function intervalOf(seconds, points, scrapeSeconds) {
  const least = seconds / Math.min(points, ANSWERS_MAX);
  return Math.max(STEPS_SECONDS.find((step) => step >= least) ?? STEPS_SECONDS.at(-1), scrapeSeconds);
}

export function substitute(expr, { variables, interval, scrapeSeconds, seconds }) {
  const own = {
    __interval: `${interval}s`, __range: `${seconds}s`,
    __rate_interval: `${Math.max(interval + scrapeSeconds, RATE_SCRAPES * scrapeSeconds)}s`,
  };
  return expr.replace(/\$(\w+)|\${(\w+)}/g, (_, bare, braced) => {
    const name = bare ?? braced;
    const value = own[name] ?? variables[name]?.text;
    if (value === undefined) throw new Error(`$${name} in ${expr}`);
    return value;
  });
}

const legendOf = (format, metric) => format.replace(/{{\s*(\w+)\s*}}/g, (_, label) => metric[label] ?? '');

const RENAMES = { renameByRegex: ({ regex, renamePattern }) => (name) => name.replace(new RegExp(regex), renamePattern) };

function renamed(panel, series) {
  const renames = (panel.transformations ?? []).map(({ id, options }) => {
    if (!RENAMES[id]) throw new Error(`${panel.title}: transformation ${id}`);
    return RENAMES[id](options);
  });
  return series.map((one) => ({ ...one, name: renames.reduce((name, rename) => rename(name), one.name) }));
}

// What a table shows, by its transformations `merge` and `organize`: { columns: [name], rows: [{ name: value }] }.
function tableOf(panel, results) {
  const [merge, organize, ...rest] = panel.transformations ?? [];
  if (merge?.id !== 'merge' || organize?.id !== 'organize' || rest.length) throw new Error(`${panel.title}: its transformations`);
  const rows = new Map();
  for (const { refId, series } of results) {
    for (const { metric, values: [[time, value]] } of series) {
      const key = JSON.stringify(metric);
      rows.set(key, { ...(rows.get(key) ?? { Time: time, ...metric }), [`Value #${refId}`]: value });
    }
  }
  const { excludeByName = {}, indexByName = {} } = organize.options;
  const columns = [...new Set([...rows.values()].flatMap((row) => Object.keys(row)))].filter((name) => !excludeByName[name])
    .sort((one, other) => indexByName[one] - indexByName[other]);
  return { columns, rows: [...rows.values()] };
}

// Fills a panel: { panel, results: [{ refId, query, series: [{ name, metric, values }] }], table }.  end is in seconds.
export async function fill(panel, prometheus, { variables, end, seconds, points }) {
  const scrapeSeconds = prometheus.seconds;
  const interval = intervalOf(seconds, points, scrapeSeconds);
  const results = [];
  for (const { refId, expr, legendFormat, instant, hide, format = 'time_series' } of panel.targets) {
    if (hide || !['time_series', 'table'].includes(format)) throw new Error(`${panel.title} ${refId}: hidden, or ${format}`);
    const query = substitute(expr, { variables, interval, scrapeSeconds, seconds });
    const found = instant ? await prometheus.instant(query, end)
      : await prometheus.range(query, { start: Math.floor((end - seconds) / interval) * interval, end, step: interval });
    results.push({ refId, expr, query, series: found.map((one) => ({ ...one, name: legendOf(legendFormat, one.metric) })) });
  }
  if (panel.type === 'table') return { panel, interval, results, table: tableOf(panel, results) };
  return { panel, interval, results: results.map((result) => ({ ...result, series: renamed(panel, result.series) })) };
}
