// Light, dark, or as the system wishes; the choice is remembered.

import { effect, signal } from '@preact/signals';
import { recall, remember } from '../i18n';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

const REMEMBERED = 'dcs.theme';

const kept = recall(REMEMBERED);
export const theme = signal<Theme>(kept === 'light' || kept === 'dark' ? kept : 'system');

effect(() => {
  const root = document.documentElement;
  if (theme.value === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = theme.value;
});

export function chooseTheme(chosen: Theme): void {
  remember(REMEMBERED, chosen);
  theme.value = chosen;
}
