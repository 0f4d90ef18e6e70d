// What clients ask of PostgreSQL, counted as it goes by (protocol 3.0, "Frontend/Backend Protocol" of its manual).
//
//   const messages = new Messages();
//   proxy.listen = () => messages.listener();
//   messages.taken()        { binds, syncs, flushes, queries, statements: { name: executions } } since the last time

const LENGTH_BYTES = 4;

// Before the session begins a message has no type.  The requests for encryption are answered with one byte and are
// followed by another such message.
const ENCRYPTION_REQUESTS = [80877103, 80877104];

const none = () => ({ binds: 0, syncs: 0, flushes: 0, queries: 0, statements: {} });

function textAt(bytes, start) {
  return bytes.toString('latin1', start, bytes.indexOf(0, start));
}

export class Messages {
  constructor() {
    this.counted = none();
  }

  taken() {
    const { counted } = this;
    this.counted = none();
    return counted;
  }

  // Takes one connection's bytes as they come.
  listener() {
    let rest = Buffer.alloc(0);
    let began = false;
    return (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (;;) {
        const typed = began ? 1 : 0;
        if (rest.length < typed + LENGTH_BYTES) return;
        const length = typed + rest.readUInt32BE(typed);
        if (rest.length < length) return;
        const message = rest.subarray(0, length);
        if (began) this.#count(String.fromCharCode(message[0]), message.subarray(1 + LENGTH_BYTES));
        else began = !ENCRYPTION_REQUESTS.includes(message.readUInt32BE(LENGTH_BYTES));
        rest = rest.subarray(length);
      }
    };
  }

  #count(type, body) {
    const { counted } = this;
    if (type === 'B') {
      const portal = textAt(body, 0);
      const statement = textAt(body, portal.length + 1);
      counted.binds++;
      counted.statements[statement] = (counted.statements[statement] ?? 0) + 1;
    } else if (type === 'S') {
      counted.syncs++;
    } else if (type === 'H') {
      counted.flushes++;
    } else if (type === 'Q') {
      counted.queries++;
    }
  }
}
