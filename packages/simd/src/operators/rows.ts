/** @file Launches of the operators that work row by row: embedding, norms, RoPE, SwiGLU, loss. */

import { OctavoError } from '@octavo/formats';
import {
  matrixShape,
  type NoAttributes,
  type NormAttributes,
  type RopeAttributes,
  type SwigluAttributes,
  type VocabularyAttributes,
} from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import { floatBits } from '../format-description.ts';
import * as kernel from '../operator-numbers.ts';
import { place, rowsPerTask, type Stored } from '../stored.ts';
import type { Launch } from './launch.ts';

/** Throws unless every element of an FP32 tensor of indices is an integer from `low` to `high` − 1. */
export function checkIndices(
  engine: Engine,
  what: string,
  tensor: Stored,
  low: number,
  high: number,
  length = tensor.length,
): void {
  const floats = engine.floats();
  const start = tensor.address / 4;
  for (let i = start; i < start + length; i++) {
    const value = floats[i]!;
    if (Number.isInteger(value) && value >= low && value < high) continue;
    throw new OctavoError(
      `[simd] ${what}: got ${value} at ${i - start}, expected an integer from ${low} to ${high - 1}`,
    );
  }
}

const tasksOf = (rows: number, each: number): number => Math.ceil(rows / each);

export const embedding: Launch<NoAttributes> = (engine, _, [table, tokens], [out]) => {
  const [vocabulary, width] = matrixShape(table!.shape);
  checkIndices(engine, 'embedding: token', tokens!, 0, vocabulary);
  const each = rowsPerTask(width);
  engine.run(kernel.EMBEDDING, tasksOf(tokens!.length, each), (width + 8) * 4, [
    ...place(engine, table),
    ...place(engine, tokens),
    ...place(engine, out),
    tokens!.length,
    width,
    each,
  ]);
};

export const embeddingGrad: Launch<VocabularyAttributes> = (
  engine,
  { vocabulary },
  [dy, order, starts],
  [out],
) => {
  const [rows, width] = matrixShape(dy!.shape);
  checkIndices(engine, 'embeddingGrad: order', order!, 0, rows);
  checkIndices(engine, 'embeddingGrad: starts', starts!, 0, rows + 1);
  const each = Math.min(64, rowsPerTask(width));
  engine.run(kernel.EMBEDDING_GRAD, tasksOf(vocabulary, each), (2 * width + 64) * 4, [
    ...place(engine, dy),
    ...place(engine, order),
    ...place(engine, starts),
    ...place(engine, out),
    vocabulary,
    width,
    each,
  ]);
};

export const rmsNorm: Launch<NormAttributes> = (engine, { epsilon }, [x, gain], [out]) => {
  const [rows, columns] = matrixShape(x!.shape);
  const each = rowsPerTask(columns);
  engine.run(kernel.RMS_NORM, tasksOf(rows, each), (columns + 8) * 12, [
    ...place(engine, x),
    ...place(engine, gain),
    ...place(engine, out),
    rows,
    columns,
    each,
    floatBits(epsilon),
  ]);
};

export const rmsNormGradInput: Launch<NormAttributes> = (engine, { epsilon }, [dy, x, gain], [out]) => {
  const [rows, columns] = matrixShape(x!.shape);
  const each = rowsPerTask(columns);
  engine.run(kernel.RMS_NORM_GRAD_INPUT, tasksOf(rows, each), (columns + 8) * 16, [
    ...place(engine, dy),
    ...place(engine, x),
    ...place(engine, gain),
    ...place(engine, out),
    rows,
    columns,
    each,
    floatBits(epsilon),
  ]);
};

/** Columns of a task of the kernels that go down columns; assembly/norm.ts has the same number. */
const STRIP = 64;

export const rmsNormGradGain: Launch<NormAttributes> = (engine, { epsilon }, [dy, x], [out]) => {
  const [rows, columns] = matrixShape(x!.shape);
  const each = rowsPerTask(columns);
  const inverses = engine.workspace(rows * 4);
  engine.run(kernel.INVERSE_RMS_ROWS, tasksOf(rows, each), (columns + 8) * 4, [
    ...place(engine, x),
    inverses,
    rows,
    columns,
    each,
    floatBits(epsilon),
  ]);
  engine.run(kernel.RMS_NORM_GRAD_GAIN, tasksOf(columns, STRIP), 0, [
    ...place(engine, dy),
    ...place(engine, x),
    ...place(engine, out),
    rows,
    columns,
    inverses,
  ]);
};

