/** @file Rounding to BF16 inside a kernel, where a number's bits cannot be read. */

/**
 * `x` to the nearest BF16 value, ties to even, beyond the largest to infinity: a ladder of comparisons finds the power of two, then
 * `floor` and the parity of the last kept bit decide. Exact where products with powers of two are.
 * A helper for kernels: scalars only, closes over nothing.
 */
export function roundBf16(x: number): number {
  let m = Math.abs(x);
  let p = 1.0;
  if (m < 1.0) {
    m = m * 8.507059173023462e37; // 2^126
    p = 1.1754943508222875e-38;
  }
  if (m >= 18446744073709552000.0) {
    m = m * 5.421010862427522e-20; // 2^-64
    p = p * 18446744073709552000.0;
  }
  if (m >= 4294967296.0) {
    m = m * 2.3283064365386963e-10;
    p = p * 4294967296.0;
  }
  if (m >= 65536.0) {
    m = m * 0.0000152587890625;
    p = p * 65536.0;
  }
  if (m >= 256.0) {
    m = m * 0.00390625;
    p = p * 256.0;
  }
  if (m >= 16.0) {
    m = m * 0.0625;
    p = p * 16.0;
  }
  if (m >= 4.0) {
    m = m * 0.25;
    p = p * 4.0;
  }
  if (m >= 2.0) {
    m = m * 0.5;
    p = p * 2.0;
  }
  m = m * 128.0;
  let f = Math.floor(m);
  const rest = m - f;
  const odd = f - Math.floor(f * 0.5) * 2.0;
  if (rest > 0.5 || (rest === 0.5 && odd > 0.5)) {
    f = f + 1.0;
  }
  const r = f * 0.0078125 * p;
  return x < 0.0 ? -r : r;
}
