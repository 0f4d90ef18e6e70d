// What rules about manifests look at: objects by kind, what makes pods, and settings as containers have them.

import { podTemplate } from './kustomize.mjs';
import { describe } from './kubernetes.mjs';
import { settings } from './settings.mjs';

export const find = (objects, kind, name) =>
  objects.find((object) => object.kind === kind && (!name || object.metadata.name === name));
export const all = (objects, kind) => objects.filter((object) => object.kind === kind);

const COMPONENT = 'app.kubernetes.io/component';

// What makes pods, with what is needed of each.
export function workloads(objects) {
  return objects.filter(podTemplate).map((object) => {
    const { metadata, spec } = podTemplate(object);
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    return { object, name: describe(object), labels: metadata.labels, component: metadata.labels[COMPONENT], spec, containers };
  });
}
export const deployments = (objects) => workloads(objects).filter(({ object }) => object.kind === 'Deployment');

export const matches = ({ matchLabels = {}, matchExpressions = [] }, labels) =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, operator, values }) => {
    if (operator !== 'In') throw new Error(`operator ${operator}`);
    return values.includes(labels[key]);
  });

// Whether a selector takes the pods of a component, and of no other.
export const selectsOnly = (objects, selector, component) => {
  const selected = workloads(objects).filter(({ labels }) => matches(selector, labels));
  return selected.length > 0 && selected.every((one) => one.component === component);
};

// The environment of a container as the kubelet makes it of ConfigMaps and values; undefined stands for a Secret's.
export function environment(objects, container) {
  const variables = {};
  for (const { configMapRef } of container.envFrom ?? [])
    if (configMapRef?.name) Object.assign(variables, find(objects, 'ConfigMap', configMapRef.name)?.data);
  for (const { name, value } of container.env ?? []) variables[name] = value;
  return variables;
}

// A setting's value in a program's container, its default where nothing is said.
export function setting(objects, component, name) {
  const { containers } = workloads(objects).find((one) => one.component === component);
  const value = environment(objects, containers[0])[`DCS_${name.toUpperCase()}`];
  if (value === undefined) return settings.get(name)?.value;
  return settings.get(name)?.type === 'number' ? Number(value) : value;
}

// What a check says of each: { what: is it so }, as lines.
export const each = (list, check) => list.flatMap((one) => {
  const problems = check(one);
  return Object.entries(problems).filter(([, isWrong]) => isWrong).map(([what]) => `${one.name ?? describe(one)}: ${what}`);
});
