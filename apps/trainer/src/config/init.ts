/** @file The model that a run starts from: what it brings, and what may not be said beside it. */
import { loadTokenizer } from '@octavo/data';
import { openModel } from '@octavo/exchange';
import { OctavoError } from '@octavo/formats';
import type { NamedModel } from '@octavo/trainer';
import { modelShape } from '@octavo/trainer/record';
import { check } from './check.ts';
import { nameOf } from './model.ts';
import { lacksTokenizer, tokenizerOfModel } from './model-tokenizer.ts';
import { tokenizerFrom } from './places.ts';
import type { Config } from './schema.ts';

const refuse = (what: string): never => {
  throw new OctavoError(`[config] ${what}`, { exitCode: 2 });
};

/** The shape, name and tokenizer of the model at `path`; throws an `OctavoError` (exit code 2) where the rest asks for others. */
export async function resolveInit(
  path: string,
  { model, data }: Pick<Config, 'model' | 'data'>,
): Promise<{ readonly model: NamedModel; readonly tokenizer: string }> {
  if (model !== undefined)
    refuse(
      `model: got ${typeof model === 'string' ? `"${model}"` : 'a shape'} beside init "${path}", expected one of them: a model to start from brings its own shape`,
    );
  const told = data?.tokenizer;
  const source = await openModel(path);
  try {
    const bound = source.tokenizer.identity !== null; // then what is told is compared with it
    const own = await tokenizerOfModel(source, bound ? (told ?? null) : null);
    const { place, tokenizer } =
      own ?? (await tokenizerOfModel(source, told ?? null)) ?? lacksTokenizer(source);
    if (told !== undefined && (await loadTokenizer(told)).hash !== tokenizer.hash)
      refuse(
        `tokenizer: got "${told}", expected that of init "${path}", whose rows of the embedding are its tokens: leave --tokenizer out`,
      );
    return {
      model: { name: nameOf(path), config: check(modelShape, source.config, path) }, // its keys in run.json's order
      tokenizer: tokenizerFrom('.', place),
    };
  } finally {
    await source.close();
  }
}
