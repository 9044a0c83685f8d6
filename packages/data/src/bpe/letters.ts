/** @file Bytes as the letters that stand for them in a byte-level `tokenizer.json`. */

/** GPT-2's letters, by byte: printable ones are themselves, the others follow U+0100 (openai/gpt-2, `bytes_to_unicode`). */
export function letters(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}
