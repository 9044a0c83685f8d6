/** @file The optimizer's state from a checkpoint: all of it, or the parts of it that a rank owns. */
import { FP32, OctavoError } from '@octavo/formats';
import type { Device, Tensor } from '@octavo/kernels';
import type { Llama } from '@octavo/llama';
import { ADAM_ROLES, type AdamState, adamFormats, formatsFor, storedState } from '@octavo/optim';
import type { Checkpoint, StoredTensor } from '@octavo/store';
import type { TrainPlan } from './plan.ts';
import type { Ranks } from './ranks/ranks.ts';
import { readRecord } from './read-model.ts';
import { codesOf, valuesOf } from './records.ts';
import { partly, type Training } from './training.ts';

/** `sameRecipe`: the state is stored in the plan's formats, and must be; else it is stored anew in them. */
export async function readOptimizer(
  { device, parameters }: Pick<Llama, 'device' | 'parameters'>,
  plan: TrainPlan,
  ranks: Ranks | null,
  checkpoint: Checkpoint,
  sameRecipe: boolean,
): Promise<Training['optimizer']> {
  const formats = adamFormats(plan.recipe.optimizer);
  const optimizer: Training['optimizer'][number][] = [];
  for (const [i, parameter] of parameters.entries()) {
    const own = formatsFor(formats, parameter.isMatrix);
    const state: Partial<Record<keyof AdamState, Tensor>> = {};
    for (const role of ADAM_ROLES) {
      const spec = { name: parameter.name, shape: parameter.value.shape };
      const record = await readRecord(checkpoint, spec, role, sameRecipe ? own[role].name : undefined);
      const asStored = record.format === own[role].name;
      const values = asStored ? codesOf(record) : valuesOf(record);
      const { shape, part } = partly(ranks?.parts[i], record.shape, values);
      [state[role], state[`${role}Scale`]] = asStored
        ? [filled(device, shape, part, own[role]), filled(device, [1, 1], [scaleOf(checkpoint, record)])]
        : storedState(device, own[role], shape, part, values);
    }
    optimizer.push({ formats: own, state: state as AdamState });
  }
  return optimizer;
}

function filled(device: Device, shape: readonly number[], values: ArrayLike<number>, format = FP32): Tensor {
  const tensor = device.alloc(shape, format);
  device.write(tensor, values);
  return tensor;
}

/** The scale of a tensor of the optimizer's state, which always has one; only a state that is not finite has one that is not. */
function scaleOf(checkpoint: Checkpoint, { name, role, scale }: StoredTensor): number {
  const [value] = scale;
  if (scale.length === 1 && (value! > 0 || !Number.isFinite(value))) return value!;
  throw new OctavoError(
    `[trainer] ${checkpoint.path}: ${role} "${name}": got ${scale.length === 1 ? `scale ${value}` : `${scale.length} scales`}, expected one above 0`,
    { exitCode: 2 },
  );
}
