/** @file Casts to every format and back, under one scale or several. */
import { BF16_KIND, BYTE_KIND, CHUNK, FP16_KIND, FP32_KIND, NEAREST, STOCHASTIC } from '../src/numbers';
import { amaxBits, amaxOf, blockMaxima, scaleOf } from './amax';
import { encodeBf16 } from './bf16';
import { address, float, int, PIECE, PIECE_ROOM, scratch } from './command';
import { decodeBytes, decodeBytesToBf16, scaledTable, scaledTableOfBf16 } from './decode';
import { encode } from './encode';
import { decodeFp16Over, encodeFp16Saturated } from './fp16';
import { encodeNearest, wasRight } from './nearest';
import { streamSeed } from './random';
import { DIVIDE, MULTIPLY, scaleAt, scaleInto, uniformLength } from './scale';
import { encodeStochastic, isStochasticByte } from './stochastic';
import { bytesOf, commit, element, read, target } from './storage';
import { abs, INFINITY_BITS, maxLanesInt, storePart } from './vector';

/** From here on numbers round to BF16's infinity. */
const BF16_OVER: i32 = 0x7f7f8000;

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
  if (kind == BYTE_KIND && isQuick(format, rounding, special)) {
    done = n & ~15;
    top = encodeQuick(format, rounding, FP32_KIND, from, done, to, seed, index, scale, room);
    if (!wasRight(top, scale)) done = 0;
  } else if (kind == FP16_KIND && rounding == NEAREST && !special) {
    done = n & ~7;
    if (maxLanesInt(encodeFp16Saturated(scale, from, done, to)) > INFINITY_BITS) done = 0;
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
  const inside = kind == BF16_KIND && rounding == NEAREST && (special || amaxBits(source, rest) < BF16_OVER);
  if (inside) encodeBf16(source, rest, to + ((<usize>done) << 1));
  else if (kind == FP32_KIND) saturate(source, rest, to, special);
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
  if (kind == BYTE_KIND && source == BF16_KIND && isQuick(format, rounding, special)) {
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
  return streamSeedOf(int(how), address(how + 2), int(how + 3));
}

/** The same of the numbers at `seeds` and a stream. */
export function streamSeedOf(rounding: i32, seeds: usize, stream: i32): u32 {
  if (rounding != STOCHASTIC) return 0;
  return streamSeed(<u32>load<f32>(seeds), <u32>load<f32>(seeds, 4), <u32>stream);
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

/** FP16 under one scale, or false where that is not so. */
function overFp16(index: i32, n: i32, to: usize): bool {
  if (int(1) != FP16_KIND || (n & 3) != 0 || uniformLength(7, index) < <u32>n) return false;
  return decodeFp16Over(element(0, index), scaleAt(7, index), n, to);
}

/** dequantize: 0 codes, 3 out, 6 elements, 7 scales. */
export function dequantize(task: i32): void {
  const first = task * CHUNK;
  const last = min(int(6), first + CHUNK);
  const room = scratch();
  const table = room + PIECE_ROOM;
  const byTable = int(1) == BYTE_KIND && uniformLength(7, first) >= <u32>(last - first);
  if (byTable && int(4) == BF16_KIND) {
    scaledTableOfBf16(address(2), scaleAt(7, first), table, room);
    decodeBytesToBf16(element(0, first), table, last - first, element(3, first));
    return;
  }
  if (byTable) scaledTable(address(2), scaleAt(7, first), table);
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    const to = target(3, i, room);
    if (byTable) decodeBytes(element(0, i), table, n, to);
    else if (!overFp16(i, n, to)) scaleInto(7, DIVIDE, read(0, i, n, room), to, i, n);
    commit(3, i, n, to);
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
