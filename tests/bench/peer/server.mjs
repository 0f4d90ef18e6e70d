// Two of the server's operations as a good service in Node.js does them: a process per core, fastify, pg with a pool
// and prepared statements by name.  The statements, the database and the answers are the server's; what it does
// besides (limits, lockout, audit log, metrics) is left out, to the peer's advantage.
//
//     DATABASE_URL=… KEY_FILE=… PORT_FILE=… node tests/bench/peer/server.mjs
//
// Plain HTTP on a free port of 127.0.0.1, which is in PORT_FILE once every process listens.  Ends on SIGTERM.

import cluster from 'node:cluster';
import { randomUUID } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import fastify from 'fastify';
import pg from 'pg';
import { statement } from '../statements.mjs';
import { AccessKeys, authorise } from './access_keys.mjs';
import { Refusal, bodyOf, refuse } from './refusal.mjs';
import { parseSignature, replayTokens, verifySignature, wrongSignature } from './signature.mjs';

const KIND = 'bigkey';
const BODY_MAX = 65_536;
const CONNECTIONS = 10; // of each process
const ATTEMPTS_MAX = 3;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const UUID_PLAIN = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i;

// As the server's connections are: core/pg/target.c.
const SESSION = '-c statement_timeout=5000 -c lock_timeout=4000 -c synchronous_commit=on -c enable_seqscan=off '
  + '-c jit=off -c TimeZone=UTC -c DateStyle=ISO';

function readProject(text) {
  if (UUID.test(text)) return text.toLowerCase();
  const match = UUID_PLAIN.exec(text);
  if (!match) throw refuse.project();
  return match.slice(1).join('-').toLowerCase();
}

const plain = (id) => id.replaceAll('-', '').toLowerCase();

function readId(text, refusal) {
  if (!UUID.test(text)) throw refusal();
  return text.toLowerCase();
}

// From PostgreSQL's `2026-11-29 12:00:00.123456+00`.
const time = (text) => `${text.slice(0, 10)}T${text.slice(11, 19)}.${
  text[19] === '.' ? text.slice(20, -3).slice(0, 3).padEnd(3, '0') : '000'}Z`;

const OUTCOMES = {
  not_running: refuse.notRunning, unsupported: refuse.unsupported, busy: refuse.busy, no_task: refuse.unknownTask,
  mismatch: refuse.reused, retry: refuse.unavailable,
};

// A row of both statements as the JSON of a task; a result is stored as the text that is sent.
function render([row]) {
  if (!row) throw refuse.unknownInstance();
  const [outcome, id, instance, status, type, num, created, started, finished, keys] = row;
  if (OUTCOMES[outcome]) throw OUTCOMES[outcome]();
  return `{"id":"${id}","instance_id":"${instance}","status":"${status}","scan_type":"${type}",`
    + `"created_at":"${time(created)}"${started ? `,"started_at":"${time(started)}"` : ''}`
    + `${finished ? `,"finished_at":"${time(finished)}"` : ''},"num":${num}`
    + `${status === 'success' ? `,"keys":${keys || '[]'}` : ''}}`;
}

class Tasks {
  constructor(pool) {
    this.pool = pool;
    this.statements = { create: statement('scan_task_create'), show: statement('scan_task_show'),
      absent: statement('scan_task_absent') };
  }

  async #execute({ name, text }, values) {
    return (await this.pool.query({ name, text, values, rowMode: 'array' })).rows;
  }

  async show(project, instance, task) {
    const values = [project, instance, task, KIND];
    const rows = await this.#execute(this.statements.show, values);
    return render(rows.length ? rows : await this.#execute(this.statements.absent, values));
  }

  // Of two equal requests at once one may have to look again.
  async create(project, instance, tokens) {
    for (let attempt = 1; ; attempt++) {
      const rows = await this.#execute(this.statements.create,
        [project, instance, randomUUID(), KIND, tokens.signature, tokens.key, tokens.fingerprint, null, null, null, null]);
      if (rows[0]?.[0] !== 'retry' || attempt === ATTEMPTS_MAX) return render(rows);
    }
  }
}

