/** @file What byte-level BPE takes for a word. */

/**
 * GPT-2's words: a contraction's end, letters, digits or other signs with the space before them, white space. White space is
 * Unicode's, as in Hugging Face's engine (JavaScript's `\s` has U+FEFF and lacks U+0085).
 */
export const WORD =
  /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** A word of its own: V8's parts of a text keep the whole text in memory. */
export const copyOf = (word: string): string => Buffer.from(word, 'utf16le').toString('utf16le');
