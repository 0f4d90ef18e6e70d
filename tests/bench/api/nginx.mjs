// nginx that answers with a fixed body: how fast an HTTP server can be that does nothing.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chownTo } from '../../support/postgres.mjs';
import { freePort } from '../../support/redis.mjs';
import { exchangeRaw } from '../../support/http.mjs';
import { Program } from '../../support/program.mjs';
import { until } from '../../support/wait.mjs';

const WORKERS = 2;
// What it sends of its own accord.
const OWN = ['server', 'date', 'content-type', 'content-length', 'connection'];
const ATTEMPTS = 3;
const USER = 'www-data';

const quoted = (text) => `"${text.replace(/[\\"]/g, '\\$&')}"`;

// As many headers as the answer has that it stands for, and the same ones where that is possible.
function headersFor({ headers }) {
  const others = Object.entries(headers).filter(([name]) => !OWN.includes(name));
  return others.slice(0, Math.max(0, Object.keys(headers).length - OWN.length))
    .map(([name, value]) => `add_header ${name} ${name === 'x-request-id' ? '$request_id' : quoted(value)} always;`);
}

function configuration(directory, { ports, certificates, answer }) {
  const root = process.getuid() === 0 ? `user ${USER};` : '';
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(directory, name)};`);
  return `${root}
daemon off;
worker_processes ${WORKERS};
worker_rlimit_nofile 16384;
pid ${join(directory, 'pid')};
error_log ${join(directory, 'error.log')} error;
events { worker_connections 8192; }
http {
  ${paths.join('\n  ')}
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  server {
    listen 127.0.0.1:${ports.http} reuseport backlog=4096;
    listen 127.0.0.1:${ports.https} ssl reuseport backlog=4096;
    ssl_certificate ${certificates.certificate};
    ssl_certificate_key ${certificates.key};
    ssl_protocols TLSv1.3;
    ssl_session_tickets on;
    default_type ${quoted(answer.headers['content-type'])};
    ${headersFor(answer).join('\n    ')}
    location / { return 200 ${quoted(answer.body)}; }
  }
}
`;
}

async function attempt(directory, how) {
  mkdirSync(directory, { mode: 0o755 });
  if (process.getuid() === 0) await chownTo(USER, directory);
  const ports = { http: await freePort(), https: await freePort() };
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, configuration(directory, { ...how, ports }));
  const program = new Program('nginx', '/usr/sbin/nginx', ['-p', directory, '-e', join(directory, 'error.log'), '-c', file]);
  const answered = await until('nginx answers', async () => {
    if (!program.running) return 'ended';
    const { answers } = await exchangeRaw({ port: ports.http }, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', { secure: false });
    return answers[0];
  });
  if (answered === 'ended') return undefined;
  if (answered.body !== how.answer.body ||
      Object.keys(answered.headers).length !== Object.keys(how.answer.headers).length)
    throw new Error(`nginx answers with something else:\n${JSON.stringify(answered.headers)}\n${answered.body}`);
  return { program, ports };
}

// answer is what it is to answer with, as exchangeRaw gives it.  Stopped with the world.
export async function startNginx(world, answer) {
  for (let i = 1; i <= ATTEMPTS; i++) {
    const nginx = await attempt(join(world.directory, `nginx-${i}`), { certificates: world.certificates, answer });
    if (!nginx) continue;
    world.onClose(() => nginx.program.stop());
    return nginx;
  }
  throw new Error('nginx does not start');
}
