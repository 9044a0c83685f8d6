/** @file A run's whole state as a checkpoint, and a run from one. */
import { FP32, OctavoError } from '@octavo/formats';
import type { Device, Tensor } from '@octavo/kernels';
import { type LlamaConfig, validateConfig } from '@octavo/llama';
import { createPrecision, type Recipe, validateRecipe } from '@octavo/nn';
import { type AdamFormats, type AdamState, adamFormats, formatsFor, storedState } from '@octavo/optim';
import type { Checkpoint, StoredTensor, TensorRecord } from '@octavo/store';
import { canonical, partsOf, sameValue } from './checkpoint-metadata.ts';
import { checkGuard, type GuardPlan, type GuardState, initGuard } from './guard/state.ts';
import {
  historyRecord,
  inheritHistories,
  restoreHistories,
  type StoredScaling,
  scalingOf,
} from './histories.ts';
import type { NonFinite } from './non-finite.ts';
import type { TrainPlan } from './plan.ts';
import { readModel, readRecord } from './read-model.ts';
import { recordOf, tensorOf, valuesOf } from './records.ts';
import { type Training, trainingOf } from './training.ts';

/** What a checkpoint says beside its tensors. */
export interface CheckpointState {
  readonly model: LlamaConfig;
  /** In force at this step: the plan's, and in it the layers that were smoothed since. */
  readonly recipe: Recipe;
  readonly plan: TrainPlan;
  readonly step: number;
  readonly updates: number;
  readonly tokens: number;
  /** Where the loader continues. */
  readonly loader: unknown;
  readonly random: { readonly seed: number; readonly step: number };
  /** Scaling states by site, without the histories, which are tensors. */
  readonly scaling: StoredScaling;
  readonly tokenizer: { readonly name: string; readonly hash: string };
  readonly guard: GuardState;
}

/** A plan as checkpoints name its parts: they keep the words of the first version, and so does every reader of them. */
interface StoredPlan extends Omit<TrainPlan, 'adam' | 'guard'> {
  readonly adam: Omit<TrainPlan['adam'], 'weightDecay'> & { readonly decay: number };
  readonly watch?: GuardPlan;
}

export const storedPlan = ({ guard: watch, ...plan }: TrainPlan): StoredPlan => {
  const { weightDecay: decay, ...betas } = plan.adam;
  return { ...plan, adam: { ...betas, decay }, ...(watch && { watch }) };
};

const planFrom = ({ watch: guard, ...plan }: StoredPlan): TrainPlan => {
  const { decay: weightDecay, ...betas } = plan.adam;
  return { ...plan, adam: { ...betas, weightDecay }, ...(guard && { guard }) };
};

/** The step, after the checkpoint's, that a value which is not finite has ended the run at. */
export interface FailedStep {
  readonly step: number;
  readonly where: string;
}

/** The first tensor of a checkpoint that is not finite, as its metadata say, or null. */
export const faultOf = ({ metadata }: Pick<Checkpoint, 'metadata'>): string | null =>
  metadata.finite === 'false' ? (metadata.notFinite ?? 'an unnamed tensor') : null;

/** Whether the run was ended at the step after the checkpoint's: it may go on with another recipe or learning rate. */
export const isRescued = ({ metadata }: Pick<Checkpoint, 'metadata'>): boolean =>
  metadata.failed !== undefined;

const ROLES = ['master', 'moment1', 'moment2'] as const;

/** Metadata strings, one per part of the state, so that any Arrow reader shows them. */
export function metadataOf(
  training: Training,
  loader: unknown,
  tokenizer: CheckpointState['tokenizer'],
  { fault = null, failed }: { fault?: NonFinite | null; failed?: FailedStep | undefined } = {},
): Record<string, string> {
  const { step, updates, tokens, guard: watch } = training;
  const plan = storedPlan(training.plan);
  const parts = {
    model: plan.model,
    recipe: training.model.precision.recipe,
    optimizer: { ...plan.adam, ...plan.recipe.optimizer },
    plan,
    step,
    updates,
    tokens,
    loader,
    random: { seed: plan.seed, step },
    scaling: scalingOf(training.model.precision.sites),
    tokenizer,
    watch,
    finite: fault === null,
    ...(fault && { notFinite: fault.where }),
    ...(failed && { failed }),
  };
  return Object.fromEntries(Object.entries(parts).map(([key, value]) => [key, JSON.stringify(value)]));
}

