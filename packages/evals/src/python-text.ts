/** @file What Python's `str` and `re` do to text where JavaScript differs: the harness's prompts are made by them. */

/** What Python calls whitespace: without U+FEFF, with U+001C to U+001F and U+0085. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are spaces to Python
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const RUN_OF_SPACE = new RegExp(`${SPACE.source}+`);

/** `text.rstrip()`, in linear time whatever stands in it (as is all here). */
export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && SPACE.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** `text.strip()` */
export function strip(text: string): string {
  let start = 0;
  while (start < text.length && SPACE.test(text[start]!)) start++;
  return stripEnd(text.slice(start));
}

/**
 * `re.sub` of the stretches from an `open` to the next `close` with what `replace` makes of the text between them; as
 * `.` does, a stretch stays within a line where `oneLine` is set.
 */
export function replaceStretches(
  text: string,
  [open, close]: string,
  replace: (between: string) => string,
  oneLine = false,
): string {
  let result = '';
  let done = 0;
  for (let search = 0; ; ) {
    const from = text.indexOf(open!, search);
    const to = from < 0 ? -1 : text.indexOf(close!, from + 1);
    if (to < 0) return result + text.slice(done);
    const between = text.slice(from + 1, to);
    const newline = oneLine ? between.lastIndexOf('\n') : -1;
    search = newline < 0 ? to + 1 : from + 1 + newline;
    if (newline >= 0) continue;
    result += text.slice(done, from) + replace(between);
    done = search;
  }
}

/** `len(re.split(r"\s+", text))`: an empty text has one word. */
export const countWords = (text: string): number => text.split(RUN_OF_SPACE).length;

/** `len(text)`: characters, one for a pair of surrogates. */
export const countCharacters = (text: string): number => [...text].length;

/** `len(text.encode("utf-8"))` */
export const countBytes = (text: string): number => new TextEncoder().encode(text).length;

/** `text.capitalize()`: the first character in upper case (of several that it becomes, the first), the others in lower case. */
export function capitalize(text: string): string {
  const [first = ''] = text;
  const [upper = '', ...more] = first.toUpperCase();
  return upper + (more.join('') + text.slice(first.length)).toLowerCase();
}
