/** @file Text from a file in a message: short, on one line, nothing in it that a terminal would obey. */

const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const escaped = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`;

/** `text` in quotation marks, at most 80 characters and three dots. */
export const shown = (text: string): string =>
  `"${(text.length > 80 ? `${text.slice(0, 80)}…` : text).replace(/["\\]/g, '\\$&').replace(CONTROL, escaped)}"`;

/** A message that may have such text in it: control characters escaped, at most 600 characters. */
export const oneLine = (text: string): string =>
  (text.length > 600 ? `${text.slice(0, 600)}…` : text).replace(CONTROL, escaped);
