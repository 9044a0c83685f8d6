/** @file Text that is not trained on, as batches, and what the loss on it means in bytes. */
import { type EvaluationBatch, type PreparedSplit, type TokenSource, windows } from '@octavo/data';
import { perplexity } from '@octavo/evals';
import type { EvaluationMessage } from '../output/messages.ts';

export interface HeldOut {
  readonly batches: readonly EvaluationBatch[];
  /** Targets in all batches. */
  readonly tokens: number;
  /** Bytes of text a token stands for, on average over the held-out text. */
  readonly bytesPerToken: number;
  /** A few words from its beginning, to continue. */
  readonly opening: Int32Array;
}

export interface HeldOutOptions {
  readonly batch: number;
  readonly sequence: number;
  /** Predict this many at most, in windows spread evenly over the text. */
  readonly tokens: number;
}

/** Windows over prepared text. */
export async function heldOutOf(
  text: TokenSource,
  split: PreparedSplit,
  options: HeldOutOptions,
): Promise<HeldOut> {
  const { batch, sequence, tokens } = options;
  const batches: EvaluationBatch[] = [];
  for await (const window of windows(text, { sequence, batch, tokens })) batches.push(window);
  return {
    batches,
    tokens: batches.reduce((sum, { count }) => sum + count, 0),
    bytesPerToken: split.bytes / split.tokens,
    opening: Int32Array.from(await text.read(0, Math.min(text.length, 64))),
  };
}

/** A held-out loss in the units that people compare. */
export function evaluationMessage(
  step: number,
  loss: number,
  tokens: number,
  bytesPerToken: number,
): EvaluationMessage {
  return {
    event: 'evaluation',
    step,
    loss,
    perplexity: perplexity(loss),
    bitsPerByte: loss / (bytesPerToken * Math.LN2),
    tokens,
  };
}
