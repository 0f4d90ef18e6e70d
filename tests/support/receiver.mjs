// A receiver of webhooks: HTTPS (or HTTP) on a free port of loopback, which keeps what it gets and answers as it is told.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { until } from './wait.mjs';

export class Receiver {
  // answer(delivery, response): what it does with one; 204 where it is left out.
  static async start({ certificates, answer, port = 0 } = {}) {
    const receiver = new Receiver();
    receiver.got = [];
    receiver.answer = answer;
    const onRequest = (request, response) => receiver.take(request, response);
    receiver.server = certificates
      ? createTlsServer({ cert: readFileSync(certificates.certificate), key: readFileSync(certificates.key) }, onRequest)
      : createServer(onRequest);
    receiver.server.keepAliveTimeout = 1;
    await new Promise((resolve, reject) => {
      receiver.server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    receiver.port = receiver.server.address().port;
    receiver.url = `${certificates ? 'https' : 'http'}://localhost:${receiver.port}/hook`;
    return receiver;
  }

  async take(request, response) {
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    const delivery = {
      method: request.method, path: request.url, headers: request.headers, body: Buffer.concat(chunks).toString(),
      id: request.headers['webhook-id'], at: Date.now(),
    };
    delivery.json = JSON.parse(delivery.body);
    this.got.push(delivery);
    if (this.answer) this.answer(delivery, response);
    else response.writeHead(204).end();
  }

  // The first delivery that a predicate holds of.
  waits(what, predicate = () => true, deadlineMs) {
    return until(`the receiver gets ${what}`, () => this.got.find(predicate), deadlineMs);
  }

  async stop() {
    this.server.closeAllConnections?.();
    await new Promise((resolve) => { this.server.close(resolve); });
  }
}

// Whether a delivery is signed with a secret, by the description's words alone.
export function isSigned({ headers, body }, secret) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const mac = createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest();
  return headers['webhook-signature'].split(' ').some((one) => {
    const [version, text] = one.split(',');
    const given = Buffer.from(text, 'base64');
    return version === 'v1' && given.length === mac.length && timingSafeEqual(given, mac);
  });
}
