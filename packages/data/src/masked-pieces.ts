/** @file Tokens of a text of which stretches are learned: the whole is tokenised once, and the stretches are found among its tokens. */
import type { TextDocument } from './documents.ts';
import type { Tokenizer, TokenList } from './tokenizer.ts';

/** Tokens one after the other, all of them learned or none. */
export interface Piece {
  readonly ids: TokenList;
  readonly learned: boolean;
}

/**
 * The tokens are those of the whole text, as a model reads it. A stretch begins where they cease to be those of the text before
 * it alone: a token that lies over its beginning belongs to it, one that lies over its end does not.
 */
export function* maskedPieces(
  { encode }: Pick<Tokenizer, 'encode'>,
  text: string,
  learned: NonNullable<TextDocument['learned']>,
): Generator<Piece> {
  const ids = Array.from(encode(text));
  const tokensBefore = (character: number): number => {
    if (character === text.length) return ids.length;
    const before = encode(text.slice(0, character));
    let same = 0;
    while (same < before.length && before[same] === ids[same]) same++;
    return same;
  };
  let at = 0;
  const until = (end: number, learned: boolean): Piece[] => {
    const piece = { ids: ids.slice(at, end), learned };
    at = Math.max(at, end);
    return piece.ids.length > 0 ? [piece] : [];
  };
  for (const [from, to] of learned) {
    yield* until(tokensBefore(from), false);
    yield* until(tokensBefore(to), true);
  }
  yield* until(ids.length, false);
}
