// What just happened, in a line that comes and goes and is read out: "Analysis started".

import { signal } from '@preact/signals';

const SHOWN_MS = 6000;

export interface Message {
  text: string;
  tone: 'good' | 'bad';
}

export const message = signal<Message | undefined>(undefined);

let timer: number | undefined;

export function tell(text: string, tone: Message['tone'] = 'good'): void {
  clearTimeout(timer);
  message.value = { text, tone };
  timer = setTimeout(() => {
    message.value = undefined;
  }, SHOWN_MS) as unknown as number;
}
