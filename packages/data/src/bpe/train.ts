/** @file A byte-level BPE of one's own: from documents to a `tokenizer.json`. */
import type { Documents } from '../documents.ts';
import { badInput } from '../text-file.ts';
import { configOf, json, special, type TokenizerFiles } from '../tokenizer-files.ts';
import { createTurns } from '../turns.ts';
import { countWords } from './count-words.ts';
import { letters } from './letters.ts';
import { learnMerges } from './merges.ts';

/** A tokenizer that is learnt from the text that it is for. */
export interface TokenizerRequest {
  readonly train: 'bpe';
  /** Tokens: 512 to 65,536. */
  readonly vocabularySize: number;
}

/** `bpe:8000`; null for a tokenizer that is there. Throws an `OctavoError` (exit code 2) for a size that cannot be. */
export function tokenizerRequest(spec: string): TokenizerRequest | null {
  if (!/^bpe(:|$)/.test(spec)) return null;
  const size = /^bpe:(\d{1,9})$/.exec(spec)?.[1];
  if (size !== undefined && +size >= 512 && +size <= 65_536) return { train: 'bpe', vocabularySize: +size };
  throw badInput(
    `tokenizer to train: got "${spec}", expected bpe:N of 512 to 65536 tokens, bpe:8000 for one`,
  );
}

export const requestName = ({ train, vocabularySize }: TokenizerRequest): string =>
  `${train}-${vocabularySize}`;

/** Llama's ids of its special tokens, so that configurations need not name others. */
const SPECIAL = ['<unk>', '<s>', '</s>'];

/** Bytes of text that are looked at, about. More of a corpus changes few merges. */
const SAMPLE = 2 ** 28;

/** How far training is. */
export type TrainingProgress =
  | { readonly phase: 'count'; readonly bytes: number; readonly totalBytes: number }
  /** `bytes`: of the text that was looked at. */
  | {
      readonly phase: 'merge';
      readonly tokens: number;
      readonly totalTokens: number;
      readonly bytes: number;
    };

export interface TrainOptions {
  /** Bytes of all documents together. */
  readonly bytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined;
}

/**
 * The tokenizer that Hugging Face's `BpeTrainer` makes of the documents behind its `ByteLevel` pre-tokenizer with GPT-2's
 * words: token for token and merge for merge, and the same for the same documents. `<unk>`, `<s>` and `</s>` are 0, 1 and 2,
 * the 256 bytes follow. Of more than 2²⁸ bytes an even sample is taken. A small text may have fewer pairs than were asked for.
 */
export async function trainTokenizer(
  documents: Documents,
  { vocabularySize }: TokenizerRequest,
  { bytes, signal, onProgress }: TrainOptions,
): Promise<TokenizerFiles & { readonly vocabularySize: number }> {
  const counted = await countWords(documents, {
    ...{ bytes, most: SAMPLE, signal },
    onDocument: (done) => onProgress?.({ phase: 'count', bytes: done, totalBytes: bytes }),
  });
  const byteLetters = letters();
  const alphabet = [...byteLetters].sort();
  const learning = learnMerges(counted.words, {
    tokens: [...SPECIAL, ...alphabet],
    idOfByte: byteLetters.map((letter) => SPECIAL.length + alphabet.indexOf(letter)),
    vocabularySize,
  });
  const turn = createTurns(signal);
  for (;;) {
    const { done, value } = learning.next();
    if (done) {
      const { tokens, merges } = value;
      const tokenizer = json(definitionOf(tokens, merges));
      return { tokenizer, config: json(configOf('<s>', '</s>', '<unk>')), vocabularySize: tokens.length };
    }
    onProgress?.({ phase: 'merge', tokens: value, totalTokens: vocabularySize, bytes: counted.bytes });
    await turn();
  }
}

const definitionOf = (tokens: readonly string[], merges: readonly (readonly string[])[]): unknown => ({
  version: '1.0',
  ...{ truncation: null, padding: null },
  added_tokens: SPECIAL.map(special),
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  model: {
    ...{ type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null },
    ...{ end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: false },
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges: merges.map((pair) => pair.join(' ')),
  },
});
