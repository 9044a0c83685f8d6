/**
 * @file One update of AdamW (arXiv 1711.05101, algorithm 2) on state that is kept in few bits (arXiv 2409.12517, section 5):
 * decode, update, store each with scale = FMAX / amax of its own values.
 *
 * Where moments are bounded, what storage has lost of v is put back as far as m proves it: gradients g_1 … g_n with
 * m = (1 − β1) Σ β1^(n−i) g_i and v = (1 − β2) Σ β2^(n−i) g_i² have m² ≤ v (1 − β1)² / (1 − β2) · Σ (β1² / β2)^k, k < n
 * (Cauchy and Schwarz); and a v that is not zero is not stored as zero.
 */
import { type Format, FP32 } from '@octavo/formats';
import { largest } from './matrix.ts';
import { nearest } from './rounding.ts';
import { scaleOf } from './scaling.ts';

export interface AdamNumbers {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** What the gradient is multiplied by: clipping. */
  readonly gradientScale: number;
  /** Updates so far, this one included. */
  readonly t: number;
  readonly bounded: boolean;
}

export interface Moments {
  readonly master: Float64Array;
  readonly moment1: Float64Array;
  readonly moment2: Float64Array;
}

/** The exact values after an update from these. */
export function adam(state: Moments, grad: Float64Array, n: AdamNumbers): Moments {
  const g = grad.map((value) => value * n.gradientScale);
  const moment1 = state.moment1.map((m, i) => n.beta1 * m + (1 - n.beta1) * g[i]!);
  const moment2 = state.moment2.map((v, i) => {
    const before = n.bounded ? Math.max(v, state.moment1[i]! ** 2 / mostSquare(n)) : v;
    return n.beta2 * before + (1 - n.beta2) * g[i]! ** 2;
  });
  const master = state.master.map((w, i) => {
    const first = moment1[i]! / (1 - n.beta1 ** n.t);
    const second = moment2[i]! / (1 - n.beta2 ** n.t);
    return w - n.rate * (first / (Math.sqrt(second) + n.epsilon) + n.weightDecay * w);
  });
  return { master, moment1, moment2 };
}

/** The largest m² / v after the t − 1 updates before this one. */
function mostSquare({ beta1, beta2, t }: AdamNumbers): number {
  let powers = 0;
  for (let k = 0; k < t - 1; k++) powers += (beta1 ** 2 / beta2) ** k;
  return t === 1 ? Number.POSITIVE_INFINITY : ((1 - beta1) ** 2 / (1 - beta2)) * powers;
}

/** What a format keeps of values: their scale, and the values that come back. */
export function stored(values: Float64Array, format: Format, powerOfTwo: boolean, keepsNonzero: boolean) {
  if (format === FP32) return { scale: 1, values };
  const scale = scaleOf(Math.fround(largest(values)), format.max, { margin: 0, powerOfTwo });
  return {
    scale,
    values: values.map((value) => {
      const code = nearest(format, Math.fround(value * scale));
      return (keepsNonzero && code === 0 && value > 0 ? format.minSubnormal : code) / scale;
    }),
  };
}
