// Renders a kustomization of deploy/kubernetes, with what these use and nothing else: what is not known here is refused, so
// that no test passes over it.  Where kubectl is installed the deploy tests compare the two.

import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

const MEMBERS = new Set(['apiVersion', 'kind', 'namespace', 'labels', 'resources', 'components', 'images', 'replicas',
  'configMapGenerator', 'patches']);
const CLUSTER_WIDE = new Set(['Namespace']);

const fail = (text) => { throw new Error(text); };

export function parseManifests(path) {
  return parseAllDocuments(readFileSync(path, 'utf8')).map((document) => {
    if (document.errors.length) throw new Error(`${path}: ${document.errors[0].message}`);
    return document.toJS();
  }).filter((object) => object !== null);
}

const isGenerated = Symbol('made by a configMapGenerator');

// What runs: the pod's template of whatever makes pods.
export function podTemplate(object) {
  if (object.kind === 'CronJob') return object.spec.jobTemplate.spec.template;
  return ['Deployment', 'Job', 'StatefulSet', 'DaemonSet'].includes(object.kind) ? object.spec.template : undefined;
}

function readVariables(generator, directory) {
  const lines = (generator.envs ?? []).flatMap((path) => readFileSync(join(directory, path), 'utf8').split('\n'))
    .filter((line) => line.trim() && !line.startsWith('#'));
  return Object.fromEntries([...lines, ...(generator.literals ?? [])].map((line) => {
    const at = line.indexOf('=');
    return at > 0 ? [line.slice(0, at), line.slice(at + 1)] : fail(`${directory}: '${line}' is not NAME=VALUE`);
  }));
}

function generate(objects, generator, directory) {
  const { name, behavior = 'create' } = generator;
  const there = objects.find((object) => object.kind === 'ConfigMap' && object.metadata.name === name);
  const data = readVariables(generator, directory);
  if (behavior === 'merge' && there) {
    Object.assign(there.data, data);
  } else if (behavior === 'create' && !there) {
    objects.push({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data, [isGenerated]: true });
  } else {
    fail(`${directory}: cannot ${behavior} ConfigMap ${name}`);
  }
}

function isTarget(object, target) {
  const [version, group = ''] = object.apiVersion.split('/').reverse();
  const own = { group, version, kind: object.kind, name: object.metadata.name };
  return Object.entries(target).every(([key, value]) =>
    (key in own ? new RegExp(`^(${value})$`).test(own[key]) : fail(`target: ${key}`)));
}

// RFC 6902: add, remove, replace.
export function applyOperations(object, operations) {
  for (const { op, path, value } of operations) {
    const keys = path.split('/').slice(1).map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop();
    const place = keys.reduce((at, key) => at?.[key], object) ?? fail(`${path}: not there`);
    if (op !== 'add' && !(last in place)) fail(`${path}: not there`);
    if (op === 'remove') Array.isArray(place) ? place.splice(Number(last), 1) : delete place[last];
    else if (op === 'add' && Array.isArray(place)) place.splice(last === '-' ? place.length : Number(last), 0, value);
    else if (op === 'add' || op === 'replace') place[last] = value;
    else fail(`operation ${op}`);
  }
}

function patch(objects, { target, path, patch: text }, directory) {
  const operations = parse(text ?? readFileSync(join(directory, path), 'utf8'));
  if (!Array.isArray(operations)) fail(`${directory}: only patches of RFC 6902 are known`);
  const targets = objects.filter((object) => isTarget(object, target));
  if (!targets.length) fail(`${directory}: a patch has no target`);
  for (const object of targets) applyOperations(object, structuredClone(operations));
}

function label(object, { pairs, includeTemplates }) {
  const add = (metadata) => Object.assign(metadata.labels ??= {}, pairs);
  add(object.metadata);
  if (!includeTemplates || !podTemplate(object)) return;
  add(podTemplate(object).metadata);
  if (object.kind === 'CronJob') add(object.spec.jobTemplate.metadata);
}

function setImage(object, { name, newName = name, newTag, digest }) {
  for (const container of podTemplate(object)?.spec.containers ?? [])
    if (container.image === name) container.image = newName + (digest ? `@${digest}` : newTag ? `:${newTag}` : '');
}

function setReplicas(objects, { name, count }) {
  const found = objects.find((object) => object.kind === 'Deployment' && object.metadata.name === name);
  (found ?? fail(`replicas: no ${name}`)).spec.replicas = count;
}

// Changes `objects`, which a component is given and a kustomization begins with none of.
function accumulate(directory, objects) {
  const own = parse(readFileSync(join(directory, 'kustomization.yaml'), 'utf8'));
  for (const member of Object.keys(own)) if (!MEMBERS.has(member)) fail(`${directory}: ${member} is not known here`);
  for (const resource of own.resources ?? []) {
    const path = join(directory, resource);
    objects.push(...(statSync(path).isDirectory() ? accumulate(path, []) : parseManifests(path)));
  }
  for (const component of own.components ?? []) accumulate(join(directory, component), objects);
  for (const generator of own.configMapGenerator ?? []) generate(objects, generator, directory);
  for (const one of own.patches ?? []) patch(objects, one, directory);
  for (const object of objects) {
    if (own.namespace && !CLUSTER_WIDE.has(object.kind)) object.metadata.namespace = own.namespace;
    if (own.namespace && object.kind === 'Namespace') object.metadata.name = own.namespace;
    for (const labels of own.labels ?? []) label(object, labels);
    for (const image of own.images ?? []) setImage(object, image);
  }
  for (const replicas of own.replicas ?? []) setReplicas(objects, replicas);
  return objects;
}

// The name changes with the content, so that pods are started anew when a setting changes.
function hashOf({ data }) {
  const sorted = Object.fromEntries(Object.entries(data).sort(([one], [other]) => (one < other ? -1 : 1)));
  const text = JSON.stringify({ data: sorted, kind: 'ConfigMap', name: '' });
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 10);
  return digest.replace(/[013ae]/g, (digit) => ({ 0: 'g', 1: 'h', 3: 'k', a: 'm', e: 't' })[digit]);
}

function rename(value, names) {
  if (value === null || typeof value !== 'object') return;
  for (const [key, member] of Object.entries(value)) {
    if (/^configMap(Ref|KeyRef)?$/.test(key) && names.has(member?.name)) member.name = names.get(member.name);
    rename(member, names);
  }
}

const rendered = new Map();

// The objects, in no particular order; the caller's to change.
export function render(directory) {
  if (!rendered.has(directory)) rendered.set(directory, renderAnew(directory));
  return structuredClone(rendered.get(directory));
}

function renderAnew(directory) {
  const objects = accumulate(resolve(directory), []);
  const generated = objects.filter((object) => object[isGenerated]);
  const names = new Map(generated.map((object) => [object.metadata.name, `${object.metadata.name}-${hashOf(object)}`]));
  for (const object of generated) object.metadata.name = names.get(object.metadata.name);
  for (const object of objects) rename(podTemplate(object), names);
  const seen = new Set();
  for (const { kind, metadata } of objects) {
    const id = `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
    if (seen.has(id)) fail(`${directory}: ${id} twice`);
    seen.add(id);
  }
  return objects;
}

export const deploy = join(dirname(new URL(import.meta.url).pathname), '../../deploy');
