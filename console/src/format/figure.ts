// Figures in words. Bytes in binary units, never with more digits than are read at a glance; the exact
// figure is for the title. `locale` is a BCP 47 tag.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

const FORMS = {
  whole: { maximumFractionDigits: 0 },
  tenths: { minimumFractionDigits: 1, maximumFractionDigits: 1 },
  compact: { notation: 'compact', maximumFractionDigits: 1 },
  percent: { style: 'percent', maximumFractionDigits: 1 },
} as const;

const cache = new Map<string, Intl.NumberFormat>();

// Making one takes longer than using it a hundred times.
function formatter(locale: string, form: keyof typeof FORMS): Intl.NumberFormat {
  const name = locale + form;
  let found = cache.get(name);
  if (found === undefined) {
    found = new Intl.NumberFormat(locale, FORMS[form]);
    cache.set(name, found);
  }
  return found;
}

/** 1234567 -> "1,234,567". */
export const count = (value: number, locale: string): string =>
  formatter(locale, 'whole').format(value);

/** 1234567 -> "1.2M"; for axes and small marks. */
export const shortCount = (value: number, locale: string): string =>
  Math.abs(value) < 1000 ? count(value, locale)
    : formatter(locale, 'compact').format(value);

/** 1288490189 -> "1.2 GiB". */
export function bytes(value: number, locale: string): string {
  let size = Math.abs(value);
  let unit = 0;
  // 1023.95 would be shown as 1024.
  while (size >= 1023.95 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  const figure = formatter(locale, unit === 0 || size >= 99.95 ? 'whole' : 'tenths').format(size);
  return `${value < 0 ? '−' : ''}${figure} ${UNITS[unit]}`;
}

/** A share of a whole, 0 to 1: "12.3%", "<0.1%". */
export function share(part: number, whole: number, locale: string): string {
  if (whole <= 0) return '–';
  const value = part / whole;
  if (value > 0 && value < 0.001) return `<${formatter(locale, 'percent').format(0.001)}`;
  return formatter(locale, 'percent').format(value);
}

/** With its sign: "+12", "−3", "0". */
export function signed(value: number, format: (value: number) => string): string {
  if (value === 0) return format(0);
  return `${value > 0 ? '+' : '−'}${format(Math.abs(value))}`;
}

export interface DurationWords {
  units: readonly [day: string, hour: string, minute: string, second: string];
  /** Between a figure and its unit, and between two of them. */
  gap: string;
}

const LENGTHS = [86400, 3600, 60, 1] as const;

/** The two largest parts: 90061 -> "1 d 1 h". Below a second with milliseconds: "250 ms". */
export function duration(seconds: number, words: DurationWords): string {
  if (seconds > 0 && seconds < 1) return `${Math.round(seconds * 1000)}${words.gap}ms`;
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [i, length] of LENGTHS.entries()) {
    const figure = Math.floor(rest / length);
    rest -= figure * length;
    if (figure > 0) parts.push(`${figure}${words.gap}${words.units[i]}`);
    // What comes after a gap would say more than is meant: "1 d 3 s".
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length > 0 ? parts.join(' ') : `0${words.gap}${words.units[3]}`;
}
