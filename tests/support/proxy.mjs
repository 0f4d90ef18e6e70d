// A TCP proxy that can fall silent: it takes everything, new connections too, and passes nothing on, as a network
// that drops packets does while the machines are well.
//
// On a free port of 127.0.0.1.  target: what net.connect takes.

import net from 'node:net';

export class Proxy {
  static async start(target) {
    const proxy = new Proxy();
    proxy.target = target;
    proxy.silent = false;
    proxy.pairs = new Set();
    proxy.accepted = 0;
    proxy.server = net.createServer((client) => proxy.accept(client));
    await new Promise((resolve, reject) => {
      proxy.server.on('error', reject).listen(0, '127.0.0.1', resolve);
    });
    proxy.port = proxy.server.address().port;
    proxy.endpoint = `127.0.0.1:${proxy.port}`;
    return proxy;
  }

  accept(client) {
    this.accepted++;
    const server = net.connect(this.target);
    const pair = [client, server];
    this.pairs.add(pair);
    for (const [from, to] of [pair, [server, client]]) {
      from.on('data', (bytes) => this.silent || to.write(bytes));
      from.on('error', () => {});
      from.on('close', () => {
        if (this.silent) return;
        to.destroy();
        this.pairs.delete(pair);
      });
    }
  }

  get open() {
    return this.pairs.size;
  }

  silence() {
    this.silent = true;
  }

  // What was swallowed is lost, so that no connection of that time is of use any more.
  resume() {
    this.silent = false;
    this.cut();
  }

  cut() {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    this.pairs.clear();
  }

  async stop() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
