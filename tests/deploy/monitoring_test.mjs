// The files of deploy/monitoring: alerts fire when they should and are in the runbook, queries are PromQL, and all of them ask
// for metrics that the programs have.  promtool is that of Debian's package prometheus.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { cases, testFiles } from '../support/alert_cases.mjs';
import { overlays } from '../support/deploy_overlays.mjs';
import { find } from '../support/deploy_objects.mjs';
import { problems } from '../support/kubernetes.mjs';
import { deploy, render } from '../support/kustomize.mjs';
import { ROLES } from '../support/postgres.mjs';
import { settings } from '../support/settings.mjs';
import { isUnit } from '../support/grafana_units.mjs';
import { dashboard, metricsOf, queries } from '../support/monitoring.mjs';

const repository = join(deploy, '..');
const directory = mkdtempSync(join(tmpdir(), 'dcs-alerts-'));
after(() => rmSync(directory, { recursive: true }));

// What another metric on the dashboard tells as well, or what only an alert is about.
const NOT_SHOWN = ['dcs_audit_events_total', 'dcs_build_info', 'dcs_connections_accepted_total', 'dcs_database_calls_total',
  'dcs_queue_survey_timestamp_seconds', 'dcs_task_attempts_total'];

const read = (path) => readFileSync(join(repository, path), 'utf8');
const rulesPath = join(deploy, 'monitoring/alerts.yaml');
const rules = parse(read('deploy/monitoring/alerts.yaml'));
const alerts = rules.groups.flatMap((group) => group.rules);
const runbook = read('docs/runbook.md');

function promtool(...args) {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8' });
  if (error) throw error;
  return { status, output: stdout + stderr };
}

function write(name, content) {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : stringify(content));
  return path;
}

const testAlerts = (rules, which) => promtool('test', 'rules', ...testFiles(rules, which).map(({ name, rules: own, tests }) =>
  write(`${name}-test.yaml`, { rule_files: [write(`${name}.yaml`, own)], evaluation_interval: '1m', tests })));

const check = (queries) => promtool('check', 'rules', write('queries.yaml',
  { groups: [{ name: 'queries', rules: queries.map((expr, i) => ({ record: `query_${i}`, expr })) }] }));

test('rules and scrape configuration are what Prometheus takes', () => {
  for (const args of [['check', 'rules', rulesPath], ['check', 'config', join(deploy, 'monitoring/prometheus.yaml')]]) {
    const { status, output } = promtool(...args);
    assert.equal(status, 0, output);
  }
});

test('every alert fires when it should, and not when it should not', () => {
  assert.deepEqual(Object.keys(cases).sort(), alerts.map(({ alert }) => alert).sort());
  const { status, output } = testAlerts(alerts);
  assert.equal(status, 0, output);
});

test('an alert that never fires, and one that always does, are found', () => {
  for (const [expr, which] of [['vector(0) > 1', 'fires'], ['vector(1)', 'quiet']]) {
    const { status, output } = testAlerts(alerts.map((rule) => ({ ...rule, expr, for: '0s' })), [which]);
    assert.notEqual(status, 0);
    for (const { alert } of alerts) assert.match(output, new RegExp(`alertname: ?${alert},`), `${alert} with ${expr}`);
  }
});

