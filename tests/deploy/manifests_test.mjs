// The manifests of deploy/kubernetes are what Kubernetes takes, and what kustomize makes of them.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { database, overlays, smallDatabase } from '../support/deploy_overlays.mjs';
import { find, setting } from '../support/deploy_objects.mjs';
import { problems } from '../support/kubernetes.mjs';
import { deploy, podTemplate, render } from '../support/kustomize.mjs';

const everything = { ...overlays, database, 'small database': smallDatabase };
const kubectl = spawnSync('kubectl', ['version', '--client']).status === 0;
const sorted = (objects) => objects.sort((one, other) =>
  `${one.kind} ${one.metadata.name}` < `${other.kind} ${other.metadata.name}` ? -1 : 1);

for (const [name, directory] of Object.entries(everything)) {
  test(`${name}: Kubernetes knows every member`, () => {
    const objects = render(directory);
    assert.ok(objects.length > 3);
    assert.deepEqual(objects.flatMap(problems), []);
  });

  test(`${name}: kustomize makes the same of it`, { skip: !kubectl && 'kubectl is not installed' }, () => {
    const text = execFileSync('kubectl', ['kustomize', directory], { encoding: 'utf8' });
    assert.deepEqual(sorted(render(directory)), sorted(parseAllDocuments(text).map((document) => document.toJS())));
  });
}

test('what is misspelt, of another type, or left out is found', () => {
  const mistakes = [
    [['Deployment'], ({ spec }) => { spec.template.spec.containers[0].reedinessProbe = {}; }, /reedinessProbe/],
    [['Deployment'], ({ spec }) => { spec.template.spec.terminationGracePeriodSeconds = '45'; }, /GracePeriod.*integer/],
    [['Deployment'], ({ spec }) => { delete spec.selector; }, /selector/],
    [['Deployment'], ({ spec }) => { spec.template.spec.containers[0].securityContext.readOnlyRootFileSystem = true; }, /readOnlyRootFileSystem/],
    [['NetworkPolicy'], ({ spec }) => { spec.policyType = []; }, /policyType/],
    [['PodDisruptionBudget'], ({ spec }) => { spec.maxUnavailable = true; }, /maxUnavailable/],
    [['Deployment'], ({ spec }) => { spec.template.spec.topologySpreadConstraints[0].whenUnsatisfiable = 'ScheduleAlways'; }, /ScheduleAlways is none of/],
    [['NetworkPolicy'], ({ spec }) => { spec.policyTypes = ['Ingres']; }, /Ingres is none of/],
    [['HorizontalPodAutoscaler'], ({ spec }) => { spec.metrics[0].external = { name: 'x' }; }, /external/],
    [['ConfigMap'], (object) => { object.data.DCS_LOOPS = 2; }, /data\/DCS_LOOPS.*string/],
    [['ServiceMonitor'], ({ spec }) => { spec.endpoints[0].scrapeTimout = '5s'; }, /scrapeTimout/],
    [['HTTPRoute'], ({ spec }) => { spec.rules[0].timeouts.request = 30; }, /request.*string/],
    [['Certificate'], ({ spec }) => { delete spec.secretName; }, /secretName/],
    [['Service'], (object) => { object.apiVersion = 'v2'; }, /v2\/Service is not known/],
  ];
  for (const [[kind], spoil, expected] of mistakes) {
    const object = render(overlays.production).find((one) => one.kind === kind);
    assert.deepEqual(problems(object), []);
    spoil(object);
    assert.match(problems(object).join('\n'), expected);
  }
});

