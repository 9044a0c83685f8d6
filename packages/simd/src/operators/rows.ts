/** @file Launches of the operators that work row by row: embedding, norms, RoPE, SwiGLU, loss. */
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
import * as kernel from '../generated/kernels.ts';
import { COLUMN_STRIP } from '../numbers.ts';
import type { Stored } from '../stored.ts';
import type { Launch } from './launch.ts';
import { checkIndices, places, rowsPerTask, runRows } from './parameters.ts';

export const embedding: Launch<NoAttributes> = (engine, _, [table, tokens], [out]) => {
  const [vocabulary, width] = matrixShape(table!.shape);
  checkIndices(engine, 'embedding: token', tokens!, 0, vocabulary);
  const shape = [tokens!.length, width] as const;
  runRows(engine, kernel.EMBEDDING, [table, tokens, out], shape, { scratch: (width + 8) * 4 });
};

export const embeddingGrad: Launch<VocabularyAttributes> = (engine, { vocabulary }, inputs, [out]) => {
  const [dy, order, starts] = inputs;
  const [rows, width] = matrixShape(dy!.shape);
  checkIndices(engine, 'embeddingGrad: order', order!, 0, rows);
  checkIndices(engine, 'embeddingGrad: starts', starts!, 0, rows + 1);
  runRows(engine, kernel.EMBEDDING_GRAD, [...inputs, out], [vocabulary, width], {
    each: Math.min(64, rowsPerTask(width)),
    scratch: (2 * width + 64) * 4,
  });
};

/** `rows`: rows of scratch, of floats. */
const norm =
  (number: number, rows: number): Launch<NormAttributes> =>
  (engine, { epsilon }, inputs, [out]) => {
    const shape = matrixShape(inputs[0]!.shape);
    const scratch = (shape[1] + 8) * 4 * rows;
    runRows(engine, number, [...inputs, out], shape, { scratch, more: [floatBits(epsilon)] });
  };

export const rmsNorm = norm(kernel.RMS_NORM, 3);
export const rmsNormGradInput = norm(kernel.RMS_NORM_GRAD_INPUT, 4);

export const rmsNormGradGain: Launch<NormAttributes> = (engine, { epsilon }, [dy, x], [out]) => {
  const [rows, columns] = matrixShape(x!.shape);
  const inverses = engine.workspace(rows * 4);
  const scratch = (columns + 8) * 4;
  runRows(engine, kernel.INVERSE_RMS_ROWS, [x], [rows, columns], {
    scratch,
    more: [floatBits(epsilon), inverses],
  });
  overStrips(engine, kernel.RMS_NORM_GRAD_GAIN, [dy!, x!, out], [rows, columns], inverses);
};

export const sumColumns: Launch<NoAttributes> = (engine, _, [x], [out]) =>
  overStrips(engine, kernel.SUM_COLUMNS, [x!, out], matrixShape(x!.shape));

/** Runs a kernel that goes down some columns at a time. */
function overStrips(
  engine: Engine,
  number: number,
  tensors: readonly Stored[],
  [rows, columns]: readonly [number, number],
  ...more: readonly number[]
): void {
  const parameters = [...places(engine, tensors), rows, columns, ...more];
  engine.run(number, Math.ceil(columns / COLUMN_STRIP), 0, parameters);
}

export const channelCosine: Launch<NoAttributes> = (engine, _, [weight], [out]) => {
  const [rows, columns] = matrixShape(weight!.shape);
  const each = rowsPerTask(2 * columns);
  const scratch = (columns + 8) * 12;
  runRows(engine, kernel.CHANNEL_COSINE, [weight, out], [rows / 2, columns], { each, scratch });
};

export const rope: Launch<RopeAttributes> = (engine, attributes, inputs, [out]) => {
  const { heads, keyValueHeads, headDim, inverse } = attributes;
  const [qkv, cos, , positions] = inputs;
  const shape = matrixShape(qkv!.shape);
  checkIndices(engine, 'rope: position', positions!, 0, matrixShape(cos!.shape)[0]);
  runRows(engine, kernel.ROPE, [...inputs, out], shape, {
    scratch: (2 * shape[1] + 3 * headDim + 32) * 4,
    more: [headDim, heads + keyValueHeads, Number(inverse)],
  });
};

export const swiglu: Launch<SwigluAttributes> = (engine, { perToken }, [gateUp, t], [out]) =>
  runRows(engine, kernel.SWIGLU, [gateUp, perToken ? t : undefined, out], matrixShape(out.shape), {
    more: [Number(perToken)],
  });

export const swigluGrad: Launch<SwigluAttributes> = (engine, { perToken }, [gateUp, dh, t], [out]) =>
  runRows(engine, kernel.SWIGLU_GRAD, [gateUp, dh, perToken ? t : undefined, out], matrixShape(dh!.shape), {
    more: [Number(perToken)],
  });

export const tokenAmax: Launch<NoAttributes> = (engine, _, [gateUp], [out]) => {
  const [rows, both] = matrixShape(gateUp!.shape);
  runRows(engine, kernel.TOKEN_AMAX, [gateUp, out], [rows, both / 2]);
};

export const smoothScale: Launch<NoAttributes> = (engine, _, [maxima], [out]) =>
  engine.run(kernel.SMOOTH_SCALE, 1, 0, [...places(engine, [maxima, out]), out.length]);

function loss(
  engine: Engine,
  [logits, targets, weight]: readonly Stored[],
  losses: Stored | undefined,
  gradient: Stored | undefined,
): void {
  const [rows, columns] = matrixShape(logits!.shape);
  checkIndices(engine, 'crossEntropy: target', targets!, Number.NEGATIVE_INFINITY, columns);
  runRows(engine, kernel.CROSS_ENTROPY, [logits, targets, weight, losses, gradient], [rows, columns], {
    scratch: (columns + 16) * 8 + 64,
  });
}

export const crossEntropy: Launch<NoAttributes> = (engine, _, inputs, [out]) =>
  loss(engine, inputs, out, undefined);

export const crossEntropyGrad: Launch<NoAttributes> = (engine, _, inputs, [out]) =>
  loss(engine, inputs, undefined, out);

export const crossEntropyWithGrad: Launch<NoAttributes> = (engine, _, inputs, [losses, gradient]) =>
  loss(engine, inputs, losses, gradient);
