/** @file Text as its tokens arrive, without half characters. */
import type { Tokenizer, TokenList } from './tokenizer.ts';

export interface StreamDecoder {
  /** Text that became certain with this token: often a word, sometimes nothing, in the middle of a character. */
  push(token: number): string;
  /** What was held back; the decoder may be used on. */
  end(): string;
}

/**
 * Decodes generated tokens one by one: all the pieces together are the decoded text that follows `prompt`.
 * Text that ends in U+FFFD may be the beginning of a character and is held back until the next token decides.
 */
export function streamDecoder(tokenizer: Tokenizer, prompt: TokenList = []): StreamDecoder {
  // The tokens before the new ones are decoded along with them: a first token is decoded differently from a later one.
  let context = Array.from(prompt);
  let known = tokenizer.decode(context);
  let pending: number[] = [];
  const take = (certain: boolean): string => {
    const text = tokenizer.decode([...context, ...pending]);
    if (text.length <= known.length || (!certain && text.endsWith('\uFFFD'))) return '';
    const added = text.slice(known.length);
    context = pending;
    known = tokenizer.decode(context);
    pending = [];
    return added;
  };
  return {
    push(token) {
      pending.push(token);
      return take(false);
    },
    end: () => take(true),
  };
}
