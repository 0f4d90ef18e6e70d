// Names, figures, times and the tree of prefixes: what must be shown as it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, count, duration, share, signed } from '../src/format/figure';
import { bytesOf, pieces, plain } from '../src/format/name';
import { pathTo, prefixTree, rangeOf } from '../src/format/prefix_tree';
import {
  inputOf, localOf, minutesOf, nextAt, offset, offsetName, shifts, timeOfInput, utc, utcOf,
} from '../src/format/time';

const texts = (name: string, binary = false): string[] => pieces(name, binary).map(({ kind, text }) => `${kind} ${text}`);

const names: [string, string, boolean, string[]][] = [
  ['plain', 'user:42', false, ['text user:42']],
  ['HTML is text', '<b>&amp;', false, ['text <b>&amp;']],
  ['empty', '', false, []],
  ['control characters', 'a\n\0\x7fb', false, ['text a', 'control \\n', 'control \\0', 'control U+007F', 'text b']],
  ['an override of direction', 'a\u202egnp', false, ['text a', 'control U+202E', 'text gnp']],
  ['isolates and marks', '\u2066x\u200f', false, ['control U+2066', 'text x', 'control U+200F']],
  ['blanks that look like none', 'a\u200b\u00a0\u3000', false, ['text a', 'control U+200B', 'control U+00A0', 'control U+3000']],
  ['separators of lines', 'a\u2028b', false, ['text a', 'control U+2028', 'text b']],
  ['right-to-left text stays', 'سلام', false, ['text سلام']],
  ['a joined emoji stays one', '👩‍👩‍👧:❤️‍🔥', false, ['text 👩‍👩‍👧:❤️‍🔥']],
  ['a joiner that joins nothing', 'a\u200d:', false, ['text a', 'control U+200D', 'text :']],
  ['a lone surrogate', 'a\ud800', false, ['text a', 'control U+D800']],
  ['tags', 'a\u{e0041}', false, ['text a', 'control U+E0041']],
  ['backslashes of a text name are its own', 'a\\xff\\\\', false, ['text a\\xff\\\\']],
  ['bytes', 'a\\xff\\x00b', true, ['text a', 'byte \\xff', 'byte \\x00', 'text b']],
  ['a doubled backslash is one', '\\\\xff\\xfe', true, ['text \\xff', 'byte \\xfe']],
];
for (const [what, name, binary, expected] of names) {
  test(`name: ${what}`, () => assert.deepEqual(texts(name, binary), expected));
}

test('name: as plain text nothing unseen is left', () => {
  const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code)).join('');
  assert.doesNotMatch(plain(all), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
});

test('name: its bytes', () => {
  assert.equal(bytesOf('é'), '\xc3\xa9');
  assert.equal(bytesOf('\\xff\\\\a', true), '\xff\\a');
  assert.equal(bytesOf('\\xff', false), '\\xff');
});

const sizes: [number, string][] = [
  [0, '0 B'], [1, '1 B'], [1023, '1,023 B'], [1024, '1.0 KiB'], [1536, '1.5 KiB'], [102349, '100 KiB'], [1048524, '1,024 KiB'],
  [1048576, '1.0 MiB'], [512 * 2 ** 20, '512 MiB'], [2 ** 53, '8.0 PiB'], [-2048, '−2.0 KiB'],
];
for (const [value, text] of sizes) test(`${value} bytes`, () => assert.equal(bytes(value, 'en-GB'), text));

test('figures', () => {
  assert.equal(count(1234567, 'en-GB'), '1,234,567');
  assert.equal(share(1, 8, 'en-GB'), '12.5%');
  assert.equal(share(1, 1e6, 'en-GB'), '<0.1%');
  assert.equal(share(0, 5, 'en-GB'), '0%');
  assert.equal(share(1, 0, 'en-GB'), '–');
  assert.equal(signed(-5, String), '−5');
  assert.equal(signed(5, String), '+5');
  assert.equal(signed(0, String), '0');
});

const lengths: [number, string][] = [
  [0, '0 s'], [0.25, '250 ms'], [59, '59 s'], [60, '1 min'], [90061, '1 d 1 h'], [86403, '1 d'], [3600, '1 h'], [3725, '1 h 2 min'],
];
for (const [seconds, text] of lengths) {
  test(`${seconds} seconds`, () => assert.equal(duration(seconds, { units: ['d', 'h', 'min', 's'], gap: ' ' }), text));
}

const NOON = Date.parse('2026-11-29T12:00:00Z');

