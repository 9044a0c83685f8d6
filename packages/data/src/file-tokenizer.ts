/** @file Any Hugging Face `tokenizer.json`. */
import { createHash } from 'node:crypto';
import { Tokenizer as Engine } from '@huggingface/tokenizers';
import { look, nameOf, parentOf, within } from '@octavo/store';
import { z } from 'zod';
import { byteLevelEncoder } from './bpe/encode.ts';
import { chunker } from './chunks.ts';
import { badInput, readTextFile } from './text-file.ts';
import { withTimeLimit } from './time-limit.ts';
import { checkToken, joined, type Tokenizer } from './tokenizer.ts';

/** Names that mean the beginning and the end of a document where no `tokenizer_config.json` says so. */
const BOS_NAMES = ['<s>', '<|begin_of_text|>', '<bos>', '[CLS]', '<|endoftext|>'];
const EOS_NAMES = ['</s>', '<|end_of_text|>', '<eos>', '[SEP]', '<|endoftext|>'];

/** Ids are places in a list that the engine makes. */
const id = z
  .int()
  .min(0)
  .max(2 ** 24 - 1);
const definitionSchema = z.looseObject({
  model: z.looseObject({
    vocab: z.union([z.record(z.string(), id), z.array(z.tuple([z.string(), z.number()])).max(2 ** 24)]),
  }),
  added_tokens: z.array(z.looseObject({ id, content: z.string() })).nullish(),
});
const specialSchema = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const configSchema = z.looseObject({ bos_token: specialSchema, eos_token: specialSchema });

/** Text comes out as it went in, whatever a configuration says about tidying the spaces before commas. */
const DECODING = { skip_special_tokens: true, clean_up_tokenization_spaces: false };

/** Milliseconds that the engine may take for `length` characters of text. */
const timeFor = (length: number): number => 2000 + length / 20;

/**
 * The tokenizer in `path`, a `tokenizer.json` or a folder that holds one. `tokenizer_config.json` beside it, if there is
 * one, names `bos` and `eos`; otherwise the customary names are looked for among its special tokens, and a vocabulary
 * without any gives null. As with every Hugging Face tokenizer, a special token spelt out in a text is that token.
 * Throws an `OctavoError` where the file is missing, is not JSON or not a tokenizer the engine knows.
 */
export async function tokenizerFromFile(path: string): Promise<Tokenizer> {
  const folder = (await look(path))?.kind === 'folder';
  const file = folder ? within(path, 'tokenizer.json') : path;
  const text = await readTextFile(file, 'tokenizer');
  const beside = within(parentOf(file), 'tokenizer_config.json');
  const config = (await look(beside)) ? await readTextFile(beside, 'tokenizer’s configuration') : null;
  const chat = within(parentOf(file), 'chat_template.jinja');
  const template = (await look(chat)) ? await readTextFile(chat, 'chat template') : null;
  const tokenizer = buildTokenizer(file, text, config);
  return { ...tokenizer, files: { tokenizer: text, config, ...(template !== null && { template }) } };
}

function buildTokenizer(file: string, text: string, configText: string | null): Tokenizer {
  const definition = parse(file, text, definitionSchema);
  const config = configText === null ? {} : parse(`${file}'s config`, configText, configSchema);
  // A pattern of the file's own may take for ever on some texts.
  const limited = <T>(length: number, act: () => T): T =>
    guarded(file, () => (/"Regex"\s*:/.test(text) ? withTimeLimit(timeFor(length), act) : act()));
  const engine = guarded(file, () =>
    withTimeLimit(timeFor(text.length), () => new Engine(definition, config)),
  );
  const vocabulary = guarded(file, () => engine.get_vocab(true));
  let largest = -1;
  for (const id of vocabulary.values()) largest = Math.max(largest, id);
  for (const { id } of definition.added_tokens ?? []) largest = Math.max(largest, id);
  const vocabularySize = largest + 1;
  if (!(vocabularySize >= 1 && vocabularySize <= 2 ** 24))
    throw badInput(`vocabulary of ${file}: got ${vocabularySize} tokens, expected 1 to ${2 ** 24}`);
  const tokenizer = { name: nameOf(parentOf(file)) || 'tokenizer', vocabularySize };
  const special = (given: z.infer<typeof specialSchema>, names: readonly string[]): number | null => {
    const wanted = given == null ? names : [typeof given === 'string' ? given : given.content];
    for (const name of wanted) {
      const added = definition.added_tokens?.find(({ content }) => content === name);
      const id = added?.id ?? (given == null ? undefined : engine.token_to_id(name));
      if (id !== undefined) return id;
    }
    return null;
  };
  const encodeChunk =
    guarded(file, () => byteLevelEncoder(definition)) ??
    ((part: string): number[] =>
      limited(part.length, () => engine.encode(part, { add_special_tokens: false }).ids));
  const chunks = chunker(encodeChunk);
  function* encodeParts(input: string): Generator<number[]> {
    for (const chunk of chunks(input)) yield encodeChunk(chunk);
  }
  return {
    ...tokenizer,
    bos: special(config.bos_token, BOS_NAMES),
    eos: special(config.eos_token, EOS_NAMES),
    hash: createHash('sha256')
      .update(`${text.length}:${text}${configText ?? ''}`)
      .digest('hex'),
    encode: (input) => joined(encodeParts(input)),
    encodeParts,
    decode(tokens) {
      const ids = Array.from(tokens);
      for (const id of ids) checkToken(tokenizer, id);
      if (ids.length === 0) return '';
      return limited(ids.length, () => engine.decode(ids, DECODING));
    },
  };
}

function parse<T>(file: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? `wrong at "${cause.issues[0]!.path.join('.')}"` : 'not JSON';
    throw badInput(`tokenizer ${file} is ${why}: expected a Hugging Face tokenizer.json`, cause);
  }
}

/** The engine's own errors, as ours. */
function guarded<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw badInput(`tokenizer ${file} failed: ${why}`, cause);
  }
}
