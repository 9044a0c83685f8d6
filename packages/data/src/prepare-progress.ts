/** @file What preparing tells of itself. */
import type { TrainingProgress } from './bpe/train.ts';
import type { SplitName } from './prepared-index.ts';

/** What is done, after each document and each token that is learnt. */
export type PrepareProgress =
  /** The first walk; how much there is, nobody knows yet. */
  | { readonly phase: 'read'; readonly bytes: number }
  | TrainingProgress
  | {
      readonly phase: 'write';
      readonly split: SplitName;
      readonly documents: number;
      readonly tokens: number;
      /** Of text, all splits together. */
      readonly bytes: number;
      readonly totalBytes: number;
    };

/** How preparing talks to its surroundings while it goes on. */
export interface Surroundings {
  readonly onProgress?: ((progress: PrepareProgress) => void) | undefined;
  /** Ends the work within a fraction of a second. */
  readonly signal?: AbortSignal | undefined;
}
