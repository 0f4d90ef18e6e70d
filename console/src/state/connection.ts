// Whether the service answers. When a request finds it gone, the page says so, asks again with growing
// pauses until it is back, and then has everything that is shown read anew.

import { signal } from '@preact/signals';
import { learn } from '../api/clock';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

export type Connection = 'there' | 'gone' | 'back';

export const connection = signal<Connection>('there');

/** Rises each time the service came back. */
export const epoch = signal(0);

/** When the service is asked next, in milliseconds since 1970. */
export const nextTry = signal(0);

let pause = FIRST_PAUSE_MS;
let timer: number | undefined;

const CONFIG = `${import.meta.env?.BASE_URL ?? '/console/'}config.json`;

/** Whether an answer came from the service itself, and not from what stands before it. */
export const isOurs = (response: Response): boolean => response.headers.get('X-Request-Id') !== null;

/** Whether such an answer means that the service behind is gone. */
export const meansGone = (response: Response): boolean =>
  response.status === 502 || response.status === 504 || (response.status === 503 && !isOurs(response));

async function ask(): Promise<void> {
  timer = undefined;
  try {
    const response = await fetch(CONFIG, { cache: 'no-store', signal: AbortSignal.timeout(10_000) });
    if (!meansGone(response)) {
      learn(response.headers.get('Date'));
      found();
      return;
    }
  } catch {
    // Still gone.
  }
  pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  schedule();
}

function schedule(): void {
  // Pages that lost the service together must not come back together.
  const wait = pause * (0.75 + Math.random() / 2);
  nextTry.value = Date.now() + wait;
  timer = setTimeout(ask, wait) as unknown as number;
}

function found(): void {
  connection.value = 'back';
  epoch.value++;
  setTimeout(() => {
    if (connection.value === 'back') connection.value = 'there';
  }, 4000);
}

/** A request did not reach the service. */
export function lost(): void {
  if (connection.value === 'gone') return;
  connection.value = 'gone';
  pause = FIRST_PAUSE_MS;
  schedule();
}

/** Asks at once. */
export function tryNow(): void {
  if (connection.value !== 'gone' || timer === undefined) return;
  clearTimeout(timer);
  void ask();
}

addEventListener('online', tryNow);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) tryNow();
});
