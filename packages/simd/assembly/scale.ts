/**
 * @file Blocks of one scale: walking a flat range of a matrix in pieces that share a scale.
 *
 * Five arguments of a command describe them: address of the scales, rows and columns of a block, columns of the
 * matrix, scales in a row of scales. A scale for all is given as one row of all elements.
 */
import { address, int } from './command';
import { storePart, vec } from './vector';

/** x·s, x/s, x·fround(1/s). */
export const MULTIPLY: i32 = 0;
export const DIVIDE: i32 = 1;
export const RECIPROCAL: i32 = 2;

// @ts-ignore: decorator
@inline
function apply(mode: i32, x: v128, s: v128): v128 {
  if (mode == MULTIPLY) return f32x4.mul(x, s);
  if (mode == DIVIDE) return f32x4.div(x, s);
  return f32x4.mul(x, f32x4.div(vec(1), s));
}

function byOne(mode: i32, from: usize, to: usize, n: i32, s: f32): void {
  const sv = mode == RECIPROCAL ? f32x4.div(vec(1), vec(s)) : vec(s);
  if (mode == DIVIDE) {
    for (let i = 0; i < n; i += 4) {
      const at = (<usize>i) << 2;
      storePart(to + at, f32x4.div(v128.load(from + at), sv), n - i);
    }
  } else {
    for (let i = 0; i < n; i += 4) {
      const at = (<usize>i) << 2;
      storePart(to + at, f32x4.mul(v128.load(from + at), sv), n - i);
    }
  }
}

function byEach(mode: i32, from: usize, to: usize, n: i32, scales: usize): void {
  for (let i = 0; i < n; i += 4) {
    const at = (<usize>i) << 2;
    storePart(to + at, apply(mode, v128.load(from + at), v128.load(scales + at)), n - i);
  }
}

/** Floats `from` of the elements `index` … `index + n` of a matrix, scaled into `to` (which may be `from`). */
export function scaleInto(slot: i32, mode: i32, from: usize, to: usize, index: u32, n: i32): void {
  const scales = address(slot);
  const blockRows = <u32>int(slot + 1);
  const blockColumns = <u32>int(slot + 2);
  const columns = <u32>int(slot + 3);
  const stride = <u32>int(slot + 4);
  let done: i32 = 0;
  let row = index / columns;
  let column = index - row * columns;
  while (done < n) {
    const at = (<usize>done) << 2;
    const line = scales + (<usize>((row / blockRows) * stride) << 2);
    const left = min<u32>(<u32>(n - done), columns - column);
    if (blockColumns == 1) {
      byEach(mode, from + at, to + at, left, line + ((<usize>column) << 2));
      done += left;
    } else {
      let in_row = left;
      let c = column;
      while (in_row > 0) {
        const block = c / blockColumns;
        const length = min<u32>(in_row, (block + 1) * blockColumns - c);
        const here = (<usize>done) << 2;
        byOne(mode, from + here, to + here, length, load<f32>(line + ((<usize>block) << 2)));
        done += length;
        c += length;
        in_row -= length;
      }
    }
    row++;
    column = 0;
  }
}

/** How many elements from `index` on share its scale without a break. */
export function uniformLength(slot: i32, index: u32): u32 {
  const blockColumns = <u32>int(slot + 2);
  const columns = <u32>int(slot + 3);
  const column = index % columns;
  return min(columns, (column / blockColumns + 1) * blockColumns) - column;
}

/** The scale of one element. */
export function scaleAt(slot: i32, index: u32): f32 {
  const columns = <u32>int(slot + 3);
  const row = index / columns;
  const block = (index - row * columns) / <u32>int(slot + 2);
  return load<f32>(address(slot) + (<usize>((row / <u32>int(slot + 1)) * <u32>int(slot + 4) + block) << 2));
}
