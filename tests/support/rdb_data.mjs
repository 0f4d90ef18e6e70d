// Keys of all types and encodings, what their server says of them, and what the reader says of its dump.

import { join } from 'node:path';
import { Program } from './program.mjs';

const BUILD = process.env.DCS_BUILD;
if (!BUILD) throw new Error('DCS_BUILD must name the build directory (ctest sets it)');

const DATABASES = 3;
const PER_COMMAND = 50;
const AT_ONCE = 1000; // commands

// Mostly small, sometimes up to most.
function size(random, most) {
  const wide = 1 + random.below(Math.ceil(Math.log2(most + 1)));
  return Math.min(most, 1 + random.below(2 ** wide));
}

function text(random, length) {
  const word = random.next().toString(36);
  const kind = random.below(3);
  if (kind === 0) return random.bytes(length);
  return Buffer.alloc(length, kind === 1 ? word : `${word} ${random.below(1000)} `);
}

const integer = (random) => random.pick([random.below(20_000), -random.below(300), random.next() * 1_000_003]);

// A value that no other of the key is.
function member(random, i, longest) {
  const kind = longest < 8 ? 0 : random.below(8);
  if (kind === 0) return String(i * 7 - 40);
  return Buffer.concat([Buffer.from(`${i}:`), text(random, size(random, longest))]);
}

// COMMAND KEY words, with `per` words an element, in commands of at most so many elements.
function* inPieces(command, key, elements) {
  for (let i = 0; i < elements.length; i += PER_COMMAND) yield [command, key, ...elements.slice(i, i + PER_COMMAND).flat()];
}

const many = (random, most, make) => Array.from({ length: size(random, most) }, (_, i) => make(i));

const MAKERS = {
  * string(random, key) {
    const value = random.pick([
      () => integer(random), () => text(random, random.below(140)), () => text(random, size(random, 70_000)),
    ])();
    yield ['SET', key, value];
  },
  * list(random, key, most) {
    const longest = random.pick([6, 30, 100, 3000]);
    const elements = many(random, longest > 100 ? 40 : most, (i) => member(random, i, longest));
    yield* inPieces(random.pick(['RPUSH', 'LPUSH']), key, elements);
  },
  * set(random, key, most) {
    const wide = random.pick([1, 40_000, 2 ** 40]);
    const longest = random.pick([0, 6, 30, 100]);
    yield* inPieces('SADD', key, many(random, most, (i) => (longest ? member(random, i, longest) : i * wide)));
  },
  * hash(random, key, most) {
    const longest = random.pick([6, 30, 100]);
    yield* inPieces('HSET', key, many(random, most, (i) =>
      [member(random, i, longest), random.below(2) ? integer(random) : text(random, size(random, longest))]));
  },
  * zset(random, key, most) {
    const longest = random.pick([6, 30, 100]);
    yield* inPieces('ZADD', key, many(random, most, (i) =>
      [random.pick([i, random.next() / 7, '-inf']), member(random, i, longest)]));
  },
  * stream(random, key, most) {
    const at = 1.7e12 + random.below(1e9);
    const count = size(random, most / 2);
    const id = (i) => `${at + i * (1 + (at % 100))}-${i % 3}`;
    for (let i = 0; i < count; i++) yield ['XADD', key, id(i), 'f', integer(random), 'g', text(random, size(random, 60))];
    for (let i = 0; i < count / 20; i++) yield ['XDEL', key, id(random.below(count))];
    for (let g = random.below(3); g > 0; g--) {
      yield ['XGROUP', 'CREATE', key, `group ${g}`, '0'];
      for (let c = random.below(4); c > 0; c--) {
        yield ['XREADGROUP', 'GROUP', `group ${g}`, `consumer ${c}`, 'COUNT', size(random, most / 2), 'STREAMS', key, '>'];
      }
      yield ['XACK', key, `group ${g}`, id(0), id(1)];
    }
  },
};

