// Servers that break their promises: every scan of them ends in time, within its memory, and either with the right
// result or with a reason that a person understands; never with a success that has not seen all.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { array, bulk, drip, flood, HANDLED, HostileServer, info, smallData } from '../support/hostile.mjs';
import { scanOnce } from '../support/scan_once.mjs';
import { World } from '../support/site.mjs';
import { until } from '../support/wait.mjs';

const SANITIZER = process.env.DCS_SANITIZE ?? '';
const KINDS = ['bigkey', 'hotkey', 'expired'];
const TIMEOUT_MS = 4000;
const REPLY_MS = 500;
// Beyond the deadline: an interrupt's interval, and a machine with something else to do.
const LATE_MS = 10_000;
const PATIENT = { timeoutMs: 60_000, replyMs: 60_000 };
// Of the process as a whole; a sanitizer keeps what was freed.
const PEAK_KIB = SANITIZER ? 512 << 10 : 64 << 10;
const PER_BATCH = 100;

const LENGTHS = ['STRLEN', 'LLEN', 'SCARD', 'ZCARD', 'HLEN'];

// The questions about keys that a kind asks.
const QUESTIONS = { bigkey: ['TYPE', ...LENGTHS], hotkey: ['OBJECT', 'TYPE', ...LENGTHS], expired: [] };

// Does something to the nth time that a command is sent.
const at = (command, nth, action) => ({
  answer(words, honest, socket, server) {
    if (words[0] !== command || server.asked[command] < nth) return undefined;
    return action(honest, socket, words);
  },
});

// Nothing more is said on the connection, but for what is on its way.
function mute(socket) {
  socket.mute = true;
  return HANDLED;
}

const half = (text) => text.slice(0, text.length / 2);

async function scan(script, kind, keys, limits = PATIENT) {
  const server = await HostileServer.start(script, keys);
  try {
    return await scanOnce(server.endpoint, kind, limits);
  } finally {
    await server.stop();
  }
}

function assertRight(result, kind, keys = smallData()) {
  assert.equal(result.status, 'success', result.reason);
  assert.equal(result.keys_seen, keys.length);
  if (kind === 'expired') {
    assert.equal(result.num, 0);
    return;
  }
  assert.equal(result.num, 100);
  assert.deepEqual(result.keys.map(({ name }) => name).sort(),
    (kind === 'bigkey' ? keys.slice(-100) : keys.slice().sort((a, b) => b.freq - a.freq).slice(0, 100))
      .map(({ name }) => name).sort());
}

function assertBounded(result, peak, limits = PATIENT) {
  assert.ok(result.ms <= limits.timeoutMs + LATE_MS, `${result.ms} ms`);
  assert.ok(result.peak_kib <= peak, `${result.peak_kib} KiB`);
}

