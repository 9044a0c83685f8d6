/**
 * @file The matrix product by a library of the machine, where the device has one.
 *
 * Operands that the library cannot take as they lie are decoded first, by all threads, to float32 or to BF16. Then each
 * task calls the library for a block of C and stores it. Blocks depend on the shape alone, so C does not depend on how the work is shared.
 */
import {
  BF16_KIND, BF16_OPERANDS, BF16_RESULT, CHUNK, FP32_KIND, TRANSPOSE_A, TRANSPOSE_B,
} from '../src/numbers';
import { encodeBf16 } from './bf16';
import { address, float, int, PIECE, scratch } from './command';
import { decodeBytesToBf16, ownTable } from './decode';
import { product } from './product';
import { RECIPROCAL, scaleInto } from './scale';
import { commit, decode, element, read } from './storage';
import { isUsual, storeFactor, storeScale, unscaleRow } from './store-scale';
import { storePart, vec } from './vector';

/** Values of an operand's elements: 0 x, 3 its scales along the contraction (5 arguments), 8 how many, 9 to, 10 from which. */
export function operandValues(task: i32): void {
  const first = task * CHUNK;
  const last = min(int(8), first + CHUNK);
  const room = scratch();
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    const to = address(9) + ((<usize>i) << 2);
    const index = <u32>int(10) + i;
    if (address(3) == 0) decode(int(1), address(2), element(0, index), n, to);
    else scaleInto(3, RECIPROCAL, read(0, index, n, room), to, index, n);
  }
}

/** The same as BF16, of an operand of one byte an element: 11 what values over scales are multiplied by, so that all are BF16's. */
export function operandHalves(task: i32): void {
  const first = task * CHUNK;
  const last = min(int(8), first + CHUNK);
  const room = scratch();
  const factor = vec(float(11));
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    const to = address(9) + ((<usize>i) << 1);
    const index = <u32>int(10) + i;
    if (address(3) == 0) {
      decodeBytesToBf16(element(0, index), ownTable(address(2)), n, to);
      continue;
    }
    scaleInto(3, RECIPROCAL, read(0, index, n, room), room, index, n);
    // a rounding of the quotient is far below half a step of BF16, so the cast gives the value itself
    for (let k: usize = 0; k < (<usize>n) << 2; k += 16) {
      v128.store(room + k, f32x4.mul(v128.load(room + k), factor));
    }
    encodeBf16(room, n, to);
  }
}

/**
 * A block of C: 0 a (address), 1 columns of it, 2 transposed, 3 b, 4 columns of it, 5 transposed, 6 K,
 * 7 out, 10 the row of C to end at, 11 N, 12 rows a task, 13 columns a task, 14 tasks side by side, 15 scale of A at the store (address or
 * 0), 16 rows that share one, 17 of B, 18 columns that share one, 19 the row of C that a begins with,
 * 20 whether a and b are BF16 in place of float32.
 */
export function libraryProduct(task: i32): void {
  const side = int(14);
  const row = int(19) + (task / side) * int(12);
  const column = (task % side) * int(13);
  const rows = min(int(12), int(10) - row);
  const columns = min(int(13), int(11) - column);
  const halves = int(20) != 0;
  const shift: usize = halves ? 1 : 2;
  const a = address(0) + ((<usize>(row - int(19)) * <usize>(int(2) ? 1 : int(1))) << shift);
  const b = address(3) + ((<usize>column * <usize>(int(5) ? int(4) : 1)) << shift);
  const common = storeFactor(15, int(10), int(11));
  const uniform = common != 0;
  const alpha: f32 = uniform ? common : 1;
  const at = <u32>row * <u32>int(11) + column;
  const halfResult = halves && uniform && int(8) == BF16_KIND;
  const direct = int(8) == FP32_KIND || halfResult;
  const factors = scratch();
  const c = direct ? element(7, at) : factors + ((<usize>columns + 16) << 2);
  const stride = direct ? int(11) : columns;
  const form = (int(2) ? TRANSPOSE_A : 0) | (int(5) ? TRANSPOSE_B : 0) | (halves ? BF16_OPERANDS : 0) | (halfResult ? BF16_RESULT : 0);
  product(form, rows, columns, int(6), alpha, a, int(1), b, int(4), c, stride);
  if (direct && uniform) return;
  let usual = true;
  for (let r = 0; r < rows; r++) {
    const line = c + ((<usize>r * <usize>stride) << 2);
    if (!uniform) {
      if (r == 0 || (address(15) && (row + r) % int(16) == 0)) usual = factorsOf(row + r, column, columns, factors);
      if (!usual) unscaleRow(15, line, row + r, column, columns);
      else {
        for (let i = 0; i < columns; i += 4) {
          const k = (<usize>i) << 2;
          storePart(line + k, f32x4.mul(v128.load(line + k), v128.load(factors + k)), columns - i);
        }
      }
    }
    if (!direct) commit(7, at + <u32>r * <u32>int(11), columns, line);
  }
}

/** 1 / (scale of the row · scale of the column) for a row of a block; false where one of them is not usual. */
function factorsOf(row: i32, column: i32, columns: i32, to: usize): bool {
  const sA = storeScale(15, row);
  for (let i = 0; i < columns; i++) {
    const both = sA * storeScale(17, column + i);
    if (!isUsual(both)) return false;
    store<f32>(to + ((<usize>i) << 2), both);
  }
  for (let i = 0; i < columns; i += 4) {
    const k = to + ((<usize>i) << 2);
    storePart(k, f32x4.div(vec(1), v128.load(k)), columns - i);
  }
  return true;
}