test('production has all that it is described with, and prefers no node', () => {
  const objects = render(overlays.production);
  for (const [kind, name] of [['Gateway', 'dcs'], ['HTTPRoute', 'dcs-server'], ['BackendTLSPolicy', 'dcs-server'], ['Certificate', 'dcs-server'],
    ['HorizontalPodAutoscaler', 'dcs-server'], ['HorizontalPodAutoscaler', 'dcs-worker'], ['ServiceMonitor', 'dcs'], ['Service', 'dcs-operations'],
    ['PodDisruptionBudget', 'dcs-server'], ['PodDisruptionBudget', 'dcs-worker']]) assert.ok(find(objects, kind, name), `${kind} ${name}`);
  for (const name of ['dcs-server', 'dcs-worker']) {
    const byNode = podTemplate(find(objects, 'Deployment', name)).spec.topologySpreadConstraints.find(({ topologyKey }) => topologyKey === 'kubernetes.io/hostname');
    assert.equal(byNode.whenUnsatisfiable, 'DoNotSchedule');
  }
  assert.ok(find(render(overlays.kind), 'Ingress', 'dcs-server'));
});

test('a setting that changes starts the pods anew', () => {
  const names = (directory) => render(directory).filter((object) => object.kind === 'Deployment').map((object) =>
    podTemplate(object).spec.containers[0].envFrom[0].configMapRef.name);
  for (const name of [...names(overlays.kind), ...names(overlays.production)]) assert.match(name, /^dcs-(server|worker)-[a-z0-9]{10}$/);
  assert.notEqual(names(overlays.kind)[0], names(overlays.production)[0]);
});

test('every file belongs to a kustomization, and every component is tried', () => {
  const root = join(deploy, 'kubernetes');
  const used = new Set();
  const visit = (directory) => {
    const own = parse(readFileSync(join(directory, 'kustomization.yaml'), 'utf8'));
    used.add(join(directory, 'kustomization.yaml'));
    for (const name of [...(own.resources ?? []), ...(own.components ?? []), ...(own.patches ?? []).flatMap(({ path }) => path ?? []),
      ...(own.configMapGenerator ?? []).flatMap(({ envs = [] }) => envs)]) {
      const path = join(directory, name);
      if (existsSync(join(path, 'kustomization.yaml'))) visit(path);
      else used.add(path);
    }
  };
  for (const directory of Object.values(everything)) visit(directory);
  const files = execFileSync('find', [root, '-type', 'f', '!', '-name', '*.md'], { encoding: 'utf8' }).trim().split('\n');
  assert.ok(files.length > 30);
  assert.deepEqual(files.filter((path) => !used.has(path)), []);
});

test('who rolls out is told of everything that the manifests expect', () => {
  const readme = readFileSync(join(deploy, 'kubernetes/README.md'), 'utf8');
  const text = JSON.stringify(Object.values(everything).flatMap(render));
  const made = new Set(Object.values(everything).flatMap(render).filter(({ kind }) => ['ConfigMap', 'Certificate'].includes(kind))
    .map(({ metadata }) => metadata.name));
  const expected = new Set([...text.matchAll(/"(?:secretName|configMap":\{"name|secret":\{"name|passwordSecret":\{"name)":"([^"]+)"/g)]
    .map(([, name]) => name).filter((name) => !made.has(name)));
  assert.ok(expected.size >= 10, [...expected].join());
  for (const name of expected) assert.ok(readme.includes(`\`${name}\``), `README.md does not tell of ${name}`);
});

test('the database has room for as many as the autoscalers may start', () => {
  const objects = render(overlays.production);
  const most = (component) => find(objects, 'HorizontalPodAutoscaler', `dcs-${component}`).spec.maxReplicas +
    find(objects, 'Deployment', `dcs-${component}`).spec.strategy.rollingUpdate.maxSurge;
  const connections = most('worker') * (setting(objects, 'worker', 'scan_threads') + 5) +
    most('server') * (setting(objects, 'server', 'loops') * (setting(objects, 'server', 'database_connections') + 1) + 1);
  const room = Number(find(render(database), 'Cluster').spec.postgresql.parameters.max_connections) - 3;
  assert.ok(connections > 100 && connections <= room, `${connections} of ${room}`);
});