function refusalOf(error) {
  if (error instanceof Refusal) return error;
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return refuse.tooLarge();
  if (error.statusCode >= 400 && error.statusCode < 500) return refuse.parameter();
  return /^(08|53|57)/.test(error.code) || error.code === 'ECONNREFUSED' ? refuse.unavailable() : refuse.internal();
}

function answerRefusal(error, request, reply) {
  const refusal = refusalOf(error);
  if (refusal.status >= 500) console.error(error);
  reply.code(refusal.status).header('Content-Type', 'application/json').send(bodyOf(refusal, request.id));
}

function serve() {
  const pool = new pg.Pool({
    connectionString: process.env.DATABASE_URL, max: CONNECTIONS, min: CONNECTIONS, options: SESSION,
    types: { getTypeParser: () => (value) => value },
  });
  pool.on('error', (error) => console.error(error.message));
  const accessKeys = new AccessKeys(pool, process.env.KEY_FILE);
  const tasks = new Tasks(pool);
  const app = fastify({
    bodyLimit: BODY_MAX, genReqId: () => plain(randomUUID()), keepAliveTimeout: 75_000, ignoreTrailingSlash: true,
  });

  async function authenticate(request) {
    const { raw } = request;
    const headers = raw.headersDistinct;
    const body = request.body ?? Buffer.alloc(0);
    const signature = parseSignature(headers, body);
    const found = accessKeys.get(signature.accessKey);
    const key = found instanceof Promise ? await found : found;
    verifySignature(key.secret, raw.method, raw.url, headers, signature);
    if (!key.known) throw wrongSignature();
    const { action } = request.routeOptions.config;
    request.project = readProject(request.params.project);
    const claimed = headers['x-project-id']?.[0];
    if (claimed !== undefined && plain(claimed) !== plain(request.project))
      throw refuse.unauthenticated('X-Project-Id is not the project of the path');
    authorise(key, action, request.project, request.params.instance.toLowerCase());
    request.instance = readId(request.params.instance, refuse.instance);
    request.signature = signature;
  }

  for (const name of ['project', 'instance', 'signature']) app.decorateRequest(name, null);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    done();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => done(null, body));
  app.setErrorHandler(answerRefusal);
  app.setNotFoundHandler(() => {
    throw refuse.unknownPath();
  });
  const path = '/v2/:project/instances/:instance/bigkey-task';
  app.get(`${path}/:task`, { preHandler: authenticate, config: { action: 'dcs:instance:getBigKey' } },
    async (request, reply) => {
      const task = readId(request.params.task, refuse.task);
      reply.header('Content-Type', 'application/json');
      return tasks.show(request.project, request.instance, task);
    });
  app.post(path, { preHandler: authenticate, config: { action: 'dcs:instance:analyzeBigKey' } },
    async (request, reply) => {
      const { raw } = request;
      const tokens = replayTokens(raw.method, raw.url, raw.headersDistinct, request.body ?? Buffer.alloc(0),
        request.signature);
      reply.header('Content-Type', 'application/json');
      return tasks.create(request.project, request.instance, tokens);
    });

  process.on('SIGTERM', async () => {
    await app.close();
    await pool.end();
    process.exit(0);
  });
  app.listen({ host: '127.0.0.1', port: 0 });
}

function lead() {
  const count = availableParallelism();
  let listening = 0, stopping = false;
  cluster.on('listening', (worker, { port }) => {
    if (++listening < count) return;
    writeFileSync(`${process.env.PORT_FILE}.new`, String(port));
    renameSync(`${process.env.PORT_FILE}.new`, process.env.PORT_FILE);
  });
  cluster.on('exit', (worker, code) => {
    if (!stopping) process.exitCode = code || 1;
    if (!stopping) stop();
  });
  function stop() {
    stopping = true;
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM');
  }
  process.on('SIGTERM', stop);
  for (let i = 0; i < count; i++) cluster.fork();
}

if (cluster.isPrimary) lead();
else serve();
