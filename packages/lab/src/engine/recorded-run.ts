/** @file A run of `octavo train` as a study takes it: plain data, whoever reads the folder. */
import type { LlamaConfig } from '@octavo/llama';
import type { TokenBatch } from '@octavo/trainer';

export interface RecordedRun {
  /** For people: its folder. */
  readonly name: string;
  readonly seed: number;
  /** Of its newest checkpoint. */
  readonly step: number;
  readonly model: LlamaConfig;
  readonly activations: 'bf16' | 'fp32';
  readonly sequence: number;
  /** The checkpoint's weights, by the parameter's name. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** The next batch of the text that it was trained on, from the beginning. */
  next(): Promise<TokenBatch> | TokenBatch;
  /** What it recorded of its tensors, step by step. */
  readonly tensors: readonly RecordedRow[];
}

/** A row of `tensors.arrow`, as far as studies need it. */
export interface RecordedRow {
  readonly step: number;
  readonly layer: number;
  readonly site: string;
  readonly operand: string;
  readonly format: string;
  readonly amax: number;
  readonly rms: number;
}
