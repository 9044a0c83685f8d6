/** @file A trained model to evaluate or to write with: a checkpoint, a run, or a model of another program, and its tokenizer. */
import { extname } from 'node:path';
import { checkVocabulary, type Tokenizer } from '@octavo/data';
import { checkpointOf, openModel } from '@octavo/exchange';
import { addressOf, type Checkpoint, look, parentOf, within } from '@octavo/store';
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
  given: string,
  spec: string | null,
  warn: (message: string) => void,
): Promise<Trained> {
  const path = addressOf(given);
  if (await isForeign(path)) return openForeign(path, spec, warn);
  const checkpoint = await openCheckpointAt(path, warn);
  try {
    const { tokenizer: identity, plan } = stateOf(checkpoint);
    const beside = parentOf(checkpoint.path);
    const tokenizer = await tokenizerOf(identity, await runOf(checkpoint.path), spec, beside);
    checkVocabulary(tokenizer, plan.model.vocabularySize);
    return { checkpoint, tokenizer };
  } catch (error) {
    await checkpoint.close();
    throw error;
  }
}

const isForeign = async (path: string): Promise<boolean> =>
  ['.safetensors', '.bin'].includes(extname(path)) ||
  ((await look(within(path, 'config.json'))) !== null && !(await isRun(path)));

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
