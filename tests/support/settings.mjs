// The settings as the programs know them: the rows of core/base/include/base/config.def, by name.

import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../../core/base/include/base/config.def', import.meta.url), 'utf8');
const RELOADS = { FIXED: 'start', SIGHUP: 'SIGHUP', CONTENT: 'content' };

// What follows the name of a row of each letter.
const ROWS = {
  T: ([value, unit, help]) => ({ type: 'text', value, unit, help }),
  S: ([value, unit, help]) => ({ type: 'text', value, unit, help, secret: true }),
  W: ([value, words, reload, help]) => ({ type: 'text', value, unit: 'word', words: words.split('|'), reload, help }),
  P: ([reload, help]) => ({ type: 'text', value: '', unit: 'path', reload, help }),
  N: ([value, least, most, unit, help]) =>
    ({ type: 'number', value: Number(value), least: Number(least), most: Number(most), unit, help }),
};

// Strings, numbers and words, with commas between.
const fieldsOf = (list) => [...list.matchAll(/"([^"]*)"|([A-Z]+|\d+)/g)].map(([, quoted, bare]) => quoted ?? bare);

export const settings = new Map();
for (const [, letter, name, rest] of text.matchAll(/^([TSWPN])\((\w+), (.*)\)$/gm)) {
  const row = ROWS[letter](fieldsOf(rest));
  settings.set(name, { ...row, reload: RELOADS[row.reload ?? 'FIXED'] });
}
