/** @file A run's folder as a study takes it: its newest checkpoint's weights, its text, and what it recorded. */
import { join } from 'node:path';
import { openTrainingText } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import type { Device } from '@octavo/kernels';
import type { RecordedRow, RecordedRun } from '@octavo/lab';
import { destroyLlama } from '@octavo/llama';
import { recipeOf } from '@octavo/nn';
import { type Checkpoint, readRows, tensorStatistics } from '@octavo/store';
import { loadModel, stateOf, type Workload } from '@octavo/trainer';
import { planOf, textShapeOf } from '../config/settings.ts';
import { openCheckpointAt } from './checkpoint.ts';
import { workOf } from './device.ts';
import { isRun } from './folder.ts';
import { readRun } from './record.ts';
import { tokenizerOf } from './tokenizer.ts';

/** A step of the run as a study looks at it: whatever its recipe, the products are in the format of the activations. */
export async function workOfRun(folder: string): Promise<Workload> {
  if (!isRun(folder)) {
    throw new OctavoError(
      `[study] --run: got "${folder}", which holds no run.json, expected the folder of a run of octavo train`,
      { exitCode: 2 },
    );
  }
  const plan = planOf((await readRun(folder)).settings);
  return workOf('train', { ...plan, recipe: { ...recipeOf('bf16'), activations: plan.recipe.activations } });
}

/** Opens it; close it afterwards. `warn` hears of newer checkpoints that are damaged. */
export async function openRecordedRun(
  folder: string,
  device: Device,
  warn: (message: string) => void,
): Promise<{ readonly run: RecordedRun; close(): Promise<void> }> {
  const checkpoint = await openCheckpointAt(folder, warn);
  try {
    const { model, recipe, plan, step, tokenizer: trainedWith } = stateOf(checkpoint);
    const { activations } = recipe;
    const weights = await weightsOf(device, checkpoint, activations);
    const tensors = await recordedRows(join(folder, 'tensors.arrow'));
    const { settings, identity } = await readRun(folder);
    const tokenizer = await tokenizerOf(trainedWith, folder, null);
    const text = await openTrainingText(settings.data, textShapeOf(settings), {
      folder,
      identity,
      tokenizer,
    });
    const run: RecordedRun = {
      name: folder,
      seed: plan.seed,
      step,
      model,
      activations,
      sequence: plan.sequence,
      weights,
      next: () => text.loader.next(),
      tensors,
    };
    return { run, close: () => text.close() };
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
  for (const { scale } of model.precision.sites) device.free(scale);
  device.free(model.precision.seed);
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
