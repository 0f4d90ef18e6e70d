// A server of the tests' own that speaks Redis' protocol honestly from a small data set, until a script of a
// test has it do something else.

import net from 'node:net';

const CRLF = '\r\n';
const LENGTHS = { STRLEN: 'string', LLEN: 'list', SCARD: 'set', ZCARD: 'zset', HLEN: 'hash' };

export const bulk = (text) => `$${Buffer.byteLength(text)}${CRLF}${text}${CRLF}`;
export const array = (items) => `*${items.length}${CRLF}${items.join('')}`;
export const HANDLED = Symbol('the script answers by itself');

// { name, type, size, freq }: what there is of each key.
export function smallData(count = 250) {
  const types = Object.values(LENGTHS);
  return Array.from({ length: count }, (_, i) =>
    ({ name: `key:${i}`, type: types[i % types.length], size: i + 1, freq: i % 256 }));
}

// What INFO says, but for the changes.
export function info(keys, changes = {}) {
  const fields = {
    redis_version: '7.0.15', redis_mode: 'standalone', used_memory: 1000000, maxmemory: 0,
    maxmemory_policy: 'allkeys-lfu', expired_keys: 0, role: 'master', connected_slaves: 0,
    master_replid: '0123456789012345678901234567890123456789', master_repl_offset: 0, cluster_enabled: 0,
    db0: `keys=${keys},expires=0,avg_ttl=0`, ...changes,
  };
  return bulk(Object.entries(fields).map(([name, value]) => `${name}:${value}${CRLF}`).join(''));
}

// The commands of a client, as far as they have come whole.
class Requests {
  #input = Buffer.alloc(0);

  *take(bytes) {
    this.#input = Buffer.concat([this.#input, bytes]);
    for (let command; (command = this.#next());) yield command;
  }

  #line(offset) {
    const end = this.#input.indexOf(CRLF, offset);
    return end < 0 ? undefined : [Number(this.#input.toString('latin1', offset + 1, end)), end + 2];
  }

  #next() {
    const header = this.#line(0);
    if (!header) return undefined;
    let [count, place] = header;
    const words = [];
    for (; count > 0; count--) {
      const length = this.#line(place);
      if (!length || this.#input.length < length[1] + length[0] + 2) return undefined;
      words.push(this.#input.toString('latin1', length[1], length[1] + length[0]));
      place = length[1] + length[0] + 2;
    }
    this.#input = this.#input.subarray(place);
    return words;
  }
}

export class HostileServer {
  // script: { greet(socket), answer(words, honest, socket, server) }, both of them optional.  answer returns what
  // is to be sent, or HANDLED; honest is what an honest server would send.
  static async start(script = {}, keys = smallData()) {
    const server = new HostileServer();
    Object.assign(server, { script, keys, asked: {}, sockets: new Set() });
    server.byName = new Map(keys.map((key) => [key.name, key]));
    server.listener = net.createServer((socket) => server.#serve(socket));
    await new Promise((resolve) => server.listener.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get endpoint() {
    return `127.0.0.1:${this.listener.address().port}`;
  }

  #serve(socket) {
    const requests = new Requests();
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {}).on('close', () => this.sockets.delete(socket));
    if (this.script.greet?.(socket) === HANDLED) return;
    socket.on('data', (bytes) => {
      for (const words of requests.take(bytes)) {
        if (socket.mute) return;
        const name = words[0].toUpperCase();
        this.asked[name] = (this.asked[name] ?? 0) + 1;
        const honest = this.honest(words);
        const answer = this.script.answer?.(words, honest, socket, this) ?? honest;
        if (answer !== HANDLED && !socket.destroyed) socket.write(answer);
      }
    });
  }

  honest(words) {
    const name = words[0].toUpperCase();
    const key = this.byName.get(words[words.length - 1]);
    if (name in LENGTHS) {
      if (!key) return `:0${CRLF}`;
      return key.type === LENGTHS[name] ? `:${key.size}${CRLF}` : `-WRONGTYPE Operation${CRLF}`;
    }
    switch (name) {
      case 'AUTH': case 'CLIENT': case 'SELECT': return `+OK${CRLF}`;
      case 'PING': return `+PONG${CRLF}`;
      case 'INFO': return info(this.keys.length);
      case 'SCAN': return this.#scan(Number(words[1]), Number(words[3]));
      case 'TYPE': return `+${key?.type ?? 'none'}${CRLF}`;
      case 'OBJECT': return key ? `:${key.freq}${CRLF}` : `$-1${CRLF}`;
      case 'MEMORY': {
        const found = this.byName.get(words[2]);
        return found ? `:${found.size * 64 + 64}${CRLF}` : `$-1${CRLF}`;
      }
      case 'CONFIG': return array([]);
      default: return `-ERR unknown command '${words[0]}'${CRLF}`;
    }
  }

  #scan(cursor, count) {
    const names = this.keys.slice(cursor, cursor + count).map((key) => bulk(key.name));
    const next = cursor + count < this.keys.length ? cursor + count : 0;
    return array([bulk(String(next)), array(names)]);
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.listener.close(resolve));
  }
}

// Sends the same bytes again and again, as fast as they are taken.
export function flood(socket, bytes) {
  const more = () => {
    while (!socket.destroyed && socket.write(bytes));
  };
  socket.on('drain', more);
  more();
  return HANDLED;
}

// Sends bytes one by one, each on its own turn of the loop, in the order of the calls.
export function drip(socket, bytes) {
  socket.dripping ??= [];
  const idle = socket.dripping.length === 0;
  for (const byte of Buffer.from(bytes)) socket.dripping.push(byte);
  const next = () => {
    if (socket.destroyed || socket.dripping.length === 0) return;
    socket.write(Buffer.from([socket.dripping.shift()]));
    setImmediate(next);
  };
  if (idle) next();
  return HANDLED;
}
