// What a refusal of the service is about, by its code: the page has words of its own for these, beside the service's.

import { ApiError } from './client';

const REASONS = {
  'DCS.4001': 'older', 'DCS.5001': 'older',
  'DCS.4231': 'busy', 'DCS.4918': 'busy', 'EXT.0409': 'busy',
  'DCS.4049': 'notRunning', 'EXT.0411': 'notRunning',
  'DCS.4818': 'unsupported', 'DCS.4919': 'unsupported', 'DCS.4922': 'unsupported', 'EXT.0410': 'unsupported',
  'EXT.0412': 'noResult', 'EXT.0413': 'webhooksQuota', 'EXT.0414': 'webhookExists', 'EXT.0415': 'changed',
  'DCS.3022': 'noInstance', 'EXT.0404': 'noTask', 'EXT.0405': 'noTask', 'EXT.0406': 'noWebhook', 'DCS.3053': 'noNode',
} as const;

export type Reason =
  | typeof REASONS[keyof typeof REASONS] | 'gone' | 'forbidden' | 'missing' | 'throttled' | 'service' | 'refused';

export function reasonOf(error: ApiError): Reason {
  if (error.isGone) return 'gone';
  const known: Readonly<Record<string, Reason>> = REASONS;
  const reason = known[error.code];
  if (reason !== undefined) return reason;
  if (error.status === 403) return 'forbidden';
  if (error.status === 404) return 'missing';
  if (error.status === 429) return 'throttled';
  return error.status >= 500 ? 'service' : 'refused';
}

/** The member of the request that the service does not take; undefined where it is about something else. */
export const memberOf = (error: ApiError): string | undefined =>
  (error.code === 'DCS.4800' ? /^Invalid (\w+) in the request\.?$/.exec(error.message)?.[1] : undefined);
