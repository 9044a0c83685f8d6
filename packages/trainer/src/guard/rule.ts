/** @file What a rule of the guard is: a pure function of what one cast did at one step. */
import type { Format } from '@octavo/formats';
import type { CastRecipe, OperandName, Smoothing } from '@octavo/nn';
import type { GuardLimits } from './limits.ts';

export type RuleName = 'overshoot' | 'range' | 'overflow' | 'underflow' | 'kurtosis' | 'alignment';

/** One cast to eight bits at one step, as far as the host knows it. */
export interface Observation {
  readonly layer: number;
  readonly site: string;
  readonly operand: OperandName;
  readonly cast: CastRecipe;
  readonly format: Format;
  /** How the layer's SwiGLU is smoothed. */
  readonly smoothing: Smoothing;
  /** The largest magnitude of the step's micro-batches, before the cast; finite. */
  readonly amax: number;
  /** The maximum that the scale was made for; null where the scale comes from the tensor itself. */
  readonly expected: number | null;
  /** Steps that the scaling state has seen. */
  readonly observed: number;
  /** Of the first micro-batch, on sampled steps. */
  readonly statistics: CastStatistics | null;
  /** The channel whose gate and up vectors are most aligned; of `down`'s input, on sampled steps. */
  readonly alignment: { readonly channel: number; readonly cosine: number } | null;
}

export interface CastStatistics {
  /** Shares of the elements. */
  readonly overflows: number;
  readonly underflows: number;
  /** E[x⁴] / E[x²]²; null for a tensor of zeros. */
  readonly kurtosis: number | null;
  /** Elements of a row: channels. */
  readonly width: number;
}

/** What a rule measured, and its limit: an alarm where the value is above it. */
export interface Finding {
  readonly value: number;
  readonly limit: number;
  readonly channel?: number | null;
}

export interface GuardRule {
  readonly name: RuleName;
  /** What was seen, for people. */
  describe(finding: Finding): string;
  /** Null: the rule is not about this cast, or knows too little of it. */
  measure(seen: Observation, limits: GuardLimits): Finding | null;
}

/** Whether one scale serves the whole of SwiGLU's output, so that one channel's outlier costs all others their bits. */
export const isBareSwiglu = ({ site, operand, smoothing, cast }: Observation): boolean =>
  site === 'down' && operand === 'input' && smoothing === 'none' && cast.granularity.kind === 'tensor';