const FAILURES = [
  ['stops in the middle of a reply', at('SCAN', 2, (honest, socket) => {
    socket.write(half(honest));
    return mute(socket);
  }), /REDIS_TIMEOUT.*no reply within 500 ms/],
  ['answers INFO never', at('INFO', 1, (honest, socket) => mute(socket)), /REDIS_TIMEOUT.*no reply within 500 ms/],
  ['resets in the middle of a reply', at('SCAN', 2, (honest, socket) => {
    socket.write(half(honest), () => socket.resetAndDestroy());
    return mute(socket);
  }), /REDIS_CONNECTION.*(reset|closed)/i],
  ['closes in the middle of a reply', at('SCAN', 2, (honest, socket) => {
    socket.end(half(honest));
    return HANDLED;
  }), /REDIS_CONNECTION.*closed/i],
  ['closes after accepting', { greet: (socket) => void socket.destroy() }, /REDIS_CONNECTION.*(closed|reset|broken)/i],
  ['announces an array without end', at('SCAN', 2, () => '*100000000\r\n'),
    /REDIS_PROTOCOL.*an array of more than 262144 elements/],
  ['sends an array without end', at('SCAN', 2, (honest, socket) => {
    socket.write('*2\r\n$1\r\n0\r\n*262144\r\n');
    return flood(socket, bulk('x'.repeat(65536)));
  }), /REDIS_PROTOCOL.*a reply of more than 16 MiB/],
  ['announces a string without end', at('SCAN', 2, (honest, socket) => {
    socket.write('$536870912\r\n');
    return drip(socket, 'x'.repeat(1000));
  }), /REDIS_PROTOCOL.*a reply of more than 16 MiB/],
  ['sends a string as long as allowed', at('SCAN', 2, (honest, socket) => {
    socket.write('$16777216\r\n');
    return flood(socket, 'x'.repeat(65536));
  }), /REDIS_PROTOCOL.*more than 32 MiB of replies and questions are held|SCAN_DEADLINE/],
  ['announces a string of a million million bytes', at('SCAN', 2, () => '$1000000000000\r\n'),
    /REDIS_PROTOCOL.*a reply of more than 16 MiB/],
  ['announces an array of a million million elements', at('SCAN', 2, () => '*1000000000000\r\n'),
    /REDIS_PROTOCOL.*(an array of more than 262144 elements|out of range)/],
  ['sends names of five megabytes', at('SCAN', 1, () => array([bulk('0'), array(Array(3).fill(bulk('x'.repeat(5 << 20))))])),
    /REDIS_PROTOCOL.*more than 32 MiB of replies and questions are held/, ['bigkey', 'hotkey']],
  ['nests without end', at('SCAN', 2, (honest, socket) => flood(socket, '*1\r\n'.repeat(1000))),
    /REDIS_PROTOCOL.*(nested|depth)/i],
  ['says nothing at all', { greet: () => HANDLED }, /REDIS_TIMEOUT.*no reply within 500 ms|REDIS_CONNECTION.*timed out/],
  ['nests deeply', at('SCAN', 2, () => `${'*1\r\n'.repeat(64)}:1\r\n`), /REDIS_PROTOCOL.*(nested|depth)/i],
  ['sends an error without end', at('SCAN', 2, (honest, socket) => {
    socket.write('-ERR ');
    return flood(socket, 'x'.repeat(1000));
  }), /REDIS_PROTOCOL.*a line of more than 64 KiB/],
  ['sends a status without end', at('INFO', 1, (honest, socket) => {
    socket.write('+');
    return flood(socket, 'x'.repeat(1000));
  }), /REDIS_PROTOCOL.*a line of more than 64 KiB/],
  ['sends no protocol', at('SCAN', 2, () => 'HTTP/1.1 400 Bad Request\r\n\r\n'), /REDIS_PROTOCOL.*Protocol error/],
  ['stays at a cursor', at('SCAN', 1, () => array([bulk('7'), array([bulk('key:1')])])),
    /REDIS_PROTOCOL.*cursor 7 came back/],
  ['goes in a circle of cursors', at('SCAN', 1, (honest, socket, words) =>
    array([bulk(String((Number(words[1]) % 5) + 1)), array([bulk('key:1')])])), /REDIS_PROTOCOL.*came back/],
  ['has ever new cursors', at('SCAN', 1, (honest, socket, words) =>
    array([bulk(String(Number(words[1]) + 1)), array([bulk('key:1')])])), /SCAN_DEADLINE.*no end within 4000 ms/],
  ['has cursors that are none', at('SCAN', 2, () => array([bulk('-1'), array([])])), /REDIS_PROTOCOL.*malformed cursor/],
  ['has cursors without end', at('SCAN', 2, () => array([bulk('1'.repeat(1000)), array([])])),
    /REDIS_PROTOCOL.*malformed cursor/],
  ['returns a million names at once', at('SCAN', 2, () =>
    `*2\r\n$1\r\n0\r\n*1000000\r\n${'$1\r\nx\r\n'.repeat(1000)}`),
  /REDIS_PROTOCOL.*an array of more than 262144 elements/],
  ['answers more slowly than is waited', at('SCAN', 2, (honest, socket) => {
    setTimeout(() => socket.write(honest), 3 * REPLY_MS);
    return mute(socket);
  }), /REDIS_TIMEOUT.*no reply within 500 ms/],
  ['answers what nobody asked', at('SCAN', 1, (honest) => `${honest}+OK\r\n`), /REDIS_PROTOCOL.*unexpected reply/],
  ['has no connection left', { greet(socket) {
    socket.end('-ERR max number of clients reached\r\n');
  } }, /REDIS_UNREADY.*max number of clients reached.*no connection left|REDIS_CONNECTION/],
  ['is in protected mode', { greet(socket) {
    socket.end('-DENIED Redis is running in protected mode\r\n');
  } }, /REDIS_REFUSED.*protected mode lets only its own machine in|REDIS_CONNECTION/],
  ['wants a password', at('CLIENT', 1, () => '-NOAUTH Authentication required.\r\n'),
    /REDIS_REFUSED.*a password is needed and none is registered/],
  ['has lost its master', at('SCAN', 1, () => '-MASTERDOWN Link with MASTER is down\r\n'),
    /REDIS_UNREADY.*lost its master|SCAN_DEADLINE/],
  ['loads its data', at('INFO', 1, () => '-LOADING Redis is loading the dataset in memory\r\n'),
    /REDIS_UNREADY.*still loading|SCAN_DEADLINE/],
  ['is held by a script', at('SCAN', 2, () => '-BUSY Redis is busy running a script.\r\n'),
    /REDIS_UNREADY.*a script holds|SCAN_DEADLINE/],
  ['renamed SCAN', at('SCAN', 1, () => "-ERR unknown command 'SCAN'\r\n"),
    /REDIS_REFUSED.*SCAN: ERR unknown command.*renamed or disabled/],
  ['leaves the version out', at('INFO', 1, () => bulk('role:master\r\n')), /REDIS_PROTOCOL.*no version/],
];

