// What one program calls of the C library, counted while it runs (counted_calls.c).
//
//   const calls = new CountedCalls(directory);
//   program(..., { env: calls.environment });
//   calls.taken()                              { malloc: 12, ... } since the last time

import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const RECORD_BYTES = 32;
const NAME_BYTES = 24;

export class CountedCalls {
  constructor(directory) {
    this.path = join(mkdtempSync(join(directory, 'calls-')), 'records');
    closeSync(openSync(this.path, 'wx'));
    this.before = {};
  }

  get environment() {
    return {
      LD_PRELOAD: join(process.env.DCS_BUILD, 'tests/libdcs_counted_calls.so'),
      COUNTED_CALLS_FILE: this.path,
    };
  }

  // Calls since the program began, by function.
  read() {
    const bytes = readFileSync(this.path);
    const calls = {};
    for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
      const name = bytes.toString('latin1', at, at + NAME_BYTES).replace(/\0+$/, '');
      calls[name] = Number(bytes.readBigUInt64LE(at + NAME_BYTES));
    }
    return calls;
  }

  taken() {
    const now = this.read();
    const taken = Object.fromEntries(Object.entries(now).map(([name, calls]) => [name, calls - (this.before[name] ?? 0)]));
    this.before = now;
    return taken;
  }
}
