// Passes TCP connections on to servers that say that they are ready, as a service of Kubernetes does: who is not ready
// gets no new connections, and those that are open are left alone.

import net from 'node:net';
import { Operations } from './probes.mjs';
import { until } from './wait.mjs';

const PROBE_MS = 250;

export class Balancer {
  // On a free port of 127.0.0.1.
  static async start() {
    const balancer = new Balancer();
    balancer.backends = new Set();
    balancer.sockets = new Set();
    balancer.turn = 0;
    balancer.refused = 0;
    balancer.server = net.createServer((client) => balancer.#accept(client));
    await new Promise((resolve, reject) => {
      balancer.server.on('error', reject).listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve);
    });
    balancer.port = balancer.server.address().port;
    return balancer;
  }

  // A server of World.program with OPERATIONS; waits until it is ready.
  async add(program) {
    const { port } = await program.event('listening', (event) => event.scheme === 'https');
    const backend = { program, port, operations: await Operations.of(program), ready: false, connections: 0 };
    this.backends.add(backend);
    backend.watching = this.#watch(backend);
    await until('the server is ready', () => backend.ready);
    return backend;
  }

  // Until it does not answer any more.
  async #watch(backend) {
    for (let silent = false; !silent && this.server.listening;) {
      const answer = await backend.operations.ask('/readyz').catch(() => undefined);
      silent = !answer && !backend.program.running;
      backend.ready = answer?.status === 200;
      await new Promise((resolve) => setTimeout(resolve, PROBE_MS));
    }
    this.backends.delete(backend);
  }

  #accept(client) {
    const ready = [...this.backends].filter((backend) => backend.ready);
    if (!ready.length) {
      this.refused++;
      client.destroy();
      return;
    }
    const backend = ready[this.turn++ % ready.length];
    const server = net.connect({ port: backend.port, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    backend.connections++;
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
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    await Promise.all([...this.backends].map((backend) => backend.watching));
  }
}
