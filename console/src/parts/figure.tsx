// Figures and times on the page, each with its exact form as title.

import { bytes, count, duration, share, shortCount, signed } from '../format/figure';
import { localZone, moment, offsetName, utc } from '../format/time';
import { language, words } from '../i18n';

export const locale = (): string => (language.value === 'zh' ? 'zh-CN' : 'en-GB');
// en-GB writes dates as a reader anywhere reads them; its figures are those of en-US.

export const inBytes = (value: number): string => bytes(value, locale());
export const inCount = (value: number): string => count(value, locale());
export const inShortCount = (value: number): string => shortCount(value, locale());
export const inShare = (part: number, whole: number): string => share(part, whole, locale());
export const inDuration = (seconds: number): string => duration(seconds, words().duration);
export const inMoment = (at: number): string => moment(at, locale());
export const exactBytes = (value: number): string => words().exactBytes(count(value, locale()));

const NONE = <span class="faint">–</span>;

export function Bytes({ value, delta = false }: { value: number | undefined; delta?: boolean }) {
  if (value === undefined) return NONE;
  return (
    <span class="number" title={delta ? signed(value, exactBytes) : exactBytes(value)}>
      {delta ? signed(value, inBytes) : inBytes(value)}
    </span>
  );
}

export function Count({ value, delta = false }: { value: number | undefined; delta?: boolean }) {
  if (value === undefined) return NONE;
  return <span class="number">{delta ? signed(value, inCount) : inCount(value)}</span>;
}

export function Share({ part, whole }: { part: number | undefined; whole: number | undefined }) {
  if (part === undefined || whole === undefined || whole === 0) return NONE;
  return <span class="number">{inShare(part, whole)}</span>;
}

export function Duration({ seconds }: { seconds: number | undefined }) {
  if (seconds === undefined) return NONE;
  return <span class="number">{inDuration(seconds)}</span>;
}

/** A time in the zone of the browser; in UTC as title. */
export function When({ at }: { at: string | undefined }) {
  if (at === undefined) return NONE;
  const time = Date.parse(at);
  if (Number.isNaN(time)) return NONE;
  return (
    <time class="number" dateTime={at} title={`${utc(time)} · ${localZone()} ${offsetName(time)}`}>{inMoment(time)}</time>
  );
}

/** From start to end, or until now. */
export function Took({ from, to }: { from: string | undefined; to: string | undefined }) {
  if (from === undefined || to === undefined) return NONE;
  return <Duration seconds={Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000)} />;
}