const SIZES = { string: 'STRLEN', list: 'LLEN', set: 'SCARD', hash: 'HLEN', zset: 'ZCARD', stream: 'XLEN' };

async function each(redis, commands) {
  const replies = [];
  for (let i = 0; i < commands.length; i += AT_ONCE) replies.push(...await redis.pipeline(commands.slice(i, i + AT_ONCE)));
  return replies;
}

function* commandsFor(random, key, type, most) {
  yield* MAKERS[type](random, key, most);
  if (random.below(4) === 0) yield ['PEXPIRE', key, 3_600_000 + random.below(1e9)];
}

// So many keys in three databases, of at most so many elements each.  Returns [{db, key, type}].
export async function fillRdb(redis, random, count, most) {
  const keys = [];
  let commands = [];
  for (let db = 0; db < DATABASES; db++) {
    commands.push(['SELECT', db]);
    for (let i = db; i < count; i += DATABASES) {
      const type = random.pick(Object.keys(MAKERS));
      const rest = text(random, random.below(30) ? random.below(24) : size(random, 400));
      const key = Buffer.concat([Buffer.from(`${type}:${i}:`), rest]);
      keys.push({ db, key, type });
      for (const command of commandsFor(random, key, type, most)) {
        if (commands.push(command) < AT_ONCE) continue;
        await redis.pipeline(commands);
        commands = [];
      }
    }
  }
  await redis.pipeline(commands);
  return keys;
}

// What the server says of those keys: a map of "DB:HEX" to the members of a line of dcs_rdb_keys.
export async function askServer(redis, keys) {
  const said = new Map();
  for (let db = 0; db < DATABASES; db++) {
    const own = keys.filter((key) => key.db === db);
    await redis.command('SELECT', db);
    const lengths = await each(redis, own.map(({ key, type }) => [SIZES[type], key]));
    const answers = await each(redis, own.flatMap(({ key }) =>
      [['TYPE', key], ['OBJECT', 'ENCODING', key], ['MEMORY', 'USAGE', key, 'SAMPLES', 0], ['PEXPIRETIME', key]]));
    own.forEach(({ key }, i) => {
      const [type, encoding, bytes, expires] = answers.slice(4 * i, 4 * i + 4);
      said.set(`${db}:${key.toString('hex')}`,
        { type, encoding: String(encoding), size: lengths[i], bytes, expires_at_ms: expires });
    });
  }
  return said;
}

// What the reader says of a dump, in the same form.
export async function readDump(file, allocator = '') {
  const program = new Program('rdb_keys', join(BUILD, 'tests/dcs_rdb_keys'), [file, allocator]);
  const status = await program.ended;
  if (status !== 0) throw new Error(`dcs_rdb_keys: ${status}: ${program.stderr}`);
  return new Map(program.stdout.trimEnd().split('\n').filter(Boolean).map((line) => {
    const { db, key, ...rest } = JSON.parse(line);
    return [`${db}:${key}`, rest];
  }));
}

// Saves, and reads what was saved.
export async function readSaved(redis) {
  const { mem_allocator: allocator } = await redis.info('memory');
  const reply = await redis.command('SAVE');
  if (reply !== 'OK') throw reply;
  return readDump(join(redis.directory, 'dump.rdb'), allocator);
}

// Errors of the estimates in percent, smallest first, by type, encoding and, where chance has a part in it, size.
export function errorsByGroup(said, read) {
  const groups = new Map();
  for (const [name, { type, encoding, size: length, bytes }] of said) {
    const ofSize = length >= 100 ? ', 100 elements and more' : ', fewer than 100';
    const group = `${type}, ${encoding}${/skiplist|hashtable/.test(encoding) ? ofSize : ''}`;
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push((100 * (read.get(name).bytes - bytes)) / bytes);
  }
  for (const errors of groups.values()) errors.sort((a, b) => Math.abs(a) - Math.abs(b));
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}
