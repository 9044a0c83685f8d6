/** @file The smallest tokenizer: one token a byte of UTF-8. */
import { OctavoError } from '@octavo/formats';
import { checkToken, type Tokenizer } from './tokenizer.ts';

/** Ends a document. NUL is the one byte that text never needs, so 256 tokens are enough, and every id fits a byte. */
const SEPARATOR = 0;

/**
 * 256 tokens: the bytes of UTF-8, byte 0 ending a document (`eos`); no `bos`.
 * `encode` throws for text with U+0000. `decode` never throws for bytes: what is not UTF-8 becomes U+FFFD.
 */
export function byteTokenizer(): Tokenizer {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const tokenizer = { name: 'byte', vocabularySize: 256, bos: null, eos: SEPARATOR, hash: 'byte/1' };
  return {
    ...tokenizer,
    encode(text) {
      const at = text.indexOf('\0');
      if (at >= 0)
        throw new OctavoError(
          `[data] text for the byte tokenizer: got U+0000 at character ${at}, which ends documents, expected text without it: is the file binary?`,
        );
      return encoder.encode(text);
    },
    decode(tokens) {
      const bytes = new Uint8Array(tokens.length);
      let length = 0;
      for (const id of tokens) {
        checkToken(tokenizer, id);
        if (id !== SEPARATOR) bytes[length++] = id;
      }
      return decoder.decode(bytes.subarray(0, length));
    },
  };
}
