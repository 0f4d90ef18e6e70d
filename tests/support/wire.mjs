// One connection to the server, byte by byte, for tests of what clients may do to it.

import net from 'node:net';
import tls from 'node:tls';
import { DEADLINE_MS, until, within } from './wait.mjs';

export class Wire {
  // secure: over TLS, with the further options of tls.connect.  reading: false never reads.
  static open({ port, ca, from, secure = true, reading = true, ...options }) {
    const wire = new Wire();
    const address = { host: '127.0.0.1', port, localAddress: from };
    wire.socket = secure ? tls.connect({ ...address, ca, ...options }) : net.connect(address);
    wire.received = '';
    wire.began = Date.now();
    wire.ready = new Promise((resolve) => wire.socket.once(secure ? 'secureConnect' : 'connect', resolve));
    wire.ended = new Promise((resolve) => {
      const end = () => {
        wire.livedMs ??= Date.now() - wire.began;
        resolve();
      };
      wire.socket.on('error', (error) => (wire.error = error)).on('end', end).on('close', end);
    });
    if (reading) wire.socket.on('data', (chunk) => (wire.received += chunk.toString('latin1')));
    return wire;
  }

  get open() {
    return this.livedMs === undefined;
  }

  async send(bytes) {
    await within('the connection is there', Promise.race([this.ready, this.ended]));
    if (this.open) this.socket.write(bytes);
    return this;
  }

  // Sends a byte every few milliseconds until the connection is closed.
  async drip(bytes, everyMs = 20) {
    await this.send('');
    for (let i = 0; this.open; i++) {
      this.socket.write(bytes[i % bytes.length]);
      await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, everyMs))]);
    }
    return this;
  }

  // The statuses of the answers so far.
  get statuses() {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
  }

  answers(count, deadlineMs) {
    return until(`${count} answers`, () => this.statuses.length >= count || (!this.open && 'closed'), deadlineMs)
      .then(() => this.statuses);
  }

  async closed(deadlineMs = DEADLINE_MS) {
    await within('the connection is closed', this.ended, deadlineMs);
    this.socket.destroy();
    return this;
  }

  destroy() {
    this.socket.destroy();
  }
}
