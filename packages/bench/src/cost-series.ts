/** @file What grows in the plan of cost: models from a quarter of a million to 110 million parameters, tokens a batch, sequences. */
import { countParameters, llamaConfigOf } from '@octavo/llama';
import type { StepCase } from './step-case.ts';

/** Cases of which one thing grows. */
export interface CostSeries {
  readonly id: string;
  /** What grows, and how much of it a case has. */
  readonly label: string;
  readonly of: (one: StepCase) => number;
  readonly cases: readonly StepCase[];
  /** For people: what stays the same. */
  readonly fixed: string;
}

const stories15m = llamaConfigOf('stories15m');
const long = { ...stories15m, contextLength: 2048 };

export const costSeries: readonly CostSeries[] = [
  {
    id: 'parameters',
    label: 'parameters',
    of: ({ model }) => countParameters(model),
    cases: ['stories260k', 'nano', 'stories15m', 'stories42m', 'stories110m'].map((name) => ({
      name,
      model: llamaConfigOf(name),
      batch: 4,
      sequence: 128,
    })),
    fixed: '4 × 128 tokens',
  },
  {
    id: 'tokens',
    label: 'tokens',
    of: ({ batch, sequence }) => batch * sequence,
    cases: [1, 2, 4, 8].map((batch) => ({ name: `${batch} × 256`, model: stories15m, batch, sequence: 256 })),
    fixed: 'stories15m, sequences of 256',
  },
  {
    id: 'sequence',
    label: 'sequence',
    of: ({ sequence }) => sequence,
    cases: [256, 512, 1024, 2048].map((sequence) => ({
      name: `${2048 / sequence} × ${sequence}`,
      model: long,
      batch: 2048 / sequence,
      sequence,
    })),
    fixed: 'stories15m, 2048 tokens a batch',
  },
];

/** Shows that everything runs. */
export const smallSeries: CostSeries = {
  id: 'tokens',
  label: 'tokens',
  of: ({ batch, sequence }) => batch * sequence,
  cases: [1, 2].map((batch) => ({
    name: `${batch} × 32`,
    model: { ...llamaConfigOf('nano'), layers: 1 },
    batch,
    sequence: 32,
  })),
  fixed: 'nano, one layer',
};
