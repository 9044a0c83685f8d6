/**
 * @file Theorem 1 of arXiv 2409.12517 by numbers: single SwiGLU neurons in float64, trained to a stationary point where its
 * premises hold and where not.
 *
 * f(x) = (x·w1)(x·w2) σ(x·w2) is trained on L = (1/N) Σ l_n(f(x_n)) + μ/2 (‖w1‖² + ‖w2‖²), w1 being up and w2 gate. Where
 * the gradient vanishes and σ'(x_n·w2) → 0, one symmetric A = (1/N) Σ l'_n σ_n x_n x_nᵀ stands in both equations,
 * μ w1 = −A w2 and μ w2 = −A w1, hence A (w1 ± w2) = ∓μ (w1 ± w2): for μ > 0 the norms are equal, and w1 = ±w2 unless A has
 * both −μ and +μ among its eigenvalues.
 */
import { setImmediate } from 'node:timers/promises';
import { counterRandom, streamSeed } from '@octavo/formats';
import { dot } from '../engine/numbers.ts';
import { randomUnit } from '../engine/random.ts';

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

/** L, ∂L/∂w1 and ∂L/∂w2, and the largest σ'(x_n·w2): 0 where every gate is saturated, at most ¼. `decay` is μ, its part in L. */
export function neuronStep({ up, gate }: Neuron, data: NeuronData, decay: number) {
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

export interface NeuronCase {
  /** Name of the case, for people. */
  readonly name: string;
  /** μ. */
  readonly decay: number;
  /**
   * `saturated`: inputs in a cone, so large that every gate has x_n·w2 above 20; `open`: small ones in all directions, so
   * that no gate saturates.
   */
  readonly inputs: 'saturated' | 'open';
  readonly targets: 'positive' | 'negative' | 'both signs';
}

const DECAY = 1e-3;

/** The theorem's premises first, then without each of them in turn. */
export const neuronCases = {
  decay: { name: 'decay', decay: DECAY, inputs: 'saturated', targets: 'positive' },
  weak: { name: 'a tenth of the decay', decay: DECAY / 10, inputs: 'saturated', targets: 'positive' },
  negative: { name: 'decay, targets below 0', decay: DECAY, inputs: 'saturated', targets: 'negative' },
  none: { name: 'no decay', decay: 0, inputs: 'saturated', targets: 'positive' },
  open: { name: 'decay, gate not saturated', decay: DECAY, inputs: 'open', targets: 'positive' },
  openWeak: { name: 'a tenth, not saturated', decay: DECAY / 10, inputs: 'open', targets: 'positive' },
  both: { name: 'decay, targets of both signs', decay: DECAY, inputs: 'saturated', targets: 'both signs' },
} as const satisfies Readonly<Record<string, NeuronCase>>;

export type NeuronCaseName = keyof typeof neuronCases;

export type NeuronRun = { readonly case: NeuronCaseName } & ReturnType<typeof descend>;

/** Gradient descent has come to rest below this norm of the gradient. */
export const STATIONARY = 1e-10;
const WIDTH = 16;
/** Fewer than dimensions, so that the data alone do not settle the weights. */
const SAMPLES = 8;
/** Norm of the weights at the start, and of the inputs. */
const START = 6;
const SIZE = { saturated: 6, open: 0.5 };
/** Sine of the cone's half angle. */
const SPREAD = 0.5;
const RATE = 2;

/** Every case of a seed, until it rests or after `iterations`. */
export async function checkTheorem(
  seed: number,
  iterations: number,
  options: { signal?: AbortSignal | undefined; onShare: (share: number) => void },
): Promise<NeuronRun[]> {
  const names = Object.keys(neuronCases) as NeuronCaseName[];
  const runs: NeuronRun[] = [];
  for (const [i, name] of names.entries()) {
    options.signal?.throwIfAborted();
    runs.push({ case: name, ...descend(...neuronOf(neuronCases[name], seed), iterations) });
    options.onShare((i + 1) / names.length);
    await setImmediate();
  }
  return runs;
}

/** Inputs, targets and the start of a case; the same random numbers in all cases of a seed. */
export function neuronOf(
  { decay, inputs: kind, targets: sign }: NeuronCase,
  seed: number,
): [Neuron, NeuronData, number] {
  const axis = unit(seed, 0);
  const size = SIZE[kind];
  const rows = Array.from({ length: SAMPLES }, (_, n) => {
    const direction = kind === 'open' ? unit(seed, 8 + n) : leaning(axis, unit(seed, 8 + n), SPREAD);
    return direction.map((v) => size * v);
  });
  const scale = (size * START) ** 2;
  const targets = rows.map((_, n) => {
    const magnitude = 0.8 * scale * (0.5 + counterRandom(streamSeed(seed, 0, TARGETS), n) / 2 ** 32);
    return sign === 'negative' || (sign === 'both signs' && n % 2 === 0) ? -magnitude : magnitude;
  });
  const neuron = {
    up: unit(seed, 1).map((v) => START * v),
    gate: leaning(axis, unit(seed, 2), SPREAD).map((v) => START * v),
  };
  const inputs = Float64Array.from(rows.flatMap((row) => [...row]));
  return [neuron, { inputs, targets: Float64Array.from(targets), scale }, decay];
}

/** Gradient descent in full batches, at a fixed rate; of its end how near it is to a stationary point, and how open the gates. */
export function descend(start: Neuron, data: NeuronData, decay: number, iterations: number) {
  const neuron = { up: start.up.slice(), gate: start.gate.slice() };
  /** cos(w1, w2) at iterations about a quarter apart, the first and the last among them. */
  const trace: { iteration: number; cosine: number }[] = [];
  let next = 0;
  /** First iteration from which on |cos| stays above .99; null: it does not end there. */
  let alignedAt: number | null = null;
  for (let iteration = 0; ; iteration++) {
    const { gradient, slope } = neuronStep(neuron, data, decay);
    const gradientNorm = Math.hypot(norm(gradient.up), norm(gradient.gate));
    const cosine = neuronCosine(neuron);
    if (Math.abs(cosine) <= ALIGNED) alignedAt = null;
    else alignedAt ??= iteration;
    const rests = gradientNorm < STATIONARY || iteration === iterations;
    if (iteration >= next || rests) {
      trace.push({ iteration, cosine });
      next = iteration + Math.max(1, Math.floor(iteration / 4));
    }
    if (rests) {
      const [upNorm, gateNorm] = [norm(neuron.up), norm(neuron.gate)];
      return { trace, cosine, gradientNorm, slope, upNorm, gateNorm, alignedAt };
    }
    for (let i = 0; i < neuron.up.length; i++) {
      neuron.up[i]! -= RATE * gradient.up[i]!;
      neuron.gate[i]! -= RATE * gradient.gate[i]!;
    }
  }
}

const ALIGNED = 0.99;
const [DIRECTIONS, TARGETS] = [18, 19];
const unit = (seed: number, index: number): Float64Array => randomUnit(seed * 128 + index, DIRECTIONS, WIDTH);

/** A unit vector at the angle asin(`sine`) from the unit vector `axis`, leaning to where `toward` points. */
function leaning(axis: Float64Array, toward: Float64Array, sine: number): Float64Array {
  const along = dot(axis, toward);
  const across = toward.map((v, i) => v - along * axis[i]!);
  const length = norm(across);
  return axis.map((v, i) => Math.sqrt(1 - sine ** 2) * v + (sine * across[i]!) / length);
}
