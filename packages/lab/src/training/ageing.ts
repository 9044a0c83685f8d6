/**
 * @file Ageing a checkpoint: one SwiGLU channel a layer is given aligned gate and up vectors that fire on a rare token, the
 * form in which Theorem 1 of arXiv 2409.12517 says that long training leaves them. The outlier is planted, not grown.
 */
import { OctavoError } from '@octavo/formats';
import { dot, meanOf } from '../engine/numbers.ts';
import { randomUnit, streams } from '../engine/random.ts';
import type { Snapshot } from './snapshot.ts';

export interface AgeingOptions {
  /** Z: the channel's output on the rare token. */
  readonly peak: number;
  /** c: every other channel's up row is divided, its down column multiplied by it; 1 leaves them. */
  readonly rescale: number;
  /** False: a control, up of the same norm in a random direction. */
  readonly aligned: boolean;
  readonly seed: number;
}

/** Inputs of a layer's gate and up, `[n, D]` row-major: on ordinary tokens and on the rare one. */
export interface FeedForwardInputs {
  readonly ordinary: Float32Array;
  readonly rare: Float32Array;
}

/** What was planted. */
export interface PlantedChannel {
  readonly layer: number;
  readonly channel: number;
  /** Norm of the gate vector, α. */
  readonly alpha: number;
  /** Mean of u · x over the rare token's inputs, and its root mean square over ordinary ones. */
  readonly onRare: number;
  readonly onOrdinary: number;
}

/** gateUp `[2F, D]`: gate rows, then up rows; down `[D, F]`. */
interface Shape {
  readonly hidden: number;
  readonly ffn: number;
}

/** A snapshot whose layer has been aged; the one given stays as it was. */
export function ageLayer(
  snapshot: Snapshot,
  layer: number,
  inputs: FeedForwardInputs,
  options: AgeingOptions,
): { snapshot: Snapshot; planted: PlantedChannel } {
  const names = { gateUp: `layers.${layer}.gateUp`, down: `layers.${layer}.down` };
  const rescaled = rescaleChannels(snapshot, layer, options.rescale);
  const gateUp = rescaled.weights.get(names.gateUp)!;
  const down = rescaled.weights.get(names.down)!;
  const before = { gateUp: snapshot.weights.get(names.gateUp)!, down: snapshot.weights.get(names.down)! };
  const shape = shapeOf(snapshot, layer);
  const { hidden, ffn } = shape;

  const u = firingDirection(inputs, hidden);
  const projection = (x: Float32Array, row: number): number => dot(u, x, row * hidden);
  const onRare = meanOf(inputs.rare.length / hidden, (row) => projection(inputs.rare, row));
  const onOrdinary = Math.sqrt(
    meanOf(inputs.ordinary.length / hidden, (row) => projection(inputs.ordinary, row) ** 2),
  );
  const alpha = Math.sqrt(options.peak) / onRare;

  const { channelRms, outputNorm } = feedForwardStatistics(before, inputs.ordinary, shape);
  const channel = leastUsed(channelRms, before.down, shape);
  const seed = options.seed * 64 + layer;
  const up = options.aligned ? u : randomUnit(seed, streams.shuffle, hidden);
  const out = randomUnit(seed, streams.direction, hidden);
  for (let i = 0; i < hidden; i++) {
    gateUp[channel * hidden + i] = alpha * u[i]!;
    gateUp[(ffn + channel) * hidden + i] = alpha * up[i]!;
    down[i * ffn + channel] = (out[i]! * 0.3 * outputNorm) / options.peak;
  }
  return { snapshot: rescaled, planted: { layer, channel, alpha, onRare, onOrdinary } };
}

/**
 * Up rows divided by c and down columns multiplied by it, the optimizer's moments with them (the gradient of what is
 * divided grows, so its moments are multiplied by c and c²). The function is unchanged, exactly where c is a power of two.
 */
export function rescaleChannels(snapshot: Snapshot, layer: number, c: number): Snapshot {
  const { hidden, ffn } = shapeOf(snapshot, layer);
  const scaled = (
    values: ReadonlyMap<string, Float32Array>,
    upFactor: number,
    downFactor: number,
  ): ReadonlyMap<string, Float32Array> => {
    const copy = new Map(values);
    const gateUp = values.get(`layers.${layer}.gateUp`)!;
    copy.set(
      `layers.${layer}.gateUp`,
      gateUp.map((v, i) => (i < ffn * hidden ? v : v * upFactor)),
    );
    copy.set(
      `layers.${layer}.down`,
      values.get(`layers.${layer}.down`)!.map((v) => v * downFactor),
    );
    return copy;
  };
  return {
    weights: scaled(snapshot.weights, 1 / c, c),
    moment1: scaled(snapshot.moment1, c, 1 / c),
    moment2: scaled(snapshot.moment2, c * c, 1 / (c * c)),
    updates: snapshot.updates,
  };
}

