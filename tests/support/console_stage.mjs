// What the test of the console is played on: an instance with keys of every kind, and names that are out to harm, on a server
// that has the console, behind a front that outlives it; a worker, backups, and a receiver of webhooks.  The bindings are live:
// they are set before the first test.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { Browser } from './browser.mjs';
import { DIST } from './console.mjs';
import { Proxy } from './proxy.mjs';
import { Receiver } from './receiver.mjs';
import { RespConnection } from './resp.mjs';
import { World } from './site.mjs';

export const KEYS = 11_000;
export const MIB = 1024 * 1024;
const LONG = `long:${'x'.repeat(4096)}`;
// With what the page must show of each.
export const HOSTILE = [
  ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['"\'><script>alert(document.domain)</script>', '"\'><script>alert(document.domain)</script>'],
  ['javascript:alert(1)//', 'javascript:alert(1)//'],
  ['user:\u202egpj.exe', 'user:U+202Egpj.exe'],
  ['مفتاح:المستخدم', 'مفتاح:المستخدم'],
  ['👩‍👩‍👧‍👦:🏳️‍🌈', '👩‍👩‍👧‍👦:🏳️‍🌈'],
  [Buffer.from([0x72, 0x61, 0x77, 0x3a, 0xff, 0xfe, 0x5c, 0x78]), 'raw:\\xff\\xfe\\x'],
  ['line\nbreak\ttab\0end', 'line\\nbreak\\ttab\\0end'],
  ['__proto__:constructor', '__proto__:constructor'],
  ['=cmd|\'/c calc\'!A1', '=cmd|\'/c calc\'!A1'],
  ['${7*7}{{7*7}}%s', '${7*7}{{7*7}}%s'],
  [LONG, 'long:xxx'],
];

export let world, site, alice, cache, redis, receiver, browser, front, origin, backups;

// A scan goes no further while its Redis is stopped.
export const hold = () => redis.program.signal('SIGSTOP');
export const release = () => redis.program.signal('SIGCONT');

// A Redis that answers now and then only, until it is told to stop: what is scanned there goes slowly.
export async function stall() {
  const connection = await RespConnection.open(redis.port);
  let going = true;
  const done = (async () => {
    while (going) await connection.command('DEBUG', 'SLEEP', '0.002');
  })();
  return async () => {
    going = false;
    await done;
    connection.close();
  };
}

const fill = (script, ...args) => redis.command('EVAL', script, 0, ...args);

before(async () => {
  world = await World.open();
  redis = await world.redis({ options: { maxmemory: '1gb', 'maxmemory-policy': 'allkeys-lru', 'repl-diskless-sync-delay': 0 } });
  backups = join(world.directory, 'backups');
  mkdirSync(join(backups, 'orders'), { recursive: true });
  await fill(`for i = 1, tonumber(ARGV[1]) do
    redis.call('SET', 'shop:item:' .. i % 7 .. ':' .. i, string.rep('v', i % 300), 'EX', 3600 * (1 + i % 300)) end
    for i = 1, 500 do redis.call('HSET', 'user:' .. i .. ':profile', 'name', 'n' .. i, 'age', i % 90) end
    for i = 1, 3000 do redis.call('RPUSH', 'queue:mail', 'element:' .. i) end
    for i = 1, 2000 do redis.call('ZADD', 'board:world', i, 'player:' .. i) end
    for i = 1, 100 do redis.call('XADD', 'events:clicks', i .. '-0', 'page', '/' .. i) end
    for i = 1, 200 do redis.call('SADD', 'tags:' .. i, i, i + 1) end`, KEYS);
  for (const [i, [name]] of HOSTILE.entries()) await redis.command('SET', name, 'v'.repeat(i === 0 ? MIB : MIB / 4));
  receiver = await Receiver.start({ certificates: world.certificates });
  world.onClose(() => receiver.stop());
  site = await world.site({ workers: 1, server: { console_directory: DIST, drain_seconds: 1 }, worker: {
    progress_seconds: 1, backup_root: backups, webhook_ca: world.authority.certificate, webhook_networks: '127.0.0.0/8,::1', webhook_networks_denied: '',
  } });
  front = await Proxy.start({ host: '127.0.0.1', port: site.port });
  world.onClose(() => front.stop());
  origin = `https://127.0.0.1:${front.port}`;
  alice = await site.tenant('alice');
  cache = await alice.instance('orders <b>&amp;', redis.endpoint, '--description', 'carts and queues', '--backup-directory', 'orders');
  browser = await Browser.start({ trusted: [world.certificates.certificate] });
  world.onClose(() => browser.stop());
});
after(() => world?.close());
