/**
 * @file Stochastic rounding to eight bits with two or three of mantissa, saturating: sixteen codes at a time, from
 * float32 or BF16.
 *
 * Of a normal number's bits the d lowest, L, are dropped. With a random r below 2^24 its magnitude is rounded up where
 * L / 2^d > r / 2^24, and thus where L + 2^d − 1 − (the d leading bits of r) carries into what is kept. Where one of
 * sixteen is subnormal in the format, all go the long way.
 */
import { BF16_KIND, BYTE_KIND, STOCHASTIC } from '../src/numbers';
import { bf16High, bf16Low } from './bf16';
import { encode } from './encode';
import { mix4 } from './random';
import { maxLanesInt, maxLanesShort, vec } from './vector';

/** Whether `encodeStochastic` knows the format: eight bits, sign and magnitude, two or three of mantissa. */
export function isStochasticByte(format: usize): bool {
  const mantissa = load<i32>(format);
  return (mantissa == 2 || mantissa == 3) && load<i32>(format, 12) == 128 && load<i32>(format, 16) == 128;
}

/**
 * Codes of `n` numbers of `kind` (FP32 or BF16) at `from`, times `scale`, by the random numbers from `index` on.
 * Returns the bits of the largest |x| as float32; unless `wasRight` the codes are to be computed again by `encode`.
 * `n`: a multiple of 16. Scratch at `room`: 32 floats.
 */
export function encodeStochastic(
  format: usize,
  scale: f32,
  kind: i32,
  from: usize,
  n: i32,
  to: usize,
  seed: u32,
  index: u32,
  room: usize,
): i32 {
  // sizes of types stand for bits of mantissa: shifts must be constants to be fast
  if (load<i32>(format) == 3) {
    if (kind == BF16_KIND) return stochastic<u8>(format, scale, true, from, n, to, seed, index, room);
    return stochastic<u8>(format, scale, false, from, n, to, seed, index, room);
  }
  if (kind == BF16_KIND) return stochastic<u16>(format, scale, true, from, n, to, seed, index, room);
  return stochastic<u16>(format, scale, false, from, n, to, seed, index, room);
}

// @ts-ignore: decorator
@inline
function stochastic<T>(
  format: usize,
  scale: f32,
  halves: bool,
  from: usize,
  n: i32,
  to: usize,
  seed: u32,
  index: u32,
  room: usize,
): i32 {
  const dropped = sizeof<T>() == 1 ? 20 : 21;
  const minNormal = load<i32>(format, 4);
  // added before the shift: what makes L carry, and what takes the exponent's bias away, all at once
  const offset = i32x4.splat((1 << dropped) - 1 - (minNormal - (1 << 23)));
  const largest = i8x16.splat(<i8>load<i32>(format, 8));
  const seeds = i32x4.splat(seed);
  const limit = i32x4.splat(minNormal + 0x7fffffff);
  const s = vec(scale);
  const magnitude = halves ? i16x8.splat(0x7fff) : i32x4.splat(0x7fffffff);
  let at = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  let top = i32x4.splat(0);
  for (let i: usize = 0; i < <usize>n; i += 16) {
    let y0: v128;
    let y1: v128;
    let y2: v128;
    let y3: v128;
    let negative: v128;
    if (halves) {
      const x0 = v128.load(from + (i << 1));
      const x1 = v128.load(from + (i << 1), 16);
      negative = i8x16.narrow_i16x8_s(x0, x1);
      const a0 = v128.and(x0, magnitude);
      const a1 = v128.and(x1, magnitude);
      top = i16x8.max_s(top, i16x8.max_s(a0, a1));
      y0 = f32x4.mul(bf16Low(a0), s);
      y1 = f32x4.mul(bf16High(a0), s);
      y2 = f32x4.mul(bf16Low(a1), s);
      y3 = f32x4.mul(bf16High(a1), s);
    } else {
      const x0 = v128.load(from + (i << 2));
      const x1 = v128.load(from + (i << 2), 16);
      const x2 = v128.load(from + (i << 2), 32);
      const x3 = v128.load(from + (i << 2), 48);
      negative = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(x0, x1), i16x8.narrow_i32x4_s(x2, x3));
      const a0 = v128.and(x0, magnitude);
      const a1 = v128.and(x1, magnitude);
      const a2 = v128.and(x2, magnitude);
      const a3 = v128.and(x3, magnitude);
      top = i32x4.max_s(top, i32x4.max_s(i32x4.max_s(a0, a1), i32x4.max_s(a2, a3)));
      y0 = f32x4.mul(a0, s);
      y1 = f32x4.mul(a1, s);
      y2 = f32x4.mul(a2, s);
      y3 = f32x4.mul(a3, s);
    }
    // in the order of bits less one zero comes last
    const least = i32x4.min_s(i32x4.min_s(order(y0), order(y1)), i32x4.min_s(order(y2), order(y3)));
    if (v128.any_true(i32x4.gt_s(limit, least))) {
      v128.store(room, y0);
      v128.store(room, y1, 16);
      v128.store(room, y2, 32);
      v128.store(room, y3, 48);
      encode(BYTE_KIND, format, STOCHASTIC, 0, room, 16, to + i, seed, index + <u32>i);
      v128.store(to + i, v128.or(v128.load(to + i), v128.and(negative, i8x16.splat(-128))));
      at = i32x4.add(at, i32x4.splat(16));
      continue;
    }
    const low = i16x8.narrow_i32x4_s(up<T>(y0, at, seeds, offset), up<T>(y1, i32x4.add(at, i32x4.splat(4)), seeds, offset));
    const high = i16x8.narrow_i32x4_s(
      up<T>(y2, i32x4.add(at, i32x4.splat(8)), seeds, offset),
      up<T>(y3, i32x4.add(at, i32x4.splat(12)), seeds, offset),
    );
    at = i32x4.add(at, i32x4.splat(16));
    const codes = i8x16.min_u(i8x16.narrow_i16x8_u(low, high), largest);
    v128.store(to + i, v128.or(codes, v128.and(negative, i8x16.splat(-128))));
  }
  return halves ? maxLanesShort(top) << 16 : maxLanesInt(top);
}

// @ts-ignore: decorator
@inline
function order(y: v128): v128 {
  return i32x4.add(y, i32x4.splat(0x7fffffff));
}

/** Codes of four magnitudes; below 0 where the number is 0. */
// @ts-ignore: decorator
@inline
function up<T>(y: v128, at: v128, seeds: v128, offset: v128): v128 {
  const random = mix4(v128.xor(mix4(v128.xor(at, i32x4.splat(0x9e3779b9))), seeds));
  const z = i32x4.add(y, offset);
  if (sizeof<T>() == 1) return i32x4.shr_s(i32x4.sub(z, i32x4.shr_u(random, 12)), 20);
  return i32x4.shr_s(i32x4.sub(z, i32x4.shr_u(random, 11)), 21);
}
