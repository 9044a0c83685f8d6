/** @file AdamW in one pass over formatted states. */
import { BYTE_KIND, CHUNK, FP32_KIND, TABLE_BYTES } from '../src/numbers';
import { BETA1, BETA2, BOUND, CORRECTION1, CORRECTION2, DECAY, EPSILON, GRAD_SCALE, LR, mean, moved, raised } from './adam';
import { amaxBits, scaleOf } from './amax';
import { encodeScaled, streamSeedOf } from './cast';
import { address, float, int, PIECE, PIECE_ROOM, scratch } from './command';
import { decodeBytes, scaledTable } from './decode';
import { element, read } from './storage';
import { abs, INFINITY_BITS, maxLanesInt, vec } from './vector';

/**
 * adamw, its arguments: 0 w, 3 m, 6 v, 9 g, 12 hyper, 13 … 15 the scales of w, m, v, 16 w', 19 m', 22 v', 25 … 27
 * their scales, 28 elements, 29 decays, 30 rounding of w', 31 of m' and v', 32 power of two, 33 seed, 34 stream,
 * 35 maxima (three words a task), 36 … 38 largest values of the formats of w', m', v', 39 tasks,
 * 40 bounded, 41 code of the smallest value of v''s format, 42 maxima come with what is stored, not before it.
 * A scale is not looked at where its state is FP32.
 */
function decoded(slot: i32, scaleSlot: i32, i: i32, n: i32, room: usize, table: usize): usize {
  const kind = int(slot + 1);
  if (kind == FP32_KIND) return element(slot, i);
  if (kind == BYTE_KIND) {
    decodeBytes(element(slot, i), table, n, room);
    return room;
  }
  const x = read(slot, i, n, room);
  const s = v128.load32_splat(address(scaleSlot));
  for (let j = 0; j < n; j += 4) {
    const k = (<usize>j) << 2;
    v128.store(room + k, f32x4.div(v128.load(x + k), s));
  }
  return room;
}

/** Tables of the states' values in piece 8 of scratch. */
function tables(): void {
  const to = scratch() + 8 * PIECE_ROOM;
  for (let state = 0; state < 3; state++) {
    if (int(1 + 3 * state) != BYTE_KIND) continue;
    scaledTable(address(2 + 3 * state), load<f32>(address(13 + state)), to + <usize>state * TABLE_BYTES);
  }
}

/** Addresses of the old states of `n` elements, decoded if they must be. */
let oldW: usize = 0;
let oldM: usize = 0;
let oldV: usize = 0;
let gradient: usize = 0;

function readStates(i: i32, n: i32): void {
  const room = scratch();
  const table = room + 8 * PIECE_ROOM;
  oldW = decoded(0, 13, i, n, room, table);
  oldM = decoded(3, 14, i, n, room + PIECE_ROOM, table + TABLE_BYTES);
  oldV = decoded(6, 15, i, n, room + 2 * PIECE_ROOM, table + 2 * TABLE_BYTES);
  gradient = read(9, i, n, room + 3 * PIECE_ROOM);
}

/** The new states of `n` elements in pieces 4, 5, 6 of scratch: w', m', v'; or, at `maxima`, theirs as bits. */
// @ts-ignore: decorator
@inline
function next(n: i32, maxima: usize): void {
  const to = scratch() + 4 * PIECE_ROOM;
  const hyper = address(12);
  const beta1 = vec(load<f32>(hyper + BETA1));
  const rest1 = vec(<f32>1 - load<f32>(hyper + BETA1));
  const beta2 = vec(load<f32>(hyper + BETA2));
  const rest2 = vec(<f32>1 - load<f32>(hyper + BETA2));
  const bound = vec(int(40) ? load<f32>(hyper + BOUND) : <f32>0);
  const gradScale = vec(load<f32>(hyper + GRAD_SCALE));
  const lr = vec(load<f32>(hyper + LR));
  const epsilon = vec(load<f32>(hyper + EPSILON));
  const decays = int(29);
  const decay = vec(load<f32>(hyper + DECAY));
  const c1 = vec(load<f32>(hyper + CORRECTION1));
  const c2 = vec(load<f32>(hyper + CORRECTION2));
  let topW = vec(0);
  let topM = vec(0);
  let topV = vec(0);
  for (let i = 0; i < n; i += 4) {
    const k = (<usize>i) << 2;
    const x = f32x4.mul(v128.load(gradient + k), gradScale);
    const first = v128.load(oldM + k);
    const m = mean(beta1, first, rest1, x);
    const second = raised(v128.load(oldV + k), first, bound);
    const v = mean(beta2, second, rest2, f32x4.mul(x, x));
    const w = moved(v128.load(oldW + k), m, v, lr, epsilon, decay, c1, c2, decays);
    if (maxima && i + 4 <= n) {
      topW = i32x4.max_s(topW, abs(w));
      topM = i32x4.max_s(topM, abs(m));
      topV = i32x4.max_s(topV, abs(v));
    } else {
      v128.store(to + k, w);
      v128.store(to + k, m, PIECE_ROOM);
      v128.store(to + k, v, 2 * PIECE_ROOM);
    }
  }
  if (!maxima) return;
  const rest = n & 3;
  const last = to + ((<usize>(n - rest)) << 2);
  put3(maxima, maxLanesInt(topW), maxLanesInt(topM), maxLanesInt(topV));
  put3(maxima, amaxBits(last, rest), amaxBits(last + PIECE_ROOM, rest), amaxBits(last + 2 * PIECE_ROOM, rest));
}