test('whoever is woken finds an entry in the runbook', () => {
  const entries = new Map(runbook.split(/^## /m).slice(1).map((text) => [text.slice(0, text.indexOf('\n')), text]));
  assert.deepEqual([...entries.keys()].sort(), alerts.map(({ alert }) => alert).sort());
  for (const [name, text] of entries) {
    const at = ['Symptom', 'Meaning', 'Look', 'Do'].map((part) => text.indexOf(`**${part}.**`));
    assert.ok(at.every((place, i) => place > (at[i - 1] ?? 0)), `${name}: symptom, meaning, look, do`);
  }
  for (const { alert, labels, annotations } of alerts) {
    assert.match(labels.severity, /^(critical|warning)$/);
    assert.ok(annotations.summary && annotations.description, alert);
    assert.equal(annotations.runbook, `docs/runbook.md#${alert.toLowerCase()}`);
  }
});

test('the runbook speaks of events and settings that there are', () => {
  const { stdout } = spawnSync('grep', ['-rhoE', '"[a-z]+(_[a-z]+)+"', '--include=*.c', 'core', 'server', 'workers'],
    { cwd: repository, encoding: 'utf8', maxBuffer: 1 << 24 });
  const events = new Set(stdout.replaceAll('"', '').split('\n'));
  const known = (name) => events.has(name) || settings.has(name) || Object.values(ROLES).includes(name) || ['wait_event', 'max_connections'].includes(name);
  const named = [...runbook.replace(/```.*?```/gs, '').matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map(([, name]) => name);
  assert.ok(named.length > 30);
  assert.deepEqual(named.filter((name) => !known(name)), []);
});

test('the runbook speaks of panels that there are', () => {
  const titles = new Set(dashboard.panels.map(({ title }) => title));
  const named = [...runbook.matchAll(/(?<!\*)\*([A-Z][^*\n]*)\*(?!\*)/g)].map(([, name]) => name);
  assert.ok(named.length > 5, String(named.length));
  assert.deepEqual(named.filter((name) => !titles.has(name)), []);
});

test('the dashboard is one', () => {
  const panels = dashboard.panels;
  const taken = new Set();
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  assert.ok(panels.length > 20 && dashboard.schemaVersion >= 36 && dashboard.uid && dashboard.title);
  const variables = new Set(dashboard.templating.list.map(({ name }) => name));
  for (const { title, type, gridPos: { x, y, w, h }, targets, datasource, fieldConfig } of panels) {
    assert.ok(x >= 0 && x + w <= 24, `${title}: ${x}+${w}`);
    for (let i = x; i < x + w; i++) for (let j = y; j < y + h; j++) {
      assert.ok(!taken.has(`${i},${j}`), `${title}: lies on another panel`);
      taken.add(`${i},${j}`);
    }
    if (type === 'row') continue;
    assert.ok(['timeseries', 'stat', 'table'].includes(type) && targets.length, title);
    for (const { value } of [{ value: fieldConfig.defaults.unit }, ...fieldConfig.overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'unit'))])
      assert.ok(isUnit(value), `${title}: unit ${value}`);
    assert.deepEqual(datasource, { type: 'prometheus', uid: '${datasource}' }, title);
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    for (const { expr, legendFormat } of targets) {
      for (const [, name] of expr.matchAll(/\$(\w+)/g)) assert.ok(['__rate_interval', '__range'].includes(name) || variables.has(name), `${title}: $${name}`);
      // What is chosen has to be kept to by every selector.
      for (const [selector] of expr.matchAll(/\b(?:dcs|process)_\w+({[^}]*})?/g)) assert.match(selector, /{namespace=~"\$namespace"/, title);
      for (const [, name] of legendFormat.matchAll(/{{(\w+)}}/g))
        assert.ok(['job', 'instance'].includes(name) || expr.match(new RegExp(`by \\([^)]*\\b${name}\\b`)), `${title}: ${name}`);
    }
  }
});

test('every metric is on the dashboard, or what is made of it', () => {
  const shown = new Set(queries.dashboard.flatMap(metricsOf).map(({ name }) => name.replace(/_bucket$/, '')));
  const listed = [...read('docs/metrics.md').matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`((?:dcs|process)_[a-z_]+)`/g)].map(([, name]) => name));
  assert.deepEqual(listed.filter((name) => !shown.has(name)).sort(), NOT_SHOWN);
});

test('the picture of the dashboard is one, and small', () => {
  const picture = readFileSync(join(repository, 'docs/images/dashboard.png'));
  assert.equal(picture.subarray(1, 4).toString(), 'PNG');
  assert.ok(picture.length <= 200_000, `${picture.length} bytes`);
});

test('every query is PromQL', () => {
  const { status, output } = check(Object.values(queries).flat());
  assert.equal(status, 0, output);
  assert.notEqual(check(['sum(rate(dcs_ready[5m])']).status, 0);
});

test('every metric is in the list of metrics', () => {
  const listed = new Set([...read('docs/metrics.md').matchAll(/`((?:dcs|process)_[a-z_]+)/g)].map(([, name]) => name));
  assert.ok(listed.size > 20);
  for (const [where, list] of Object.entries(queries)) {
    for (const { name } of list.flatMap(metricsOf)) {
      const base = name.replace(/_(bucket|sum|count)$/, '');
      assert.ok(listed.has(name) || listed.has(base) || name === 'up', `${where}: ${name}`);
    }
  }
});

test('the autoscaler asks for what the adapter tells', () => {
  const { externalRules } = parse(read('deploy/monitoring/prometheus-adapter.yaml'));
  const asked = find(render(overlays.production), 'HorizontalPodAutoscaler', 'dcs-worker').spec.metrics.map(({ external }) => external.metric.name);
  assert.deepEqual(asked, externalRules.map(({ name }) => name.as));
});

test('the Prometheus operator takes the rules as the README wraps them', () => {
  const readme = read('deploy/monitoring/README.md');
  const [, command] = /```sh\n(.*alerts\.yaml.*)\| kubectl apply -f -\n```/s.exec(readme);
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { cwd: join(deploy, 'monitoring'), encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const object = parse(stdout);
  assert.equal(object.kind, 'PrometheusRule');
  assert.deepEqual(problems(object), []);
  assert.deepEqual(object.spec, rules);
});
