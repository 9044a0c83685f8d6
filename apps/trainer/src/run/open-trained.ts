/** @file A trained model to evaluate or to write with: a checkpoint, a run, or a model of another program, and its tokenizer. */
import { existsSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { checkVocabulary, type Tokenizer } from '@octavo/data';
import { checkpointOf, openModel } from '@octavo/exchange';
import type { Checkpoint } from '@octavo/store';
import { importedMetadata, isRun, openCheckpointAt, runOf, stateOf } from '@octavo/trainer';
import { tokenizerOf } from '@octavo/trainer/record';
import { lacksTokenizer, tokenizerOfModel } from '../config/model-tokenizer.ts';
import { resolveRecipe } from '../config/recipe.ts';

export interface Trained {
  /** Close it afterwards. */
  readonly checkpoint: Checkpoint;
  readonly tokenizer: Tokenizer;
}

/** What such a model is computed in unless told otherwise. */
const RECIPE = 'bf16';

/** Opens it; `spec` names a tokenizer, `warn` hears of what is passed over. */
export async function openTrained(
  path: string,
  spec: string | null,
  warn: (message: string) => void,
): Promise<Trained> {
  if (isForeign(path)) return openForeign(path, spec, warn);
  const checkpoint = await openCheckpointAt(path, warn);
  try {
    const { tokenizer: identity, plan } = stateOf(checkpoint);
    const beside = dirname(checkpoint.path);
    const tokenizer = await tokenizerOf(identity, runOf(checkpoint.path), spec, beside);
    checkVocabulary(tokenizer, plan.model.vocabularySize);
    return { checkpoint, tokenizer };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

const isForeign = (path: string): boolean =>
  ['.safetensors', '.bin'].includes(extname(path)) || (existsSync(join(path, 'config.json')) && !isRun(path));

async function openForeign(
  path: string,
  spec: string | null,
  warn: (message: string) => void,
): Promise<Trained> {
  const source = await openModel(path);
  try {
    for (const note of source.notes) warn(note);
    const { tokenizer } = (await tokenizerOfModel(source, spec)) ?? lacksTokenizer(source);
    const metadata = importedMetadata(source.config, resolveRecipe(RECIPE), tokenizer);
    return { checkpoint: checkpointOf(source, metadata), tokenizer };
  } catch (error) {
    await source.close();
    throw error;
  }
}
