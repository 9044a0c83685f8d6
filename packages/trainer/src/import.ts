/** @file What a checkpoint says of a model that was trained elsewhere: weights alone, at step 0. */
import type { LlamaConfig } from '@octavo/llama';
import type { Recipe } from '@octavo/nn';
import type { Checkpoint } from '@octavo/store';
import { storedPlan } from './checkpoint.ts';
import { initGuard } from './guard/state.ts';
import { presetOf } from './session/presets.ts';
import { planOf } from './session/settings.ts';

/** The longest sequence that such a model is evaluated on unless told otherwise. */
const SEQUENCE = 512;

/** The metadata of such a checkpoint, computed in `recipe`; as `metadataOf` gives of a run's. */
export function importedMetadata(
  config: LlamaConfig,
  recipe: Recipe,
  tokenizer: { readonly name: string; readonly hash: string },
): Record<string, string> {
  const { hyperparameters: preset } = presetOf('nano');
  const sequence = Math.min(config.contextLength, SEQUENCE);
  const plan = planOf({
    model: { name: 'custom', config },
    recipe,
    init: null,
    hyperparameters: { ...preset, batch: 1, sequence },
    data: { train: null, heldOut: null, tokenizer: tokenizer.name, textField: 'text' },
    ...{ threads: null, library: 'auto', out: null },
  });
  const parts = {
    ...{ model: config, recipe, plan: storedPlan(plan), step: 0, updates: 0, tokens: 0, loader: null },
    ...{ optimizer: null, random: { seed: plan.seed, step: 0 }, scaling: {}, tokenizer },
    ...{ watch: initGuard(), finite: true, imported: true },
  };
  return Object.fromEntries(Object.entries(parts).map(([key, value]) => [key, JSON.stringify(value)]));
}

/** Whether a checkpoint's model was trained elsewhere: delayed scales have no history then. */
export const isImported = ({ metadata }: Pick<Checkpoint, 'metadata'>): boolean =>
  metadata.imported === 'true';
