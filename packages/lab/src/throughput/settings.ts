/** @file The numbers of the throughput study, as plain data, and those of the paper. */
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

// What arXiv 2409.12517 publishes of speed and memory: Llama2 7B on 8 Gaudi2, micro-batch 1, ZeRO-1.

/** Samples a second. Rows of the paper's table whose figures could not be checked are left out. */
export const SAMPLES_PER_SECOND: Readonly<Record<string, number>> = { bf16: 12.65, 'fp8-smooth': 16.89 };

/** Over BF16: 16.89 / 12.65. */
export const PAPER_SPEEDUP = 1.335;

/** Share of memory that a device saves, about. */
export const PAPER_SAVING = 0.3;

/** Optimizer's bytes a parameter: FP32 master weights and moments; FP16, E4M3 and E5M2. */
export const PAPER_STATE: Readonly<Record<string, number>> = { bf16: 12, 'fp8-full': 4 };
