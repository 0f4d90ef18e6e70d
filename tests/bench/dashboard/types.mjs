// Holds a dashboard against the types that Grafana publishes of its dashboards, panels and their options: the compiler is shown
// the JSON as a literal, where a member that the type does not have is an error.

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODULES = fileURLToPath(new URL('node_modules', import.meta.url));
const CONFIGS = { timeseries: 'TimeSeries', stat: 'Stat', table: 'Table' };
const RELEASES = {
  'grafana-10': { index: 'dist/index.d.ts', config: (type) => `dist/esm/raw/composable/${type}/panelcfg/x/${CONFIGS[type]}PanelCfg_types.gen` },
  'grafana-13': { index: 'dist/types/index.d.ts', config: (type) => `dist/types/raw/composable/${type}/panelcfg/x/types.gen` },
};
const TARGET = 'dist/esm/raw/composable/prometheus/dataquery/x/PrometheusDataQuery_types.gen';

// Words of an enumeration may be written as such.
const PLAIN = `type Plain<T> = T extends string ? \`\${T}\` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;`;

const literal = (value) => JSON.stringify(value, null, 1);

// A declaration each, and which part of the dashboard it is: [[name, type, value]].
function partsOf(dashboard) {
  const { panels, ...rest } = dashboard;
  return [['dashboard', 'Plain<Dashboard>', rest], ...panels.flatMap(({ options, targets = [], ...panel }, i) => {
    if (panel.type === 'row') return [[`row ${panel.title}`, 'Plain<RowPanel>', panel]];
    const { fieldConfig: { defaults: { custom, ...defaults }, overrides }, ...own } = panel;
    return [
      [`panel ${panel.title}`, 'Plain<Panel>', { ...own, fieldConfig: { defaults, overrides } }],
      [`options of ${panel.title}`, `Plain<Partial<${panel.type}.Options>>`, options],
      ...(custom ? [[`field of ${panel.title}`, `Plain<Partial<${panel.type}.FieldConfig>>`, custom]] : []),
      ...targets.map((target) => [`query ${target.refId} of ${panel.title}`, 'Plain<Query>', target]),
    ];
  })];
}

// Each of these has to be refused, or the types say nothing.
const MISTAKES = [
  ['Plain<Panel>', { type: 'stat', titel: 'Servers' }], ['Plain<Panel>', { type: 'stat', gridPos: { x: 0, y: 0, w: 4, h: '4' } }],
  ['Plain<Partial<timeseries.Options>>', { legend: { displayMode: 'lists', placement: 'bottom', showLegend: true, calcs: [] } }],
  ['Plain<Partial<timeseries.FieldConfig>>', { fillOpacty: 10 }], ['Plain<Partial<stat.Options>>', { graphMode: 'bars' }],
  ['Plain<Dashboard>', { schemaVersion: 39, refreshes: '30s' }], ['Plain<Query>', { refId: 'A', expression: 'up' }],
  ['Plain<Partial<table.Options>>', { showHeader: 'yes' }],
];

function problemsOf(release, { index, config }, dashboard, directory) {
  const own = join(directory, release);
  mkdirSync(own, { recursive: true });
  const at = (path) => JSON.stringify(join(MODULES, path));
  const parts = partsOf(dashboard);
  const lines = [
    `import type { Dashboard, Panel, RowPanel } from '@grafana/schema';`,
    ...Object.keys(CONFIGS).map((type) => `import type * as ${type} from ${at(`${release}/${config(type)}`)};`),
    `import type { PrometheusDataQuery } from ${at(`grafana-10/${TARGET}`)};`, PLAIN,
    // The plugin's own type names the data source as any query does, by type and uid.
    'type Query = Partial<Omit<PrometheusDataQuery, "datasource">> & { refId: string; datasource?: { type?: string; uid?: string } };',
    ...parts.map(([, type, value], i) => `export const part${i}: ${type} =\n${literal(value)};`),
    ...MISTAKES.map(([type, value], i) => `// @ts-expect-error\nexport const mistake${i}: ${type} = ${JSON.stringify(value)};`),
  ].join('\n');
  writeFileSync(join(own, 'dashboard.ts'), lines);
  writeFileSync(join(own, 'tsconfig.json'), JSON.stringify({
    compilerOptions: { strict: true, noEmit: true, skipLibCheck: true, module: 'esnext', moduleResolution: 'bundler', types: [],
      paths: { '@grafana/schema': [join(MODULES, release, index)] } },
    files: ['dashboard.ts'],
  }));
  const { status, stdout, stderr, error } = spawnSync(join(MODULES, '.bin/tsc'), ['--pretty', 'false', '-p', own], { encoding: 'utf8' });
  if (error) throw error;
  if (status === 0) return [];
  const source = lines.split('\n');
  // The declaration that a line of the source is in.
  const partAt = (line) => {
    const number = source.slice(0, line).map((text) => /^export const (part|mistake)(\d+)/.exec(text)).filter(Boolean).at(-1);
    return number?.[1] === 'part' ? parts[number[2]][0] : number?.[0] ?? 'the types';
  };
  return (stdout + stderr).trim().split('\n').filter((text) => !text.startsWith(' ')).map((text) => {
    const [, line, message] = /\((\d+),\d+\): (.*)/.exec(text) ?? [, 0, text];
    return `${release}: ${partAt(Number(line))}: ${message}`;
  });
}

export const typeProblems = (dashboard, directory) => Object.entries(RELEASES)
  .flatMap(([release, paths]) => problemsOf(release, paths, dashboard, directory));
