// The queries of deploy/monitoring, with what Grafana and the adapter put into them, and what they ask for.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { deploy } from './kustomize.mjs';

const read = (name) => readFileSync(join(deploy, 'monitoring', name), 'utf8');

export const dashboard = JSON.parse(read('dashboard.json'));

const adapted = ({ seriesQuery, metricsQuery }) => [seriesQuery, metricsQuery
  .replaceAll('<<.Series>>', seriesQuery.replace(/{.*/, '')).replaceAll('<<.LabelMatchers>>', 'namespace="dcs"')];

export const queries = {
  alerts: parse(read('alerts.yaml')).groups.flatMap(({ rules }) => rules.map(({ expr }) => expr)),
  dashboard: dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) =>
    expr.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '6h').replaceAll('$namespace', '.*'))),
  adapter: parse(read('prometheus-adapter.yaml')).externalRules.flatMap(adapted),
};

// The metrics of a query, and what their labels must be.  Labels that Prometheus adds to what it scrapes are left out.
export function metricsOf(query) {
  return [...query.matchAll(/\b(up|(?:dcs|process)_[a-z_]+)(?:{([^}]*)})?/g)].map(([, name, matchers = '']) => ({
    name,
    labels: [...matchers.matchAll(/(\w+)(=~|!=|!~|=)"([^"]*)"/g)].map(([, label, operator, value]) => ({ label, operator, value }))
      .filter(({ label }) => !['job', 'instance', 'namespace', 'pod'].includes(label)),
  }));
}
