// Names of keys and prefixes: any bytes at all, shown so that what is seen is what is there.
//
// A name that is valid UTF-8 comes unaltered; of any other, a byte that is not text comes as \xHH and a
// backslash as \\ (`binary`). Characters that a reader could not see, or that would turn the text around
// them, are named by their code point instead of being drawn.

export type PieceKind = 'text' | 'control' | 'byte';

export interface Piece {
  kind: PieceKind;
  text: string;
}

// Control, format and separator characters, unassigned tags, lone surrogates, and blanks other than the
// plain space. U+200D (joiner) and variation selectors are parts of emoji and of several scripts.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u115f\u1160\u3164\uffa0]/u;
const JOINER = '\u200d';
// Of one code point; anchored at its start, as V8 does not find one beyond U+FFFF by '$'.
const JOINS = /^[\p{Extended_Pictographic}\p{M}\p{L}\u{1f3fb}-\u{1f3ff}]/u;
const JOINED = /^[\p{Extended_Pictographic}\p{L}]/u;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' };

function nameOf(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return SHORT[char] ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

function append(pieces: Piece[], kind: PieceKind, text: string): void {
  const last = pieces[pieces.length - 1];
  if (last !== undefined && last.kind === kind && kind === 'text') last.text += text;
  else pieces.push({ kind, text });
}

const joins = (before: string, after: string): boolean => JOINS.test(before) && JOINED.test(after);

/** The parts of a name in order; their texts hold nothing that is not seen. */
export function pieces(name: string, binary = false): Piece[] {
  const result: Piece[] = [];
  let before = '';
  const chars = Array.from(name);
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] as string;
    if (binary && char === '\\') {
      const digits = `${chars[i + 2] ?? ''}${chars[i + 3] ?? ''}`;
      if (chars[i + 1] === 'x' && /^[0-9a-f]{2}$/i.test(digits)) {
        append(result, 'byte', `\\x${digits}`);
        i += 3;
      } else {
        append(result, 'text', '\\');
        if (chars[i + 1] === '\\') i += 1;
      }
    } else if (UNSEEN.test(char) && !(char === JOINER && joins(before, chars[i + 1] ?? ''))) {
      append(result, 'control', nameOf(char));
    } else {
      append(result, 'text', char);
    }
    before = char;
  }
  return result;
}

/** The same as plain text, for places without markup: titles, accessible names, canvas. */
export const plain = (name: string, binary = false): string =>
  pieces(name, binary).map(({ kind, text }) => (kind === 'control' && text.startsWith('U+') ? `⟨${text}⟩` : text))
    .join('');

const encoder = new TextEncoder();
const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

/** The bytes of a name, one character each: equal and a prefix of one another exactly where the names are. */
export function bytesOf(name: string, binary = false): string {
  if (!binary) return latin1(encoder.encode(name));
  return name.split(/(\\x[0-9a-f]{2}|\\\\)/i).map((part) => {
    if (part === '\\\\') return '\\';
    return /^\\x[0-9a-f]{2}$/i.test(part) ? String.fromCharCode(parseInt(part.slice(2), 16))
      : latin1(encoder.encode(part));
  }).join('');
}
