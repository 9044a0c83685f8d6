/** @file exp for four floats at a time, and a logarithm. */
import { madd, vec } from './vector';

/**
 * e^x · 2^shift = 2^(n + shift) · e^r, n = round(x / ln 2), |r| ≤ ln 2 / 2, with e^r = 1 + r + r² P(r), P of degree 4 through
 * Chebyshev's points (relative error below 2^-26). n + shift must be an exponent of a normal float32; NaN stays.
 */
// @ts-ignore: decorator
@inline
function expShifted(x: v128, shift: i32): v128 {
  // adding 1.5 · 2^23 leaves the rounded integer in the low bits
  const magic = vec(12582912);
  const t = madd(x, vec(<f32>1.44269504), magic);
  const n = f32x4.sub(t, magic);
  const r = madd(n, vec(<f32>2.12194440e-4), madd(n, vec(<f32>-0.693359375), x));
  let p = vec(<f32>0.0013926181709393859);
  p = madd(p, r, vec(<f32>0.008363177999854088));
  p = madd(p, r, vec(<f32>0.041666556149721146));
  p = madd(p, r, vec(<f32>0.16666576266288757));
  p = madd(p, r, vec(<f32>0.5));
  p = f32x4.add(madd(f32x4.mul(r, r), p, r), vec(1));
  const power = i32x4.shl(i32x4.add(t, i32x4.splat(127 + shift)), 23);
  return f32x4.mul(p, power);
}

/** e^x; 0 below −87, the value at 88.37 above. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  return v128.andnot(expShifted(f32x4.pmin(x, vec(<f32>88.37)), 0), f32x4.lt(x, vec(-87)));
}

/** e^x for x ≤ 0, down to the smallest subnormal number. */
// @ts-ignore: decorator
@inline
export function expOfNegative(x: v128): v128 {
  return f32x4.mul(expShifted(f32x4.pmax(x, vec(-104)), 64), vec(<f32>5.421010862427522e-20)); // 2^-64
}

/** ln x of a positive double; NaN and infinity stay. x = m · 2^e with m around 1, and 2 artanh((m − 1) / (m + 1)). */
export function log(x: f64): f64 {
  if (!(x < Infinity)) return x;
  const bits = reinterpret<u64>(x);
  let e = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    e++;
  }
  const s = (m - 1) / (m + 1);
  const q = s * s;
  let p: f64 = 1.0 / 19.0;
  for (let d = 17; d >= 1; d -= 2) p = p * q + 1.0 / <f64>d;
  return 2 * s * p + <f64>e * 0.6931471805599453;
}
