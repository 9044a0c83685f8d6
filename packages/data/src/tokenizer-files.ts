/** @file A tokenizer as Hugging Face's files, for programs that know no other. */
import type { Tokenizer } from './tokenizer.ts';

/** `tokenizer.json` and `tokenizer_config.json` as texts. */
export interface TokenizerFiles {
  readonly tokenizer: string;
  readonly config: string | null;
}

/** The files that it came from, or files of the same ids: of `byte` and `llama2`. Null for any other. */
export async function tokenizerFiles({ name, files }: Tokenizer): Promise<TokenizerFiles | null> {
  if (files !== undefined) return files;
  if (name === 'byte') return { tokenizer: text(byteDefinition()), config: text(configOf(null, SEPARATOR)) };
  if (name === 'llama2')
    return { tokenizer: text(await llamaDefinition()), config: text(configOf('<s>', '</s>')) };
  return null;
}

const text = (json: unknown): string => `${JSON.stringify(json, null, 1)}\n`;

const configOf = (bos: string | null, eos: string): unknown => ({
  ...(bos !== null && { bos_token: bos }),
  eos_token: eos,
  clean_up_tokenization_spaces: false,
  tokenizer_class: 'PreTrainedTokenizerFast',
});

const special = (content: string, id: number): unknown => ({
  ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
});

/** GPT-2's letters for bytes, which stand in a `tokenizer.json` where a byte is meant: printable ones are themselves. */
function letters(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}

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
