// What Kubernetes would say of a manifest: the definitions of its own OpenAPI document, and of kinds that are not its own
// what tests/fixtures/kubernetes/custom.yaml knows; in both a member that is not defined is a mistake.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import Ajv from 'ajv';
import { parse } from 'yaml';

const fixture = (name) => readFileSync(new URL(`../fixtures/kubernetes/${name}`, import.meta.url));

const own = JSON.parse(gunzipSync(fixture('openapi.json.gz')));
const custom = parse(fixture('custom.yaml').toString());

// Its document says of these that they are strings; the cluster refuses other words.
const WORDS = {
  whenUnsatisfiable: ['DoNotSchedule', 'ScheduleAnyway'], restartPolicy: ['Always', 'OnFailure', 'Never'],
  concurrencyPolicy: ['Allow', 'Forbid', 'Replace'], fsGroupChangePolicy: ['OnRootMismatch', 'Always'],
  unhealthyPodEvictionPolicy: ['IfHealthyBudget', 'AlwaysAllow'], imagePullPolicy: ['Always', 'IfNotPresent', 'Never'],
  protocol: ['TCP', 'UDP', 'SCTP', 'HTTP', 'HTTPS', 'TLS'], pathType: ['Exact', 'Prefix', 'ImplementationSpecific'],
  policyTypes: ['Ingress', 'Egress'], operator: ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt', 'Equal'],
};

function wrongWords(value, path = '') {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const words = WORDS[name] && [].concat(inner).filter((word) => typeof word === 'string' && !WORDS[name].includes(word));
    return words?.length ? [`${path}/${name}: ${words} is none of ${WORDS[name]}`] : wrongWords(inner, `${path}/${name}`);
  });
}

// A schema with properties has these alone.
function close(schema) {
  if (schema === null || typeof schema !== 'object') return schema;
  if (schema.format === 'int-or-string') return { type: ['integer', 'string'] };
  const closed = Array.isArray(schema) ? [] : {};
  for (const [name, value] of Object.entries(schema)) if (name !== 'format') closed[name] = close(value);
  if (closed.properties && typeof schema.type === 'string') closed.additionalProperties = false;
  return closed;
}

const METADATA = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'kubernetes', definitions: close(own.definitions) });
ajv.addSchema({ $id: 'custom', definitions: close(custom.definitions) });

const validators = new Map();
for (const [name, definition] of Object.entries(own.definitions)) {
  for (const { group, version, kind } of definition['x-kubernetes-group-version-kind'] ?? [])
    validators.set(`${group ? `${group}/` : ''}${version}/${kind}`, { $ref: `kubernetes#/definitions/${name}` });
}
for (const [name, spec] of Object.entries(custom)) {
  if (name === 'definitions') continue;
  const qualified = JSON.parse(JSON.stringify(close(spec)).replaceAll('"#/definitions/', '"custom#/definitions/'));
  validators.set(name, { type: 'object', required: ['apiVersion', 'kind', 'metadata', 'spec'], additionalProperties: false,
    properties: { apiVersion: {}, kind: {}, metadata: { $ref: `kubernetes#/definitions/${METADATA}` }, spec: qualified } });
}

export const release = own.release;
export const describe = ({ kind, metadata }) => `${kind}/${metadata?.name}`;

// What is wrong, a line each.
export function problems(object) {
  const schema = validators.get(`${object.apiVersion}/${object.kind}`);
  if (!schema) return [`${describe(object)}: ${object.apiVersion}/${object.kind} is not known`];
  if (ajv.validate(schema, object)) return wrongWords(object).map((problem) => describe(object) + problem);
  return ajv.errors.map(({ instancePath, message, params }) =>
    `${describe(object)}${instancePath}: ${message} ${params.additionalProperty ?? ''}`.trim());
}
