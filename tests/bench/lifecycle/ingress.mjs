// nginx as an ingress: it ends TLS and HTTP/2, and speaks TLS and HTTP/1.1 to what is behind it.

import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { chownTo } from '../../support/postgres.mjs';
import { Program } from '../../support/program.mjs';
import { freePort } from '../../support/redis.mjs';
import { until } from '../../support/wait.mjs';

const USER = 'www-data';
const ATTEMPTS = 3;

const configuration = (directory, { port, backend, certificates, ca }) => `${process.getuid() === 0 ? `user ${USER};` : ''}
daemon off;
worker_processes 1;
pid ${join(directory, 'pid')};
error_log ${join(directory, 'error.log')} error;
events { worker_connections 1024; }
http {
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${join(directory, name)};`).join('\n  ')}
  access_log off;
  keepalive_requests 1000000000;
  upstream dcs { server 127.0.0.1:${backend}; keepalive 64; }
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_certificate ${certificates.certificate};
    ssl_certificate_key ${certificates.key};
    location / {
      proxy_pass https://dcs;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_ssl_trusted_certificate ${ca};
      proxy_ssl_verify on;
      proxy_ssl_name localhost;
      proxy_read_timeout 30s;
    }
  }
}
`;

const listens = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('connect', () => socket.destroy()).on('connect', () => resolve(true)).on('error', () => resolve(false));
});

async function attempt(directory, how) {
  mkdirSync(directory, { mode: 0o755 });
  if (process.getuid() === 0) await chownTo(USER, directory);
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, configuration(directory, how));
  const program = new Program('nginx', '/usr/sbin/nginx', ['-p', directory, '-e', join(directory, 'error.log'), '-c', file]);
  await until('nginx listens', () => !program.running || listens(how.port));
  return program.running ? program : undefined;
}

// In front of that port of 127.0.0.1: its own.  Stopped with the world.
export async function startIngress(world, backend) {
  for (let i = 1; i <= ATTEMPTS; i++) {
    const port = await freePort();
    const program = await attempt(join(world.directory, `ingress-${i}`),
      { port, backend, certificates: world.certificates, ca: world.authority.certificate });
    if (!program) continue;
    world.onClose(() => program.stop());
    return port;
  }
  throw new Error('nginx does not start');
}