// Only what is to run out of time has little: a slow machine is no hostile server.
function limitsOf(reason) {
  if (reason.source.includes('SCAN_DEADLINE')) return { timeoutMs: TIMEOUT_MS, replyMs: PATIENT.replyMs };
  if (reason.source.includes('REDIS_TIMEOUT')) return { timeoutMs: PATIENT.timeoutMs, replyMs: REPLY_MS };
  return PATIENT;
}

for (const [what, script, reason, kinds = KINDS] of FAILURES) {
  test(`a server ${what}`, async () => {
    await Promise.all(kinds.map(async (kind) => {
      const limits = limitsOf(reason);
      const result = await scan(script, kind, undefined, limits);
      assert.equal(result.status, 'failed', `${kind} succeeded`);
      assert.match(`${result.code}: ${result.reason}`, reason, kind);
      assertBounded(result, PEAK_KIB, limits);
    }));
  });
}

test('answers of one byte at a time are answers', async () => {
  const keys = smallData(120);
  for (const kind of KINDS) {
    const script = { answer: (words, honest, socket) => drip(socket, honest) };
    const result = await scan(script, kind, keys);
    assertRight(result, kind, keys);
  }
});

test('an honest server is scanned', async () => {
  for (const kind of KINDS) {
    const result = await scan({}, kind);
    assertRight(result, kind);
    assertBounded(result, PEAK_KIB);
  }
});

// The scan either waits until that has passed or says so; it never takes the refusal for an answer.
test('a server that is not ready for a while', async () => {
  const refusals = ['-LOADING Redis is loading', '-BUSY Redis is busy', '-MASTERDOWN Link', '-CLUSTERDOWN The cluster is down'];
  for (const kind of KINDS) {
    for (const command of ['INFO', 'SCAN', ...QUESTIONS[kind]]) {
      const first = command === 'INFO' ? 1 : 2;
      for (const refusal of refusals) {
        const passing = (words, honest, socket, server) =>
          (words[0] === command && [first, first + 1].includes(server.asked[command]) ? `${refusal}\r\n` : undefined);
        const result = await scan({ answer: passing }, kind);
        assert.equal(result.status, 'success', `${kind}: ${command}: ${refusal}: ${result.reason}`);
        assertRight(result, kind);
      }
    }
  }
});

