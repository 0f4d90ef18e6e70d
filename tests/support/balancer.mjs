// One address in front of several servers, as a balancer or a Kubernetes service is: new connections go, one after the
// other, to those that say that they are ready; a server that does not say so any more keeps the connections that it has.

import net from 'node:net';

const LOOK_MS = 50;

export class Balancer {
  static async start() {
    const balancer = new Balancer();
    balancer.backends = [];
    balancer.sockets = new Set();
    balancer.next = 0;
    balancer.refused = 0;
    balancer.server = net.createServer((client) => balancer.#accept(client));
    await new Promise((resolve, reject) => {
      balancer.server.on('error', reject).listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve);
    });
    balancer.port = balancer.server.address().port;
    return balancer;
  }

  // port is the server's own; operations are its probes (probes.mjs).
  async add({ port, operations, ...about }) {
    await operations.reaches('/readyz', 200);
    const backend = { ...about, port, operations, accepted: 0 };
    this.backends.push(backend);
    backend.left = this.#watch(backend);
    return backend;
  }

  // Until it is not ready.
  async #watch(backend) {
    while (this.backends.includes(backend)) {
      const answer = await backend.operations.ask('/readyz').catch(() => undefined);
      if (answer?.status !== 200) this.backends = this.backends.filter((other) => other !== backend);
      else await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  #accept(client) {
    const backend = this.backends[this.next++ % this.backends.length];
    if (!backend) {
      this.refused++;
      client.destroy();
      return;
    }
    backend.accepted++;
    client.setNoDelay(true);
    const server = net.connect({ host: '127.0.0.1', port: backend.port, noDelay: true });
    for (const [from, to] of [[client, server], [server, client]]) {
      this.sockets.add(from);
      from.pipe(to);
      from.on('error', () => {}).on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }

  async stop() {
    this.backends = [];
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
