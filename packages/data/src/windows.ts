/** @file Held-out text, window by window, every token predicted once. */
import { OctavoError } from '@octavo/formats';
import type { TokenArray } from '@octavo/store';
import type { Batch } from './loader.ts';
import { type TokenSource, targetsOf, tokenSource } from './token-source.ts';

export interface WindowsOptions {
  readonly sequence: number;
  /** Windows at a time; the last time may be padded. Default 1. */
  readonly batch?: number | undefined;
  /** Look at this many windows only, spread evenly over the text. */
  readonly limit?: number | undefined;
  /** Predict this many tokens only: as many windows as they need, and of the last one a part. */
  readonly tokens?: number | undefined;
}

export interface EvaluationBatch extends Batch {
  /** Targets that count: those that are not -1. */
  readonly count: number;
}

/**
 * The text in order, in windows that do not overlap: `tokens` and the next tokens as `targets`, both
 * `[batch · sequence]`. Where the text ends early, tokens are padded with 0 and targets with -1, which the loss ignores.
 * All windows together have `length − 1` targets, or `tokens` if those are fewer; those that are not learned are −1, too. Throws for fewer than two tokens.
 */
export async function* windows(
  from: TokenSource | TokenArray,
  options: WindowsOptions,
): AsyncGenerator<EvaluationBatch, void, undefined> {
  const source = 'read' in from ? from : tokenSource(from);
  const { sequence, batch = 1, limit = Number.POSITIVE_INFINITY } = options;
  let left = options.tokens ?? Number.POSITIVE_INFINITY;
  const checked = { sequence, batch, limit: options.limit ?? 1, tokens: options.tokens ?? 1 };
  for (const [name, value] of Object.entries(checked))
    if (!Number.isInteger(value) || value < 1)
      throw new OctavoError(`[data] windows' ${name}: got ${value}, expected a whole number from 1 on`, {
        exitCode: 2,
      });
  if (source.length < 2)
    throw new OctavoError(`[data] held-out text: got ${source.length} tokens, expected at least 2`);
  const all = Math.ceil((source.length - 1) / sequence);
  const wanted = Math.min(all, limit, Math.ceil(left / sequence));
  for (let first = 0; first < wanted; first += batch) {
    const tokens = new Int32Array(batch * sequence);
    const targets = new Int32Array(batch * sequence).fill(-1);
    let count = 0;
    for (let row = 0; row < Math.min(batch, wanted - first); row++) {
      const offset = Math.floor(((first + row) * all) / wanted) * sequence;
      const length = Math.min(sequence, source.length - offset - 1);
      tokens.set(await source.read(offset, length), row * sequence);
      const predicted = Math.min(length, left);
      const next = await targetsOf(source, offset, predicted);
      targets.set(next, row * sequence);
      count += next.filter((target) => target >= 0).length;
      left -= predicted;
    }
    yield { tokens, targets, count };
  }
}