// Numbers that are no lengths, for each command that asks for one.
test('lengths and counters that cannot be', async () => {
  const numbers = ['-5', '9223372036854775808', '99999999999999999999999', '', '1x'];
  for (const kind of ['bigkey', 'hotkey']) {
    const command = kind === 'bigkey' ? 'HLEN' : 'OBJECT';
    for (const number of numbers) {
      const result = await scan(at(command, 1, () => `:${number}\r\n`), kind);
      assert.equal(result.status, 'failed', `${command} ${number}`);
      assert.match(`${result.code}: ${result.reason}`, /REDIS_PROTOCOL.*(negative length|a counter of|integer|reply)/i);
    }
  }
  const largest = await scan(at('HLEN', 1, () => ':9223372036854775807\r\n'), 'bigkey');
  assert.equal(largest.status, 'success', largest.reason);
  assert.equal(largest.num, 100);
});

// What the commands have no use for: nil says that a key has no counter, a status is a type.
test('replies of the wrong type', async () => {
  const replies = { '+OK': ['TYPE'], ':1': LENGTHS.concat('OBJECT'), '$-1': ['OBJECT'], '*-1': ['OBJECT'], '*0': [], '$2\r\nhi': [] };
  for (const kind of KINDS) {
    for (const command of ['INFO', 'SCAN', ...QUESTIONS[kind]]) {
      for (const [reply, fine] of Object.entries(replies)) {
        if (fine.includes(command)) continue;
        const result = await scan(at(command, 1, () => `${reply}\r\n`), kind);
        assert.equal(result.status, 'failed', `${kind}: ${command}: ${reply}`);
        assert.match(`${result.code}: ${result.reason}`,
          command === 'INFO' ? /REDIS_PROTOCOL.*INFO: / : /REDIS_PROTOCOL.*: unexpected reply: /,
          `${kind}: ${command}: ${reply}`);
      }
    }
  }
});

test('replies of RESP3, which was not asked for', async () => {
  const replies = ['_', '#t', ',1.5', '(12345678901234567890', '%1\r\n+a\r\n:1', '~1\r\n:1', '>1\r\n+a', '|1\r\n+a\r\n:1',
    '=5\r\ntxt:a', '!3\r\nERR', '*2\r\n$1\r\n0\r\n*1\r\n#t', '*2\r\n$1\r\n0\r\n*1\r\n,1.5', '*2\r\n$1\r\n0\r\n~0'];
  for (const kind of KINDS) {
    for (const reply of replies) {
      const result = await scan(at('SCAN', 2, () => `${reply}\r\n`), kind);
      assert.equal(result.status, 'failed', `${kind}: ${reply}`);
      assert.match(result.code, /REDIS_PROTOCOL/);
    }
  }
});

test('courtesies and settings that are refused or nonsense change nothing', async () => {
  for (const kind of KINDS) {
    for (const command of ['CLIENT', 'CONFIG', 'PING']) {
      for (const reply of ['-NOPERM no', ':1', '*0', '$-1', '+OK']) {
        const result = await scan(at(command, 1, () => `${reply}\r\n`), kind);
        assertRight(result, kind);
      }
    }
  }
});

