/** @file What kernels are told: tensors, scales of blocks, how a cast rounds; and how a range or rows become tasks. */
import { OctavoError, type Overflow, type Rounding } from '@octavo/formats';
import { type Block, matrixShape, scaleShape } from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import { CHUNK, NEAREST, STOCHASTIC, TOWARD_ZERO } from '../numbers.ts';
import { place, type Stored } from '../stored.ts';

type Tensors = readonly (Stored | undefined)[];

/** Three parameters a tensor. (`flatMap` would take longer than all else that a launch does.) */
export function places(engine: Engine, tensors: Tensors): number[] {
  const parameters: number[] = [];
  for (const tensor of tensors) {
    const [address, kind, format] = place(engine, tensor);
    parameters.push(address, kind, format);
  }
  return parameters;
}

/** The five parameters of assembly/scale.ts; one scale for all is one row of all elements. */
export function blockScales(x: Stored, block: Block, scale: Stored | undefined): readonly number[] {
  if (!scale) return [0, 1, 1, 1, 1];
  const [down, across] = scaleShape(x.shape, block);
  if (down * across === 1) return [scale.address, 1, x.length, x.length, 1];
  return [scale.address, block.rows, block.columns, matrixShape(x.shape)[1], across];
}

const ROUNDINGS = { 'nearest-even': NEAREST, 'toward-zero': TOWARD_ZERO, stochastic: STOCHASTIC } as const;

export const roundingNumber = (rounding: Rounding): number => ROUNDINGS[rounding];

/** The four parameters of a cast: rounding, special, seed, stream. */
export const castParameters = (
  how: { readonly rounding: Rounding; readonly overflow: Overflow; readonly stream: number },
  seed: Stored | undefined,
): readonly number[] => [
  ROUNDINGS[how.rounding],
  Number(how.overflow === 'special'),
  seed?.address ?? 0,
  how.stream,
];

export const chunks = (length: number): number => Math.ceil(length / CHUNK);

/** Runs a kernel over a flat range: its parameters are tensors, elements, and whatever else. */
export function runFlat(
  engine: Engine,
  kernel: number,
  tensors: Tensors,
  length: number,
  ...more: readonly number[]
): void {
  const parameters = places(engine, tensors);
  parameters.push(length, ...more);
  engine.run(kernel, chunks(length), 0, parameters);
}

/** Rows of a task, so that it has about as many elements as a chunk. Independent of the threads, as are results. */
export const rowsPerTask = (columns: number): number => Math.max(1, Math.floor(CHUNK / Math.max(1, columns)));

/** Runs a kernel over rows: its parameters are tensors, rows, columns, rows a task, and whatever else. */
export function runRows(
  engine: Engine,
  kernel: number,
  tensors: Tensors,
  [rows, columns]: readonly [number, number],
  { scratch = 0, each = rowsPerTask(columns), more = [] as readonly number[] } = {},
): void {
  const parameters = places(engine, tensors);
  parameters.push(rows, columns, each, ...more);
  engine.run(kernel, Math.ceil(rows / each), scratch, parameters);
}

/** Throws unless every element of an FP32 tensor of indices is an integer from `low` to `high` − 1. */
export function checkIndices(engine: Engine, what: string, tensor: Stored, low: number, high: number): void {
  const floats = engine.floats();
  const start = tensor.address / 4;
  for (let i = start; i < start + tensor.length; i++) {
    const value = floats[i]!;
    if (Number.isInteger(value) && value >= low && value < high) continue;
    throw new OctavoError(
      `[simd] ${what}: got ${value} at ${i - start}, expected an integer from ${low} to ${high - 1}`,
    );
  }
}
