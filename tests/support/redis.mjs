// A private Redis on a free port, with a connection of the test's own.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import net from 'node:net';
import { Program } from './program.mjs';
import { RespConnection } from './resp.mjs';
import { until } from './wait.mjs';

const ATTEMPTS = 10;

export function freePort() {
  return new Promise((resolve, reject) => {
    const listener = net.createServer().once('error', reject);
    listener.listen(0, '127.0.0.1', () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}

export class Redis {
  // options are redis.conf directives; certificates adds TLS on a port of its own.  Redis cannot take port 0,
  // so another process may be faster with the port found: then another one is tried.
  static async start(directory, { options = {}, certificates } = {}) {
    for (let attempt = 1; ; attempt++) {
      const redis = new Redis();
      redis.directory = mkdtempSync(join(directory, 'redis-'));
      redis.port = await freePort();
      redis.tlsPort = certificates ? await freePort() : undefined;
      if (await redis.launch(options, certificates)) return redis;
      if (attempt === ATTEMPTS) throw new Error(redis.program.stdout);
    }
  }

  async launch(options, certificates) {
    const directives = {
      port: this.port,
      bind: '127.0.0.1',
      dir: this.directory,
      save: '',
      appendonly: 'no',
      'enable-debug-command': 'yes',
      ...(certificates && {
        'tls-port': this.tlsPort,
        'tls-cert-file': certificates.certificate,
        'tls-key-file': certificates.key,
        'tls-ca-cert-file': certificates.ca,
        'tls-auth-clients': 'no',
      }),
      ...options,
    };
    const args = Object.entries(directives).flatMap(([name, value]) =>
      [`--${name}`, ...[].concat(value).map(String)]);
    this.program = new Program('redis-server', 'redis-server', args, { cwd: this.directory });
    await until('Redis is ready or gone', () =>
      this.program.stdout.includes('Ready to accept connections') || !this.program.running);
    if (!this.program.running) return false;
    this.connection = await RespConnection.open(this.port);
    if (options.requirepass) await this.command('AUTH', options.requirepass);
    return true;
  }

  get endpoint() {
    return `127.0.0.1:${this.port}`;
  }

  get tlsEndpoint() {
    return `127.0.0.1:${this.tlsPort}`;
  }

  command(...words) {
    return this.connection.command(...words);
  }

  pipeline(commands) {
    return this.connection.pipeline(commands);
  }

  // Sections of INFO as an object.
  async info(section) {
    const text = (await this.command('INFO', section)).toString();
    return Object.fromEntries(text.split('\r\n').filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
  }

  // A pause that holds every client but this connection's administration: a scan stays where it is.
  pause(ms) {
    return this.command('CLIENT', 'PAUSE', ms, 'ALL');
  }

  async stop() {
    this.connection?.close();
    await this.program.stop({ signal: 'SIGKILL', expected: null });
  }
}
