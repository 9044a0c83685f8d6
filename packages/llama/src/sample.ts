/** @file The next token from logits: the most probable, or one drawn. */
import { counterRandom, OctavoError } from '@octavo/formats';

/** How the next token is chosen: temperature 0 takes the most probable. */
export interface Sampling {
  readonly temperature: number;
  readonly seed: number;
  /** Draw among the `topK` most probable only; 0 means all. */
  readonly topK?: number;
}

/**
 * An index drawn from softmax(logits / temperature), the same for the same (seed, position). −∞ is never drawn.
 * Throws for logits of which one is NaN or +∞, or none is finite: a model that diverged has no most probable token.
 */
export function sample(logits: ArrayLike<number>, sampling: Sampling, position: number): number {
  checkSampling(sampling);
  let best = 0;
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i]!;
    if (!(logit < Number.POSITIVE_INFINITY)) refuseLogits(`${logit} for token ${i}`);
    if (logit > logits[best]!) best = i;
  }
  if (!Number.isFinite(logits[best])) refuseLogits(logits.length === 0 ? 'none' : 'none that is finite');
  if (sampling.temperature === 0) return best;
  const { temperature, seed, topK = 0 } = sampling;
  const weight = (i: number): number => Math.exp((logits[i]! - logits[best]!) / temperature);
  const order = Uint32Array.from(logits, (_, i) => i);
  const count = topK > 0 ? Math.min(topK, order.length) : order.length;
  let total = 0;
  if (count < order.length) sortLargest(logits, order, 0, count);
  for (let at = 0; at < count; at++) total += weight(order[at]!);
  let left = (counterRandom(seed, position) / 2 ** 32) * total;
  // the most probable first: few of many have to be put in order
  let sorted = count < order.length ? count : 0;
  for (let at = 0; at < count; at++) {
    if (at === sorted) {
      sorted = Math.min(count, Math.max(FIRST, 8 * at));
      sortLargest(logits, order, at, sorted);
    }
    left -= weight(order[at]!);
    if (left < 0) return order[at]!;
  }
  return order[count - 1]!;
}

/** So many of the most probable are put in order first; one of them is drawn nearly always. */
const FIRST = 64;

/** Puts the largest logits of `order` from `from` on, as many as end at `to`, at their places; of equals the first first. */
function sortLargest(logits: ArrayLike<number>, order: Uint32Array, from: number, to: number): void {
  const before = (a: number, b: number): number => logits[b]! - logits[a]! || a - b;
  // Hoare's selection: what comes before the pivot to the left, until the parts meet at `to`
  let [low, high] = [from, order.length - 1];
  while (low < high) {
    const pivot = order[(low + high) >>> 1]!;
    let [i, j] = [low, high];
    while (i <= j) {
      while (before(order[i]!, pivot) < 0) i++;
      while (before(order[j]!, pivot) > 0) j--;
      if (i > j) break;
      [order[i], order[j]] = [order[j]!, order[i]!];
      i++;
      j--;
    }
    if (to - 1 <= j) high = j;
    else if (to - 1 >= i) low = i;
    else break;
  }
  order.subarray(from, to).sort(before);
}

function checkSampling({ temperature, topK = 0 }: Sampling): void {
  const refuse = (what: string, got: number, expected: string): never => {
    throw new OctavoError(`[llama] ${what}: got ${got}, expected ${expected}`, { exitCode: 2 });
  };
  if (!(temperature >= 0 && Number.isFinite(temperature)))
    refuse('temperature', temperature, 'a number of at least 0');
  if (!(Number.isInteger(topK) && topK >= 0)) refuse('topK', topK, 'an integer of at least 0');
}

function refuseLogits(got: string): never {
  throw new OctavoError(
    `[llama] logits: got ${got}, expected finite numbers: the model has diverged, take an earlier checkpoint`,
  );
}
