/** @file A tokenizer as Hugging Face's files, for programs that know no other. */
import { letters } from './bpe/letters.ts';
import type { Tokenizer } from './tokenizer.ts';

/** `tokenizer.json` and `tokenizer_config.json` as texts. */
export interface TokenizerFiles {
  readonly tokenizer: string;
  readonly config: string | null;
  readonly template?: string;
}

/** The files that it came from, or files of the same ids: of `byte` and `llama2`. Null for any other. */
export async function tokenizerFiles({ name, files }: Tokenizer): Promise<TokenizerFiles | null> {
  if (files !== undefined) return files;
  if (name === 'byte') return { tokenizer: json(byteDefinition()), config: json(configOf(null, SEPARATOR)) };
  if (name === 'llama2')
    return { tokenizer: json(await llamaDefinition()), config: json(configOf('<s>', '</s>')) };
  return null;
}

export const json = (content: unknown): string => `${JSON.stringify(content, null, 1)}\n`;

export const configOf = (bos: string | null, eos: string, unk: string | null = null): unknown => ({
  ...(bos !== null && { bos_token: bos }),
  eos_token: eos,
  ...(unk !== null && { unk_token: unk }),
  clean_up_tokenization_spaces: false,
  tokenizer_class: 'PreTrainedTokenizerFast',
});

/** An entry of `added_tokens`. */
export const special = (content: string, id: number): unknown => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
});

/** The letter of byte 0, which ends a document. */
const SEPARATOR = letters()[0]!;

const byteDefinition = (): unknown => ({
  version: '1.0',
  added_tokens: [special(SEPARATOR, 0)],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
  model: {
    type: 'BPE',
    vocab: Object.fromEntries(letters().map((letter, byte) => [letter, byte])),
    merges: [],
  },
});

/** As Hugging Face converts Llama2's SentencePiece model: a space before the text, bytes for what is not in the vocabulary. */
async function llamaDefinition(): Promise<unknown> {
  const { default: library } = await import('llama-tokenizer-js');
  const vocabulary: readonly string[] = library.vocabById;
  const merges: string[] = [...library.merges].sort(([, a], [, b]) => a - b).map(([pair]) => pair);
  return {
    version: '1.0',
    added_tokens: ['<unk>', '<s>', '</s>'].map(special),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      ...{ type: 'BPE', unk_token: '<unk>', fuse_unk: true, byte_fallback: true },
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges,
    },
  };
}
