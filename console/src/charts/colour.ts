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

/** A reader of the present colours; to be made anew for each drawing. */
export function palette(): { of: (tone: Tone) => Colours; get: (variable: string) => string } {
  const style = getComputedStyle(document.documentElement);
  const get = (variable: string): string => style.getPropertyValue(variable).trim();
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
  return { of, get };
}
