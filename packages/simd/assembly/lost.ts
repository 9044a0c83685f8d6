/** @file How many of AdamW's updates the stored weights do not show. */
import { CHUNK, FP32_KIND } from '../src/numbers';
import { DECAY, GRAD_SCALE, LR } from './adam';
import { encodeScaled, streamSeedOf } from './cast';
import { address, int, PIECE, PIECE_ROOM, scratch } from './command';
import { decode, read } from './storage';
import { sumLanesInt, vec } from './vector';

/**
 * lostUpdates: 0 w, 3 m, 6 g, 9 stored, 12 hyper, 13 scale of w, 14 of stored, 15 elements, 16 decays, 17 rounding,
 * 18 seed, 19 stream, 20 counts, a float a task. Scales are not looked at where weights are FP32.
 */
export function lostUpdates(task: i32): void {
  const first = task * CHUNK;
  const last = min(int(15), first + CHUNK);
  let lost: i32 = 0;
  if (load<f32>(address(12) + LR) != 0) {
    for (let i = first; i < last; i += PIECE) lost += lostOf(i, min(PIECE, last - i));
  }
  store<f32>(address(20) + ((<usize>task) << 2), <f32>lost);
}

/** Of `n` elements from `i` on. */
function lostOf(i: i32, n: i32): i32 {
  const room = scratch();
  const w = oldWeights(i, n, room);
  const kept = storedAgain(w, i, n, room + PIECE_ROOM);
  const stored = read(9, i, n, room + 2 * PIECE_ROOM);
  const moves = room + 3 * PIECE_ROOM;
  const all = findMoves(w, i, n, moves);
  let counts = i32x4.splat(0);
  for (let j = 0; j < n; j += 4) {
    const k = (<usize>j) << 2;
    let lost = v128.and(f32x4.eq(v128.load(stored + k), v128.load(kept + k)), firstLanes(n - j));
    if (!all) lost = v128.and(lost, v128.load(moves + k));
    counts = i32x4.sub(counts, lost);
  }
  return sumLanesInt(counts);
}

/** Ones in the first `count` lanes. */
// @ts-ignore: decorator
@inline
function firstLanes(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}

/** Whether all of the elements have an update; if not, ones at `moves` where they have. Two pieces behind it are used. */
function findMoves(w: usize, i: i32, n: i32, moves: usize): bool {
  const hyper = address(12);
  const decay = vec(int(16) ? load<f32>(hyper + DECAY) : <f32>0);
  const zero = vec(0);
  let still = i32x4.splat(0);
  for (let j = 0; j < n; j += 4) {
    const k = (<usize>j) << 2;
    const decays = f32x4.ne(f32x4.mul(v128.load(w + k), decay), zero);
    still = v128.or(still, v128.andnot(firstLanes(n - j), decays));
    v128.store(moves + k, decays);
  }
  if (!v128.any_true(still)) return true;
  const m = read(3, i, n, moves + PIECE_ROOM);
  const g = read(6, i, n, moves + 2 * PIECE_ROOM);
  const gradScale = vec(load<f32>(hyper + GRAD_SCALE));
  for (let j = 0; j < n; j += 4) {
    const k = (<usize>j) << 2;
    const gradient = f32x4.ne(f32x4.mul(v128.load(g + k), gradScale), zero);
    const moment = f32x4.ne(v128.load(m + k), zero);
    v128.store(moves + k, v128.or(v128.load(moves + k), v128.or(gradient, moment)));
  }
  return false;
}

/** The old weights, their scale removed. */
function oldWeights(i: i32, n: i32, room: usize): usize {
  const w = read(0, i, n, room);
  if (int(1) == FP32_KIND) return w;
  const scale = v128.load32_splat(address(13));
  for (let j = 0; j < n; j += 4) {
    const at = room + ((<usize>j) << 2);
    v128.store(at, f32x4.div(v128.load(at), scale));
  }
  return room;
}

/** What the old weights would be stored as now: values of their codes. `room`: a piece, and three behind it for now. */
function storedAgain(w: usize, i: i32, n: i32, room: usize): usize {
  const kind = int(1);
  if (kind == FP32_KIND) return w;
  const rounding = int(17);
  const seed = streamSeedOf(rounding, address(18), int(19));
  const format = address(11);
  const codes = room + PIECE_ROOM;
  encodeScaled(kind, format, rounding, 0, w, n, codes, seed, i, load<f32>(address(14)), room + 2 * PIECE_ROOM);
  decode(kind, format, codes, n, room);
  return room;
}
