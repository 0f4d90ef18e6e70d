// What just happened, in a line that comes and goes and is read out: "Analysis started". What failed stays until it
// is closed, or something else happens: it has codes to be copied.

import { signal } from '@preact/signals';

const SHOWN_MS = 6000;

export interface Message {
  text: string;
  tone: 'good' | 'bad';
  error?: Error;
}

export const message = signal<Message | undefined>(undefined);

let timer: number | undefined;

export function dismiss(): void {
  clearTimeout(timer);
  message.value = undefined;
}

export function tell(text: string, tone: Message['tone'] = 'good'): void {
  clearTimeout(timer);
  message.value = { text, tone };
  timer = setTimeout(dismiss, SHOWN_MS) as unknown as number;
}

/** `text` says what was not done. */
export function tellFailure(text: string, error: unknown): void {
  clearTimeout(timer);
  message.value = { text, tone: 'bad', error: error as Error };
}
