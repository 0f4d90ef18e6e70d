// The wall clock of one program, which can be set while it runs; the monotonic clock is left alone.
//
//   const clock = new WallClock(directory);
//   program(..., { env: clock.environment });
//   clock.set(-3600);                          an hour back

import { mkdtempSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SANITIZER_ENVIRONMENT } from './program.mjs';

export class WallClock {
  constructor(directory) {
    this.path = join(mkdtempSync(join(directory, 'clock-')), 'offset');
    this.file = openSync(this.path, 'w');
    this.set(0);
  }

  get environment() {
    return {
      LD_PRELOAD: join(process.env.DCS_BUILD, 'tests/libdcs_wall_clock.so'),
      WALL_CLOCK_FILE: this.path,
      // A sanitizer likes to be the first library.
      ASAN_OPTIONS: `${SANITIZER_ENVIRONMENT.ASAN_OPTIONS}:verify_asan_link_order=0`,
    };
  }

  // By how many seconds it differs from the machine's.
  set(seconds) {
    const bytes = new Uint8Array(new BigInt64Array([BigInt(seconds)]).buffer);
    writeSync(this.file, bytes, 0, bytes.length, 0);
  }
}