/** u = S⁻¹ meanOf(R), normalised; S = HᵀH / n + 0.01 · meanOf(diag) · I. */
export function firingDirection({ ordinary, rare }: FeedForwardInputs, hidden: number): Float64Array {
  const n = ordinary.length / hidden;
  if (n < 1 || rare.length < hidden)
    throw new OctavoError(
      '[lab] ageing: got no inputs, expected some on ordinary tokens and on the rare one',
    );
  const moment = new Float64Array(hidden * hidden);
  for (let row = 0; row < n; row++) {
    for (let i = 0; i < hidden; i++) {
      const x = ordinary[row * hidden + i]! / n;
      for (let j = 0; j <= i; j++) moment[i * hidden + j]! += x * ordinary[row * hidden + j]!;
    }
  }
  const ridge = 0.01 * meanOf(hidden, (i) => moment[i * hidden + i]!);
  for (let i = 0; i < hidden; i++) moment[i * hidden + i]! += ridge;
  const centre = Float64Array.from({ length: hidden }, (_, i) =>
    meanOf(rare.length / hidden, (row) => rare[row * hidden + i]!),
  );
  const direction = solveSymmetric(moment, centre);
  const norm = Math.hypot(...direction);
  return direction.map((v) => v / norm);
}

/** Root mean square of every channel of SwiGLU's output, and the mean norm of the block's. */
export function feedForwardStatistics(
  { gateUp, down }: { gateUp: Float32Array; down: Float32Array },
  inputs: Float32Array,
  { hidden, ffn }: Shape,
): { channelRms: Float64Array; outputNorm: number } {
  const n = inputs.length / hidden;
  const squares = new Float64Array(ffn);
  let norms = 0;
  for (let row = 0; row < n; row++) {
    const x = inputs.subarray(row * hidden, (row + 1) * hidden);
    const h = squares.map((_, f) => {
      const gate = dot(x, gateUp, f * hidden);
      return (dot(x, gateUp, (ffn + f) * hidden) * gate) / (1 + Math.exp(-gate));
    });
    for (let f = 0; f < ffn; f++) squares[f]! += h[f]! ** 2;
    norms += outputNorm(h, down);
  }
  return { channelRms: squares.map((s) => Math.sqrt(s / n)), outputNorm: norms / n };
}

/** ‖W h‖, W `[D, F]`, h `[F]`. */
export function outputNorm(h: ArrayLike<number>, weight: Float32Array): number {
  let squares = 0;
  for (let row = 0; row < weight.length; row += h.length) {
    const y = dot(h, weight, row);
    squares += y * y;
  }
  return Math.sqrt(squares);
}

/** The channel with the least rms(h) · ‖down column‖. */
function leastUsed(channelRms: Float64Array, down: Float32Array, { hidden, ffn }: Shape): number {
  const use = channelRms.map((rms, f) => {
    let squares = 0;
    for (let i = 0; i < hidden; i++) squares += down[i * ffn + f]! ** 2;
    return rms * Math.sqrt(squares);
  });
  return use.indexOf(Math.min(...use));
}

function shapeOf({ weights }: Snapshot, layer: number): Shape {
  const gateUp = weights.get(`layers.${layer}.gateUp`);
  const down = weights.get(`layers.${layer}.down`);
  const hidden = weights.get(`layers.${layer}.ffnNorm`)?.length;
  if (!gateUp || !down || !hidden)
    throw new OctavoError(`[lab] ageing: got no layer ${layer} in the snapshot`);
  return { hidden, ffn: down.length / hidden };
}

/**
 * x of S x = b, S `[n, n]` symmetric positive definite, by S = L Lᵀ (Golub and Van Loan, "Matrix Computations", 4.2).
 * Reads S's lower triangle. Throws an `OctavoError` where S is not positive definite.
 */
export function solveSymmetric(matrix: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  if (matrix.length !== n * n)
    throw new OctavoError(`[lab] solveSymmetric: got ${matrix.length} elements, expected ${n} × ${n}`);
  const lower = matrix.slice();
  const at = (i: number, j: number): number => lower[i * n + j]!;
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      if (i > j) lower[i * n + j] = sum / at(j, j);
      else if (sum > 0) lower[j * n + j] = Math.sqrt(sum);
      else
        throw new OctavoError(`[lab] solveSymmetric: got pivot ${sum} in row ${j}, expected a positive one`);
    }
  }
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= at(i, k) * x[k]!;
    x[i]! /= at(i, i);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= at(k, i) * x[k]!;
    x[i]! /= at(i, i);
  }
  return x;
}
