/** @file exp for four floats at a time, and a logarithm. */
import { madd, vec } from './vector';

/**
 * e^x · 2^shift = 2^(n + shift) · e^r, n = round(x / ln 2), |r| ≤ ln 2 / 2, with e^r = 1 + r + r² P(r), P of degree 3 with the
 * least largest error (relative, 2^-23.2). The power is 0 where n + shift is −127, and else that of a normal float32;
 * NaN stays.
 */
// @ts-ignore: decorator
@inline
function expShifted(x: v128, shift: i32): v128 {
  // adding 1.5 · 2^23, and the exponent's bias, leaves the rounded integer in the low bits
  const magic = vec(<f32>(shift + 127 + 0xc00000));
  const t = madd(x, vec(<f32>1.44269504), magic);
  const n = f32x4.sub(t, magic);
  const r = madd(n, vec(<f32>2.12194440e-4), madd(n, vec(<f32>-0.693359375), x));
  let p = vec(<f32>0.0083125248658154);
  p = madd(p, r, vec(<f32>0.04189011314987097));
  p = madd(p, r, vec(<f32>0.16667114465366267));
  p = madd(p, r, vec(<f32>0.4999923179160918));
  p = madd(p, r, vec(1));
  p = madd(p, r, vec(1));
  return f32x4.mul(p, i32x4.shl(t, 23));
}

/** e^x for x ≤ 0; 0 from where n is −127, below −87.7. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  return expShifted(f32x4.pmax(x, vec(-88)), 0);
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
