// Times: the service speaks UTC only, people live in a zone. What is shown local always says so, and a
// change of the day between the two is never left out.

/** The zone of the browser, "Asia/Shanghai". */
export const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

const cache = new Map<string, Intl.DateTimeFormat>();

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = `${locale} ${JSON.stringify(options)}`;
  let found = cache.get(name);
  if (found === undefined) {
    found = new Intl.DateTimeFormat(locale, options);
    cache.set(name, found);
  }
  return found;
}

/** Date and time of day in a zone: "29 Nov 2026, 16:05". */
export const moment = (at: number, locale: string, zone = localZone()): string =>
  formatter(locale, { timeZone: zone, year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit',
    minute: '2-digit', hourCycle: 'h23' }).format(at);

/** "2026-11-29 16:05:09 UTC". */
export const utc = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

interface Wall {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
}

function wall(at: number, zone: string): Wall {
  const parts = Object.fromEntries(formatter('en-US', { timeZone: zone, year: 'numeric', month: 'numeric',
    day: 'numeric', hour: 'numeric', minute: 'numeric', hourCycle: 'h23' }).formatToParts(at)
    .map(({ type, value }) => [type, Number(value)]));
  return parts as unknown as Wall;
}

const MINUTE = 60_000;
const DAY = 86_400_000;
const two = (value: number): string => String(value).padStart(2, '0');

/** Minutes that the zone is ahead of UTC at that time. */
export function offset(at: number, zone = localZone()): number {
  const { year, month, day, hour, minute } = wall(at, zone);
  return Math.round((Date.UTC(year, month - 1, day, hour, minute) - Math.floor(at / MINUTE) * MINUTE) / MINUTE);
}

/** "UTC+08:00". */
export function offsetName(at: number, zone = localZone()): string {
  const minutes = offset(at, zone);
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** Whether the zone moves its clocks within a year from that time. */
export function shifts(at: number, zone = localZone()): boolean {
  const first = offset(at, zone);
  return [60, 120, 180, 240, 300].some((days) => offset(at + days * DAY, zone) !== first);
}

export interface TimeOfDay {
  /** "HH:MM". */
  time: string;
  /** Calendar day compared to that of the time it was made of: -1, 0 or 1. */
  day: number;
}

/** A text "HH:MM" as minutes of the day, or undefined. */
export function minutesOf(text: string): number | undefined {
  const found = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return found === null ? undefined : Number(found[1]) * 60 + Number(found[2]);
}

function shifted(minutes: number, by: number): TimeOfDay {
  const sum = minutes + by;
  const inDay = ((sum % 1440) + 1440) % 1440;
  return { time: `${two(Math.floor(inDay / 60))}:${two(inDay % 60)}`, day: Math.floor(sum / 1440) };
}

/** The next time after `now` at which it is `text` ("HH:MM") in UTC. */
export function nextAt(text: string, now: number): number {
  const minutes = minutesOf(text) ?? 0;
  const today = Math.floor(now / DAY) * DAY + minutes * MINUTE;
  return today > now ? today : today + DAY;
}

/** A time of day in UTC as clocks of the zone will show it when it comes next. */
export const localOf = (text: string, now: number, zone = localZone()): TimeOfDay =>
  shifted(minutesOf(text) ?? 0, offset(nextAt(text, now), zone));

/** A time of day of the zone in UTC, by the offset that holds when it comes next. */
export function utcOf(text: string, now: number, zone = localZone()): TimeOfDay {
  const minutes = minutesOf(text) ?? 0;
  const guess = shifted(minutes, -offset(now, zone));
  return shifted(minutes, -offset(nextAt(guess.time, now), zone));
}

/** The value of an input of type datetime-local for a time, in a zone. */
export function inputOf(at: number, zone = localZone()): string {
  const { year, month, day, hour, minute } = wall(at, zone);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
}

/** The time that such an input means, or undefined. A time that the zone skips is taken as after the gap. */
export function timeOfInput(text: string, zone = localZone()): number | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(text);
  if (found === null) return undefined;
  const [year, month, day, hour, minute] = found.slice(1).map(Number) as [number, number, number, number, number];
  const naive = Date.UTC(year, month - 1, day, hour, minute);
  if (Number.isNaN(naive)) return undefined;
  const guess = naive - offset(naive, zone) * MINUTE;
  return naive - offset(guess, zone) * MINUTE;
}
