/**
 * @file A single SwiGLU neuron in float64, and Theorem 1 of arXiv 2409.12517 about it.
 *
 * f(x) = (x·w1)(x·w2) σ(x·w2) is trained on L = (1/N) Σ l_n(f(x_n)) + μ/2 (‖w1‖² + ‖w2‖²), w1 being up and w2 gate. Where
 * the gradient vanishes and σ'(x_n·w2) → 0, one symmetric A = (1/N) Σ l'_n σ_n x_n x_nᵀ stands in both equations,
 * μ w1 = −A w2 and μ w2 = −A w1, hence A (w1 ± w2) = ∓μ (w1 ± w2): for μ > 0 the norms are equal, and w1 = ±w2 unless A has
 * both −μ and +μ among its eigenvalues.
 */

import { dot } from '../engine/numbers.ts';

export interface Neuron {
  readonly up: Float64Array;
  readonly gate: Float64Array;
}

/** Inputs `[N, D]` row-major, a target each. A sample's loss is l = ½ ((f(x_n) − y_n) / scale)². */
export interface NeuronData {
  readonly inputs: Float64Array;
  readonly targets: Float64Array;
  readonly scale: number;
}

export interface NeuronStep {
  /** L, the decay's part included. */
  readonly loss: number;
  /** ∂L/∂w1 and ∂L/∂w2. */
  readonly gradient: Neuron;
  /** Largest σ'(x_n·w2): 0 where every gate is saturated, at most ¼. */
  readonly slope: number;
}

/** The loss, its gradient, and the gates' largest slope; `decay` is μ. */
export function neuronStep({ up, gate }: Neuron, data: NeuronData, decay: number): NeuronStep {
  const { inputs, targets, scale } = data;
  const count = targets.length;
  const gradient = { up: up.map((w) => decay * w), gate: gate.map((w) => decay * w) };
  let loss = (decay / 2) * (dot(up, up) + dot(gate, gate));
  let slope = 0;
  for (let n = 0; n < count; n++) {
    const row = n * up.length;
    const a = dot(up, inputs, row);
    const b = dot(gate, inputs, row);
    const sigma = 1 / (1 + Math.exp(-b));
    const own = sigma / (1 + Math.exp(b)); // σ' = σ(b) σ(−b)
    const error = (a * b * sigma - targets[n]!) / scale;
    loss += error ** 2 / (2 * count);
    slope = Math.max(slope, own);
    const outer = error / (scale * count); // l'_n / N
    const towardUp = outer * b * sigma;
    const towardGate = outer * a * (sigma + b * own);
    for (let i = 0; i < up.length; i++) {
      gradient.up[i]! += towardUp * inputs[row + i]!;
      gradient.gate[i]! += towardGate * inputs[row + i]!;
    }
  }
  return { loss, gradient, slope };
}

/** cos(w1, w2); 0 where either is zero. */
export function neuronCosine({ up, gate }: Neuron): number {
  const norms = norm(up) * norm(gate);
  return norms > 0 ? dot(up, gate) / norms : 0;
}

export const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));