/** Every tensor of the state: working weights, master weights, moments, amax histories. */
export async function* recordsOf(training: Training): AsyncGenerator<TensorRecord> {
  const { device, model, optimizer } = training;
  for (const [i, parameter] of model.parameters.entries()) {
    const { state } = optimizer[i]!;
    yield await recordOf(device, parameter.name, 'weight', parameter.value, []);
    for (const role of ROLES) {
      const scale = Array.from(await device.read(state[`${role}Scale`]));
      yield await recordOf(device, parameter.name, role, state[role], scale);
    }
  }
  for (const site of model.precision.sites) {
    if (site.state) yield historyRecord(site, site.state);
  }
}

/** The parts of a checkpoint's metadata; an `OctavoError` (exit code 2) names the one that is missing or wrong. */
export function stateOf(checkpoint: Checkpoint): CheckpointState {
  const parts = partsOf(checkpoint);
  const [count, string] = ['count', 'string'] as const;
  const counts = { batch: count, accumulation: count, sequence: count, steps: count, seed: count };
  return {
    model: parts.checked('model', validateConfig),
    recipe: parts.checked('recipe', validateRecipe),
    plan: planFrom(parts.fields<StoredPlan>('plan', { ...counts, adam: 'object' })),
    step: parts.count('step'),
    updates: parts.count('updates'),
    tokens: parts.count('tokens'),
    loader: parts.value('loader'),
    random: parts.fields<CheckpointState['random']>('random', { seed: count, step: count }),
    scaling: parts.record('scaling') as CheckpointState['scaling'],
    tokenizer: parts.fields<CheckpointState['tokenizer']>('tokenizer', { name: string, hash: string }),
    guard: parts.has('watch') // a checkpoint from before there was a guard has none
      ? parts.checked('watch', (value) => checkGuard(value, 'watch'))
      : initGuard(),
  };
}

/**
 * A run as it was when the checkpoint was written; `plan` may differ from the checkpoint's in what does not change the
 * past (steps, intervals), not in model, recipe or seed. Where a value that is not finite has ended the run at the next step
 * (`isRescued`), the recipe may be another: the optimizer's state is stored in its formats, and histories of maxima are
 * taken over for the casts that both make alike.
 */
export async function restoreTraining(
  device: Device,
  plan: TrainPlan,
  checkpoint: Checkpoint,
): Promise<Training> {
  const state = stateOf(checkpoint);
  const sameRecipe = !isRescued(checkpoint) || sameValue(state.plan.recipe, plan.recipe);
  checkSameRun(sameRecipe ? state.plan : { ...state.plan, recipe: plan.recipe }, plan, checkpoint.path);
  const smoothLayers = sameRecipe ? state.recipe.smoothLayers : undefined;
  const precision = createPrecision(device, { ...plan.recipe, ...(smoothLayers && { smoothLayers }) });
  const model = await readModel(checkpoint, plan.model, precision);
  const formats = adamFormats(plan.recipe.optimizer);
  const optimizer: { formats: AdamFormats; state: AdamState }[] = [];
  for (const parameter of model.parameters) {
    const own = formatsFor(formats, parameter.isMatrix);
    const parts: Partial<Record<keyof AdamState, Tensor>> = {};
    for (const role of ROLES) {
      const spec = { name: parameter.name, shape: parameter.value.shape };
      const record = await readRecord(checkpoint, spec, role, sameRecipe ? own[role].name : undefined);
      const stored: [Tensor, Tensor] =
        record.format === own[role].name
          ? [tensorOf(device, record), scalar(device, scaleOf(checkpoint, record))]
          : storedState(device, own[role], record.shape, valuesOf(record));
      [parts[role], parts[`${role}Scale`]] = stored;
    }
    optimizer.push({ formats: own, state: parts as AdamState });
  }
  if (sameRecipe) await restoreHistories(precision.sites, checkpoint, state.scaling);
  else await inheritHistories(precision, checkpoint, state);
  const { step, updates, tokens, guard } = state;
  return trainingOf(plan, model, optimizer, { step, updates, tokens, guard });
}

/** What a step is computed from. All of it has to be what it was; how far a run goes and what it leaves behind may differ. */
const LASTING = ['model', 'recipe', 'seed', 'batch', 'accumulation', 'sequence'] as const;

/** Throws an `OctavoError` (exit code 2) where the plan of the checkpoint in `path` is another run's. */
export function checkSameRun(saved: TrainPlan, plan: TrainPlan, path: string): void {
  for (const key of LASTING) {
    if (sameValue(saved[key], plan[key])) continue;
    throw new OctavoError(
      `[trainer] ${path} is of another run: its ${key} is ${canonical(saved[key])}, expected ${canonical(plan[key])}`,
      { exitCode: 2 },
    );
  }
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

function scalar(device: Device, value: number): Tensor {
  const tensor = device.alloc([1, 1], FP32);
  device.write(tensor, [value]);
  return tensor;
}
