// HTTP clients of the tests: one that behaves, and one that sends exactly the bytes it is given.

import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { sign } from './signer.mjs';
import { within, DEADLINE_MS } from './wait.mjs';

// With a body of JSON, and headers by name.
export const json = (value, headers = {}) => ({
  body: JSON.stringify(value), headers: [['Content-Type', 'application/json'], ...Object.entries(headers)],
});

export class Client {
  // check is called with every exchange: method, target, answer.  from is the address to connect from; kept
  // false takes a connection for each request.
  constructor({ port, ca, key, check, from, kept = true }) {
    this.port = port;
    this.check = check;
    this.key = key;
    this.count = 0;
    this.agent = new https.Agent({ keepAlive: kept, ca, maxSockets: kept ? 4 : Infinity, localAddress: from });
  }

  // Of a stream of events, the answer is what there is once its first event has come; it ends then.
  // headers: pairs.  The answer: { status, headers, body (text), bytes, json }.
  async send(method, target, { headers = [], body = '' } = {}) {
    const exchange = new Promise((resolve, reject) => {
      const request = https.request({
        host: '127.0.0.1', port: this.port, method, path: target, agent: this.agent,
        headers: [
          ...(headers.some(([name]) => name.toLowerCase() === 'host') ? [] : [['Host', `127.0.0.1:${this.port}`]]),
          ...headers,
          ...(body.length ? [['Content-Length', Buffer.byteLength(body)]] : []),
        ].flat().map(String),
      }, (response) => {
        const chunks = [];
        const end = () => resolve(answer(response.statusCode, response.headers, Buffer.concat(chunks)));
        response.on('data', (chunk) => {
          chunks.push(chunk);
          if (response.headers['content-type'] !== 'text/event-stream' || !/^data: .*\n\n/m.test(Buffer.concat(chunks))) return;
          end();
          request.destroy();
        }).on('error', reject).on('end', end);
      });
      request.on('error', reject).end(body);
    });
    const answered = await within(`${method} ${target}`, exchange);
    this.check?.(method, target, answered);
    return answered;
  }

  // Signed.  A number in a signed header keeps two requests of one second apart: with one signature they
  // would be one request.
  request(method, target, { headers = [['Content-Type', 'application/json']], body = '', ...how } = {}) {
    const own = [['Host', `127.0.0.1:${this.port}`], ['X-Test-Number', String(++this.count)]];
    const signed = sign({ key: this.key, method, target, headers: [...own, ...headers], body, ...how });
    return this.send(method, target, { headers: signed, body });
  }

  get(target, how) {
    return this.request('GET', target, how);
  }

  post(target, how) {
    return this.request('POST', target, how);
  }

  delete(target, how) {
    return this.request('DELETE', target, how);
  }

  put(target, how) {
    return this.request('PUT', target, how);
  }

  close() {
    this.agent.destroy();
  }
}

function answer(status, headers, bytes) {
  const body = bytes.toString('utf8');
  return {
    status, headers, bytes, body,
    get json() {
      return JSON.parse(body);
    },
  };
}

// Takes the first complete answer off the bytes, with how many they were; undefined where there is none yet.
export function parseAnswer(bytes, ended, withBody) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first, ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
  if (!status) throw new Error(`no HTTP answer: ${first}`);
  const headers = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  const start = end + 4;
  const length = !withBody || status === 204 || status === 304 ? 0 : headers['content-length'];
  if (length === undefined && !ended) return undefined;
  const size = length === undefined ? bytes.length - start : Number(length);
  if (bytes.length < start + size) return undefined;
  return [answer(status, headers, bytes.subarray(start, start + size)), start + size];
}

// Sends bytes over a connection of its own.  Resolves once `answers` answers have come or the peer has closed:
// { answers, closed, rest, protocol }.
export async function exchangeRaw(
  { port, ca }, bytes,
  { secure = true, alpn, answers: wanted = 1, withBody = true, deadlineMs = DEADLINE_MS, halfClose = false } = {},
) {
  const socket = secure
    ? tls.connect({ host: '127.0.0.1', port, ca, ALPNProtocols: alpn })
    : net.connect({ host: '127.0.0.1', port });
  const result = { answers: [], closed: false, rest: Buffer.alloc(0) };
  const finished = new Promise((resolve) => {
    const take = () => {
      for (let parsed; (parsed = parseAnswer(result.rest, result.closed, withBody));) {
        result.answers.push(parsed[0]);
        result.rest = result.rest.subarray(parsed[1]);
      }
      if (result.answers.length >= wanted || result.closed) resolve();
    };
    const closed = () => {
      result.closed = true;
      take();
    };
    socket.on('data', (chunk) => {
      result.rest = Buffer.concat([result.rest, chunk]);
      try {
        take();
      } catch (error) {
        result.problem = error;
        resolve();
      }
    });
    socket.on('error', (error) => {
      result.error = error;
    }).on('end', closed).on('close', closed);
  });
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    result.protocol = socket.alpnProtocol;
    socket.write(bytes);
    if (halfClose) socket.end();
  });
  try {
    await within('an answer or the end of the connection', finished, deadlineMs);
  } finally {
    socket.destroy();
  }
  if (result.problem) throw result.problem;
  return result;
}
