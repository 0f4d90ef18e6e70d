// Data sets for scans, and what a big-key analysis of them must find, worked out independently.

export const TYPES = ['string', 'list', 'set', 'zset', 'hash'];
const TOP = 20;

// A key's name as the wire contract writes it.
export function publicName(bytes) {
  const text = bytes.toString('utf8');
  if (Buffer.from(text, 'utf8').equals(bytes)) return text;
  let result = '';
  for (let i = 0; i < bytes.length;) {
    const width = utf8Width(bytes, i);
    if (width === 0) result += `\\x${bytes[i].toString(16).padStart(2, '0')}`;
    else result += width === 1 && bytes[i] === 0x5c ? '\\\\' : bytes.toString('utf8', i, i + width);
    i += width || 1;
  }
  return result;
}

function utf8Width(bytes, start) {
  for (let width = 1; width <= 4; width++) {
    const part = bytes.subarray(start, start + width);
    if (part.length === width && Buffer.from(part.toString('utf8'), 'utf8').equals(part)) return width;
  }
  return 0;
}

// keys: { name (Buffer), type, db, size }.  The entries that a success must carry, in order.
export function largest(keys) {
  return TYPES.flatMap((type) => keys.filter((key) => key.type === type)
    .sort((a, b) => b.size - a.size || Buffer.compare(a.name, b.name) || a.db - b.db)
    .slice(0, TOP)
    .map((key) => ({
      name: publicName(key.name), type, db: key.db, size: key.size,
      unit: type === 'string' ? 'byte' : 'count',
    })));
}

const LENGTH_COMMAND = { string: 'STRLEN', list: 'LLEN', set: 'SCARD', zset: 'ZCARD', hash: 'HLEN' };

// Every key of a Redis by KEYS, TYPE and a length: the slow way that cannot miss one.
export async function enumerate(redis, databases) {
  const all = [];
  for (const db of databases) {
    await redis.command('SELECT', db);
    const names = await redis.command('KEYS', '*');
    const types = await redis.pipeline(names.map((name) => ['TYPE', name]));
    const known = names.map((name, i) => ({ name, type: types[i], db }))
      .filter(({ type }) => type in LENGTH_COMMAND);
    const sizes = await redis.pipeline(known.map(({ name, type }) => [LENGTH_COMMAND[type], name]));
    known.forEach((key, i) => all.push({ ...key, size: sizes[i] }));
  }
  await redis.command('SELECT', 0);
  return all;
}

// A few keys of every kind of name and type, in two databases.
export async function fillSmall(redis) {
  const raw = Buffer.from([0x66, 0xff, 0x5c, 0xc3, 0xbc, 0xed, 0xa0, 0x80]);
  await redis.pipeline([
    ['SET', 'plain', 'x'.repeat(5000)],
    ['SET', 'with space', 'x'.repeat(300)],
    ['SET', 'größe-😀', 'x'.repeat(200)],
    ['SET', 'quote"back\\slash\n', 'x'.repeat(100)],
    ['SET', raw, 'x'.repeat(400)],
    ['SET', '', 'x'.repeat(7)],
    ['RPUSH', 'list', ...Array(50).keys()],
    ['SADD', 'set', ...Array(40).keys()],
    ['ZADD', 'zset', ...[...Array(30).keys()].flatMap((n) => [n, `m${n}`])],
    ['HSET', 'hash', ...[...Array(20).keys()].flatMap((n) => [`f${n}`, n])],
    ['XADD', 'stream', '*', 'f', 'v'],
    ['SELECT', 3],
    ['SET', 'plain', 'x'.repeat(5000)],
    ['HSET', 'hash', ...[...Array(25).keys()].flatMap((n) => [`f${n}`, n])],
    ['SELECT', 0],
  ]);
}

// Keys that have expired but are still held in memory: active expiry is switched off first.
export async function fillExpired(redis, count) {
  await redis.command('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  const batch = 1000;
  for (let first = 0; first < count; first += batch) {
    const commands = [];
    for (let i = first; i < Math.min(count, first + batch); i++)
      commands.push(['SET', `expired:${i}`, 'x'.repeat(64), 'PX', 1]);
    await redis.pipeline(commands);
  }
}
