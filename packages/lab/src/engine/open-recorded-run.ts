/** @file A run's folder as a study takes it: its newest checkpoint's weights, its text, and what it recorded. */
import {
  findTokenizer,
  openTrainingText,
  type TextIdentity,
  type TextSettings,
  type TextShape,
} from '@octavo/data';
import type { Device } from '@octavo/kernels';
import { destroyLlama } from '@octavo/llama';
import { destroyPrecision, recipeOf } from '@octavo/nn';
import { type Checkpoint, readRows, tensorStatistics, within } from '@octavo/store';
import { loadModel, openCheckpointAt, stateOf } from '@octavo/trainer';
import type { RecordedRow, RecordedRun } from './study.ts';

/** Where the text of a run is, and the tokenizer: what `run.json` says. */
export interface RecordedText {
  readonly settings: TextSettings;
  readonly shape: TextShape;
  /** Null where the record is older than this part. */
  readonly identity: TextIdentity | null;
  /** Where the tokenizer may lie (see `findTokenizer`). */
  readonly tokenizers: readonly string[];
}

/** Opens it; close it afterwards. `warn` hears of newer checkpoints that are damaged. */
export async function openRecordedRun(
  folder: string,
  { settings, shape, identity, tokenizers }: RecordedText,
  device: Device,
  warn: (message: string) => void,
): Promise<{ readonly run: RecordedRun; close(): Promise<void> }> {
  const checkpoint = await openCheckpointAt(folder, warn);
  try {
    const { model, recipe, plan, step, tokenizer: trainedWith } = stateOf(checkpoint);
    const { activations } = recipe;
    const weights = await weightsOf(device, checkpoint, activations);
    const tensors = await recordedRows(within(folder, 'tensors.arrow'));
    const tokenizer = await findTokenizer(trainedWith, tokenizers);
    const text = await openTrainingText(settings, shape, { folder, identity, tokenizer });
    const { seed, sequence } = plan;
    const next = () => text.loader.next();
    return {
      run: { name: folder, seed, step, model, activations, sequence, weights, next, tensors },
      close: () => text.close(),
    };
  } finally {
    await checkpoint.close();
  }
}

/** The working weights in float32, by the parameter's name. */
async function weightsOf(
  device: Device,
  checkpoint: Checkpoint,
  activations: RecordedRun['activations'],
): Promise<Map<string, Float32Array>> {
  const model = await loadModel(device, checkpoint, { ...recipeOf('bf16'), activations });
  const weights = new Map<string, Float32Array>();
  for (const { name, value } of model.parameters) weights.set(name, await device.read(value));
  destroyLlama(model);
  destroyPrecision(model.precision);
  return weights;
}

/** Every recorded tensor that was cast or could have been: all but the rows about alignment. */
async function recordedRows(path: string): Promise<RecordedRow[]> {
  const rows = await readRows(path, tensorStatistics);
  return rows.flatMap(({ step, layer, site, operand, format, amax, rms }): RecordedRow[] =>
    amax === null || rms === null
      ? []
      : [{ step, layer: layer ?? 0, site, operand, format: String(format), amax, rms }],
  );
}
