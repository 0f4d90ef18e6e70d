// The operations listener of a program, as a kubelet and Prometheus see it.

import http from 'node:http';
import { join } from 'node:path';
import { Program } from './program.mjs';
import { until } from './wait.mjs';

// Serve operations on a free port.
export const OPERATIONS = { listen_operations: '127.0.0.1:0' };

const UNDERSTANDS = `
import os, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1].replace('@', '\\0', 1))
print('bound', flush=True)
while True:
    print(listener.recv(4096).decode().replace('\\n', ' '), flush=True)
`;

// What systemd would be: the messages that a program sends to NOTIFY_SOCKET, in their order.  Where it is abstract,
// its name is not in the file system.
export class NotifySocket {
  static async open(world, { abstract = false } = {}) {
    const notify = new NotifySocket();
    notify.name = abstract ? `@dcs-test-${process.pid}-notify` : join(world.directory, `notify-${process.hrtime.bigint()}`);
    notify.program = new Program('notify', 'python3', ['-c', UNDERSTANDS, notify.name]);
    world.onClose(() => notify.program.stop({ expected: null }));
    await until('it listens', () => notify.program.stdout.startsWith('bound\n'));
    return notify;
  }

  get messages() {
    return this.program.stdout.split('\n').slice(1, -1);
  }

  heard(matches) {
    return until(`a message of ${this.name}`, () => this.messages.some((message) =>
      (matches instanceof RegExp ? matches.test(message) : message === matches)));
  }
}

export class Operations {
  // Of a program that was started with OPERATIONS; waits until it listens.
  static async of(program) {
    const operations = new Operations();
    operations.port = (await program.event('listening', (event) => event.scheme === 'operations')).port;
    return operations;
  }

  // { status, headers, body }; rejected where there is no answer.
  ask(path, { method = 'GET', headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port: this.port, path, method, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk)).on('error', reject)
          .on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
      });
      request.setTimeout(10_000, () => request.destroy(new Error(`${path}: no answer`)));
      request.on('error', reject).end(body);
    });
  }

  // Waits for an answer of that status, whose body has what is named.
  reaches(path, status, body = '', deadlineMs) {
    return until(`${path} is ${status} ${body}`, async () => {
      const answer = await this.ask(path);
      return answer.status === status && answer.body.includes(body) && answer;
    }, deadlineMs);
  }
}
