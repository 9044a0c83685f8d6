/** @file Casts, and what they come with: the largest magnitude. */
import { address, float, int, scratch } from './control';
import { decodeBytes, decodeBytesToBf16, scaledTable, scaledTableOfBf16 } from './decode';
import { encode, encodeFp16Saturated, NEAREST, STOCHASTIC } from './encode';
import { encodeNearest, wasRight } from './nearest';
import { streamSeed } from './random';
import { DIVIDE, MULTIPLY, scaleInto, uniformLength, scaleAt } from './scale';
import { encodeStochastic, isStochasticByte } from './stochastic';
import { BF16, BYTE, bytesOf, commit, element, encodeBf16, FP16, FP32, read, target } from './storage';
import { abs, maxLanesInt, maxLanesShort, storePart } from './vector';

/** Elements of a task; and those that pass through the cache at a time. */
export const CHUNK: i32 = 16384;
export const PIECE: i32 = 2048;
/** Scratch of a piece of floats. */
export const PIECE_ROOM: usize = <usize>PIECE * 4 + 64;

const INFINITY_BITS: i32 = 0x7f800000;
/** From here on numbers round to BF16's infinity. */
const BF16_OVER: i32 = 0x7f7f8000;

/** Bits of the largest |x| that is not NaN, of `n` floats. */
export function amaxBits(from: usize, n: i32): i32 {
  const infinity = i32x4.splat(INFINITY_BITS);
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
  if (most > INFINITY_BITS) {
    most = 0;
    i = 0;
  }
  for (; i < n; i++) {
    const a = load<i32>(from + ((<usize>i) << 2)) & 0x7fffffff;
    if (a <= INFINITY_BITS) most = max(most, a);
  }
  return most;
}

/** The same of `n` numbers of BF16, as bits of float32. */
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
  if (most > INFINITY_BITS >> 16) {
    most = 0;
    i = 0;
  }
  for (; i < n; i++) {
    const a = <i32>load<u16>(from + ((<usize>i) << 1)) & 0x7fff;
    if (a <= INFINITY_BITS >> 16) most = max(most, a);
  }
  return most << 16;
}

/** The same of `n` elements of a tensor. */
function amaxOf(slot: i32, index: i32, n: i32, room: usize): i32 {
  if (int(slot + 1) == BF16) return amaxHalves(element(slot, index), n);
  return amaxBits(read(slot, index, n, room), n);
}

/** Float32 as a cast's target: only infinities change, and only to saturate. */
function saturate(from: usize, n: i32, to: usize, special: i32): void {
  for (let i = 0; i < n; i += 4) {
    const at = (<usize>i) << 2;
    const x = v128.load(from + at);
    const a = abs(x);
    let y = x;
    if (!special) {
      const largest = v128.or(i32x4.splat(0x7f7fffff), v128.and(x, i32x4.splat(0x80000000)));
      y = v128.bitselect(largest, x, i32x4.eq(a, i32x4.splat(INFINITY_BITS)));
    }
    y = v128.bitselect(i32x4.splat(0x7fc00000), y, i32x4.gt_s(a, i32x4.splat(INFINITY_BITS)));
    storePart(to + at, y, n - i);
  }
}

/** Whether there is a form for sixteen codes at a time. */
// @ts-ignore: decorator
@inline
function isQuick(format: usize, rounding: i32, special: i32): bool {
  if (special || load<i32>(format, 40) != 0) return false;
  return rounding == NEAREST || (rounding == STOCHASTIC && isStochasticByte(format));
}

/** Scratch at `room`: 32 floats. */
function encodeQuick(
  format: usize,
  rounding: i32,
  source: i32,
  from: usize,
  n: i32,
  to: usize,
  seed: u32,
  index: u32,
  scale: f32,
  room: usize,
): i32 {
  if (rounding == NEAREST) return encodeNearest(format, scale, source, from, n, to);
  return encodeStochastic(format, scale, source, from, n, to, seed, index, room);
}

/**
 * `n` floats times `scale` to codes at `to`. Returns the bits of the largest magnitude among the floats if that was
 * seen on the way, else −1. Scratch at `room`: `n` floats, at least 32.
 */
export function encodeScaled(
  kind: i32,
  format: usize,
  rounding: i32,
  special: i32,
  from: usize,
  n: i32,
  to: usize,
  seed: u32,
  index: u32,
  scale: f32,
  room: usize,
): i32 {
  let done = 0;
  let top = -1;
  if (kind == BYTE && isQuick(format, rounding, special)) {
    done = n & ~15;
    top = encodeQuick(format, rounding, FP32, from, done, to, seed, index, scale, room);
    if (!wasRight(top, scale)) done = 0;
  } else if (kind == FP16 && rounding == NEAREST && !special) {
    done = n & ~7;
    if (maxLanesInt(encodeFp16Saturated(format, scale, from, done, to)) > INFINITY_BITS) done = 0;
  }
  if (done == n) return top;
  const rest = n - done;
  let source = from + ((<usize>done) << 2);
  if (scale != 1) {
    for (let i = 0; i < rest; i += 4) {
      const at = (<usize>i) << 2;
      v128.store(room + at, f32x4.mul(v128.load(source + at), f32x4.splat(scale)));
    }
    source = room;
  }
  // without what saturates
  const inside = kind == BF16 && rounding == NEAREST && (special || amaxBits(source, rest) < BF16_OVER);
  if (inside) encodeBf16(source, rest, to + ((<usize>done) << 1));
  else if (kind == FP32) saturate(source, rest, to, special);
  else encode(kind, format, rounding, special, source, rest, to + <usize>done * bytesOf(kind), seed, index + done);
  return -1;
}

