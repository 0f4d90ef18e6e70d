// The benchmark itself; `run` says what it compares.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sign } from '../../support/signer.mjs';
import { IdentityFront } from '../../support/identity_front.mjs';
import { Keystone, passwordOf } from '../../support/keystone.mjs';
import { must } from '../../support/program.mjs';
import { World } from '../../support/site.mjs';

const number = (name, fallback) => Number(process.env[name] ?? fallback);
const ROUNDS = number('ROUNDS', 5);
const SECONDS = number('SECONDS_EACH', 4);
const CLIENTS = number('CLIENTS', 64);
// Fewer ask Keystone, and each with another token, so that no two wait for one answer.
const ASKING = 8;
const TOKENS = 64;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function wrk(url, { headers = [], script, clients = CLIENTS, threads = 2 }) {
  const output = await must('wrk', 'wrk', [`-t${threads}`, `-c${clients}`, `-d${SECONDS}s`, '--latency', '--timeout', '10s',
    ...headers.flatMap(([name, value]) => ['-H', `${name}: ${value}`]), ...(script ? ['-s', script] : []), url],
  { deadlineMs: 120_000 });
  if (/Non-2xx/.test(output)) throw new Error(`not every answer was 200:\n${output}`);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)[1]), p99: /99%\s+(\S+)/.exec(output)[1] };
}

// Each request has the next of the tokens in a header.
function rotating(directory, name, header, tokens, others = {}) {
  const path = join(directory, `${name}.lua`);
  const table = (entries) => entries.map(([key, value]) => `["${key}"] = "${value}"`).join(', ');
  writeFileSync(path, `local tokens = {${tokens.map((token) => `"${token}"`).join(', ')}}
local at = 0
function request()
  at = at % #tokens + 1
  return wrk.format("GET", nil, {["${header}"] = tokens[at], ${table(Object.entries(others))}})
end
`);
  return path;
}

async function compare(what, first, second) {
  const rounds = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const [a, b] = [await first(), await second()];
    rounds.push([a.rate, b.rate]);
    console.log(`${what}, round ${round}: ${a.rate.toFixed(0)} (p99 ${a.p99}), ${b.rate.toFixed(0)} (p99 ${b.p99})`);
  }
  const [a, b] = [0, 1].map((i) => median(rounds.map((round) => round[i])));
  const ratio = median(rounds.map(([one, other]) => one / other));
  console.log(`${what}: ${a.toFixed(0)} and ${b.toFixed(0)} requests/s, median of the rounds' ratios ${ratio.toFixed(2)}`);
}

const world = await World.open();
try {
  const keystone = await Keystone.start(world.directory, world.postgres);
  world.onClose(() => keystone.stop());
  const front = await IdentityFront.start(keystone.socket);
  world.onClose(() => front.stop());
  const project = await keystone.project('alice');
  await keystone.project('service');
  await keystone.user('dcs', { project: 'service', roles: ['service'] });
  await keystone.user('member', { project: 'alice', roles: ['member'] });
  const identity = { identity_url: front.url, identity_user: 'dcs', identity_password: passwordOf('dcs'),
    listen_http: '127.0.0.1:0' };
  const portOf = async (server) => (await server.event('listening', (event) => event.scheme === 'http')).port;

  const site = await world.site({ server: identity });
  await site.dcsctl('project', 'add', 'alice', '--id', project.id);
  const key = await site.dcsctl('key', 'add', '--project', 'alice');
  await site.dcsctl('instance', 'add', 'cache', '--project', 'alice', '--endpoint', '127.0.0.1:1', '--no-probe');
  const forgetful = world.program('server',
    { ...world.serverSettings(site.database), ...identity, token_cache_seconds: 0 });

  const port = await portOf(site.server);
  const target = `/v2/${project.id}/instances`;
  const url = `http://127.0.0.1:${port}${target}`;
  const signed = sign({ key: { id: key.id, secret: key.secret }, method: 'GET', target,
    headers: [['Host', `127.0.0.1:${port}`]] });
  const tokens = [];
  for (let i = 0; i < TOKENS; i++) tokens.push(await keystone.token('member', { project: 'alice' }));

  await compare('by token, signed', () => wrk(url, { headers: [['X-Auth-Token', tokens[0]]] }),
    () => wrk(url, { headers: signed }));

  const ours = await keystone.token('dcs', { project: 'service' });
  const asking = { clients: ASKING, threads: 1 };
  await compare('tokens not remembered, Keystone itself',
    async () => wrk(`http://127.0.0.1:${await portOf(forgetful)}${target}`,
      { ...asking, script: rotating(world.directory, 'tokens', 'X-Auth-Token', tokens) }),
    () => wrk(`${front.url}/v3/auth/tokens?nocatalog`,
      { ...asking, script: rotating(world.directory, 'subjects', 'X-Subject-Token', tokens, { 'X-Auth-Token': ours }) }));
} finally {
  await world.close();
}
