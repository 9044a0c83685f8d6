/** @file A checkpoint's model for evaluation and generation, under its own recipe or another. */
import type { Device } from '@octavo/kernels';
import type { Llama } from '@octavo/llama';
import { createPrecision, dropQuantizedWeights, type Recipe } from '@octavo/nn';
import type { Checkpoint } from '@octavo/store';
import { calibrate, forwardSites, withoutHistory } from './calibrate.ts';
import { stateOf } from './checkpoint.ts';
import { inheritHistories, restoreHistories } from './histories.ts';
import { isImported } from './import.ts';
import { readModel } from './read-model.ts';
import type { TokenBatch } from './transfer.ts';

/** Delayed scales of another recipe than the checkpoint's, of which it holds no history. */
export interface MissingHistory {
  /** The recipe asked for, and the one that the checkpoint was trained in. */
  readonly recipe: string;
  readonly trainedIn: string;
  /** Casts of a forward pass that are without, of how many. */
  readonly casts: number;
  readonly of: number;
  /** Batches that gave them one; 0: none did, and they scale as their policy begins. */
  readonly calibratedOn: number;
  /** All of it in one line. */
  readonly message: string;
}

export interface LoadOptions {
  /** Text that gives delayed scales a history where the checkpoint has none: windows of `sequence` tokens. */
  readonly calibration?: { readonly batches: readonly TokenBatch[]; readonly sequence: number };
  /** Hears of histories that the checkpoint lacks; without it they are told to `console.warn`. */
  readonly onMissingHistory?: (missing: MissingHistory) => void;
}

/**
 * The model of a checkpoint under its own recipe or another. Histories of delayed scales are taken over for every cast
 * that the checkpoint's recipe made alike. The others are calibrated where there is text for it; and it is said either
 * way, since without a history they take each tensor's own maximum (or scale 1): other numbers than in training.
 */
export async function loadModel(
  device: Device,
  checkpoint: Checkpoint,
  recipe?: Recipe,
  options: LoadOptions = {},
): Promise<Llama> {
  const state = stateOf(checkpoint);
  const precision = createPrecision(device, recipe ?? state.recipe);
  const model = await readModel(checkpoint, state.model, precision);
  const imported = isImported(checkpoint);
  if (!recipe && !imported) {
    await restoreHistories(precision.sites, checkpoint, state.scaling);
    return model;
  }
  await inheritHistories(precision, checkpoint, state);
  // Before the first step no recipe has any; a model from elsewhere has been trained, and has none either.
  const missing = state.step === 0 && !imported ? [] : withoutHistory(model);
  if (missing.length === 0) return model;
  const { batches, sequence } = options.calibration ?? { batches: [], sequence: 0 };
  if (batches.length > 0) {
    await calibrate(model, missing, batches, sequence);
    dropQuantizedWeights(precision);
  }
  tell(options, {
    recipe: precision.recipe.name,
    trainedIn: imported ? 'another program' : state.recipe.name,
    casts: missing.length,
    of: new Set(forwardSites(model)).size,
    calibratedOn: batches.length,
    first: missing
      .map(({ cast }) => cast!.policy)
      .some((policy) => policy.kind === 'delayed' && policy.first === 'one')
      ? 'scale 1'
      : 'each tensor’s own maximum',
  });
  return model;
}

function tell(
  { onMissingHistory = ({ message }) => console.warn(message) }: LoadOptions,
  { first, ...missing }: Omit<MissingHistory, 'message'> & { readonly first: string },
): void {
  const { recipe, trainedIn, casts, of, calibratedOn } = missing;
  const instead =
    calibratedOn > 0
      ? `calibrated on ${calibratedOn} ${calibratedOn === 1 ? 'batch' : 'batches'} of text`
      : `they take ${first}, not delayed scales`;
  const message = `recipe ${recipe}: ${casts} of ${of} casts have no history of maxima in this checkpoint, trained in ${trainedIn}; ${instead}`;
  onMissingHistory({ ...missing, message });
}
