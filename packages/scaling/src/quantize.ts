/** @file Matrices to codes and scales, and back, on plain arrays. */
import {
  type Codes,
  decodeArray,
  encodeArray,
  type Format,
  OctavoError,
  type Overflow,
  type Rounding,
} from '@octavo/formats';
import { blockAmax, checkElements } from './amax.ts';
import { type BlockShape, blockOf, type Granularity, scaleGrid } from './granularity.ts';
import { current, type Policy } from './policy.ts';
import { initState, type ScalingState, scales as scalesOf } from './state.ts';

export interface QuantizeOptions {
  readonly format: Format;
  /** Default: one scale for the tensor. */
  readonly granularity?: Granularity | undefined;
  /** Default: current scaling. */
  readonly policy?: Policy | undefined;
  /** What the policy remembers; default: nothing yet. `observe(policy, state, result.amax)` goes on from it. */
  readonly state?: ScalingState | undefined;
  readonly rounding?: Rounding | undefined;
  readonly overflow?: Overflow | undefined;
  /** Of stochastic rounding; the element's index in the matrix is its place in the random stream. */
  readonly seed?: number | undefined;
}

/** A matrix of codes, row-major; element (r, c) is `decode(code) / scale of its block`. */
export interface QuantizedMatrix {
  readonly format: Format;
  readonly rows: number;
  readonly columns: number;
  readonly block: BlockShape;
  readonly codes: Codes;
  /** `[⌈rows / block.rows⌉, ⌈columns / block.columns⌉]`, row-major. Multiplied before the cast. */
  readonly scales: Float32Array;
  /** max |x| of each block. */
  readonly amax: Float32Array;
}

/** Casts a row-major matrix, a scale a block. Every element is rounded once, as `encodeArray` does. */
export function quantize(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  options: QuantizeOptions,
): QuantizedMatrix {
  const { format, granularity = { kind: 'tensor' }, policy = current(), rounding, overflow, seed } = options;
  checkElements(values, rows, columns);
  const block = blockOf(granularity, rows, columns);
  const amax = blockAmax(values, rows, columns, block);
  const state = options.state ?? initState(policy, amax.length);
  const scales = scalesOf(policy, state, format, amax);
  if (scales.length !== amax.length) {
    throw new OctavoError(
      `[scaling] quantize: got a state of ${scales.length} slots, expected ${amax.length}, one a block`,
    );
  }
  const scaled = new (values instanceof Float32Array ? Float32Array : Float64Array)(values.length);
  eachScale(block, rows, columns, (i, at) => {
    scaled[i] = values[i]! * scales[at]!;
  });
  const codes = encodeArray(format, scaled, undefined, { rounding, overflow, seed });
  return { format, rows, columns, block, codes, scales, amax };
}

/** The values of a quantised matrix, row-major. */
export function dequantize({ format, rows, columns, block, codes, scales }: QuantizedMatrix): Float32Array {
  checkElements(codes, rows, columns);
  const [down, across] = scaleGrid(block, rows, columns);
  if (scales.length !== down * across) {
    throw new OctavoError(`[scaling] dequantize: got ${scales.length} scales, expected ${down} × ${across}`);
  }
  const values = decodeArray(format, codes);
  eachScale(block, rows, columns, (i, at) => {
    values[i] = values[i]! / scales[at]!;
  });
  return values;
}

/** Calls `visit` with the index of every element and of its scale. */
function eachScale(
  block: BlockShape,
  rows: number,
  columns: number,
  visit: (element: number, scale: number) => void,
): void {
  const [, across] = scaleGrid(block, rows, columns);
  for (let row = 0; row < rows; row++) {
    const start = Math.floor(row / block.rows) * across;
    for (let column = 0; column < columns; column++) {
      visit(row * columns + column, start + Math.floor(column / block.columns));
    }
  }
}