test('long names are kept within bounds', async () => {
  const keys = Array.from({ length: 2 * PER_BATCH }, (_, i) => ({
    name: `${i}:`.padEnd(i === 0 ? 1 << 20 : i < 40 ? 64 << 10 : 10, 'n'), type: 'string', size: 1000 - i, freq: 255 - i,
  }));
  for (const kind of KINDS) {
    const result = await scan({}, kind, keys);
    assert.equal(result.status, 'success', result.reason);
    assert.equal(result.keys_seen, keys.length);
    assertBounded(result, PEAK_KIB);
    if (kind === 'expired') continue;
    assert.equal(result.num, kind === 'bigkey' ? 20 : 100);
    assert.ok(result.keys.every(({ name }) => name.length < 64 << 10));
    assert.equal(new Set(result.keys.map(({ name }) => name)).size, result.num);
  }
});

// Whether it is asked about all of them or not: it is not an answer to COUNT 100.
test('a server that returns as many names as a reply may have', async () => {
  const names = array(Array.from({ length: 262_144 }, (_, i) => bulk(`name:${i}`.padEnd(30, 'x'))));
  for (const kind of KINDS) {
    const result = await scan(at('SCAN', 1, () => `*2\r\n$1\r\n0\r\n${names}`), kind);
    if (result.status === 'failed') assert.match(result.reason, /more than (32|16) MiB/);
    else assert.equal(result.keys_seen, 262_144);
    assertBounded(result, PEAK_KIB);
  }
});

const idOf = (number) => String(number).padStart(40, '0');
const rowOf = (number, endpoint, flags, slots) => `${idOf(number)} ${endpoint}@1 ${flags} - 0 0 ${number} connected ${slots}\n`;

// What servers say of their cluster, whose nodes they are; what is left to the script comes first.
const clustered = (nodes, script = {}) => ({
  answer(words, honest, socket, server) {
    const own = script.answer?.(words, honest, socket, server);
    if (own !== undefined) return own;
    if (words[0] === 'INFO') return info(server.keys.length, { redis_mode: 'cluster', cluster_enabled: 1 });
    if (words[0] === 'CLUSTER') return words[1] === 'NODES' ? bulk(nodes(server)) : '-ERR no\r\n';
    return undefined;
  },
});

const MILLION = 1_000_000;
const myself = (server) => rowOf(0, server.endpoint, 'myself,master', '0-16383');
const row = rowOf(1, '127.0.0.1:1', 'slave', '').length;
const CLUSTERS = [
  ['with a million nodes', (socket, [, what]) => (what === 'NODES' ? drip(socket, `$${row * MILLION}\r\n`) : '-ERR no\r\n'),
    /a reply of more than 16 MiB/],
  ['with as many nodes as a reply may have', (socket, [, what], server) => (what !== 'NODES' ? '-ERR no\r\n'
    : bulk(myself(server) + rowOf(1, '127.0.0.1:1', 'slave', '').repeat(Math.floor((10 << 20) / row)))), /more than 1024 nodes/],
  ['with a million ranges of slots', (socket, [, what]) => (what === 'SLOTS' ? '*1000000\r\n' : undefined),
    /an array of more than 262144 elements/],
  ['with more ranges than slots', (socket, [, what]) => (what !== 'SLOTS' ? undefined
    : array(Array(20_000).fill(array([':0\r\n', ':1\r\n', array([bulk('h'), ':1\r\n'])])))), /no list of ranges/],
  ['with a million nodes of one range', (socket, [, what]) => (what !== 'SLOTS' ? undefined : flood(socket,
    `*1\r\n*262144\r\n:0\r\n:16383\r\n${array([bulk('h'), ':1\r\n']).repeat(10_000)}`)), /more than 16 MiB|Protocol error|malformed/],
];

for (const [what, answer, reason] of CLUSTERS) {
  test(`a cluster ${what}`, async () => {
    const server = await HostileServer.start(clustered(myself, {
      answer: (words, honest, socket, own) => (words[0] === 'CLUSTER' ? answer(socket, words, own) : undefined),
    }));
    try {
      const result = await scanOnce(server.endpoint, 'bigkey', { ...PATIENT, layout: 'cluster' });
      assert.equal(result.status, 'failed');
      assert.match(`${result.code}: ${result.reason}`, reason);
      assertBounded(result, PEAK_KIB);
    } finally {
      await server.stop();
    }
  });
}

