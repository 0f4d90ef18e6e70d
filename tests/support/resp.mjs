// A Redis connection of the tests' own, bytes in and bytes out (RESP2).

import net from 'node:net';
import { within } from './wait.mjs';

function encode(words) {
  const parts = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = Buffer.isBuffer(word) ? word : Buffer.from(String(word));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

const INCOMPLETE = Symbol('incomplete');

// [number of elements, offset behind it] where an array begins at offset.
function arrayHeader(input, offset) {
  const end = input.indexOf('\r\n', offset);
  if (end < 0 || input[offset] !== 0x2a) return undefined;
  return [Number(input.toString('latin1', offset + 1, end)), end + 2];
}

// [value, offset behind it] of the reply at offset, or INCOMPLETE.
function decode(input, offset) {
  if (offset >= input.length) return INCOMPLETE;
  const end = input.indexOf('\r\n', offset);
  if (end < 0) return INCOMPLETE;
  const line = input.toString('utf8', offset + 1, end);
  const next = end + 2;
  switch (String.fromCharCode(input[offset])) {
    case '+': return [line, next];
    case '-': return [new Error(line), next];
    case ':': return [Number(line), next];
    case '$': {
      const length = Number(line);
      if (length < 0) return [null, next];
      if (input.length < next + length + 2) return INCOMPLETE;
      return [Buffer.from(input.subarray(next, next + length)), next + length + 2];
    }
    case '*': {
      const values = [];
      let place = next;
      for (let i = 0; i < Number(line); i++) {
        const value = decode(input, place);
        if (value === INCOMPLETE) return INCOMPLETE;
        values.push(value[0]);
        place = value[1];
      }
      return [values, place];
    }
    default: throw new Error(`unknown reply: ${line}`);
  }
}

export class RespConnection {
  static async open(port, host = '127.0.0.1') {
    const connection = new RespConnection();
    connection.input = Buffer.alloc(0);
    connection.waiting = [];
    connection.answered = 0;
    connection.socket = net.connect({ port, host, noDelay: true });
    connection.socket.on('data', (bytes) => connection.feed(bytes));
    const fail = (error) => {
      connection.closed = error ?? new Error('connection closed');
      for (const { reject } of connection.waiting.slice(connection.answered)) reject(connection.closed);
      connection.waiting = [];
      connection.answered = 0;
    };
    connection.socket.on('error', fail).on('close', () => fail());
    await within('connect to Redis', new Promise((resolve, reject) => {
      connection.socket.once('connect', resolve).once('error', reject);
    }));
    return connection;
  }

  // An array may be large and come in many pieces: its elements are taken as they come, not all again with
  // every piece.
  feed(bytes) {
    this.input = this.input.length ? Buffer.concat([this.input, bytes]) : bytes;
    let offset = 0;
    for (;;) {
      const header = this.array ? undefined : arrayHeader(this.input, offset);
      if (header?.[0] < 0) { // a null, as of XREADGROUP without entries
        offset = header[1];
        this.answer(null);
        continue;
      }
      if (header) {
        this.array = { missing: header[0], values: [] };
        offset = header[1];
      }
      const reply = this.array?.missing === 0 ? undefined : decode(this.input, offset);
      if (reply === INCOMPLETE) break;
      if (reply) offset = reply[1];
      if (!this.array) {
        this.answer(reply[0]);
        continue;
      }
      if (reply) {
        this.array.values.push(reply[0]);
        this.array.missing--;
      }
      if (this.array.missing === 0) {
        this.answer(this.array.values);
        this.array = undefined;
      }
    }
    this.input = this.input.subarray(offset);
  }

  answer(value) {
    const { resolve, reject } = this.waiting[this.answered++];
    if (this.answered === this.waiting.length) {
      this.waiting = [];
      this.answered = 0;
    }
    if (value instanceof Error) reject(value);
    else resolve(value);
  }

  // The replies of all commands, in order; the first error reply is thrown.
  pipeline(commands) {
    if (this.closed) return Promise.reject(this.closed);
    const replies = commands.map(
      () => new Promise((resolve, reject) => this.waiting.push({ resolve, reject })),
    );
    this.socket.write(Buffer.concat(commands.map(encode)));
    return Promise.all(replies);
  }

  async command(...words) {
    return (await this.pipeline([words]))[0];
  }

  close() {
    this.socket.destroy();
  }
}
