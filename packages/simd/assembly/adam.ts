/** @file AdamW's moments and weight, one by one. */
import { CHUNK } from '../src/numbers';
import { int, PIECE, scratch } from './command';
import { commit, read, target } from './storage';
import { storePart, vec } from './vector';

// hyper: lr, beta1, beta2, epsilon, decay, gradScale, 1 − beta1^t, 1 − beta2^t, bound
export const LR: usize = 0;
export const BETA1: usize = 4;
export const BETA2: usize = 8;
export const EPSILON: usize = 12;
export const DECAY: usize = 16;
export const GRAD_SCALE: usize = 20;
export const CORRECTION1: usize = 24;
export const CORRECTION2: usize = 28;
export const BOUND: usize = 32;
export const NUMBERS: i32 = 9;

/** β m + (1 − β) x, given `rest` = 1 − β. */
// @ts-ignore: decorator
@inline
export function mean(beta: v128, m: v128, rest: v128, x: v128): v128 {
  return f32x4.add(f32x4.mul(beta, m), f32x4.mul(rest, x));
}

/** The same of single numbers. */
export function meanOf(beta: f32, m: f64, x: f64): f64 {
  return <f64>beta * m + <f64>(<f32>1 - beta) * x;
}

/** v, or where that is more (bound m)²: what the first moment proves of the second. `bound` 0 changes nothing. */
// @ts-ignore: decorator
@inline
export function raised(v: v128, m: v128, bound: v128): v128 {
  const root = f32x4.mul(bound, m);
  return f32x4.pmax(v, f32x4.mul(root, root));
}

/** w − lr ((m / c1) / (√(v / c2) + ε) + decay w). */
// @ts-ignore: decorator
@inline
export function moved(
  w: v128, m: v128, v: v128, lr: v128, epsilon: v128, decay: v128, c1: v128, c2: v128, decays: i32,
): v128 {
  const root = f32x4.add(f32x4.sqrt(f32x4.div(v, c2)), epsilon);
  let step = f32x4.div(f32x4.div(m, c1), root);
  if (decays) step = f32x4.add(step, f32x4.mul(decay, w));
  return f32x4.sub(w, f32x4.mul(lr, step));
}

/**
 * The longest step, decay left out, of a weight whose second moment is raised, with some room for rounding:
 * lr |m̂| / (√v̂ + ε), where m' = β1 m + (1 − β1) x and v' ≥ β2 (bound m)² + (1 − β2) x², so that by Cauchy and Schwarz
 * m'² ≤ (β1² / (β2 bound²) + (1 − β1)² / (1 − β2)) v'. What a v' lacks that has underflowed counts beside ε.
 */
export function longestStep(hyper: usize): f64 {
  const beta1 = <f64>load<f32>(hyper + BETA1);
  const beta2 = <f64>load<f32>(hyper + BETA2);
  const bound = <f64>load<f32>(hyper + BOUND);
  const squares = (beta1 * beta1) / (beta2 * bound * bound) + ((1 - beta1) * (1 - beta1)) / (1 - beta2);
  const most = sqrt<f64>(load<f32>(hyper + CORRECTION2)) + 1e-22 / <f64>load<f32>(hyper + EPSILON);
  return (1.001 * abs<f64>(load<f32>(hyper + LR)) * sqrt<f64>(squares) * most) / <f64>load<f32>(hyper + CORRECTION1);
}

/** to = mean of m and g · gradScale. */
function moment1(m: usize, g: usize, hyper: usize, to: usize, n: i32): void {
  const beta = vec(load<f32>(hyper + BETA1));
  const rest = vec(<f32>1 - load<f32>(hyper + BETA1));
  const s = vec(load<f32>(hyper + GRAD_SCALE));
  for (let i = 0; i < n; i += 4) {
    const k = (<usize>i) << 2;
    storePart(to + k, mean(beta, v128.load(m + k), rest, f32x4.mul(v128.load(g + k), s)), n - i);
  }
}

/** to = mean of v and (g · gradScale)², v raised by `m` unless that is 0. */
function moment2(v: usize, g: usize, hyper: usize, m: usize, to: usize, n: i32): void {
  const bound = vec(load<f32>(hyper + BOUND));
  const beta = vec(load<f32>(hyper + BETA2));
  const rest = vec(<f32>1 - load<f32>(hyper + BETA2));
  const s = vec(load<f32>(hyper + GRAD_SCALE));
  for (let i = 0; i < n; i += 4) {
    const k = (<usize>i) << 2;
    const x = f32x4.mul(v128.load(g + k), s);
    let old = v128.load(v + k);
    if (m) old = raised(old, v128.load(m + k), bound);
    storePart(to + k, mean(beta, old, rest, f32x4.mul(x, x)), n - i);
  }
}

function weight(w: usize, m: usize, v: usize, hyper: usize, decays: i32, to: usize, n: i32): void {
  const lr = vec(load<f32>(hyper + LR));
  const epsilon = vec(load<f32>(hyper + EPSILON));
  const decay = vec(load<f32>(hyper + DECAY));
  const c1 = vec(load<f32>(hyper + CORRECTION1));
  const c2 = vec(load<f32>(hyper + CORRECTION2));
  for (let i = 0; i < n; i += 4) {
    const k = (<usize>i) << 2;
    const next = moved(v128.load(w + k), v128.load(m + k), v128.load(v + k), lr, epsilon, decay, c1, c2, decays);
    storePart(to + k, next, n - i);
  }
}

/** adamMoment1, adamMoment2: 0 moment, 3 g, 6 hyper, 9 out, 12 elements, 13 which, 14 bounded, 15 first moment. */
export function adamMoment(task: i32): void {
  const first = task * CHUNK;
  const last = min(int(12), first + CHUNK);
  const room = scratch();
  const hyper = read(6, 0, NUMBERS, room + PIECE * 16);
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    const m = read(0, i, n, room);
    const g = read(3, i, n, room + PIECE * 4);
    const to = target(9, i, room + PIECE * 8);
    if (int(13) == 1) moment1(m, g, hyper, to, n);
    else moment2(m, g, hyper, int(14) ? read(15, i, n, room + PIECE * 12) : 0, to, n);
    commit(9, i, n, to);
  }
}

/** adamWeight: 0 w, 3 m, 6 v, 9 hyper, 12 out, 15 elements, 16 decays. */
export function adamWeight(task: i32): void {
  const first = task * CHUNK;
  const last = min(int(15), first + CHUNK);
  const room = scratch();
  const hyper = read(9, 0, NUMBERS, room + PIECE * 16);
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    const w = read(0, i, n, room);
    const m = read(3, i, n, room + PIECE * 4);
    const v = read(6, i, n, room + PIECE * 8);
    const to = target(12, i, room + PIECE * 12);
    weight(w, m, v, hyper, int(16), to, n);
    commit(12, i, n, to);
  }
}
