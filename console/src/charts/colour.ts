// The colours of tokens.css, for canvas.

import type { Tone } from './types';

export interface Colours {
  line: string;
  soft: string;
  ink: string;
}

const VARIABLES: Partial<Record<Tone, [line: string, soft: string, ink: string]>> = {
  other: ['--neutral', '--neutral-soft', '--neutral-ink'],
  accent: ['--accent', '--accent-soft', '--accent-strong'],
  good: ['--good', '--good-soft', '--good'],
  warn: ['--warn', '--warn-soft', '--warn'],
  bad: ['--bad', '--bad-soft', '--bad'],
};

const declared = new Set<string>();

// A colour is light-dark(...) there, which a canvas can not read: declared as a colour, its value is the one that holds.
function declare(variable: string): void {
  if (declared.has(variable)) return;
  declared.add(variable);
  CSS.registerProperty({ name: variable, syntax: '<color>', inherits: true, initialValue: 'transparent' });
}

export interface Palette {
  of: (tone: Tone) => Colours;
  /** The colour of a custom property. */
  get: (variable: string) => string;
  font: string;
}

/** A reader of the present colours; to be made anew for each drawing. */
export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const get = (variable: string): string => {
    declare(variable);
    return style.getPropertyValue(variable).trim();
  };
  const known = new Map<Tone, Colours>();
  const of = (tone: Tone): Colours => {
    let found = known.get(tone);
    if (found === undefined) {
      const [line, soft, ink] = VARIABLES[tone] ?? [`--${tone}`, `--${tone}-soft`, `--${tone}-ink`];
      found = { line: get(line), soft: get(soft), ink: get(ink) };
      known.set(tone, found);
    }
    return found;
  };
  return { of, get, font: style.getPropertyValue('--font').trim() };
}
