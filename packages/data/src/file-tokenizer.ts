/** @file Any Hugging Face `tokenizer.json`. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Tokenizer as Engine } from '@huggingface/tokenizers';
import { OctavoError } from '@octavo/formats';
import { z } from 'zod';
import { chunker } from './chunks.ts';
import { checkToken, type Tokenizer } from './tokenizer.ts';

/** Names that mean the beginning and the end of a document where no `tokenizer_config.json` says so. */
const BOS_NAMES = ['<s>', '<|begin_of_text|>', '<bos>', '[CLS]', '<|endoftext|>'];
const EOS_NAMES = ['</s>', '<|end_of_text|>', '<eos>', '[SEP]', '<|endoftext|>'];

const definitionSchema = z.looseObject({
  model: z.looseObject({ vocab: z.union([z.record(z.string(), z.number()), z.array(z.unknown())]) }),
  added_tokens: z.array(z.looseObject({ id: z.int().min(0), content: z.string() })).nullish(),
});
const specialSchema = z.union([z.string(), z.looseObject({ content: z.string() })]).nullish();
const configSchema = z.looseObject({ bos_token: specialSchema, eos_token: specialSchema });

/**
 * The tokenizer in `path`, a `tokenizer.json` or a folder that holds one. `tokenizer_config.json` beside it, if there is
 * one, names `bos` and `eos`; otherwise the customary names are looked for among its special tokens, and a vocabulary
 * without any gives null. As with every Hugging Face tokenizer, a special token spelt out in a text is that token.
 * Throws an `OctavoError` where the file is missing, is not JSON or not a tokenizer the engine knows.
 */
export async function tokenizerFromFile(path: string): Promise<Tokenizer> {
  const folder = await stat(path).then(
    (s) => s.isDirectory(),
    () => false,
  );
  const file = folder ? join(path, 'tokenizer.json') : path;
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new OctavoError(
      `[data] tokenizer: got ${file}, which cannot be read, expected a Hugging Face tokenizer.json`,
      {
        cause,
      },
    );
  });
  const config = await readFile(join(dirname(file), 'tokenizer_config.json'), 'utf8').catch(() => null);
  return buildTokenizer(file, text, config);
}

function buildTokenizer(file: string, text: string, configText: string | null): Tokenizer {
  const definition = parse(file, text, definitionSchema);
  const config = configText === null ? {} : parse(`${file}'s config`, configText, configSchema);
  const engine = guarded(file, () => new Engine(definition, config));
  const vocabulary = guarded(file, () => engine.get_vocab(true));
  let largest = -1;
  for (const id of vocabulary.values()) largest = Math.max(largest, id);
  for (const { id } of definition.added_tokens ?? []) largest = Math.max(largest, id);
  const vocabularySize = largest + 1;
  if (!(vocabularySize >= 1 && vocabularySize <= 2 ** 24))
    throw new OctavoError(
      `[data] vocabulary of ${file}: got ${vocabularySize} tokens, expected 1 to ${2 ** 24}`,
    );
  const tokenizer = { name: basename(dirname(file)) || 'tokenizer', vocabularySize };
  const special = (given: z.infer<typeof specialSchema>, names: readonly string[]): number | null => {
    const wanted = given == null ? names : [typeof given === 'string' ? given : given.content];
    for (const name of wanted) {
      const added = definition.added_tokens?.find(({ content }) => content === name);
      const id = added?.id ?? (given == null ? undefined : engine.token_to_id(name));
      if (id !== undefined) return id;
    }
    return null;
  };
  const encodeChunk = (part: string): number[] =>
    guarded(file, () => engine.encode(part, { add_special_tokens: false }).ids);
  const chunks = chunker(encodeChunk);
  return {
    ...tokenizer,
    bos: special(config.bos_token, BOS_NAMES),
    eos: special(config.eos_token, EOS_NAMES),
    hash: createHash('sha256')
      .update(`${text.length}:${text}${configText ?? ''}`)
      .digest('hex'),
    files: { tokenizer: text, config: configText },
    encode(input) {
      const ids: number[] = [];
      for (const chunk of chunks(input)) for (const id of encodeChunk(chunk)) ids.push(id);
      return ids;
    },
    decode(tokens) {
      const ids = Array.from(tokens);
      for (const id of ids) checkToken(tokenizer, id);
      if (ids.length === 0) return '';
      return guarded(file, () => engine.decode(ids, { skip_special_tokens: true }));
    },
  };
}

function parse<T>(file: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? `wrong at "${cause.issues[0].path.join('.')}"` : 'not JSON';
    throw new OctavoError(`[data] tokenizer ${file} is ${why}: expected a Hugging Face tokenizer.json`, {
      cause,
    });
  }
}

/** The engine's own errors, as ours. */
function guarded<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new OctavoError(`[data] tokenizer ${file} failed: ${why}`, { cause });
  }
}
