/** @file Small vector helpers: multiply-add, partial stores, horizontal sums and maxima. */

export const INFINITY_BITS: i32 = 0x7f800000;

/** a·b + c: fused where the engine has it, else rounded twice. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
export function vec(x: f32): v128 {
  return f32x4.splat(x);
}

// @ts-ignore: decorator
@inline
export function abs(x: v128): v128 {
  return v128.and(x, i32x4.splat(0x7fffffff));
}

/** Zero in place of lanes from `count` on. */
// @ts-ignore: decorator
@inline
export function firstLanes(x: v128, count: i32): v128 {
  if (count >= 4) return x;
  return v128.and(x, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)));
}

/** Stores the first `count` of four lanes (all of them from four on). */
// @ts-ignore: decorator
@inline
export function storePart(to: usize, x: v128, count: i32): void {
  if (count >= 4) {
    v128.store(to, x);
    return;
  }
  store<f32>(to, f32x4.extract_lane(x, 0));
  if (count > 1) store<f32>(to, f32x4.extract_lane(x, 1), 4);
  if (count > 2) store<f32>(to, f32x4.extract_lane(x, 2), 8);
}

/** Loads `count` lanes (at least one), the others `fallback`. Reads all four from memory. */
// @ts-ignore: decorator
@inline
export function loadPart(from: usize, count: i32, fallback: v128): v128 {
  const x = v128.load(from);
  if (count >= 4) return x;
  return v128.bitselect(x, fallback, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)));
}

// @ts-ignore: decorator
@inline
export function sumLanes(x: v128): f32 {
  return (
    f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3))
  );
}

// @ts-ignore: decorator
@inline
export function sumLanes64(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}

/** Largest lane, as signed integers. */
// @ts-ignore: decorator
@inline
export function maxLanesInt(x: v128): i32 {
  const y = i32x4.max_s(x, i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return max(i32x4.extract_lane(y, 0), i32x4.extract_lane(y, 1));
}

/** The same of eight short integers, none below 0. */
// @ts-ignore: decorator
@inline
export function maxLanesShort(x: v128): i32 {
  return maxLanesInt(i32x4.max_s(v128.and(x, i32x4.splat(0xffff)), i32x4.shr_u(x, 16)));
}

/** Sum of four lanes, as integers. */
// @ts-ignore: decorator
@inline
export function sumLanesInt(x: v128): i32 {
  return (
    i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3)
  );
}

/** Σ a·b over n floats. */
export function dot(a: usize, b: usize, n: i32): f32 {
  let s0 = vec(0);
  let s1 = vec(0);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const at = (<usize>i) << 2;
    s0 = madd(v128.load(a + at), v128.load(b + at), s0);
    s1 = madd(v128.load(a + at, 16), v128.load(b + at, 16), s1);
  }
  for (; i < n; i += 4) {
    const at = (<usize>i) << 2;
    s0 = madd(loadPart(a + at, n - i, vec(0)), loadPart(b + at, n - i, vec(0)), s0);
  }
  return sumLanes(f32x4.add(s0, s1));
}

/** y += a·x over n floats. */
export function axpy(y: usize, a: f32, x: usize, n: i32): void {
  const av = vec(a);
  for (let i = 0; i < n; i += 4) {
    const at = (<usize>i) << 2;
    storePart(y + at, madd(av, v128.load(x + at), v128.load(y + at)), n - i);
  }
}
