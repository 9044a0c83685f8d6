/**
 * @file AdamW over formatted states: first the largest new magnitudes, which scales come from, then the new states.
 *
 * Arguments: 0 w, 3 m, 6 v, 9 g, 12 hyper, 13 … 15 the scales of w, m, v, 16 w', 19 m', 22 v', 25 … 27 their scales,
 * 28 elements, 29 decays, 30 rounding of w', 31 of m' and v', 32 power of two, 33 seed, 34 stream,
 * 35 maxima (three words, 0 at first), 36 … 38 largest values of the formats of w', m', v',
 * 39 bounded, 40 code of the smallest value of v''s format, 41 maxima come with what is stored, not before it.
 * A scale is not looked at where its state is FP32.
 */
import { CHUNK, FP32_KIND } from '../src/numbers';
import {
  BETA1, BETA2, BOUND, CORRECTION1, CORRECTION2, DECAY, EPSILON, GRAD_SCALE, longestStep, LR, mean, meanOf, moved, raised,
} from './adam';
import {
  gradient, largestGradient, largestOld, NEW, newState, oldM, oldV, oldW, prepareStates, readMoments, readWeights, room, STATES, storeStates,
} from './adamw-states';
import { scaleOf } from './amax';
import { address, float, int } from './command';
import { abs as magnitude, firstLanes, INFINITY_BITS, maxLanesInt, storePart, vec } from './vector';

/** Bits of the largest new magnitudes that are known of. */
let topW: i32 = 0;
let topM: i32 = 0;
let topV: i32 = 0;

/** Begins with what other tasks have found: the more is known, the less is to be computed. */
function startMaxima(): void {
  const at = address(35);
  topW = atomic.load<i32>(at);
  topM = atomic.load<i32>(at, 4);
  topV = atomic.load<i32>(at, 8);
}

function keepMaxima(): void {
  const at = address(35);
  raise(at, topW);
  raise(at + 4, topM);
  raise(at + 8, topV);
}

function raise(at: usize, top: i32): void {
  let seen = atomic.load<i32>(at);
  while (seen < top) {
    const found = atomic.cmpxchg<i32>(at, seen, top);
    if (found == seen) return;
    seen = found;
  }
}

/** Adds the largest magnitudes of `n` new moments. */
function measureMoments(n: i32, m: usize, v: usize, g: usize): void {
  const hyper = address(12);
  const beta1 = vec(load<f32>(hyper + BETA1));
  const rest1 = vec(<f32>1 - load<f32>(hyper + BETA1));
  const beta2 = vec(load<f32>(hyper + BETA2));
  const rest2 = vec(<f32>1 - load<f32>(hyper + BETA2));
  const bound = vec(int(39) ? load<f32>(hyper + BOUND) : <f32>0);
  const gradScale = vec(load<f32>(hyper + GRAD_SCALE));
  let mostM = i32x4.splat(topM);
  let mostV = i32x4.splat(topV);
  for (let i = 0; i < n; i += 4) {
    const k = (<usize>i) << 2;
    const x = f32x4.mul(v128.load(g + k), gradScale);
    const first = v128.load(m + k);
    const second = raised(v128.load(v + k), first, bound);
    mostM = i32x4.max_s(mostM, firstLanes(magnitude(mean(beta1, first, rest1, x)), n - i));
    mostV = i32x4.max_s(mostV, firstLanes(magnitude(mean(beta2, second, rest2, f32x4.mul(x, x))), n - i));
  }
  topM = maxLanesInt(mostM);
  topV = maxLanesInt(mostV);
}

/** The new states of `n` elements, at `toW`, `toM`, `toV`; adds their largest magnitudes if `measures`. */
// @ts-ignore: decorator
@inline
function update(n: i32, w: usize, m: usize, v: usize, g: usize, measures: bool, toW: usize, toM: usize, toV: usize): void {
  const hyper = address(12);
  const beta1 = vec(load<f32>(hyper + BETA1));
  const rest1 = vec(<f32>1 - load<f32>(hyper + BETA1));
  const beta2 = vec(load<f32>(hyper + BETA2));
  const rest2 = vec(<f32>1 - load<f32>(hyper + BETA2));
  const bound = vec(int(39) ? load<f32>(hyper + BOUND) : <f32>0);
  const gradScale = vec(load<f32>(hyper + GRAD_SCALE));
  const lr = vec(load<f32>(hyper + LR));
  const epsilon = vec(load<f32>(hyper + EPSILON));
  const decays = int(29);
  const decay = vec(load<f32>(hyper + DECAY));
  const c1 = vec(load<f32>(hyper + CORRECTION1));
  const c2 = vec(load<f32>(hyper + CORRECTION2));
  let mostW = i32x4.splat(topW);
  let mostM = i32x4.splat(topM);
  let mostV = i32x4.splat(topV);
  for (let i = 0; i < n; i += 4) {
    const k = (<usize>i) << 2;
    const x = f32x4.mul(v128.load(g + k), gradScale);
    const first = v128.load(m + k);
    const newM = mean(beta1, first, rest1, x);
    const newV = mean(beta2, raised(v128.load(v + k), first, bound), rest2, f32x4.mul(x, x));
    const newW = moved(v128.load(w + k), newM, newV, lr, epsilon, decay, c1, c2, decays);
    storePart(toW + k, newW, n - i);
    storePart(toM + k, newM, n - i);
    storePart(toV + k, newV, n - i);
    if (!measures) continue;
    mostW = i32x4.max_s(mostW, firstLanes(magnitude(newW), n - i));
    mostM = i32x4.max_s(mostM, firstLanes(magnitude(newM), n - i));
    mostV = i32x4.max_s(mostV, firstLanes(magnitude(newV), n - i));
  }
  if (!measures) return;
  topW = maxLanesInt(mostW);
  topM = maxLanesInt(mostM);
  topV = maxLanesInt(mostV);
}

