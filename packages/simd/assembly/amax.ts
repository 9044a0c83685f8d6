/** @file The largest magnitude of a tensor or of its blocks, and the scales that come from it. */
import { BF16_KIND, BYTE_KIND, CHUNK, FORMAT_BYTES, FP16_KIND } from '../src/numbers';
import { address, float, int, PIECE, scratch } from './command';
import { isSignMagnitude } from './decode';
import { fp16Bits } from './fp16';
import { commit, element, read, target } from './storage';
import { abs, maxLanesInt, maxLanesShort, storePart } from './vector';

/** Bits of the largest |x| of `n` floats; a NaN's are above infinity's, and it thus counts as the largest. */
export function amaxBits(from: usize, n: i32): i32 {
  let top = i32x4.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const at = from + ((<usize>i) << 2);
    const a = abs(v128.load(at));
    const b = abs(v128.load(at, 16));
    const c = abs(v128.load(at, 32));
    const d = abs(v128.load(at, 48));
    top = i32x4.max_s(top, i32x4.max_s(i32x4.max_s(a, b), i32x4.max_s(c, d)));
  }
  let most = maxLanesInt(top);
  for (; i < n; i++) most = max(most, load<i32>(from + ((<usize>i) << 2)) & 0x7fffffff);
  return most;
}

/** The largest code of `n` numbers of BF16 or FP16, without signs. */
function amaxHalves(from: usize, n: i32): i32 {
  const magnitude = i16x8.splat(0x7fff);
  let top = i16x8.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const at = from + ((<usize>i) << 1);
    const a = v128.and(v128.load(at), magnitude);
    top = i16x8.max_s(top, i16x8.max_s(a, v128.and(v128.load(at, 16), magnitude)));
  }
  let most = maxLanesShort(top);
  for (; i < n; i++) most = max(most, <i32>load<u16>(from + ((<usize>i) << 1)) & 0x7fff);
  return most;
}

/** The largest code of `n` of one byte, without signs. */
function amaxBytes(from: usize, n: i32): i32 {
  const magnitude = i8x16.splat(0x7f);
  let top = i8x16.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16) top = i8x16.max_u(top, v128.and(v128.load(from + <usize>i), magnitude));
  let most = maxLanesShort(i16x8.max_s(v128.and(top, i16x8.splat(0xff)), i16x8.shr_u(top, 8)));
  for (; i < n; i++) most = max(most, <i32>load<u8>(from + <usize>i) & 0x7f);
  return most;
}

/** Bits of the largest |x| of `n` elements of a tensor. */
export function amaxOf(slot: i32, index: i32, n: i32, room: usize): i32 {
  const kind = int(slot + 1);
  if (kind == BF16_KIND) return amaxHalves(element(slot, index), n) << 16;
  if (kind == FP16_KIND) return fp16Bits(amaxHalves(element(slot, index), n));
  const format = address(slot + 2);
  if (kind == BYTE_KIND && isSignMagnitude(format)) {
    return load<i32>(format + FORMAT_BYTES + ((<usize>amaxBytes(element(slot, index), n)) << 2)) & 0x7fffffff;
  }
  return amaxBits(read(slot, index, n, room), n);
}

/** Largest magnitudes of chunks: 0 x, 3 elements, 4 where the bits go, one word a task. */
export function amaxChunks(task: i32): void {
  const first = task * CHUNK;
  const last = min(int(3), first + CHUNK);
  const room = scratch();
  let most: i32 = 0;
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    most = max(most, amaxOf(0, i, n, room));
  }
  store<i32>(address(4) + ((<usize>task) << 2), most);
}

/** The largest of several: 0 words, 1 how many, 2 out. */
export function amaxJoin(task: i32): void {
  const room = scratch();
  store<i32>(room, amaxBits(address(0), int(1)));
  commit(2, 0, 1, room);
}

/**
 * Largest magnitudes of blocks: 0 x, 3 rows, 4 columns, 5 block rows, 6 block columns, 7 blocks in a row, 8 out,
 * 11 rows of blocks a task, 12 blocks a task, 13 tasks side by side.
 */
export function amaxBlocks(task: i32): void {
  const columns = int(4);
  const blockRows = int(5);
  const blockColumns = int(6);
  const across = int(7);
  const side = int(13);
  const firstBlock = (task % side) * int(12);
  const blocks = min(int(12), across - firstBlock);
  const firstDown = (task / side) * int(11);
  const down = (int(3) + blockRows - 1) / blockRows;
  const lastDown = min(down, firstDown + int(11));
  const left = firstBlock * blockColumns;
  const width = min(columns - left, blocks * blockColumns);
  const results = scratch();
  const room = results + ((<usize>blocks + 4) << 2);
  for (let d = firstDown; d < lastDown; d++) {
    blockMaxima(d * blockRows, min(int(3), (d + 1) * blockRows), columns, left, width, blockColumns, blocks, results, room);
    commit(8, d * across + firstBlock, blocks, results);
  }
}

/** Bits of the largest magnitudes of one row of blocks of the tensor at argument 0: `width` columns from `left` on. */
export function blockMaxima(
  firstRow: i32,
  lastRow: i32,
  columns: i32,
  left: i32,
  width: i32,
  blockColumns: i32,
  blocks: i32,
  results: usize,
  room: usize,
): void {
  memory.fill(results, 0, (<usize>blocks) << 2);
  for (let r = firstRow; r < lastRow; r++) {
    const x = read(0, r * columns + left, width, room);
    if (blockColumns == 1) {
      for (let i = 0; i < width; i += 4) {
        const at = (<usize>i) << 2;
        storePart(results + at, i32x4.max_s(v128.load(results + at), abs(v128.load(x + at))), width - i);
      }
    } else {
      for (let b = 0; b < blocks; b++) {
        const from = b * blockColumns;
        const most = amaxBits(x + ((<usize>from) << 2), min(blockColumns, width - from));
        const at = results + ((<usize>b) << 2);
        store<i32>(at, max(load<i32>(at), most));
      }
    }
  }
}

/** scaleFromAmax: 0 amax, 3 out, 6 elements, 7 max, 8 2^margin, 9 power of two. */
export function scaleFromAmax(task: i32): void {
  const room = scratch();
  const first = task * CHUNK;
  const last = min(int(6), first + CHUNK);
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    const x = read(0, i, n, room);
    const to = target(3, i, room);
    for (let j = 0; j < n; j++) {
      const at = (<usize>j) << 2;
      store<f32>(to + at, scaleOf(load<f32>(x + at), float(7), float(8), int(9)));
    }
    commit(3, i, n, to);
  }
}

/** max / (amax · 2^margin), down to a power of two if asked, within the normal float32; 1 where amax says nothing. */
export function scaleOf(amax: f32, largest: f32, margin: f32, powerOfTwo: i32): f32 {
  const bits = reinterpret<u32>(amax);
  if (bits == 0 || bits >= 0x7f800000) return 1;
  let s = largest / (amax * margin);
  if (!(s <= <f32>3.4028234663852886e38)) s = <f32>3.4028234663852886e38;
  if (s < <f32>1.1754943508222875e-38) s = <f32>1.1754943508222875e-38;
  if (powerOfTwo) s = reinterpret<f32>(reinterpret<u32>(s) & 0x7f800000);
  return s;
}
