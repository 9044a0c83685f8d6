/** @file The columns of a run's three statistics files, as data, and the rows that fit them. */
import type { Column } from './column.ts';

/** The value of `octavo.layout` in statistics of this version. */
export const STATISTICS_LAYOUT = 'statistics/1';

/** One column. Where a value may be missing, `nullable` is true. */
export interface StatisticsColumn {
  readonly type: 'int32' | 'float32' | 'float64' | 'utf8';
  readonly nullable: boolean;
  readonly unit?: string;
}

/** Columns by name, in order; one of them is `step`, int32, not nullable. */
export type StatisticsSchema = Readonly<Record<string, StatisticsColumn>>;

type Value<C extends StatisticsColumn> = C['type'] extends 'utf8' ? string : number;

/** A row of a schema: every column, those that are nullable only where there is a value. */
export type StatisticsRow<S extends StatisticsSchema> = {
  readonly [K in keyof S as S[K]['nullable'] extends false ? K : never]: Value<S[K]>;
} & {
  readonly [K in keyof S as S[K]['nullable'] extends false ? never : K]?: Value<S[K]> | null;
};

/** `steps.arrow`: one row a step. Counts beyond 2³¹ are float64: exact to 2⁵³, and a plain number in every language. */
export const stepStatistics = {
  step: { type: 'int32', nullable: false },
  tokens: { type: 'float64', nullable: true, unit: 'tokens seen so far' },
  loss: { type: 'float64', nullable: true, unit: 'nats per token' },
  learning_rate: { type: 'float64', nullable: true },
  gradient_norm: { type: 'float64', nullable: true, unit: 'L2, before clipping' },
  update_ratio: { type: 'float64', nullable: true, unit: 'L2 of update / L2 of weights' },
  tokens_per_second: { type: 'float64', nullable: true, unit: 'tokens/s' },
  step_time: { type: 'float64', nullable: true, unit: 's' },
  peak_memory: { type: 'float64', nullable: true, unit: 'bytes' },
} as const satisfies StatisticsSchema;

/**
 * `tensors.arrow`: one row per sampled step and observed tensor. `layer` is −1 outside the layers; `overflows` and
 * `underflows` are fractions of the elements; the cosines are those of gate and up rows, a channel each.
 */
export const tensorStatistics = {
  step: { type: 'int32', nullable: false },
  layer: { type: 'int32', nullable: false },
  site: { type: 'utf8', nullable: false },
  operand: { type: 'utf8', nullable: false },
  format: { type: 'utf8', nullable: false },
  amax: { type: 'float32', nullable: true },
  scale: { type: 'float32', nullable: true },
  overflows: { type: 'float32', nullable: true, unit: 'fraction clipped' },
  underflows: { type: 'float32', nullable: true, unit: 'fraction flushed to zero' },
  rms: { type: 'float32', nullable: true },
  kurtosis: { type: 'float32', nullable: true },
  cosine_max: { type: 'float32', nullable: true },
  cosine_mean: { type: 'float32', nullable: true },
  cosine_above: { type: 'int32', nullable: true, unit: 'channels with a cosine above 0.9' },
} as const satisfies StatisticsSchema;

/** `watch.arrow`: one row an alarm, what a rule measured of which cast, its limit, and the recipe that would hold. */
export const watchStatistics = {
  step: { type: 'int32', nullable: false },
  layer: { type: 'int32', nullable: false },
  site: { type: 'utf8', nullable: false },
  operand: { type: 'utf8', nullable: false },
  rule: { type: 'utf8', nullable: false },
  value: { type: 'float64', nullable: false },
  limit: { type: 'float64', nullable: false },
  channel: { type: 'int32', nullable: true },
  recipe: { type: 'utf8', nullable: false },
  switched: { type: 'int32', nullable: false, unit: '1: Smooth-SwiGLU was turned on for the layer' },
} as const satisfies StatisticsSchema;

export type StepRow = StatisticsRow<typeof stepStatistics>;
export type TensorRow = StatisticsRow<typeof tensorStatistics>;
export type WatchRow = StatisticsRow<typeof watchStatistics>;

/** The Arrow columns of a statistics schema. */
export const statisticsColumns = (schema: StatisticsSchema): readonly Column[] =>
  Object.entries(schema).map(([name, { type, nullable, unit }]) => ({
    name,
    type,
    nullable,
    ...(unit === undefined ? {} : { metadata: { unit } }),
  }));
