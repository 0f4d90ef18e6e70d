// A proxy before PostgreSQL's socket that can keep back what the database answers.
//
// Once holdAfter(word) was called, a connection on which the word passes to the database takes everything on to it
// and nothing back: what was asked is done, and nobody hears of it.
//
// listen, where it is set, is called for each connection and gives a function that is shown what goes to the database.

import { mkdtempSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';

const SOCKET = '.s.PGSQL.5432';

export class PgProxy {
  static async open(postgres, directory) {
    const proxy = new PgProxy();
    proxy.directory = mkdtempSync(join(directory, 'proxy-'));
    proxy.postgres = postgres;
    proxy.sockets = new Set();
    proxy.listener = net.createServer((client) => proxy.#accept(client));
    await new Promise((resolve, reject) => {
      proxy.listener.once('error', reject).listen(join(proxy.directory, SOCKET), resolve);
    });
    return proxy;
  }

  url(database, role) {
    return this.postgres.url(database, role).replace(encodeURIComponent(this.postgres.directory),
      encodeURIComponent(this.directory));
  }

  // As when the database is gone; comeBack lets connections through again.
  goAway() {
    this.away = true;
    for (const socket of this.sockets) socket.destroy();
  }

  comeBack() {
    this.away = false;
  }

  #accept(client) {
    if (this.away) {
      client.on('error', () => {}).destroy();
      return;
    }
    const server = net.connect(join(this.postgres.directory, SOCKET));
    const hear = this.listen?.();
    let held = false;
    const end = () => {
      for (const socket of [client, server]) {
        socket.destroy();
        this.sockets.delete(socket);
      }
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    client.on('data', (bytes) => {
      if (this.word && bytes.includes(this.word)) held = true;
      hear?.(bytes);
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (!held) client.write(bytes);
    });
  }

  holdAfter(word) {
    this.word = word;
  }

  // Connections that are held stay so until their client is gone.
  release() {
    this.word = undefined;
  }

  async close() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.listener.close(resolve));
  }
}
