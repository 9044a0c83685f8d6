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
  const weights = new Float64Array(logits.length);
  const order = new Uint32Array(logits.length);
  let count = 0;
  for (let i = 0; i < logits.length; i++) {
    weights[i] = Math.exp((logits[i]! - logits[best]!) / temperature);
    if (weights[i]! > 0) order[count++] = i;
  }
  const all = { logits, weights, order };
  const most = topK > 0 && topK < count ? topK : count;
  if (most < count) select(all, count, (_, there) => most <= there);
  let left = (counterRandom(seed, position) / 2 ** 32) * mass(all, 0, most);
  return select(all, most, (part) => {
    if (left < part) return true;
    left -= part;
    return false;
  });
}

interface Candidates {
  readonly logits: ArrayLike<number>;
  readonly weights: Float64Array;
  /** Indices of logits: the first so many are the candidates. */
  readonly order: Uint32Array;
}

function mass({ weights, order }: Candidates, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at++) sum += weights[order[at]!]!;
  return sum;
}

/**
 * Hoare's selection among the first `count` of the order, the most probable first, of equals the first: narrows them down to
 * one, which it returns, all more probable ones before it. `isThere` is asked whether that one is in a part, of which
 * it is given the probabilities' sum and where the part ends.
 */
function select(all: Candidates, count: number, isThere: (sum: number, end: number) => boolean): number {
  const { logits, order } = all;
  const before = (a: number, b: number): boolean =>
    logits[a]! > logits[b]! || (logits[a] === logits[b] && a < b);
  let [low, high] = [0, count - 1];
  while (low < high) {
    const pivot = order[(low + high) >>> 1]!;
    let [i, j] = [low, high];
    while (i <= j) {
      while (before(order[i]!, pivot)) i++;
      while (before(pivot, order[j]!)) j--;
      if (i > j) break;
      const swapped = order[i]!;
      order[i++] = order[j]!;
      order[j--] = swapped;
    }
    // all up to j come before all from i on, and one may lie between: progress either way
    const end = j >= low ? j + 1 : i;
    if (isThere(mass(all, low, end), end)) high = end - 1;
    else low = end;
  }
  return order[low]!;
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
