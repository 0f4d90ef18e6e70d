// One kept connection that asks one thing after another, byte for byte as it is told.

import net from 'node:net';
import tls from 'node:tls';
import { parseAnswer } from './http.mjs';
import { DEADLINE_MS, within } from './wait.mjs';

export class Kept {
  static async open({ port, ca, secure = false }) {
    const kept = new Kept();
    const address = { host: '127.0.0.1', port };
    kept.rest = Buffer.alloc(0);
    kept.socket = secure ? tls.connect({ ...address, ca }) : net.connect(address);
    kept.socket.setNoDelay(true);
    await within('the connection is there', new Promise((resolve, reject) => {
      kept.socket.once(secure ? 'secureConnect' : 'connect', resolve).once('error', reject);
    }));
    kept.socket.on('data', (bytes) => {
      kept.rest = kept.rest.length ? Buffer.concat([kept.rest, bytes]) : bytes;
      kept.#take();
    }).on('error', (error) => kept.#end(error)).on('close', () => kept.#end(new Error('the connection was closed')));
    return kept;
  }

  #take() {
    const parsed = parseAnswer(this.rest, false, true);
    if (!parsed) return;
    this.rest = this.rest.subarray(parsed[1]);
    this.resolve?.(parsed[0]);
  }

  #end(error) {
    this.error ??= error;
    this.reject?.(this.error);
  }

  // The answer, complete.
  ask(bytes) {
    if (this.error) throw this.error;
    const answered = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.socket.write(bytes);
    return within('an answer', answered, DEADLINE_MS);
  }

  close() {
    this.socket.destroy();
  }
}
