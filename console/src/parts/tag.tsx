// Small marks: the type of a key, the state of a task or instance.

import type { Tone } from '../charts/types';
import type { Kind } from '../api/types';
import { words } from '../i18n';

const TYPES: readonly string[] = ['string', 'list', 'set', 'zset', 'hash', 'stream', 'other'];

/** The colour of a type; all types of modules share one. */
export const toneOf = (type: string): Tone => (TYPES.includes(type) ? type as Tone : 'module');

export function TypeTag({ type }: { type: string }) {
  // Laid out by itself, so that its text is kept apart without a <bdi>.
  return <span class={`tag type tone-${toneOf(type)}`}>{type}</span>;
}

const STATUS_TONE: Readonly<Record<string, Tone>> = {
  waiting: 'neutral', running: 'accent', success: 'good', failed: 'bad',
  RUNNING: 'good', CREATING: 'accent', ERROR: 'bad', FROZEN: 'warn', RESTARTING: 'warn',
  delivered: 'good', pending: 'accent', retrying: 'warn',
};

export function StatusTag({ status }: { status: string }) {
  const named: Readonly<Record<string, string>> = words().status;
  return (
    <span class={`tag status tone-${STATUS_TONE[status] ?? 'neutral'}`}>
      <span class="dot" aria-hidden="true" />{named[status] ?? status}
    </span>
  );
}

export const kindName = (kind: Kind): string => words().kind[kind] ?? kind;
