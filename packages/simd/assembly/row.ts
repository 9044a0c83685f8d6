/**
 * @file One row of A times B, whose rows run along K: every weight is read once, as when a model generates a token.
 *
 * Sixteen rows of B at a time are transposed in registers, so that a vector holds four sums and each runs over k in
 * order: the same bits as in a larger product. Rows of BF16 are taken as they lie, codes of one byte by way of BF16,
 * which holds their values, all else by way of float32.
 */
import { BF16_KIND, BYTE_KIND, FP32_KIND, ROW_GROUP } from '../src/numbers';
import { bf16High, bf16Low } from './bf16';
import { address, int, scratch } from './command';
import { decodeBytesToBf16, ownTable } from './decode';
import { scaleEach, stored } from './gemm';
import { highHalves, highPairs, highShorts, lowHalves, lowPairs, lowShorts } from './shuffles';
import { commit, element } from './storage';
import { hasStoreScales } from './store-scale';
import { madd, vec } from './vector';

/** Four rows of BF16, eight steps of k, onto their sums. `x`: the eight numbers of A. */
// @ts-ignore: decorator
@inline
function fourHalves(row: usize, stride: usize, x: usize, sum: v128): v128 {
  const a = v128.load(row);
  const b = v128.load(row + stride);
  const c = v128.load(row + 2 * stride);
  const d = v128.load(row + 3 * stride);
  let ab = lowShorts(a, b);
  let cd = lowShorts(c, d);
  let two = lowPairs(ab, cd);
  sum = madd(v128.load32_splat(x, 0), bf16Low(two), sum);
  sum = madd(v128.load32_splat(x, 4), bf16High(two), sum);
  two = highPairs(ab, cd);
  sum = madd(v128.load32_splat(x, 8), bf16Low(two), sum);
  sum = madd(v128.load32_splat(x, 12), bf16High(two), sum);
  ab = highShorts(a, b);
  cd = highShorts(c, d);
  two = lowPairs(ab, cd);
  sum = madd(v128.load32_splat(x, 16), bf16Low(two), sum);
  sum = madd(v128.load32_splat(x, 20), bf16High(two), sum);
  two = highPairs(ab, cd);
  sum = madd(v128.load32_splat(x, 24), bf16Low(two), sum);
  return madd(v128.load32_splat(x, 28), bf16High(two), sum);
}

/** Four rows of float32, four steps of k, onto their sums. */
// @ts-ignore: decorator
@inline
function fourFloats(row: usize, stride: usize, x: usize, sum: v128): v128 {
  const a = v128.load(row);
  const b = v128.load(row + stride);
  const c = v128.load(row + 2 * stride);
  const d = v128.load(row + 3 * stride);
  let ab = lowPairs(a, b);
  let cd = lowPairs(c, d);
  sum = madd(v128.load32_splat(x, 0), lowHalves(ab, cd), sum);
  sum = madd(v128.load32_splat(x, 4), highHalves(ab, cd), sum);
  ab = highPairs(a, b);
  cd = highPairs(c, d);
  sum = madd(v128.load32_splat(x, 8), lowHalves(ab, cd), sum);
  return madd(v128.load32_splat(x, 12), highHalves(ab, cd), sum);
}

/** Sixteen sums over `n` steps of k, a multiple of eight; rows lie `stride` bytes apart. The size of T is an element's. */
function sums<T>(rows: usize, stride: usize, x: usize, n: i32, to: usize): void {
  let s0 = vec(0);
  let s1 = vec(0);
  let s2 = vec(0);
  let s3 = vec(0);
  const next = 4 * stride;
  const steps: usize = sizeof<T>() == 2 ? 32 : 16; // in bytes of x: as many elements as a vector has
  for (const end = x + ((<usize>n) << 2); x < end; x += steps) {
    s0 = four<T>(rows, stride, x, s0);
    s1 = four<T>(rows + next, stride, x, s1);
    s2 = four<T>(rows + 2 * next, stride, x, s2);
    s3 = four<T>(rows + 3 * next, stride, x, s3);
    rows += 16;
  }
  v128.store(to, s0);
  v128.store(to, s1, 16);
  v128.store(to, s2, 32);
  v128.store(to, s3, 48);
}

// @ts-ignore: decorator
@inline
function four<T>(row: usize, stride: usize, x: usize, sum: v128): v128 {
  return sizeof<T>() == 2 ? fourHalves(row, stride, x, sum) : fourFloats(row, stride, x, sum);
}

/**
 * Some elements of the row: 0 b, 3 its scales (5 arguments), 8 K (a multiple of eight), 9 unused, 10 its stored columns,
 * 11 A's row (address of float32), 12 rows of B a task, 14 out, 17 M (1), 18 N (sixteen at least), 22 … 25 as in gemm.ts.
 */
export function gemmRow(task: i32): void {
  const inner = int(8);
  const n = int(18);
  const first = task * int(12);
  const last = min(n, first + int(12));
  const kind = int(1);
  const plain = address(3) == 0;
  const to = scratch();
  const room = to + 128;
  const width: usize = plain && (kind == BF16_KIND || kind == BYTE_KIND) ? 2 : 4;
  const direct = plain && (kind == BF16_KIND || kind == FP32_KIND);
  const stride = direct ? <usize>int(10) * width : <usize>(inner + 8) * width;
  const scaled = hasStoreScales(22);
  for (let row = first; row < last; row += ROW_GROUP) {
    // the last rows are computed with some before them, which are stored where they belong
    const from = min(row, n - ROW_GROUP);
    let rows = room;
    if (direct) rows = element(0, <u32>from * <u32>int(10));
    else decodeRows(from, inner, stride, plain && kind == BYTE_KIND, room);
    if (width == 2) sums<u16>(rows, stride, address(11), inner, to);
    else sums<f32>(rows, stride, address(11), inner, to);
    if (scaled) scaleEach(to, 0, 1, from, ROW_GROUP);
    commit(14, row, min(ROW_GROUP, last - row), to + ((<usize>(row - from)) << 2));
  }
}

/** Sixteen rows of B from one on: codes of one byte as BF16, anything else over its scales as float32. */
function decodeRows(from: i32, n: i32, stride: usize, toHalves: bool, room: usize): void {
  for (let i = 0; i < ROW_GROUP; i++) {
    const index = <u32>(from + i) * <u32>int(10);
    const to = room + <usize>i * stride;
    if (toHalves) {
      decodeBytesToBf16(element(0, index), ownTable(address(2)), n, to);
      continue;
    }
    const at = stored(0, 3, index, n, to);
    if (at != to) memory.copy(to, at, (<usize>n) << 2);
  }
}
