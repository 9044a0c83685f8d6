/** @file Numbers as people read them. */

/** `12.3k`, `4.56M`: three digits and a unit. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const units = ['', 'k', 'M', 'G', 'T'];
  let [scaled, unit] = [value, 0];
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) [scaled, unit] = [scaled / 1000, unit + 1];
  const text = unit === 0 && Number.isInteger(value) ? String(value) : digits(scaled);
  return `${text}${units[unit]}`;
}

/** Three significant digits without an exponent where that is short. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  return magnitude >= 0.01 && magnitude < 100_000
    ? value.toPrecision(magnitude >= 100 ? 4 : 3).replace(/\.0+$/, '')
    : value.toExponential(1);
}

/** `1h 02m`, `3m 07s`, `12s`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  if (h > 0) return `${h}h ${two(m)}m`;
  return m > 0 ? `${m}m ${two(s)}s` : `${s}s`;
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

/** Text from a model as a terminal may see it: control characters, which could steer it, become U+FFFD. */
export const printable = (text: string): string => text.replace(/(?![\t\n])\p{Cc}/gu, '\uFFFD');