export const sumColumns: Launch<NoAttributes> = (engine, _, [x], [out]) => {
  const [rows, columns] = matrixShape(x!.shape);
  engine.run(kernel.SUM_COLUMNS, tasksOf(columns, STRIP), 0, [
    ...place(engine, x),
    ...place(engine, out),
    rows,
    columns,
  ]);
};

export const channelCosine: Launch<NoAttributes> = (engine, _, [weight], [out]) => {
  const [rows, columns] = matrixShape(weight!.shape);
  const each = rowsPerTask(2 * columns);
  engine.run(kernel.CHANNEL_COSINE, tasksOf(rows / 2, each), (columns + 8) * 12, [
    ...place(engine, weight),
    ...place(engine, out),
    rows / 2,
    columns,
    each,
  ]);
};

export const rope: Launch<RopeAttributes> = (engine, attributes, [qkv, cos, sin, positions], [out]) => {
  const { heads, keyValueHeads, headDim, inverse } = attributes;
  const [rows, width] = matrixShape(qkv!.shape);
  checkIndices(engine, 'rope: position', positions!, 0, matrixShape(cos!.shape)[0]);
  const each = rowsPerTask(width);
  engine.run(kernel.ROPE, tasksOf(rows, each), (2 * width + 3 * headDim + 32) * 4, [
    ...place(engine, qkv),
    ...place(engine, cos),
    ...place(engine, sin),
    ...place(engine, positions),
    ...place(engine, out),
    rows,
    width,
    headDim,
    heads + keyValueHeads,
    Number(inverse),
    each,
  ]);
};

export const swiglu: Launch<SwigluAttributes> = (engine, { perToken }, [gateUp, t], [out]) => {
  const [rows, columns] = matrixShape(out.shape);
  const each = rowsPerTask(columns);
  engine.run(kernel.SWIGLU, tasksOf(rows, each), 0, [
    ...place(engine, gateUp),
    ...place(engine, perToken ? t : undefined),
    ...place(engine, out),
    rows,
    columns,
    each,
    Number(perToken),
  ]);
};

export const swigluGrad: Launch<SwigluAttributes> = (engine, { perToken }, [gateUp, dh, t], [out]) => {
  const [rows, columns] = matrixShape(dh!.shape);
  const each = rowsPerTask(columns);
  engine.run(kernel.SWIGLU_GRAD, tasksOf(rows, each), 0, [
    ...place(engine, gateUp),
    ...place(engine, dh),
    ...place(engine, perToken ? t : undefined),
    ...place(engine, out),
    rows,
    columns,
    each,
    Number(perToken),
  ]);
};

export const tokenAmax: Launch<NoAttributes> = (engine, _, [gateUp], [out]) => {
  const [rows, both] = matrixShape(gateUp!.shape);
  const each = rowsPerTask(both / 2);
  engine.run(kernel.TOKEN_AMAX, tasksOf(rows, each), 0, [
    ...place(engine, gateUp),
    ...place(engine, out),
    rows,
    both / 2,
    each,
  ]);
};

export const smoothScale: Launch<NoAttributes> = (engine, _, [maxima], [out]) =>
  engine.run(kernel.SMOOTH_SCALE, 1, 0, [...place(engine, maxima), ...place(engine, out), out.length]);

function loss(
  engine: Engine,
  logits: Stored,
  targets: Stored,
  weight: Stored | undefined,
  losses: Stored | undefined,
  gradient: Stored | undefined,
): void {
  const [rows, columns] = matrixShape(logits.shape);
  checkIndices(engine, 'crossEntropy: target', targets, Number.NEGATIVE_INFINITY, columns);
  const each = rowsPerTask(columns);
  engine.run(kernel.CROSS_ENTROPY, tasksOf(rows, each), (columns + 16) * 8 + 64, [
    ...place(engine, logits),
    ...place(engine, targets),
    ...place(engine, weight),
    ...place(engine, losses),
    ...place(engine, gradient),
    rows,
    columns,
    each,
  ]);
}

export const crossEntropy: Launch<NoAttributes> = (engine, _, [logits, targets], [out]) =>
  loss(engine, logits!, targets!, undefined, out, undefined);

export const crossEntropyGrad: Launch<NoAttributes> = (engine, _, [logits, targets, weight], [out]) =>
  loss(engine, logits!, targets!, weight, undefined, out);

export const crossEntropyWithGrad: Launch<NoAttributes> = (engine, _, inputs, [losses, gradient]) => {
  const [logits, targets, weight] = inputs;
  loss(engine, logits!, targets!, weight, losses, gradient);
};
