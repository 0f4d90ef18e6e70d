// A number as Grafana writes it in a unit: three digits or so, and a prefix that fits.  Sent to the browser as it is, so that
// nothing here may come from elsewhere.

const THOUSANDS = ['', 'K', 'M', 'B', 'T'];
const SHORT = ['', ' K', ' Mil', ' Bil', ' Tri'];
const BINARY = [' B', ' KiB', ' MiB', ' GiB', ' TiB'];
const TIMES = [[1e-6, 1e-9, ' ns'], [1e-3, 1e-6, ' µs'], [1, 1e-3, ' ms'], [60, 1, ' s'], [3600, 60, ' mins'], [86400, 3600, ' hours'],
  [604800, 86400, ' days'], [31536000, 604800, ' weeks'], [Infinity, 31536000, ' years']];

function digits(value, decimals) {
  if (decimals === undefined || decimals === null) {
    const size = Math.abs(value);
    return String(Number(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)));
  }
  return value.toFixed(decimals);
}

function scaled(value, factor, suffixes, decimals) {
  let step = 0;
  while (Math.abs(value) >= factor && step < suffixes.length - 1) {
    value /= factor;
    step++;
  }
  return digits(value, decimals) + suffixes[step];
}

const counted = (symbol) => (value, decimals) => `${scaled(value, 1000, THOUSANDS, decimals)} ${symbol}`;

const UNITS = {
  none: digits,
  short: (value, decimals) => scaled(value, 1000, SHORT, decimals),
  percentunit: (value, decimals) => `${digits(value * 100, decimals)}%`,
  bytes: (value, decimals) => scaled(value, 1024, BINARY, decimals),
  s: (value, decimals) => {
    if (value === 0) return '0 s';
    const [, size, suffix] = TIMES.find(([below]) => Math.abs(value) < below);
    return digits(value / size, decimals) + suffix;
  },
  reqps: counted('req/s'), ops: counted('ops/s'), cps: counted('c/s'), cpm: counted('c/m'), eps: counted('evt/s'),
};

export const isUnit = (unit) => Object.hasOwn(UNITS, unit);

export function formatted(unit, value, decimals) {
  if (!isUnit(unit)) throw new Error(`unit ${unit}`);
  return Number.isFinite(value) ? UNITS[unit](value, decimals) : 'no data';
}