const clocks: [string, string, string, number][] = [
  ['02:30', 'Asia/Shanghai', '10:30', 0], ['18:00', 'Asia/Shanghai', '02:00', 1], ['16:00', 'Asia/Shanghai', '00:00', 1],
  ['02:30', 'America/New_York', '21:30', -1], ['05:00', 'America/New_York', '00:00', 0], ['00:00', 'UTC', '00:00', 0],
  ['20:00', 'Asia/Kathmandu', '01:45', 1], ['11:00', 'Pacific/Kiritimati', '01:00', 1], ['10:59', 'Pacific/Pago_Pago', '23:59', -1],
];
for (const [time, zone, local, day] of clocks) {
  test(`${time} UTC in ${zone}`, () => assert.deepEqual(localOf(time, NOON, zone), { time: local, day }));
  test(`${local} of ${zone} in UTC`, () => assert.deepEqual(utcOf(local, NOON, zone), { time, day: day === 0 ? 0 : -day }));
}

test('the offset that counts is that of the next time, not of now', () => {
  // Clocks of Berlin go back at 01:00 UTC of the 25th.
  const before = Date.parse('2026-10-24T20:00:00Z');
  assert.deepEqual(localOf('21:00', before, 'Europe/Berlin'), { time: '23:00', day: 0 });
  assert.deepEqual(localOf('12:00', before, 'Europe/Berlin'), { time: '13:00', day: 0 });
  assert.deepEqual(utcOf('13:00', before, 'Europe/Berlin'), { time: '12:00', day: 0 });
});

test('times and zones', () => {
  assert.equal(minutesOf('23:59'), 1439);
  assert.equal(minutesOf('24:00'), undefined);
  assert.equal(minutesOf('7:00'), undefined);
  assert.equal(utc(NOON), '2026-11-29 12:00:00 UTC');
  assert.equal(nextAt('12:00', NOON), NOON + 86_400_000);
  assert.equal(nextAt('12:01', NOON), NOON + 60_000);
  assert.equal(offset(NOON, 'Asia/Kathmandu'), 345);
  assert.equal(offset(Date.parse('2026-11-29T12:00:59.999Z'), 'Asia/Shanghai'), 480);
  assert.equal(offsetName(NOON, 'America/St_Johns'), 'UTC−03:30');
  assert.equal(shifts(NOON, 'Asia/Shanghai'), false);
  assert.equal(shifts(NOON, 'Europe/Berlin'), true);
});

test('an input of local time and back', () => {
  for (const zone of ['UTC', 'Asia/Shanghai', 'America/New_York', 'Asia/Kathmandu']) {
    assert.equal(timeOfInput(inputOf(NOON, zone), zone), NOON, zone);
  }
  assert.equal(timeOfInput('2026-03-29T02:30', 'Europe/Berlin'), Date.parse('2026-03-29T01:30:00Z'));
  assert.equal(timeOfInput('', 'UTC'), undefined);
});

test('prefixes become a tree by their bytes', () => {
  const item = (prefix: string, depth: number, size: number, binary = false) => ({ prefix, depth, keys: 1, bytes: size, binary });
  const nodes = prefixTree([
    item('a:', 1, 10), item('a:b:', 2, 6), item('a:c:', 2, 8), item('x\\:', 1, 5), item('x\\\\:\\xff:', 2, 3, true), item('ab:', 1, 1),
    item('constructor:', 1, 1), item('__proto__:', 1, 1),
  ], 'bytes');
  const root = nodes.get('');
  assert.deepEqual(root?.children.map(({ item: found }) => found?.prefix), ['a:', 'x\\:', 'ab:', 'constructor:', '__proto__:']);
  assert.deepEqual(nodes.get('a:')?.children.map(({ item: found }) => found?.prefix), ['a:c:', 'a:b:']);
  const binary = nodes.get('x\\:\xff:');
  assert.ok(binary !== undefined);
  assert.deepEqual(pathTo(binary).map(({ id }) => id), ['', 'x\\:', 'x\\:\xff:']);
});

test('a figure with an error is a range', () => {
  const item = { prefix: 'a:', depth: 1, keys: 10, keys_error: 3, bytes: 5, bytes_error: 9 };
  assert.deepEqual(rangeOf(item, 'keys'), { least: 7, most: 10 });
  assert.deepEqual(rangeOf(item, 'bytes'), { least: 0, most: 5 });
  assert.equal(rangeOf({ prefix: 'a:', depth: 1, keys: 1 }, 'bytes'), undefined);
});
