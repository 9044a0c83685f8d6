/** @file A page that loads nothing and is whole, read as text. */
import { expect } from 'vitest';

/** Nothing that a browser would load, and every element closed in order. */
export function expectSealed(page: string): void {
  const lacks = (pattern: RegExp): void => expect(pattern.exec(page)?.[0]).toBeUndefined();
  lacks(/<(script|link|img|image|iframe|object|embed|use|foreignObject|form|meta http-equiv="refresh")\b/i);
  lacks(/\s(src|srcset|xlink:href|data|poster|action|background|on\w+)\s*=/i);
  lacks(/url\((?!#)|@import|javascript:/i);
  for (const [, name] of page.matchAll(/<(\w+)[^>]* href="/g)) expect(name).toBe('a');
  const open: string[] = [];
  const empty = new Set(['meta', 'br', 'hr', '!doctype']);
  for (const [, close, name, self] of page
    .replace(/<style>.*?<\/style>|<!--.*?-->/gs, '')
    .matchAll(/<(\/?)([\w!]+)[^>]*?(\/?)>/g)) {
    if (close) expect(name).toBe(open.pop());
    else if (!self && !empty.has(name!)) open.push(name!);
  }
  expect(open).toEqual([]);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, id] of page.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
}

/** A failure names the text, not the whole page. */
export const shows = (page: string, text: string | RegExp): void =>
  expect(typeof text === 'string' ? page.includes(text) : text.test(page), String(text)).toBe(true);
