/** @file Long texts in pieces, where a tokenizer provably gives the same ids for the pieces. */

/** Characters a piece has at least. The engine's time and stack grow with a text's length, not with its content. */
const CHUNK = 16_384;
/** A space between two words of plain letters, with more such letters around. */
const BOUNDARY = /(?<=[A-Za-z]{2}) (?=[A-Za-z]{2})/g;

const PROBES = [
  ['The people of', 'the United States'],
  ['we hold these truths to be', 'self evident'],
  ['THE END IS', 'not the end'],
  ['a line\nand another', 'line\nfollows here'],
] as const;

/**
 * Finds out, by trying, how texts can be cut at a space: with the space kept at the start of the second piece
 * (byte-level BPE, WordPiece, Metaspace), or dropped because the tokenizer puts one before every text (Llama's), or
 * not at all, and then long texts stay whole.
 */
export function chunker(encode: (text: string) => readonly number[]): (text: string) => Iterable<string> {
  const same = (left: string, right: string, whole: string): boolean =>
    [...encode(left), ...encode(right)].join() === encode(whole).join();
  const keeps = PROBES.every(([a, b]) => same(a, ` ${b}`, `${a} ${b}`));
  const drops = !keeps && PROBES.every(([a, b]) => same(a, b, `${a} ${b}`));
  return function* (text) {
    let start = 0;
    if (keeps || drops) {
      while (text.length - start > 2 * CHUNK) {
        BOUNDARY.lastIndex = start + CHUNK;
        const cut = BOUNDARY.exec(text);
        if (cut === null) break;
        yield text.slice(start, cut.index);
        start = keeps ? cut.index : cut.index + 1;
      }
    }
    yield text.slice(start);
  };
}