// Each of them would have what one may have.
test('a cluster whose nodes all send as much as they may at the same time', async () => {
  const servers = [];
  const nodes = (own) => servers.map((server, i) =>
    rowOf(i + 1, server.endpoint, server === own ? 'myself,master' : 'master', `${i * 2048}-${i * 2048 + 2047}`)).join('');
  const large = (words, honest, socket) => {
    if (words[0] !== 'SCAN') return undefined;
    socket.write('*2\r\n$1\r\n0\r\n*262144\r\n');
    return flood(socket, bulk('x'.repeat(65536)));
  };
  for (let i = 0; i < 8; i++) servers.push(await HostileServer.start(clustered(nodes, { answer: large })));
  try {
    const result = await scanOnce(servers[0].endpoint, 'bigkey', { ...PATIENT, layout: 'cluster' });
    assert.equal(result.status, 'failed');
    assert.match(result.reason, /more than (16|32) MiB/);
    assertBounded(result, PEAK_KIB);
  } finally {
    for (const server of servers) await server.stop();
  }
});

test('a Sentinel with a million replicas', async () => {
  const replica = array(['ip', '127.0.0.1', 'port', '1', 'flags', 'slave'].map(bulk));
  const sentinel = ([name, what], honest, socket, server) => {
    if (name === 'INFO') return info(0, { redis_mode: 'sentinel' });
    if (name !== 'SENTINEL') return undefined;
    if (what === 'masters') return array([array(['name', 'main'].map(bulk))]);
    if (what === 'get-master-addr-by-name') return array(server.endpoint.split(':').map(bulk));
    return server.most ? `*${MILLION}\r\n${replica.repeat(1000)}` : array(Array(40_000).fill(replica));
  };
  for (const most of [true, false]) {
    const server = await HostileServer.start({ answer: sentinel });
    server.most = most;
    try {
      const result = await scanOnce(server.endpoint, 'bigkey', { layout: 'replicated', timeoutMs: TIMEOUT_MS, replyMs: 60_000 });
      assert.equal(result.status, 'failed');
      assertBounded(result, PEAK_KIB, { timeoutMs: TIMEOUT_MS });
    } finally {
      await server.stop();
    }
  }
});

// The most that a process ever had in memory, in KiB.
const peakOf = (program) => Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${program.pid}/status`, 'utf8'))[1]);

// The same through everything: what the tenant sees, what the operator reads, and a worker that goes on.
test('a task on such a server fails with its reason, and the worker lives', async () => {
  const names = ['resets in the middle of a reply', 'announces an array without end', 'nests deeply', 'stays at a cursor',
    'goes in a circle of cursors', 'sends an error without end', 'sends an array without end',
    'announces a string without end', 'sends names of five megabytes', 'nests without end'];
  const world = await World.open();
  try {
    const site = await world.site({ workers: 1, worker: { attempts_max: 1 } });
    const alice = await site.tenant('alice');
    await site.workers[0].event('working');
    const before = peakOf(site.workers[0]);
    for (const [i, name] of names.entries()) {
      const [, script, reason] = FAILURES.find(([what]) => what === name);
      const server = await HostileServer.start(script);
      try {
        const cache = await alice.instance(`hostile-${i}`, server.endpoint);
        const { id } = await cache.start(cache.create);
        await until('the task ends', async () => ['success', 'failed'].includes(await cache.status(id)));
        const shown = await site.inspect(id);
        assert.equal(shown.status, 'failed', name);
        assert.match(shown.failure, new RegExp(reason.source.replace(/REDIS_\w+\.\*/g, ''), reason.flags), name);
      } finally {
        await server.stop();
      }
    }
    assert.ok(site.workers[0].running);
    const grown = peakOf(site.workers[0]) - before;
    assert.ok(SANITIZER || grown < 64 << 10, `${grown} KiB`);
  } finally {
    await world.close();
  }
});
