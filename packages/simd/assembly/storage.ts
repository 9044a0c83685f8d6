/**
 * @file Rows of tensors as float32, whatever they are stored in.
 *
 * A tensor takes three arguments of a command: address, kind, format. Kinds: 0 FP32, 1 BF16, 2 FP16, 3 codes of one
 * byte. `format` is the address of a description (see encode.ts) that ends in the table of the 256 values (decode.ts).
 * FP32 rows are used where they lie; others go through a piece of scratch.
 */
import { BF16_KIND, BYTE_KIND, FP16_KIND, FP32_KIND } from '../src/numbers';
import { decodeBf16, encodeBf16 } from './bf16';
import { address, int } from './command';
import { decodeBytes, ownTable } from './decode';
import { encode } from './encode';
import { maxLanesInt, storePart, vec } from './vector';

// @ts-ignore: decorator
@inline
export function bytesOf(kind: i32): usize {
  return kind == FP32_KIND ? 4 : kind == BYTE_KIND ? 1 : 2;
}

/** Four codes, one a lane: magnitude moved into place and times 2^112, which makes subnormals right too; 31 becomes 255. */
// @ts-ignore: decorator
@inline
function fp16(codes: v128): v128 {
  const magnitude = v128.and(codes, i32x4.splat(0x7fff));
  const shifted = i32x4.shl(magnitude, 13);
  const x = f32x4.mul(shifted, vec(<f32>5.192296858534828e33));
  const special = i32x4.gt_s(magnitude, i32x4.splat(0x7bff));
  const sign = i32x4.shl(v128.and(codes, i32x4.splat(0x8000)), 16);
  return v128.or(v128.or(x, v128.and(special, v128.or(shifted, i32x4.splat(0x7f800000)))), sign);
}

/** Bits of the value of one code. */
export function fp16Bits(code: i32): i32 {
  return i32x4.extract_lane(fp16(i32x4.splat(code)), 0);
}

function decodeFp16(from: usize, n: i32, to: usize): void {
  const special = i16x8.splat(0x7bff);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const x = v128.load(from + ((<usize>i) << 1));
    const at = to + ((<usize>i) << 2);
    const low = i32x4.extend_low_i16x8_s(x);
    const high = i32x4.extend_high_i16x8_s(x);
    if (v128.any_true(i16x8.gt_s(v128.and(x, i16x8.splat(0x7fff)), special))) {
      v128.store(at, fp16(low));
      v128.store(at, fp16(high), 16);
    } else {
      v128.store(at, finiteFp16(low));
      v128.store(at, finiteFp16(high), 16);
    }
  }
  for (; i < n; i += 4) {
    storePart(to + ((<usize>i) << 2), fp16(v128.load16x4_u(from + ((<usize>i) << 1))), n - i);
  }
}

/** Four codes of finite numbers, extended with their signs, times 2^-112. */
// @ts-ignore: decorator
@inline
function shiftedFp16(codes: v128): v128 {
  return v128.and(i32x4.shl(codes, 13), i32x4.splat(<i32>0x8fffe000));
}

// @ts-ignore: decorator
@inline
function finiteFp16(codes: v128): v128 {
  return f32x4.mul(shiftedFp16(codes), vec(<f32>5.192296858534828e33));
}

/**
 * Values over a scale, or false where they are to be computed one after the other: unless all is finite, 2^112 can go
 * into the scale, and the quotients are the same. Reads and writes up to 16 bytes beyond the last code and value.
 */
export function decodeFp16Over(from: usize, scale: f32, n: i32, to: usize): bool {
  const s = scale * <f32>1.925929944387236e-34; // 2^-112
  if (!(s >= <f32>1.1754943508222875e-38)) return false;
  const divisor = vec(s);
  let top = i32x4.splat(0);
  for (let i = 0; i < n; i += 4) {
    const code = v128.load16x4_s(from + ((<usize>i) << 1));
    top = i32x4.max_s(top, v128.and(code, i32x4.splat(0x7fff)));
    v128.store(to + ((<usize>i) << 2), f32x4.div(shiftedFp16(code), divisor));
  }
  return maxLanesInt(top) <= 0x7bff;
}

/** `n` values stored at `from` as floats at `to`. */
export function decode(kind: i32, format: usize, from: usize, n: i32, to: usize): void {
  if (kind == FP32_KIND) memory.copy(to, from, (<usize>n) << 2);
  else if (kind == BF16_KIND) decodeBf16(from, n, to);
  else if (kind == FP16_KIND) decodeFp16(from, n, to);
  else decodeBytes(from, ownTable(format), n, to);
}

/** Address of element `index` of the tensor in arguments `slot`, `slot + 1`, `slot + 2`. */
// @ts-ignore: decorator
@inline
export function element(slot: i32, index: u32): usize {
  return address(slot) + <usize>index * bytesOf(int(slot + 1));
}

/** Where `n` floats of a tensor from element `index` on can be read: in place, or in `room`. */
export function read(slot: i32, index: u32, n: i32, room: usize): usize {
  const kind = int(slot + 1);
  if (kind == FP32_KIND) return element(slot, index);
  decode(kind, address(slot + 2), element(slot, index), n, room);
  return room;
}

/** Where the results for a tensor's elements from `index` on go: in place, or in `room`, which `commit` then stores. */
export function target(slot: i32, index: u32, room: usize): usize {
  return int(slot + 1) == FP32_KIND ? element(slot, index) : room;
}

/** Rounds `n` floats at `from` to the tensor's format, to nearest even, and stores them unless they lie there. */
export function commit(slot: i32, index: u32, n: i32, from: usize): void {
  const kind = int(slot + 1);
  const to = element(slot, index);
  if (kind == FP32_KIND) {
    if (to != from) memory.copy(to, from, (<usize>n) << 2);
  } else if (kind == BF16_KIND) encodeBf16(from, n, to);
  else encode(kind, address(slot + 2), 0, 1, from, n, to, 0, 0);
}
