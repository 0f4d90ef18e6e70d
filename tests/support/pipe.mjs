// A kept connection on which any number of requests is sent at once; the answers come in the same order.

import net from 'node:net';
import tls from 'node:tls';
import { parseAnswer } from './http.mjs';
import { sign } from './signer.mjs';
import { within } from './wait.mjs';

let count = 0;

// The bytes of a signed request, which is like no other.
export function signedRequest(key, method, target, { headers = [], body = '' } = {}) {
  const length = body.length ? [['Content-Length', Buffer.byteLength(body)]] : [];
  const signed = sign({
    key, method, target, body,
    headers: [['Host', 'h'], ['X-Test-Number', String(++count)], ['Content-Type', 'application/json'], ...headers],
  });
  return [`${method} ${target} HTTP/1.1`, ...[...signed, ...length].map((pair) => pair.join(': ')), '', body].join('\r\n');
}

export class Pipe {
  // ca: over TLS.
  static async open({ port, ca }) {
    const pipe = new Pipe();
    pipe.rest = Buffer.alloc(0);
    pipe.waiting = [];
    const socket = ca ? tls.connect({ host: '127.0.0.1', port, ca }) : net.connect({ host: '127.0.0.1', port, noDelay: true });
    pipe.socket = socket;
    socket.on('data', (chunk) => pipe.#take(chunk)).on('error', (error) => pipe.#fail(error))
      .on('close', () => pipe.#fail(new Error('the server closed the connection')));
    await within('the connection is there', new Promise((resolve, reject) => {
      socket.once(ca ? 'secureConnect' : 'connect', resolve).once('error', reject);
    }));
    return pipe;
  }

  #take(chunk) {
    this.rest = this.rest.length ? Buffer.concat([this.rest, chunk]) : chunk;
    try {
      for (let parsed; (parsed = parseAnswer(this.rest, false, true));) {
        const [answer, length] = parsed;
        this.rest = this.rest.subarray(length);
        const waiting = this.waiting.shift();
        if (!waiting) throw new Error(`an answer that nobody asked for: ${answer.status} ${answer.body}`);
        waiting.resolve(answer);
      }
    } catch (error) {
      this.#fail(error);
      this.close();
    }
  }

  #fail(error) {
    this.problem ??= error;
    for (const { reject } of this.waiting.splice(0)) reject(this.problem);
  }

  // The answers to all of them, which are sent in one piece.
  exchange(requests) {
    const answers = requests.map(() => new Promise((resolve, reject) => this.waiting.push({ resolve, reject })));
    if (this.problem) this.#fail(this.problem);
    else this.socket.write(requests.join(''));
    return within(`${requests.length} answers`, Promise.all(answers));
  }

  close() {
    this.socket.destroy();
  }
}
