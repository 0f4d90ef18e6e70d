// The service's clock as far as the page knows it: a signature is good for 15 minutes only, and the clock
// of a laptop may be further off than that. The Date of each answer says how far.

const GOOD_ENOUGH_MS = 5000;

let ahead = 0;

/** The present time by the service's clock. */
export const serviceNow = (): Date => new Date(Date.now() + ahead);

/** Learns from the header Date of an answer that came just now. */
export function learn(date: string | null): void {
  const at = date === null ? NaN : Date.parse(date);
  if (Number.isNaN(at)) return;
  const difference = at - Date.now();
  ahead = Math.abs(difference) < GOOD_ENOUGH_MS ? 0 : difference;
}
