/** @file The numbers of the throughput study, as plain data. */
import { type LlamaConfig, llamaConfigOf } from '@octavo/llama';

export interface ThroughputSettings {
  readonly models: readonly ThroughputModel[];
  /** In turns, in this order; `bf16` must be among them. */
  readonly recipes: readonly string[];
  /** Turns of each recipe, a seed. */
  readonly rounds: number;
}

export interface ThroughputModel {
  readonly name: string;
  readonly model: LlamaConfig;
  readonly sequence: number;
  /** Sequences a step: each is measured by itself. */
  readonly batches: readonly number[];
}

export const fullThroughput: ThroughputSettings = {
  models: [
    { name: 'nano', model: llamaConfigOf('nano'), sequence: 128, batches: [16, 1] },
    { name: 'stories15m', model: llamaConfigOf('stories15m'), sequence: 256, batches: [4, 1] },
  ],
  recipes: ['bf16', 'fp32', 'fp8', 'fp8-w3-bf16', 'fp8-smooth', 'fp8-full'],
  rounds: 3,
};

export const quickThroughput: ThroughputSettings = {
  ...fullThroughput,
  models: [{ name: 'nano', model: llamaConfigOf('nano'), sequence: 128, batches: [4, 1] }],
  rounds: 7,
};

/** For people, e.g. `stories15m, 4 × 256`. */
export const caseName = ({ name, sequence }: ThroughputModel, batch: number): string =>
  `${name}, ${batch} × ${sequence}`;
