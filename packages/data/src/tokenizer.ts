/** @file What a tokenizer is to the rest of Octavo. */
import { OctavoError } from '@octavo/formats';

/** Token ids, whatever holds them. */
export type TokenList = ArrayLike<number> & Iterable<number>;

/** Text to token ids and back. Ids lie in 0 … vocabularySize − 1. */
export interface Tokenizer {
  readonly name: string;
  readonly vocabularySize: number;
  /** Begins a document, or null where the vocabulary has no such token. */
  readonly bos: number | null;
  /** Ends a document, or null. */
  readonly eos: number | null;
  /** Equal for tokenizers that give equal ids. */
  readonly hash: string;
  /** The files that define it, where it came from files, so that they can travel with what was tokenised. */
  readonly files?: {
    readonly tokenizer: string;
    readonly config: string | null;
    /** `chat_template.jinja`. */
    readonly template?: string;
  };
  /** Ids of a text, without `bos` and `eos`. */
  encode(text: string): TokenList;
  /** The same ids in several pieces, where a long text takes long. */
  encodeParts?(text: string): Iterable<TokenList>;
  /** The text of ids; `bos` and `eos` give nothing. Bytes that are not UTF-8 become U+FFFD. Throws for ids outside the vocabulary. */
  decode(tokens: TokenList): string;
}

/** Throws unless `id` is in the vocabulary. */
export function checkToken(tokenizer: Pick<Tokenizer, 'name' | 'vocabularySize'>, id: number): void {
  if (!(Number.isInteger(id) && id >= 0 && id < tokenizer.vocabularySize))
    throw new OctavoError(
      `[data] token of ${tokenizer.name}: got ${id}, expected an integer from 0 to ${tokenizer.vocabularySize - 1}`,
    );
}

/** Ids in pieces as one list. */
export function joined(parts: Iterable<readonly number[]>): number[] {
  const ids: number[] = [];
  for (const part of parts) for (const id of part) ids.push(id);
  return ids;
}
