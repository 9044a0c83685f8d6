/** @file Everything a run is determined by, as plain data: what `run.json` and checkpoints keep. */
import type { LlamaConfig } from '@octavo/llama';
import type { Recipe, Recompute } from '@octavo/nn';
import type { AdamHyperparameters, Schedule } from '@octavo/optim';
import type { GuardPlan } from './guard/state.ts';
import type { WireName } from './ranks/wire.ts';

/** What to do when a tensor of the step, the loss, a gradient or an updated state is not finite. */
export type NonFinitePolicy = 'stop' | 'skip-step' | 'continue';

export interface TrainPlan {
  readonly model: LlamaConfig;
  readonly recipe: Recipe;
  /** Sequences per micro-batch, micro-batches per step, tokens per sequence. */
  readonly batch: number;
  readonly accumulation: number;
  readonly sequence: number;
  readonly steps: number;
  readonly seed: number;
  /** What the backward pass computes again instead of keeping it; no bit depends on it. Absent: nothing. */
  readonly recompute?: Recompute;
  /** Sum micro-batches in an order that does not depend on how many ranks share them. Absent: in the one that is fastest. */
  readonly deterministic?: boolean;
  /** How gradients travel between ranks; absent: in float32. */
  readonly exchange?: WireName;
  readonly schedule: Schedule;
  readonly adam: Omit<AdamHyperparameters, 'learningRate'>;
  /** Largest global gradient norm; 0: no clipping. */
  readonly clip: number;
  readonly nonFinite: NonFinitePolicy;
  /** Steps in a row that `skip-step` passes over before the run stops; absent: 8. */
  readonly skipLimit?: number;
  /** Steps between checkpoints (the last step is always saved; 0: only that one). */
  readonly checkpointEvery: number;
  /** Checkpoints kept, the newest; 0: all. */
  readonly keepCheckpoints: number;
  /** Steps between samples of the tensors' statistics (the last step is always sampled); 0: never. */
  readonly sampleEvery: number;
  /** Steps between evaluations on held-out text; 0: only before and after. */
  readonly evaluateEvery: number;
  /** What is watched for, and what is done about it; absent: nothing. */
  readonly guard?: GuardPlan;
}

export const tokensPerStep = (plan: TrainPlan): number => plan.batch * plan.accumulation * plan.sequence;
