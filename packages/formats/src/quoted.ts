/** @file Values from outside in a message: short, in one line, and without characters that steer a terminal. */

/** Control characters, invisible ones, and those that turn the direction of writing. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text with every unseen character spelt out (`\u001b`), as JSON spells it; line breaks and tabs as `\n`, `\t`. */
export const visible = (text: string): string =>
  text.replace(UNSEEN, (character) => {
    const short = JSON.stringify(character).slice(1, -1);
    if (short !== character) return short;
    return Array.from({ length: character.length }, (_, i) => hex(character.charCodeAt(i))).join('');
  });

const hex = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;

/**
 * A value as JSON would write it, at most about `longest` characters, `…` standing for the rest; only as much of it is
 * looked at. Never throws.
 */
export function quoted(value: unknown, longest = 80): string {
  const text = render(value, longest);
  return text.length > longest + 1 ? `${text.slice(0, longest)}…` : text;
}

function render(value: unknown, room: number): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') {
    const shown = value.slice(0, room);
    return `"${visible(shown.replace(/["\\]/g, '\\$&'))}${shown.length < value.length ? '…' : ''}"`;
  }
  if (typeof value !== 'object' || value === null)
    return typeof value === 'function' ? 'a function' : String(value);
  if (room <= 0) return '…';
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  const list = Array.isArray(value);
  const keys = list ? value.keys() : Object.keys(value);
  const parts: string[] = [];
  let left = room;
  for (const key of keys) {
    if (left <= 0) {
      parts.push('…');
      break;
    }
    const name = list ? '' : `${render(key, left)}:`;
    const part = name + render((value as Record<PropertyKey, unknown>)[key], left - name.length - 2);
    parts.push(part);
    left -= part.length + 1;
  }
  return list ? `[${parts.join(',')}]` : `{${parts.join(',')}}`;
}
