// A collector of traces, by OTLP over HTTP with JSON, that takes nothing which is not exactly that; and bad ones.
//
//   const collector = await Collector.open(world);       then trace_endpoint: collector.endpoint
//   await collector.span((span) => span.name === 'x')    the first of them, once it has come
//   collector.behave(STALLING)                           from the next request on
//
// What was wrong with a request fails the test when it asks next, and when the collector is closed.

import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import { readFileSync } from 'node:fs';
import { until } from './wait.mjs';

const VALUE_MAX = 128;
const SPANS_MAX = 512;
const KINDS = { 1: 'internal', 2: 'server', 3: 'client', 5: 'consumer' };

// Members by name: whether it must be there.
const SPAN = {
  traceId: true, spanId: true, parentSpanId: false, flags: true, name: true, kind: true, startTimeUnixNano: true,
  endTimeUnixNano: true, attributes: true, status: false,
};

function assertMembers(object, members) {
  assert.ok(object && typeof object === 'object' && !Array.isArray(object), JSON.stringify(object));
  for (const name of Object.keys(object)) assert.ok(name in members, `unknown member ${name}`);
  for (const [name, needed] of Object.entries(members)) assert.ok(!needed || name in object, `${name} is missing`);
}

const only = (list) => {
  assert.ok(Array.isArray(list) && list.length === 1, 'one of it');
  return list[0];
};

function readAttributes(list) {
  assert.ok(Array.isArray(list));
  const found = {};
  for (const attribute of list) {
    assertMembers(attribute, { key: true, value: true });
    const [[kind, value], ...more] = Object.entries(attribute.value);
    assert.equal(more.length, 0);
    assert.match(attribute.key, /^[a-z][a-z0-9_.]*$/);
    assert.ok(!(attribute.key in found), `${attribute.key} twice`);
    assert.equal(typeof value, 'string', 'text, and 64 bits as text');
    assert.ok(kind === 'stringValue' || (kind === 'intValue' && /^-?\d+$/.test(value)), `${kind} ${value}`);
    assert.ok(value.length > 0 && Buffer.byteLength(value) <= VALUE_MAX, value);
    found[attribute.key] = kind === 'intValue' ? Number(value) : value;
  }
  return found;
}

function readId(text, digits) {
  assert.match(text, new RegExp(`^[0-9a-f]{${digits}}$`));
  assert.doesNotMatch(text, /^0+$/);
  return text;
}

function readTime(text) {
  assert.equal(typeof text, 'string');
  assert.match(text, /^[1-9]\d{18}$/);
  return BigInt(text);
}

// { trace, id, parent, name, kind, from, to (ns), attributes, failed }.
function readSpan(span) {
  assertMembers(span, SPAN);
  const kind = KINDS[span.kind];
  assert.ok(kind && typeof span.kind === 'number', `kind ${span.kind}`);
  const read = {
    trace: readId(span.traceId, 32), id: readId(span.spanId, 16),
    parent: span.parentSpanId === undefined ? undefined : readId(span.parentSpanId, 16),
    name: span.name, kind, from: readTime(span.startTimeUnixNano), to: readTime(span.endTimeUnixNano),
    attributes: readAttributes(span.attributes), failed: span.status !== undefined,
  };
  assert.ok(typeof read.name === 'string' && read.name.length > 0);
  assert.ok(read.from <= read.to, 'it ends after it began');
  assert.ok(read.to <= BigInt(Date.now() + 1000) * 1_000_000n, 'it has ended');
  const isRemote = read.parent !== undefined && (kind === 'server' || kind === 'consumer');
  assert.equal(span.flags, 0x101 + (isRemote ? 0x200 : 0));
  if (read.failed) assert.deepEqual(span.status, { code: 2 });
  assert.equal(read.failed, 'error.type' in read.attributes, JSON.stringify(read.attributes));
  return read;
}

