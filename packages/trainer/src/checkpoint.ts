/** @file A run's whole state as a checkpoint, and a run from one. */
import { OctavoError } from '@octavo/formats';
import { type Device, elements } from '@octavo/kernels';
import { type LlamaConfig, validateConfig } from '@octavo/llama';
import { type Communicator, soloCommunicator } from '@octavo/mpi';
import { createPrecision, type Recipe, validateRecipe } from '@octavo/nn';
import { ADAM_ROLES } from '@octavo/optim';
import type { Checkpoint, TensorRecord } from '@octavo/store';
import { canonical, partsOf, sameValue } from './checkpoint-metadata.ts';
import { checkGuard, type GuardPlan, type GuardState, initGuard } from './guard/state.ts';
import {
  historyRecords,
  inheritHistories,
  restoreHistories,
  type StoredScaling,
  scalingOf,
} from './histories.ts';
import type { NonFinite } from './non-finite.ts';
import { readOptimizer } from './optimizer-state.ts';
import type { TrainPlan } from './plan.ts';
import { ranksOf } from './ranks/ranks.ts';
import { readModel } from './read-model.ts';
import { recordOf } from './records.ts';
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
  yield* stateRecords(training);
  yield* historyRecords(training.model.precision);
}

/** Weights, master weights and moments; where ranks share the run, the parts of them that are this rank's. */
export async function* stateRecords({
  device,
  model,
  optimizer,
  ranks,
}: Training): AsyncGenerator<TensorRecord> {
  for (const [i, { name, value }] of model.parameters.entries()) {
    const { from, to } = ranks?.parts[i] ?? { from: 0, to: elements(value.shape) };
    if (to === from) continue;
    const { shape } = value;
    yield recordOf(
      name,
      'weight',
      { shape, format: value.format, scale: [] },
      (await device.read(value)).subarray(from, to),
    );
    const { state } = optimizer[i]!;
    for (const role of ADAM_ROLES) {
      const scale = Array.from(await device.read(state[`${role}Scale`]));
      const codes = (await device.read(state[role])).subarray(0, to - from);
      yield recordOf(name, role, { shape, format: state[role].format, scale }, codes);
    }
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
  group: Communicator = soloCommunicator(),
): Promise<Training> {
  const state = stateOf(checkpoint);
  const sameRecipe = !isRescued(checkpoint) || sameValue(state.plan.recipe, plan.recipe);
  const began = sameRecipe ? state.plan : { ...state.plan, recipe: plan.recipe };
  checkSameRun(group.size > 1 ? cutAs(plan, began) : began, plan, checkpoint.path);
  const smoothLayers = sameRecipe ? state.recipe.smoothLayers : undefined;
  const precision = createPrecision(device, { ...plan.recipe, ...(smoothLayers && { smoothLayers }) });
  const model = await readModel(checkpoint, plan.model, precision);
  const ranks = ranksOf(plan, group);
  const optimizer = await readOptimizer(model, plan, ranks, checkpoint, sameRecipe);
  if (sameRecipe) await restoreHistories(precision.sites, checkpoint, state.scaling);
  else await inheritHistories(precision, checkpoint, state);
  const { step, updates, tokens, guard } = state;
  return trainingOf(plan, model, optimizer, { step, updates, tokens, guard, ranks });
}

/** What a step is computed from. All of it has to be what it was; how far a run goes and what it leaves behind may differ. */
const LASTING = ['model', 'recipe', 'seed', 'batch', 'accumulation', 'sequence'] as const;

/** A plan whose steps are cut into micro-batches as another's of as many sequences; where sums have an order they stay. */
const cutAs = ({ batch, accumulation }: TrainPlan, saved: TrainPlan): TrainPlan =>
  saved.deterministic || saved.batch * saved.accumulation !== batch * accumulation
    ? saved
    : { ...saved, batch, accumulation };

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
