// Who is signed in. In memory and nowhere else: the secret key is a CryptoKey that can not be read out, a
// token is a text of this object; both are gone with the tab, on signing out, and after a time without use.

import { signal } from '@preact/signals';
import type { SigningKey } from '../api/signer';

interface Project {
  projectId: string;
  projectName: string;
}

export type Session =
  | (Project & { by: 'key'; signing: SigningKey })
  | (Project & { by: 'token'; token: string; expiresAt: number; role?: string | undefined });

export type Farewell = 'idle' | 'expired' | 'refused';

const IDLE_MS = 30 * 60_000;
const WARNING_MS = 60_000;
const CHECK_MS = 1000;

export const session = signal<Session | undefined>(undefined);

/** Why the last session ended, where it was not by the person. */
export const farewell = signal<Farewell | undefined>(undefined);

/** Seconds until the session ends for want of use; undefined while that is far. */
export const idleSeconds = signal<number | undefined>(undefined);

const forgetters = new Set<() => void>();
let usedAt = 0;
let timer: number | undefined;

/** `forget` is called whenever somebody signs out: what was read for them must not stay. */
export function onSignOut(forget: () => void): void {
  forgetters.add(forget);
}

/** The person is there. */
export function touch(): void {
  usedAt = Date.now();
  if (idleSeconds.value !== undefined) idleSeconds.value = undefined;
}

export function signOut(why?: Farewell): void {
  clearInterval(timer);
  timer = undefined;
  session.value = undefined;
  idleSeconds.value = undefined;
  farewell.value = why;
  for (const forget of forgetters) forget();
}

function check(): void {
  const now = Date.now();
  const present = session.value;
  if (present?.by === 'token' && present.expiresAt <= now) {
    signOut('expired');
    return;
  }
  const left = usedAt + IDLE_MS - now;
  if (left <= 0) signOut('idle');
  else idleSeconds.value = left <= WARNING_MS ? Math.ceil(left / 1000) : undefined;
}

export function signIn(made: Session): void {
  farewell.value = undefined;
  session.value = made;
  touch();
  clearInterval(timer);
  timer = setInterval(check, CHECK_MS) as unknown as number;
}

// While the warning is shown only its own button counts as use: it must be seen and answered.
for (const event of ['pointerdown', 'keydown'] as const) {
  addEventListener(event, () => {
    if (idleSeconds.value === undefined) touch();
  }, { passive: true });
}