function updateMeasuring(n: i32, toW: usize, toM: usize, toV: usize): void {
  update(n, oldW, oldM, oldV, gradient, true, toW, toM, toV);
}

function updateOnly(n: i32, toW: usize, toM: usize, toV: usize): void {
  update(n, oldW, oldM, oldV, gradient, false, toW, toM, toV);
}

/** Largest new magnitudes of a task's elements, given the longest step of a weight. */
function measure(task: i32, step: f64): void {
  const last = min(int(28), (task + 1) * CHUNK);
  startMaxima();
  for (let i = task * CHUNK; i < last; i += STATES) {
    const n = min(STATES, last - i);
    const m = largestOld(1, i, n);
    const weights = largestOld(0, i, n) > weightLimit(topW, step);
    if (!weights && !momentsMayExceed(m, largestOld(2, i, n), largestGradient(i, n))) continue;
    readMoments(i, n);
    if (!weights) measureMoments(n, oldM, oldV, gradient);
    else {
      readWeights(i, n);
      updateMeasuring(n, room(NEW), room(NEW + 1), room(NEW + 2));
    }
  }
}

/** Whether new moments may be larger than those known of, given the bits of the largest of what they come from. */
function momentsMayExceed(m: i32, v: i32, g: i32): bool {
  const hyper = address(12);
  const x = abs<f64>(<f64>reinterpret<f32>(g) * <f64>load<f32>(hyper + GRAD_SCALE));
  const root = <f64>reinterpret<f32>(m) * (int(39) ? <f64>load<f32>(hyper + BOUND) : 0);
  const most1 = meanOf(load<f32>(hyper + BETA1), <f64>reinterpret<f32>(m), x);
  const most2 = meanOf(load<f32>(hyper + BETA2), max<f64>(<f64>reinterpret<f32>(v), root * root), x * x);
  // what is not a number exceeds everything; and there is some room for rounding
  return !(most1 * 1.001 <= <f64>reinterpret<f32>(topM) && most2 * 1.001 <= <f64>reinterpret<f32>(topV));
}

/** The largest magnitude, as bits, of weights that do not become as large as `top`, or −1: any may. */
function weightLimit(top: i32, step: f64): i32 {
  const hyper = address(12);
  const growth = 1 + abs<f64>(<f64>load<f32>(hyper + LR) * <f64>load<f32>(hyper + DECAY));
  const limit = (<f64>reinterpret<f32>(top) * 0.999 - step) / growth; // the rest is for rounding
  return limit > 0 ? reinterpret<i32>(<f32>limit) : -1;
}

/** Largest new magnitudes of a task's elements. */
export function adamwMaxima(task: i32): void {
  prepareStates();
  measure(task, int(39) ? longestStep(address(12)) : Infinity);
  // steps have no bound where something is not finite
  if (max(topM, topV) >= INFINITY_BITS) measure(task, Infinity);
  keepMaxima();
}

/** The three new scales: NaN where a state is not finite. */
export function adamwScales(task: i32): void {
  for (let state = 0; state < 3; state++) {
    const most = load<i32>(address(35) + ((<usize>state) << 2));
    let s: f32 = 1;
    if (most >= INFINITY_BITS) s = NaN;
    else if (int(17 + 3 * state) != FP32_KIND) s = scaleOf(reinterpret<f32>(most), float(36 + state), 1, int(32));
    store<f32>(address(25 + state), s);
  }
}

/** The new states, rounded and stored. */
export function adamwStore(task: i32): void {
  const last = min(int(28), (task + 1) * CHUNK);
  const measures = int(41);
  prepareStates();
  startMaxima();
  for (let i = task * CHUNK; i < last; i += STATES) {
    const n = min(STATES, last - i);
    readWeights(i, n);
    readMoments(i, n);
    if (measures) updateMeasuring(n, newState(0, i), newState(1, i), newState(2, i));
    else updateOnly(n, newState(0, i), newState(1, i), newState(2, i));
    storeStates(i, n);
  }
  if (measures) keepMaxima();
}
