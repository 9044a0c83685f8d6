/** @file What the study's parts gave: what charts, statements and tables read. */
import type { PlantedChannel } from '../training/ageing.ts';
import type { ProductError } from './product.ts';
import type { RecipeRun } from './train.ts';

/** `aged`: the study itself; the controls; `overflowing`: casts that do not saturate. */
export type Arm = 'aged' | 'rescaled' | 'unaligned' | 'overflowing';

/** A run as the tables know it. */
export interface NamedRun extends RecipeRun {
  readonly seed: number;
  readonly arm: Arm;
  readonly recipe: string;
}

export interface Dose {
  readonly seed: number;
  readonly peak: number;
  readonly recipe: string;
  readonly losses: readonly number[];
}

export interface Results {
  readonly runs: readonly NamedRun[];
  readonly doses: readonly Dose[];
  readonly products: readonly ProductError[];
  readonly planted: readonly ({ readonly seed: number } & PlantedChannel)[];
}
