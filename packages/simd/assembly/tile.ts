/**
 * @file The heart of every product: a tile of 6 × 8 sums in registers.
 *
 * Operands come as panels: A's six values of every k one after the other, B's eight. Each sum runs over k in order.
 * Twelve accumulators, two vectors of B and one of A are fifteen registers of the sixteen that x86-64 has.
 */
import { TILE_ROWS } from '../src/numbers';
import { madd, vec } from './vector';

/**
 * C[6 × 8] = Σ_k a[k, 6] b[k, 8], or on top of C if `add`. `stride` is the distance of C's rows in bytes.
 * Written out because the twelve sums must be local variables. How V8 allocates registers decides the speed: with a
 * fused multiply-add the loop must not be unrolled, without one it must (four times), and to do anything with the sums
 * but store them makes it spill some in the loop, at half the speed.
 */
export function tile(a: usize, b: usize, k: i32, c: usize, stride: usize, add: bool): void {
  let c00 = vec(0);
  let c01 = vec(0);
  let c10 = vec(0);
  let c11 = vec(0);
  let c20 = vec(0);
  let c21 = vec(0);
  let c30 = vec(0);
  let c31 = vec(0);
  let c40 = vec(0);
  let c41 = vec(0);
  let c50 = vec(0);
  let c51 = vec(0);
  if (add) {
    let from = c;
    c00 = v128.load(from);
    c01 = v128.load(from, 16);
    from += stride;
    c10 = v128.load(from);
    c11 = v128.load(from, 16);
    from += stride;
    c20 = v128.load(from);
    c21 = v128.load(from, 16);
    from += stride;
    c30 = v128.load(from);
    c31 = v128.load(from, 16);
    from += stride;
    c40 = v128.load(from);
    c41 = v128.load(from, 16);
    from += stride;
    c50 = v128.load(from);
    c51 = v128.load(from, 16);
  }
  let b0: v128;
  let b1: v128;
  let x: v128;
  if (!ASC_FEATURE_RELAXED_SIMD) {
    while (k >= 4) {
      b0 = v128.load(b, 0);
      b1 = v128.load(b, 16);
      x = v128.load32_splat(a, 0);
      c00 = madd(x, b0, c00);
      c01 = madd(x, b1, c01);
      x = v128.load32_splat(a, 4);
      c10 = madd(x, b0, c10);
      c11 = madd(x, b1, c11);
      x = v128.load32_splat(a, 8);
      c20 = madd(x, b0, c20);
      c21 = madd(x, b1, c21);
      x = v128.load32_splat(a, 12);
      c30 = madd(x, b0, c30);
      c31 = madd(x, b1, c31);
      x = v128.load32_splat(a, 16);
      c40 = madd(x, b0, c40);
      c41 = madd(x, b1, c41);
      x = v128.load32_splat(a, 20);
      c50 = madd(x, b0, c50);
      c51 = madd(x, b1, c51);
      b0 = v128.load(b, 32);
      b1 = v128.load(b, 48);
      x = v128.load32_splat(a, 24);
      c00 = madd(x, b0, c00);
      c01 = madd(x, b1, c01);
      x = v128.load32_splat(a, 28);
      c10 = madd(x, b0, c10);
      c11 = madd(x, b1, c11);
      x = v128.load32_splat(a, 32);
      c20 = madd(x, b0, c20);
      c21 = madd(x, b1, c21);
      x = v128.load32_splat(a, 36);
      c30 = madd(x, b0, c30);
      c31 = madd(x, b1, c31);
      x = v128.load32_splat(a, 40);
      c40 = madd(x, b0, c40);
      c41 = madd(x, b1, c41);
      x = v128.load32_splat(a, 44);
      c50 = madd(x, b0, c50);
      c51 = madd(x, b1, c51);
      b0 = v128.load(b, 64);
      b1 = v128.load(b, 80);
      x = v128.load32_splat(a, 48);
      c00 = madd(x, b0, c00);
      c01 = madd(x, b1, c01);
      x = v128.load32_splat(a, 52);
      c10 = madd(x, b0, c10);
      c11 = madd(x, b1, c11);
      x = v128.load32_splat(a, 56);
      c20 = madd(x, b0, c20);
      c21 = madd(x, b1, c21);
      x = v128.load32_splat(a, 60);
      c30 = madd(x, b0, c30);
      c31 = madd(x, b1, c31);
      x = v128.load32_splat(a, 64);
      c40 = madd(x, b0, c40);
      c41 = madd(x, b1, c41);
      x = v128.load32_splat(a, 68);
      c50 = madd(x, b0, c50);
      c51 = madd(x, b1, c51);
      b0 = v128.load(b, 96);
      b1 = v128.load(b, 112);
      x = v128.load32_splat(a, 72);
      c00 = madd(x, b0, c00);
      c01 = madd(x, b1, c01);
      x = v128.load32_splat(a, 76);
      c10 = madd(x, b0, c10);
      c11 = madd(x, b1, c11);
      x = v128.load32_splat(a, 80);
      c20 = madd(x, b0, c20);
      c21 = madd(x, b1, c21);
      x = v128.load32_splat(a, 84);
      c30 = madd(x, b0, c30);
      c31 = madd(x, b1, c31);
      x = v128.load32_splat(a, 88);
      c40 = madd(x, b0, c40);
      c41 = madd(x, b1, c41);
      x = v128.load32_splat(a, 92);
      c50 = madd(x, b0, c50);
      c51 = madd(x, b1, c51);
      a += 96;
      b += 128;
      k -= 4;
    }
  }
  if (k > 0) do {
    b0 = v128.load(b, 0);
    b1 = v128.load(b, 16);
    x = v128.load32_splat(a, 0);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
    x = v128.load32_splat(a, 20);
    c50 = madd(x, b0, c50);
    c51 = madd(x, b1, c51);
    a += 24;
    b += 32;
    k--;
  } while (k > 0);
  v128.store(c, c00);
  v128.store(c, c01, 16);
  c += stride;
  v128.store(c, c10);
  v128.store(c, c11, 16);
  c += stride;
  v128.store(c, c20);
  v128.store(c, c21, 16);
  c += stride;
  v128.store(c, c30);
  v128.store(c, c31, 16);
  c += stride;
  v128.store(c, c40);
  v128.store(c, c41, 16);
  c += stride;
  v128.store(c, c50);
  v128.store(c, c51, 16);
}

/** Multiplies a stored tile: apart from `tile`, where it would cost the loop its registers. */
export function scaleTile(c: usize, stride: usize, factor: f32): void {
  const s = vec(factor);
  for (let r = 0; r < TILE_ROWS; r++) {
    v128.store(c, f32x4.mul(v128.load(c), s));
    v128.store(c, f32x4.mul(v128.load(c, 16), s), 16);
    c += stride;
  }
}