/** Three maxima into those so far. */
function put3(maxima: usize, w: i32, m: i32, v: i32): void {
  store<i32>(maxima, max(load<i32>(maxima), w));
  store<i32>(maxima, max(load<i32>(maxima, 4), m), 4);
  store<i32>(maxima, max(load<i32>(maxima, 8), v), 8);
}

/** Largest new magnitudes of a task's elements. */
export function adamwMaxima(task: i32): void {
  const first = task * CHUNK;
  const last = min(int(28), first + CHUNK);
  const to = address(35) + <usize>task * 12;
  const room = scratch() + 4 * PIECE_ROOM;
  tables();
  memory.fill(to, 0, 12);
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    const some = room + 3 * PIECE_ROOM;
    memory.fill(some, 0, 12);
    readStates(i, n);
    next(n, some);
    put3(to, load<i32>(some), load<i32>(some, 4), load<i32>(some, 8));
  }
}

/** The three new scales: NaN where a state is not finite. */
export function adamwScales(task: i32): void {
  for (let state = 0; state < 3; state++) {
    let most: i32 = 0;
    for (let t = 0; t < int(39); t++) {
      most = max(most, load<i32>(address(35) + <usize>t * 12 + ((<usize>state) << 2)));
    }
    let s: f32 = 1;
    if (most >= INFINITY_BITS) s = NaN;
    else if (int(17 + 3 * state) != FP32_KIND) s = scaleOf(reinterpret<f32>(most), float(36 + state), 1, int(32));
    store<f32>(address(25 + state), s);
  }
}

function put(state: i32, i: i32, n: i32, rounding: i32): void {
  const slot = 16 + 3 * state;
  const room = scratch();
  const from = room + <usize>(4 + state) * PIECE_ROOM;
  const kind = int(slot + 1);
  if (kind == FP32_KIND) {
    memory.copy(element(slot, i), from, (<usize>n) << 2);
    return;
  }
  const seed = streamSeedOf(rounding, address(33), int(34) + state);
  const s = load<f32>(address(25 + state));
  encodeScaled(kind, address(slot + 2), rounding, 0, from, n, element(slot, i), seed, i, s, room + 7 * PIECE_ROOM);
}

/** A second moment that is not zero is not stored as zero: `n` elements from `i` on. */
function keepNonzero(i: i32, n: i32): void {
  const kind = int(23);
  if (kind == FP32_KIND) return;
  const codes = element(22, i);
  const values = scratch() + 6 * PIECE_ROOM;
  const smallest = int(41);
  if (kind == BYTE_KIND) {
    const zero = i8x16.splat(0);
    let j = 0;
    for (; j + 16 <= n; j += 16) {
      if (!v128.any_true(i8x16.eq(v128.load(codes + j), zero))) continue;
      for (let k = j; k < j + 16; k++) keepByte(codes + k, values + ((<usize>k) << 2), smallest);
    }
    for (; j < n; j++) keepByte(codes + j, values + ((<usize>j) << 2), smallest);
    return;
  }
  for (let j = 0; j < n; j++) {
    const code = codes + ((<usize>j) << 1);
    if (load<u16>(code) == 0 && load<f32>(values + ((<usize>j) << 2)) > 0) store<u16>(code, <u16>smallest);
  }
}

// @ts-ignore: decorator
@inline
function keepByte(code: usize, value: usize, smallest: i32): void {
  if (load<u8>(code) == 0 && load<f32>(value) > 0) store<u8>(code, <u8>smallest);
}

/** The new states, rounded and stored. */
export function adamwStore(task: i32): void {
  const first = task * CHUNK;
  const last = min(int(28), first + CHUNK);
  tables();
  const room = scratch() + 4 * PIECE_ROOM;
  const maxima = int(42) ? address(35) + <usize>task * 12 : 0;
  if (maxima) memory.fill(maxima, 0, 12);
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    readStates(i, n);
    next(n, 0);
    if (maxima) put3(maxima, amaxBits(room, n), amaxBits(room + PIECE_ROOM, n), amaxBits(room + 2 * PIECE_ROOM, n));
    put(0, i, n, int(30));
    put(1, i, n, int(31));
    put(2, i, n, int(31));
    if (int(40)) keepNonzero(i, n);
  }
}
