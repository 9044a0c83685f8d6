/** @file A state of a run by reference, and what is remembered of those that may have to be put back. */
import type { Tensor } from '@octavo/kernels';
import type { Recipe } from '@octavo/nn';
import type { AdamState } from '@octavo/optim';
import type { ScalingState } from '@octavo/scaling';
import type { GuardState } from './guard/state.ts';

/** A state of a run. */
export interface Held {
  readonly step: number;
  readonly updates: number;
  readonly tokens: number;
  readonly guard: GuardState;
  readonly recipe: Recipe;
  readonly scaling: readonly (ScalingState | null)[];
  readonly weights: readonly Tensor[];
  readonly optimizer: readonly AdamState[];
}

export interface Safety {
  /** Hold the state before an update until gradients have proven the one after it: weights and optimizer state once more. */
  holds: boolean;
  held: Held | null;
  /** Steps skipped since the last that was not. */
  skipped: number;
}

export const initSafety = (): Safety => ({ holds: false, held: null, skipped: 0 });
