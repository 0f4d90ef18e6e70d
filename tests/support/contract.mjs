// The published descriptions as one judge: every answer that a client of the tests gets is looked up in them.
//
//   contract.check(method, target, answer)   throws where status, code, headers or body are not described
//   contract.operations                      [{ id, method, path, action, open, … }]
//   contract.documented(operation)           [{ status, code }] of its errors
//   contract.query(operation)                what its query must have, by its examples
//
// References within a document are written with its name, so that each is known wherever it stands.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

// The names of the documents, which are files of openapi/.
export const DOCUMENTS = ['dcs-v2', 'ext-v1'];
const sourceOf = (name) => readFileSync(new URL(`../../openapi/${name}.yaml`, import.meta.url), 'utf8');
const METHODS = ['get', 'put', 'post', 'delete', 'patch'];
const SERVED = /^\/((openapi|ext-v1)\.(yaml|json)|docs(\/.*)?|console(\/.*)?)$/;
// Whose errors are problem details.
export const PROBLEMS = /^\/(admin|ext)\//;
// What may be wrong with a request that belongs to no operation.
const ANYWHERE = new Set(['404 DCS.4001', '400 DCS.4800', '413 APIGW.0201', '414 APIGW.0201', '431 APIGW.0201',
  '503 DCS.5000', '429 APIGW.0308']);

const escape = (name) => name.replaceAll('~', '~0').replaceAll('/', '~1');

function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function named(node, name) {
  if (Array.isArray(node)) return node.map((entry) => named(entry, name));
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) =>
    [key, key === '$ref' && typeof value === 'string' ? value.replace(/^#/, `${name}#`) : named(value, name)]));
}

class Contract {
  constructor(names) {
    this.documents = Object.fromEntries(names.map((name) => [name, named(parse(sourceOf(name)), name)]));
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(this.ajv);
    this.ajv.addFormat('int32', { type: 'number', validate: (n) => Number.isInteger(n) && Math.abs(n) <= 0x7fffffff });
    this.ajv.addFormat('int64', { type: 'number', validate: Number.isInteger });
    for (const [name, document] of Object.entries(this.documents)) this.ajv.addSchema(document, name);
    this.seen = new Set();
    this.operations = Object.entries(this.documents).flatMap(([name, { paths }]) =>
      Object.entries(paths).flatMap(([path, item]) =>
        METHODS.filter((method) => method in item).map((method) => this.describe(name, path, item, method))));
  }

  describe(document, path, item, method) {
    const own = item[method];
    return {
      id: own.operationId, document, method: method.toUpperCase(), path, action: own['x-action'],
      // Whether it needs no credentials.
      open: own.security?.length === 0,
      segments: path.split('/'),
      parameters: [...(item.parameters ?? []), ...(own.parameters ?? [])].map((p) => this.resolve(p)),
      body: own.requestBody?.content['application/json'],
      needsBody: own.requestBody?.required ?? false,
      bodyPointer: `${document}#/paths/${escape(path)}/${method}/requestBody/content/application~1json/schema`,
      responses: Object.fromEntries(Object.entries(own.responses).map(([status, response]) => [status, {
        ...this.resolve(response),
        pointer: response.$ref ?? `${document}#/paths/${escape(path)}/${method}/responses/${status}`,
      }])),
    };
  }

  resolve(node) {
    if (!node?.$ref) return node;
    const [name, pointer] = node.$ref.split('#/');
    return this.resolve(pointer.split('/').reduce((place, step) => place[step], this.documents[name]));
  }

  operation(id) {
    const found = this.operations.find((operation) => operation.id === id);
    assert.ok(found, id);
    return found;
  }

  assertMatches(pointer, value, what) {
    const validate = this.ajv.getSchema(pointer);
    assert.ok(validate(value), `${what}: ${this.ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
  }

  isValid(pointer, value) {
    return this.ajv.getSchema(pointer)(value);
  }

  // The operations of the path that a target names.
  at(target) {
    const segments = target.replace(/\?.*$/s, '').replace(/(.)\/$/, '$1').split('/');
    return this.operations.filter((operation) => operation.segments.length === segments.length
      && operation.segments.every((expected, i) =>
        expected.startsWith('{') ? segments[i] !== '' : expected === decoded(segments[i])));
  }

  query(operation) {
    const needed = operation.parameters.filter((p) => p.in === 'query' && p.required);
    return needed.map(({ name, example }, i) => `${i === 0 ? '?' : '&'}${name}=${encodeURIComponent(example)}`).join('');
  }

  // { status, code } of every error that the description has for an operation.
  documented(operation) {
    return Object.entries(operation.responses).filter(([status]) => Number(status) >= 400)
      .flatMap(([status, response]) => this.codesOf(response).map((code) => ({ status: Number(status), code })));
  }

  codesOf(response) {
    const examples = Object.values(response.content ?? {}).flatMap((content) => Object.values(content.examples ?? {}));
    return [...new Set(examples.map((example) => this.resolve(example).value).map((v) => v.error_code ?? v.code))];
  }

  check(method, target, answer) {
    const what = `${method} ${target}: ${answer.status} ${answer.body.slice(0, 500)}`;
    if (SERVED.test(target.replace(/\?.*$/s, ''))) return;
    const here = this.at(target);
    const operation = here.find((o) => o.method === (method === 'HEAD' ? 'GET' : method));
    if (!operation) {
      this.checkElsewhere(here, method, target, answer, what);
      return;
    }
    const response = operation.responses[answer.status];
    assert.ok(response, `not a documented status of ${operation.id}: ${what}`);
    this.checkResponse(response, method, answer, what);
    if (answer.status < 400) {
      this.seen.add(`${operation.id} ${answer.status}`);
    } else if (method !== 'HEAD') {
      const code = answer.json.error_code ?? answer.json.code;
      assert.ok(this.codesOf(response).includes(code), `not a documented code of ${operation.id}: ${what}`);
      this.seen.add(`${operation.id} ${answer.status} ${code}`);
    }
  }

  checkElsewhere(here, method, target, answer, what) {
    const isProblem = PROBLEMS.test(target);
    if (method === 'HEAD') return;
    const value = answer.json;
    if (answer.status === 405) {
      assert.ok(here.length > 0, what);
      this.checkResponse(here[0].responses[405], method, answer, what);
    } else {
      assert.ok(ANYWHERE.has(`${answer.status} ${value.error_code ?? value.code}`), `an error of no path: ${what}`);
      this.assertMatches(`dcs-v2#/components/schemas/${isProblem && 'type' in value ? 'Problem' : 'Error'}`, value, what);
    }
  }

  checkResponse(response, method, answer, what) {
    for (const [name, node] of Object.entries(response.headers ?? {})) {
      const { schema, required } = this.resolve(node);
      const text = answer.headers[name.toLowerCase()];
      if (text === undefined && !required) continue;
      assert.ok(text !== undefined, `without ${name}: ${what}`);
      const value = schema.type === 'integer' ? Number(text) : text;
      const validate = this.ajv.compile(schema);
      assert.ok(validate(value), `${name}: ${text}: ${this.ajv.errorsText(validate.errors)}: ${what}`);
    }
    if (!response.content) {
      assert.equal(answer.body, '', what);
      return;
    }
    const type = (answer.headers['content-type'] ?? '').split(';')[0];
    assert.ok(type in response.content, `content type ${type}: ${what}`);
    if (method === 'HEAD') assert.equal(answer.body, '', what);
    else if (/json$/.test(type))
      this.assertMatches(`${response.pointer}/content/${escape(type)}/schema`, answer.json, what);
  }
}

export const contract = new Contract(DOCUMENTS);
