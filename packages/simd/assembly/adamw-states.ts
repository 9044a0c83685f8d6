/** @file AdamW's formatted states: read as float32, and stored again. */
import { BYTE_KIND, FP16_KIND, FP32_KIND, TABLE_BYTES } from '../src/numbers';
import { amaxOf } from './amax';
import { encodeScaled, streamSeedOf } from './cast';
import { address, int, scratch } from './command';
import { decodeBytes, scaledTable } from './decode';
import { decodeFp16Over } from './fp16';
import { element, read } from './storage';
import { vec } from './vector';

/** Elements at a time: what is between old states and new ones is to stay in the nearest cache. */
export const STATES: i32 = 512;
const ROOM: usize = <usize>STATES * 4 + 64;

/** The rooms in scratch: of the old w, m, v and g, of the new w, m, v, for encoding, and of tables of the old values. */
export const NEW: i32 = 4;
const SPARE: i32 = 7;
const TABLES: i32 = 8;

// @ts-ignore: decorator
@inline
export function room(i: i32): usize {
  return scratch() + <usize>i * ROOM;
}

/** Addresses of the old states of some elements, decoded if they must be. */
export let oldW: usize = 0;
export let oldM: usize = 0;
export let oldV: usize = 0;
export let gradient: usize = 0;

/** Tables of the old states' values. */
export function prepareStates(): void {
  for (let state = 0; state < 3; state++) {
    if (int(1 + 3 * state) != BYTE_KIND) continue;
    scaledTable(address(2 + 3 * state), load<f32>(address(13 + state)), room(TABLES) + <usize>state * TABLE_BYTES);
  }
}

export function readWeights(i: i32, n: i32): void {
  oldW = decoded(0, i, n);
}

/** Bits of the largest of `n` old values of a state, most of which are not decoded for it. */
export function largestOld(state: i32, i: i32, n: i32): i32 {
  const top = amaxOf(3 * state, i, n, room(SPARE));
  if (int(3 * state + 1) == FP32_KIND) return top;
  return reinterpret<i32>(reinterpret<f32>(top) / load<f32>(address(13 + state))) & 0x7fffffff;
}

export function largestGradient(i: i32, n: i32): i32 {
  return amaxOf(9, i, n, room(SPARE));
}

export function readMoments(i: i32, n: i32): void {
  oldM = decoded(1, i, n);
  oldV = decoded(2, i, n);
  gradient = read(9, i, n, room(3));
}

function decoded(state: i32, i: i32, n: i32): usize {
  const slot = 3 * state;
  const to = room(state);
  const kind = int(slot + 1);
  if (kind == BYTE_KIND) {
    decodeBytes(element(slot, i), room(TABLES) + <usize>state * TABLE_BYTES, n, to);
    return to;
  }
  const scale = load<f32>(address(13 + state));
  if (kind == FP16_KIND && decodeFp16Over(element(slot, i), scale, n, to)) return to;
  const x = read(slot, i, n, to);
  if (kind == FP32_KIND) return x;
  const s = vec(scale);
  for (let j = 0; j < n; j += 4) {
    const k = (<usize>j) << 2;
    v128.store(x + k, f32x4.div(v128.load(x + k), s));
  }
  return x;
}

/** Where new states go as float32: in place, or in a room, which `storeStates` then encodes. */
export function newState(state: i32, i: i32): usize {
  const slot = 16 + 3 * state;
  return int(slot + 1) == FP32_KIND ? element(slot, i) : room(NEW + state);
}

/** The new states of `n` elements from `i` on, rounded and stored. */
export function storeStates(i: i32, n: i32): void {
  put(0, i, n, int(30));
  put(1, i, n, int(31));
  put(2, i, n, int(31));
  if (int(39) && int(23) != FP32_KIND) keepNonzero(i, n);
}

function put(state: i32, i: i32, n: i32, rounding: i32): void {
  const slot = 16 + 3 * state;
  const kind = int(slot + 1);
  if (kind == FP32_KIND) return;
  const seed = streamSeedOf(rounding, address(33), int(34) + state);
  const s = load<f32>(address(25 + state));
  encodeScaled(kind, address(slot + 2), rounding, 0, room(NEW + state), n, element(slot, i), seed, i, s, room(SPARE));
}

/** A second moment that is not zero is not stored as zero. */
function keepNonzero(i: i32, n: i32): void {
  const codes = element(22, i);
  const values = room(NEW + 2);
  const smallest = int(40);
  let j = 0;
  if (int(23) == BYTE_KIND) {
    for (; j + 16 <= n; j += 16) keepBytes(codes + <usize>j, values + ((<usize>j) << 2), i8x16.splat(<i8>smallest));
    for (; j < n; j++) {
      const code = codes + <usize>j;
      if (load<u8>(code) == 0 && load<f32>(values + ((<usize>j) << 2)) > 0) store<u8>(code, <u8>smallest);
    }
    return;
  }
  for (; j < n; j++) {
    const code = codes + ((<usize>j) << 1);
    if (load<u16>(code) == 0 && load<f32>(values + ((<usize>j) << 2)) > 0) store<u16>(code, <u16>smallest);
  }
}

// @ts-ignore: decorator
@inline
function keepBytes(codes: usize, values: usize, smallest: v128): void {
  const stored = v128.load(codes);
  const lost = i8x16.eq(stored, i8x16.splat(0));
  if (!v128.any_true(lost)) return;
  const low = i16x8.narrow_i32x4_s(positive(values), positive(values + 16));
  const high = i16x8.narrow_i32x4_s(positive(values + 32), positive(values + 48));
  const some = v128.and(lost, i8x16.narrow_i16x8_s(low, high));
  v128.store(codes, v128.bitselect(smallest, stored, some));
}

// @ts-ignore: decorator
@inline
function positive(values: usize): v128 {
  return f32x4.gt(v128.load(values), vec(0));
}
