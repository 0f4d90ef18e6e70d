// Secrets that can be recognised wherever they turn up, in every form that a program might write them in.

import { readFileSync, openSync, readSync, closeSync } from 'node:fs';

const percent = (bytes, upper) => [...bytes].map((byte) => {
  const digits = byte.toString(16).padStart(2, '0');
  return `%${upper ? digits.toUpperCase() : digits}`;
}).join('');

// Base64 of it behind 0, 1 or 2 other bytes, without what the neighbours decide.
function base64Inside(bytes, shift) {
  const text = Buffer.concat([Buffer.alloc(shift), bytes, Buffer.alloc(3)]).toString('base64');
  return text.slice(Math.ceil((shift * 4) / 3), Math.floor(((shift + bytes.length) * 4) / 3));
}

// secret: text, or bytes.  Forms by name.
export function formsOf(secret) {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString('hex');
  const forms = {
    raw: bytes, hex, 'HEX': hex.toUpperCase(), 'percent-encoded': percent(bytes, true),
    'percent-encoded, lower case': percent(bytes, false),
  };
  for (const shift of [0, 1, 2]) {
    const text = base64Inside(bytes, shift);
    forms[`base64 behind ${shift}`] = text;
    forms[`base64url behind ${shift}`] = text.replace(/\+/g, '-').replace(/\//g, '_');
  }
  if (typeof secret === 'string') {
    forms['percent-encoded where needed'] = encodeURIComponent(secret);
    forms['in JSON'] = JSON.stringify(secret).slice(1, -1);
    forms['in JSON, with \\/'] = JSON.stringify(secret).slice(1, -1).replace(/\//g, '\\/');
    forms['in SQL'] = secret.replace(/'/g, "''");
  }
  return Object.entries(forms).map(([form, value]) => [form, Buffer.from(value)]);
}

export class Canaries {
  constructor(planted) {
    this.secrets = new Map();
    this.planted = planted;
    this.places = 0;
  }

  add(name, secret) {
    this.secrets.set(name, formsOf(secret));
    return secret;
  }

  // Names and forms of those that are in it.
  find(content) {
    const bytes = Buffer.from(content);
    return [...this.secrets].flatMap(([name, forms]) =>
      forms.filter(([, form]) => bytes.includes(form)).map(([form]) => `${name} (${form})`));
  }

  // Throws where there is one, and where what was planted is not: then it was not the place.
  search(place, content) {
    this.places++;
    const bytes = Buffer.from(content);
    if (!bytes.includes(this.planted)) throw new Error(`${place}: what was planted there is not found`);
    const found = this.find(bytes);
    if (found.length) throw new Error(`${place}: ${found.join(', ')}`);
  }
}

// What a process can write to, in pieces: { start, bytes, flags }, flags as /proc/PID/smaps has them.  Mappings that
// only reserve addresses, as sanitizers' shadows do, are left out.
export function* memoryOf(pid, { most = 1 << 30 } = {}) {
  const file = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const mapping of readFileSync(`/proc/${pid}/smaps`, 'latin1').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
      const [, from, to, writable] = /^([0-9a-f]+)-([0-9a-f]+) r(.)/.exec(mapping) ?? [];
      const resident = Number(/^Rss:\s+(\d+)/m.exec(mapping)?.[1] ?? 0);
      const start = Number(`0x${from}`);
      const size = Number(`0x${to}`) - start;
      if (writable !== 'w' || resident === 0 || size > most) continue;
      const bytes = Buffer.alloc(size);
      const length = readSync(file, bytes, 0, size, start);
      yield { start, bytes: bytes.subarray(0, length), flags: /^VmFlags:(.*)/m.exec(mapping)?.[1] ?? '' };
    }
  } finally {
    closeSync(file);
  }
}
