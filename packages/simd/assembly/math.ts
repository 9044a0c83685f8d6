/** @file exp for four floats at a time, and a logarithm. */
import { vec } from './vector';

/**
 * e^x: 2^n · e^r with n = round(x / ln 2), |r| ≤ ln 2 / 2 and a Taylor polynomial of degree 7 in Horner's form
 * (remainder below 2^-27). Below −87.3 the result is 2^-126, above 88.7 the largest float; NaN stays.
 */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const y = f32x4.pmax(f32x4.pmin(x, vec(<f32>88.722832)), vec(<f32>-87.336544));
  const n = f32x4.nearest(f32x4.mul(y, vec(<f32>1.44269504)));
  const r = f32x4.sub(f32x4.sub(y, f32x4.mul(n, vec(<f32>0.693359375))), f32x4.mul(n, vec(<f32>-2.12194440e-4)));
  let p = vec(<f32>1.9841270e-4);
  p = f32x4.add(f32x4.mul(p, r), vec(<f32>1.3888889e-3));
  p = f32x4.add(f32x4.mul(p, r), vec(<f32>8.3333333e-3));
  p = f32x4.add(f32x4.mul(p, r), vec(<f32>4.1666668e-2));
  p = f32x4.add(f32x4.mul(p, r), vec(<f32>1.6666667e-1));
  p = f32x4.add(f32x4.mul(p, r), vec(<f32>0.5));
  p = f32x4.add(f32x4.mul(f32x4.mul(p, r), r), f32x4.add(r, vec(1)));
  // 2^n in two factors: n is 128 at most, where 2^n itself is too large
  const k = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(k, 1);
  const a = i32x4.shl(i32x4.add(half, i32x4.splat(127)), 23);
  const b = i32x4.shl(i32x4.add(i32x4.sub(k, half), i32x4.splat(127)), 23);
  return f32x4.mul(f32x4.mul(p, a), b);
}

/** ln x of a positive, finite double: x = m · 2^e with m around 1, and 2 artanh((m − 1) / (m + 1)). */
export function log(x: f64): f64 {
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
