/** @file The model to beat: an n-gram model of the same text, as strong as its order allows. */
import { OctavoError } from '@octavo/formats';
import { discountOf, smoothCounts } from './kneser-ney.ts';
import { countNgrams } from './ngram-counts.ts';

/** An n-gram model. */
export interface Ngram {
  /** Tokens of context it looks at. */
  readonly order: number;
  readonly vocabularySize: number;
  /** Mean of −ln p(token | the `order` tokens before it), nats per token; a text's first tokens see shorter contexts. */
  crossEntropy(tokens: ArrayLike<number>): number;
  /** p(token | context), of which the last `order` tokens count. */
  probability(context: ArrayLike<number>, token: number): number;
}

/**
 * An n-gram model of `tokens` with `order` tokens of context (order 2 predicts from two bytes), smoothed by
 * interpolated modified Kneser-Ney: see `smoothCounts`. Works for any vocabulary.
 * Throws for an order outside 0 … 16, an empty text and tokens outside the vocabulary.
 */
export function byteNgram(
  order: number,
  tokens: ArrayLike<number>,
  options: { readonly vocabularySize?: number | undefined } = {},
): Ngram {
  const vocabularySize = options.vocabularySize ?? 256;
  if (!Number.isInteger(order) || order < 0 || order > 16)
    throw new OctavoError(`[evals] n-gram order: got ${order}, expected an integer from 0 to 16`);
  if (!Number.isInteger(vocabularySize) || vocabularySize < 1 || vocabularySize > 2 ** 31)
    throw new OctavoError(`[evals] n-gram vocabulary size: got ${vocabularySize}, expected 1 to 2147483648`);
  checkTokens(tokens, vocabularySize);
  const counts = countNgrams(order, tokens);
  const { count, total, freed, discounts } = smoothCounts(counts);

  // ending[k]: the node of the last k tokens, or -1 where the training text never has them.
  let ending = new Int32Array(order + 2);
  let next = new Int32Array(order + 2);
  let known = 0;
  const restart = (): void => {
    known = 0;
  };
  const step = (token: number): number => {
    let p = 1 / vocabularySize;
    for (let k = 0; k <= known; k++) {
      const context = ending[k]!;
      if (context < 0) {
        next[k + 1] = -1;
        continue;
      }
      const node = counts.find(context, token);
      next[k + 1] = node;
      if (total[context] === 0) continue;
      const c = node < 0 ? 0 : count[node]!;
      p = (c - discountOf(discounts[k + 1]!, c)) / total[context]! + freed[context]! * p;
    }
    [ending, next] = [next, ending];
    known = Math.min(known + 1, order);
    return p;
  };

  return {
    order,
    vocabularySize,
    crossEntropy(text) {
      checkTokens(text, vocabularySize);
      restart();
      let sum = 0;
      for (let i = 0; i < text.length; i++) sum -= Math.log(step(text[i]!));
      return sum / text.length;
    },
    probability(context, token) {
      checkTokens([token], vocabularySize);
      restart();
      for (let i = Math.max(0, context.length - order); i < context.length; i++) step(context[i]!);
      return step(token);
    },
  };
}

function checkTokens(tokens: ArrayLike<number>, vocabularySize: number): void {
  if (tokens.length === 0) throw new OctavoError('[evals] n-gram text: got no tokens, expected at least one');
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (!(Number.isInteger(token) && token >= 0 && token < vocabularySize))
      throw new OctavoError(
        `[evals] n-gram token ${i}: got ${token}, expected an integer from 0 to ${vocabularySize - 1}`,
      );
  }
}