// Spans with their resource's attributes.
function readExport(body) {
  const request = JSON.parse(body);
  assertMembers(request, { resourceSpans: true });
  const ofResource = only(request.resourceSpans);
  assertMembers(ofResource, { resource: true, scopeSpans: true });
  assertMembers(ofResource.resource, { attributes: true });
  const resource = readAttributes(ofResource.resource.attributes);
  const ofScope = only(ofResource.scopeSpans);
  assertMembers(ofScope, { scope: true, spans: true });
  assertMembers(ofScope.scope, { name: true, version: true });
  assert.equal(ofScope.scope.name, 'dcs');
  assert.ok(Array.isArray(ofScope.spans) && ofScope.spans.length > 0 && ofScope.spans.length <= SPANS_MAX);
  return ofScope.spans.map((span) => ({ ...readSpan(span), resource }));
}

const answerWith = (status, headers = {}, body = '{}') => (request, response) =>
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body);

export const TAKING = { name: 'taking', takes: true, answer: answerWith(200) };
export const STALLING = { name: 'stalling', answer: () => {} };
export const BUSY = { name: 'busy', answer: answerWith(503, { 'Retry-After': '1' }, 'busy') };
export const RESETTING = { name: 'resetting', answer: (request) => request.socket.resetAndDestroy?.() ?? request.socket.destroy() };
export const REFUSING = { name: 'refusing', answer: answerWith(400) };
export const RUBBISH = { name: 'rubbish', answer: answerWith(200, { 'Content-Type': 'text/html' }, '<html>') };
export const REJECTING = {
  name: 'rejecting', answer: answerWith(200, {}, JSON.stringify({ partialSuccess: { rejectedSpans: '1', errorMessage: 'no' } })),
};

// As long as somebody reads it.
export const ENDLESS = {
  name: 'endless',
  answer: (request, response) => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    let left = 100 * 1024 * 1024;
    response.writeHead(200, { 'Content-Length': left }).on('error', () => {});
    const write = () => {
      while (left > 0 && !response.destroyed) {
        left -= piece.length;
        if (!response.write(piece)) return response.once('drain', write);
      }
      response.end();
    };
    write();
  },
};

export class Collector {
  // certificate: { key, certificate } of one that speaks TLS.
  static async open(world, { certificate, behaviour = TAKING } = {}) {
    const collector = new Collector();
    collector.behaviour = behaviour;
    collector.spans = []; // of what was taken
    collector.requests = []; // { behaviour, headers, spans, at (ms), response }
    collector.problems = [];
    const handler = (request, response) => collector.#take(request, response);
    collector.server = certificate
      ? https.createServer({ key: readFileSync(certificate.key), cert: readFileSync(certificate.certificate) }, handler)
      : http.createServer(handler);
    collector.server.on('clientError', (error, socket) => socket.destroy());
    await new Promise((resolve) => collector.server.listen(0, '127.0.0.1', resolve));
    collector.endpoint = `${certificate ? 'https' : 'http'}://127.0.0.1:${collector.server.address().port}`;
    world.onClose(() => collector.close());
    return collector;
  }

  #take(request, response) {
    const chunks = [];
    request.on('error', () => {}).on('data', (chunk) => chunks.push(chunk)).on('end', () => {
      const taken = { behaviour: this.behaviour.name, headers: request.headers, at: Date.now(), response };
      try {
        assert.equal(`${request.method} ${request.url}`, 'POST /v1/traces');
        assert.equal(request.headers['content-type'], 'application/json');
        assert.equal(Number(request.headers['content-length']), Buffer.concat(chunks).length);
        taken.spans = readExport(Buffer.concat(chunks).toString());
        if (this.behaviour.takes) this.spans.push(...taken.spans);
      } catch (error) {
        this.problems.push(error);
      }
      this.requests.push(taken);
      this.behaviour.answer(request, response);
    });
  }

  behave(behaviour) {
    this.behaviour = behaviour;
  }

  // The spans of a trace, or all.
  of(trace) {
    if (this.problems.length) throw this.problems[0];
    return this.spans.filter((span) => !trace || span.trace === trace);
  }

  span(matches, deadlineMs) {
    return until(`a span: ${matches}`, () => this.of().find(matches), deadlineMs);
  }

  // The first request from the given one on that met the behaviour.
  request(behaviour, from = 0) {
    return until(`a request, ${behaviour.name}`, () => {
      this.of();
      return this.requests.slice(from).find((request) => request.behaviour === behaviour.name);
    });
  }

  async close() {
    this.server.closeAllConnections?.();
    for (const { response } of this.requests) response.socket?.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    if (this.problems.length) throw this.problems[0];
  }
}
