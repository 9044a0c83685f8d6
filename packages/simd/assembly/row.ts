/**
 * @file One row of A times B, whose rows run along K: every weight is read once, as when a model generates a token.
 *
 * Rows of float32, BF16 and E4M3 or E5M2 codes are taken as they lie, other codes of one byte by way of BF16, which holds
 * their values, all else by way of float32.
 */
import { BF16_KIND, BYTE_KIND, FP32_KIND, ROW_GROUP } from '../src/numbers';
import { amaxBits } from './amax';
import { address, int, scratch } from './command';
import { decodeBytesToBf16, largestCode, mantissaBits, ownTable } from './decode';
import { scaleEach, stored } from './gemm';
import { sums } from './row-sums';
import { commit, element } from './storage';
import { hasStoreScales } from './store-scale';
import { INFINITY_BITS, vec } from './vector';

/** Codes' powers of two that A's row carries; what of it the row has no room for is at most 2^20. */
const MOST_LEFT: i32 = 20;
/** Bytes of rows that stay in the first-level cache. */
const NEAR: usize = 24576;

// @ts-ignore: decorator
@inline
function powerOfTwo(exponent: i32): f32 {
  return reinterpret<f32>((exponent + 127) << 23);
}

/**
 * Some elements of the row: 0 b, 3 its scales (5 arguments), 8 K (a multiple of eight), 9 unused, 10 its stored columns,
 * 11 A's row (address of float32), 12 rows of B a task, 14 out, 17 M (1), 18 N (ROW_GROUP at least), 22 … 25 as in gemm.ts.
 */
export function gemmRow(task: i32): void {
  const inner = int(8);
  const n = int(18);
  const first = task * int(12);
  const last = min(n, first + int(12));
  const kind = int(1);
  const plain = address(3) == 0;
  const to = scratch();
  const shifted = to + ROW_GROUP * 4 + 64;
  const room = shifted + ((<usize>inner) << 2) + 64;
  const table = plain && kind == BYTE_KIND ? ownTable(address(2)) : 0;
  const mantissa = table && inner % 16 == 0 ? mantissaBits(table) : 0;
  const left = mantissa > 0 ? shiftRow(address(11), inner, load<i32>(address(2), 4), shifted) : -1;
  const width: usize = plain && (kind == BF16_KIND || kind == BYTE_KIND) ? 2 : 4;
  const direct = plain && (kind == BF16_KIND || kind == FP32_KIND);
  const stride = direct ? <usize>int(10) * width : <usize>(inner + 8) * width;
  const scaled = hasStoreScales(22);
  for (let row = first; row < last; row += ROW_GROUP) {
    // the last rows are computed with some before them, which are stored where they belong
    const from = min(row, n - ROW_GROUP);
    const at = element(0, <u32>from * <u32>int(10));
    if (left >= 0 && allFinite(at, ROW_GROUP * inner, largestCode(table))) {
      if (mantissa == 3) sums<u8>(at, int(10), shifted, inner, to);
      else sums<i8>(at, int(10), shifted, inner, to);
      if (left > 0) multiply(to, powerOfTwo(left));
    } else {
      if (!direct) decodeRows(from, inner, stride, table, room);
      const rows = direct ? at : room;
      if (direct && <usize>ROW_GROUP * stride <= NEAR) fetch(at, <usize>ROW_GROUP * stride, to);
      if (width == 2) sums<u16>(rows, stride, address(11), inner, to);
      else sums<f32>(rows, stride, address(11), inner, to);
    }
    if (scaled) scaleEach(to, 0, 1, from, ROW_GROUP);
    commit(14, row, min(ROW_GROUP, last - row), to + ((<usize>(row - from)) << 2));
  }
}

/**
 * A's row times the power of two that codes of one byte lack once they are moved into place, 2^126 times the format's
 * smallest normal number (its bits), or as much of that as keeps the row finite. Returns the exponent of what is left;
 * −1 where that is much, or where the row is not finite. Sums above 2^-100 have the bits they would have otherwise.
 */
function shiftRow(x: usize, n: i32, minNormal: i32, to: usize): i32 {
  const most = amaxBits(x, n);
  if (most >= INFINITY_BITS) return -1;
  const wanted = (minNormal >> 23) - 1;
  const exponent = min(wanted, 253 - (most >> 23));
  if (wanted - exponent > MOST_LEFT) return -1;
  const factor = vec(powerOfTwo(exponent));
  for (let i: usize = 0; i < (<usize>n) << 2; i += 16) v128.store(to + i, f32x4.mul(v128.load(x + i), factor));
  return wanted - exponent;
}

/** Reads a stretch in its order, which brings it to the cache sooner than many rows at a time do. */
function fetch(from: usize, bytes: usize, room: usize): void {
  let any = i32x4.splat(0);
  for (const end = from + bytes; from < end; from += 64) any = v128.or(any, v128.load(from));
  v128.store(room, any); // lest it be left out
}

/** Whether no code's magnitude is above that of the largest number; and B's rows come to the cache in their order. */
function allFinite(codes: usize, n: i32, largest: i32): bool {
  let most = i32x4.splat(0);
  for (const end = codes + <usize>n; codes < end; codes += 32) {
    most = i8x16.max_u(most, v128.and(v128.load(codes), i8x16.splat(0x7f)));
    most = i8x16.max_u(most, v128.and(v128.load(codes, 16), i8x16.splat(0x7f)));
  }
  return !v128.any_true(i8x16.gt_u(most, i8x16.splat(<i8>largest)));
}

function multiply(sums: usize, factor: f32): void {
  for (let i: usize = 0; i < <usize>ROW_GROUP * 4; i += 16) {
    v128.store(sums + i, f32x4.mul(v128.load(sums + i), vec(factor)));
  }
}

/** ROW_GROUP rows of B from one on: codes of one byte as BF16, anything else over its scales as float32. */
function decodeRows(from: i32, n: i32, stride: usize, table: usize, room: usize): void {
  for (let i = 0; i < ROW_GROUP; i++) {
    const index = <u32>(from + i) * <u32>int(10);
    const to = room + <usize>i * stride;
    if (table) {
      decodeBytesToBf16(element(0, index), table, n, to);
      continue;
    }
    const at = stored(0, 3, index, n, to);
    if (at != to) memory.copy(to, at, (<usize>n) << 2);
  }
}
