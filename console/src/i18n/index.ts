// The words of the page in the chosen language. The table of English gives the type; another language that
// lacks a word does not compile. Only the name of the language is remembered, nothing else.

import { effect, signal } from '@preact/signals';
import { en } from './en';
import { zh } from './zh';

export type Words = typeof en;
export type Language = 'en' | 'zh';

const TABLES: Record<Language, Words> = { en, zh };
const REMEMBERED = 'dcs.language';

export const LANGUAGES: readonly { id: Language; name: string }[] = [
  { id: 'en', name: 'English' },
  { id: 'zh', name: '中文' },
];

/** What was remembered under a name; storage may be forbidden. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // A browser that keeps nothing shows the default next time.
  }
}

function preferred(): Language {
  const kept = recall(REMEMBERED);
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export const language = signal<Language>(preferred());

effect(() => {
  document.documentElement.lang = language.value === 'zh' ? 'zh-Hans' : 'en';
});

export function chooseLanguage(chosen: Language): void {
  remember(REMEMBERED, chosen);
  language.value = chosen;
}

/** The words in the present language; a component that reads them is drawn again when it changes. */
export const words = (): Words => TABLES[language.value];
