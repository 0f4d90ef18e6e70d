// What stands before an identity service: TLS, connections that are kept, and everything that can go wrong there.
//
// On a free port of 127.0.0.1.  It passes requests on to an HTTP server on a Unix socket, counts them, and misbehaves
// where it is told to.

import https from 'node:https';
import http from 'node:http';
import { readFileSync } from 'node:fs';

export class IdentityFront {
  // certificates: { certificate, key } files; without them it speaks plain HTTP.
  static async start(socketPath, certificates) {
    const front = new IdentityFront();
    front.socketPath = socketPath;
    front.answer = undefined;
    front.requests = [];
    front.connections = 0;
    front.sockets = new Set();
    front.server = certificates
      ? https.createServer({ cert: readFileSync(certificates.certificate), key: readFileSync(certificates.key) })
      : http.createServer();
    front.scheme = certificates ? 'https' : 'http';
    front.server.on('request', (request, response) => front.take(request, response));
    front.server.on(certificates ? 'secureConnection' : 'connection', () => front.connections++);
    front.server.on('connection', (socket) => {
      front.sockets.add(socket);
      socket.on('close', () => front.sockets.delete(socket)).on('error', () => {});
    }).on('tlsClientError', () => {});
    await front.listen(0);
    return front;
  }

  async listen(port) {
    await new Promise((resolve, reject) => {
      this.server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
  }

  get url() {
    return `${this.scheme}://127.0.0.1:${this.port}`;
  }

  // Of those that had come when the function was made: { validations, logins }.
  counter() {
    const from = this.requests.length;
    const count = (method) => this.requests.slice(from).filter((request) => request.method === method).length;
    return () => ({ validations: count('GET'), logins: count('POST') });
  }

  take(request, response) {
    this.requests.push({ method: request.method, url: request.url, headers: request.headers });
    response.on('error', () => {});
    if (this.answer?.(request, response)) return;
    const { host, connection, ...headers } = request.headers;
    const onwards = http.request(
      { socketPath: this.socketPath, method: request.method, path: request.url, headers, agent: false }, (answer) => {
        const { connection: theirs, ...rest } = answer.headers;
        response.writeHead(answer.statusCode, rest);
        answer.pipe(response);
      });
    onwards.on('error', () => response.destroy());
    request.pipe(onwards);
  }

  // Requests get what answer(request, response) does; where that is false they are passed on as before.
  misbehave(answer) {
    this.answer = (request, response) => {
      if (answer(request, response) === false) return false;
      return true;
    };
  }

  behave() {
    this.answer = undefined;
  }

  // Connections are refused until it is back on its port.
  async leave() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async comeBack() {
    await this.listen(this.port);
  }

  async stop() {
    if (this.server.listening) await this.leave();
  }
}

export const answers = {
  status: (status, body = 'no', headers = {}) => (request, response) => {
    response.writeHead(status, headers).end(body);
  },
  // More than anybody should read, as long as somebody does.
  endless: (request, response) => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
  },
  nothing: () => {},
  hangUp: (request) => {
    request.socket.destroy();
  },
};