/**
 * Casts `n` elements from `index` on, all under one scale, of the tensor in arguments `x` … to that in `out` …; what
 * `how` says as below. Returns the bits of the largest |x| if that was seen on the way, else −1. Scratch at `room`:
 * two pieces.
 */
export function castUniform(x: i32, out: i32, how: i32, seed: u32, index: u32, n: i32, scale: f32, room: usize): i32 {
  const kind = int(out + 1);
  const format = address(out + 2);
  const rounding = int(how);
  const special = int(how + 1);
  const source = int(x + 1);
  const to = element(out, index);
  let done = 0;
  if (kind == BYTE && source == BF16 && isQuick(format, rounding, special)) {
    done = n & ~15;
    const top = encodeQuick(format, rounding, source, element(x, index), done, to, seed, index, scale, room);
    if (!wasRight(top, scale)) done = 0;
    if (done == n) return top;
  }
  const rest = n - done;
  const values = read(x, index + done, rest, room);
  const at = to + <usize>done * bytesOf(kind);
  const top = encodeScaled(kind, format, rounding, special, values, rest, at, seed, index + done, scale, room + PIECE_ROOM);
  return done == 0 ? top : -1;
}

/**
 * Casts the elements `first` … `last` of x to codes; four arguments at `how`: rounding, special, seed tensor, stream.
 * Returns the bits of the largest |x| if `maxima`, else 0.
 */
export function castRange(x: i32, out: i32, scales: i32, how: i32, first: i32, last: i32, maxima: bool): i32 {
  const seed = seedOf(how);
  let most: i32 = 0;
  const room = scratch();
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    let top = -1;
    if (uniformLength(scales, i) >= <u32>n) top = castUniform(x, out, how, seed, i, n, scaleAt(scales, i), room);
    else castScaled(x, out, scales, how, seed, i, n, room);
    if (maxima) most = max(most, top >= 0 ? top : amaxOf(x, i, n, room));
  }
  return most;
}

/** The same under several scales. Leaves x · scale in the second piece of scratch. */
export function castScaled(x: i32, out: i32, scales: i32, how: i32, seed: u32, index: u32, n: i32, room: usize): void {
  const scaled = room + PIECE_ROOM;
  scaleInto(scales, MULTIPLY, read(x, index, n, room), scaled, index, n);
  encodeScaled(int(out + 1), address(out + 2), int(how), int(how + 1), scaled, n, element(out, index), seed, index, 1, scaled);
}

/** The seed of a cast's stochastic rounding; its arguments as above. */
export function seedOf(how: i32): u32 {
  if (int(how) != STOCHASTIC) return 0;
  const seeds = address(how + 2);
  return streamSeed(<u32>load<f32>(seeds), <u32>load<f32>(seeds, 4), <u32>int(how + 3));
}

/**
 * cast: 0 x, 3 out, 6 elements, 7 scales (5 arguments), 12 rounding, 13 special, 14 seed tensor, 15 stream,
 * 16 where the task puts the bits of its largest |x|, or 0.
 */
export function cast(task: i32): void {
  const first = task * CHUNK;
  const amaxAt = address(16);
  const most = castRange(0, 3, 7, 12, first, min(int(6), first + CHUNK), amaxAt != 0);
  if (amaxAt) store<i32>(amaxAt + ((<usize>task) << 2), most);
}

/** dequantize: 0 codes, 3 out, 6 elements, 7 scales. */
export function dequantize(task: i32): void {
  const first = task * CHUNK;
  const last = min(int(6), first + CHUNK);
  const room = scratch();
  const table = room + PIECE_ROOM;
  const byTable = int(1) == BYTE && uniformLength(7, first) >= <u32>(last - first);
  if (byTable && int(4) == BF16) {
    scaledTableOfBf16(address(2), scaleAt(7, first), table, room);
    decodeBytesToBf16(element(0, first), table, last - first, element(3, first));
    return;
  }
  if (byTable) scaledTable(address(2), scaleAt(7, first), table);
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    const to = target(3, i, room);
    if (byTable) decodeBytes(element(0, i), table, n, to);
    else scaleInto(7, DIVIDE, read(0, i, n, room), to, i, n);
    commit(3, i, n, to);
  }
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
function blockMaxima(
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
        const a = abs(v128.load(x + at));
        const known = v128.and(a, i32x4.le_s(a, i32x4.splat(INFINITY_BITS)));
        storePart(results + at, i32x4.max_s(v128.load(results + at), known), width - i);
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

/**
 * quantizeCurrent by blocks, whole rows of blocks at a time while they are in the cache: 0 x, 3 codes, 6 rows,
 * 7 columns, 8 block rows, 9 block columns, 10 blocks in a row, 11 scales (5 arguments), 16 amax, 17 max, 18 2^margin,
 * 19 power of two, 20 rounding, 21 special, 22 seed tensor, 23 stream, 24 rows of blocks a task.
 */
export function quantizeBlocks(task: i32): void {
  const columns = int(7);
  const blockRows = int(8);
  const across = int(10);
  const down = (int(6) + blockRows - 1) / blockRows;
  const first = task * int(24);
  const last = min(down, first + int(24));
  for (let d = first; d < last; d++) {
    const firstRow = d * blockRows;
    const lastRow = min(int(6), firstRow + blockRows);
    const at = (<usize>(d * across)) << 2;
    const maxima = address(16) + at;
    blockMaxima(firstRow, lastRow, columns, 0, columns, int(9), across, maxima, scratch());
    for (let b: usize = 0; b < <usize>across; b++) {
      store<f32>(address(11) + at + (b << 2), scaleOf(load<f32>(maxima + (b << 2)), float(17), float(18), int(19)));
    }
    castRange(0, 3, 11, 20, firstRow * columns, lastRow * columns, false);
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
