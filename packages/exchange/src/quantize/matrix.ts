/** @file One matrix into E4M3 codes and dequantising scales, and back: a value is its code's number times its scale. */
import { decodeArray, E4M3FN, E8M0, encodeArray, OctavoError } from '@octavo/formats';
import { type BlockShape, blockAmax, blockOf, e8m0Codes, e8m0Scale, scaleGrid } from '@octavo/scaling';
import {
  decodeSafetensors,
  type ListedEntry,
  type SafetensorsTensor,
  type SafetensorsType,
} from '@octavo/store';
import type { Scheme } from './schemes.ts';

interface Matrix {
  readonly name: string;
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** A tensor of scales. */
export interface Scales {
  readonly shape: readonly number[];
  readonly dtype: SafetensorsType;
  readonly data: Uint8Array<ArrayBuffer>;
}

const SMALLEST = 2 ** -126;

/** The shape of a scheme's scales: `[1]`, `[rows, 1]`, or one a block. */
export function scaleShape({ granularity }: Scheme, rows: number, columns: number): readonly number[] {
  if (granularity.kind === 'tensor') return [1];
  return [...scaleGrid(blockOf(granularity, rows, columns), rows, columns)];
}

/** A block's scale is amax / 448 in float32, 1 where it is zero; in MX the power of two at or above that. */
export function scalesOf({ name, values, rows, columns }: Matrix, scheme: Scheme): Scales {
  if (columns % scheme.columnsMultiple !== 0)
    throw new OctavoError(
      `[exchange] ${name}: got ${columns} columns, expected a multiple of ${scheme.columnsMultiple} for ${scheme.name}`,
      { exitCode: 2 },
    );
  const amax = blockAmax(values, rows, columns, blockOf(scheme.granularity, rows, columns));
  const wrong = amax.findIndex((a) => !Number.isFinite(a));
  if (wrong >= 0)
    throw new OctavoError(
      `[exchange] ${name}: got ${amax[wrong]} among its values, expected finite weights`,
      {
        exitCode: 2,
      },
    );
  const shape = scaleShape(scheme, rows, columns);
  if (scheme.scaleType === 'U8') {
    const data = e8m0Codes(amax.map((a) => e8m0Scale(a, E4M3FN.max))) as Uint8Array<ArrayBuffer>;
    return { shape, dtype: 'U8', data };
  }
  const scales = amax.map((a) => (a === 0 ? 1 : Math.max(SMALLEST, Math.fround(a / E4M3FN.max))));
  return { shape, dtype: 'F32', data: new Uint8Array(scales.buffer as ArrayBuffer) };
}

/** Codes of value / scale, to the nearest, ties to even; never beyond ±448. */
export function codesOf(matrix: Matrix, scheme: Scheme): Uint8Array {
  const { values, rows, columns } = matrix;
  const scales = numbersOf(scalesOf(matrix, scheme));
  const scaled = new Float32Array(values.length);
  eachRow(blockOf(scheme.granularity, rows, columns), rows, columns, (from, to, scale) => {
    for (let i = from; i < to; i++) scaled[i] = values[i]! / scales[scale]!;
  });
  return encodeArray(E4M3FN, scaled, new Uint8Array(values.length));
}

/** The values of codes under scales of any shape that `scaleShape` gives, or `[rows]`. Null where they fit none. */
export function dequantized(
  { dtype, shape, data }: Pick<SafetensorsTensor, 'dtype' | 'shape' | 'data'>,
  scales: Scales,
): Float32Array<ArrayBuffer> | null {
  const [rows = 0, columns = 0] = shape;
  const block = blockOfScales(scales, rows, columns);
  if (block === null) return null;
  const values = Float32Array.from(decodeSafetensors(dtype, data));
  const numbers = numbersOf(scales);
  eachRow(block, rows, columns, (from, to, scale) => {
    for (let i = from; i < to; i++) values[i] = values[i]! * numbers[scale]!;
  });
  return values;
}

/** Which elements share a scale, by the shape of the scales. */
export function blockOfScales(
  { shape, dtype }: Pick<ListedEntry, 'shape' | 'dtype'>,
  rows: number,
  columns: number,
): BlockShape | null {
  const count = shape.reduce((a, b) => a * b, 1);
  if (count === 1) return { rows: Math.max(1, rows), columns: Math.max(1, columns) };
  if (shape[0] === rows && count === rows) return { rows: 1, columns: Math.max(1, columns) };
  const sizes =
    dtype === 'U8' || dtype === 'F8_E8M0'
      ? [
          [1, 32],
          [128, 128],
        ]
      : [[128, 128]];
  for (const [down, across] of sizes)
    if (
      shape.length === 2 &&
      shape[0] === Math.ceil(rows / down!) &&
      shape[1] === Math.ceil(columns / across!)
    )
      return { rows: Math.min(down!, rows), columns: Math.min(across!, columns) };
  return null;
}

/** Scales as numbers that multiply. */
export function numbersOf({ dtype, data }: Scales): Float32Array {
  if (dtype === 'U8') return decodeArray(E8M0, data);
  return Float32Array.from(decodeSafetensors(dtype, data));
}

/** Calls `visit` for every stretch of a row that has one scale. */
function eachRow(
  block: BlockShape,
  rows: number,
  columns: number,
  visit: (from: number, to: number, scale: number) => void,
): void {
  const [, across] = scaleGrid(block, rows, columns);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < across; i++)
      visit(
        row * columns + i * block.columns,
        row * columns + Math.min(columns, (i + 1) * block.columns),
        Math.floor(row / block.rows) * across + i,
      );
}
