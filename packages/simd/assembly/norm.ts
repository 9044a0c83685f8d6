/** @file Root-mean-square normalisation and its gradients. */
import { COLUMN_STRIP } from '../src/numbers';
import { address, float, int, scratch } from './command';
import { commit, read, target } from './storage';
import { dot, firstLanes, INFINITY_BITS, loadPart, madd, storePart, sumLanes, vec } from './vector';

/** What a row is multiplied by before it is squared where its squares would overflow: 2^-80. */
const SHRINK: f32 = 8.271806125530277e-25;

function inverseRms(x: usize, columns: i32, epsilon: f32): f32 {
  let s0 = vec(0);
  let s1 = vec(0);
  let s2 = vec(0);
  let s3 = vec(0);
  let i = 0;
  for (; i + 16 <= columns; i += 16) {
    const at = x + ((<usize>i) << 2);
    const a = v128.load(at);
    const b = v128.load(at, 16);
    const c = v128.load(at, 32);
    const d = v128.load(at, 48);
    s0 = madd(a, a, s0);
    s1 = madd(b, b, s1);
    s2 = madd(c, c, s2);
    s3 = madd(d, d, s3);
  }
  for (; i < columns; i += 4) {
    const v = loadPart(x + ((<usize>i) << 2), columns - i, vec(0));
    s0 = madd(v, v, s0);
  }
  const sum = sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  if (reinterpret<i32>(sum) == INFINITY_BITS) return inverseRmsOfHuge(x, columns);
  return <f32>1 / sqrt<f32>(sum / <f32>columns + epsilon);
}

function inverseRmsOfHuge(x: usize, columns: i32): f32 {
  let sum: f32 = 0;
  for (let i = 0; i < columns; i++) {
    const value = load<f32>(x + ((<usize>i) << 2)) * SHRINK;
    sum += value * value;
  }
  return SHRINK / sqrt<f32>(sum / <f32>columns);
}

/** rmsNorm: 0 x, 3 gain, 6 out, 9 rows, 10 columns, 11 rows a task, 12 epsilon. */
export function rmsNorm(task: i32): void {
  const columns = int(10);
  const first = task * int(11);
  const last = min(int(9), first + int(11));
  const row = (<usize>columns + 4) << 2;
  const room = scratch();
  const gain = read(3, 0, columns, room + 2 * row);
  for (let t = first; t < last; t++) {
    const x = read(0, t * columns, columns, room);
    const to = target(6, t * columns, room + row);
    const r = vec(inverseRms(x, columns, float(12)));
    for (let i = 0; i < columns; i += 4) {
      const at = (<usize>i) << 2;
      storePart(to + at, f32x4.mul(f32x4.mul(v128.load(x + at), r), v128.load(gain + at)), columns - i);
    }
    commit(6, t * columns, columns, to);
  }
}

/** rmsNormGradInput: 0 dy, 3 x, 6 gain, 9 out, 12 rows, 13 columns, 14 rows a task, 15 epsilon. */
export function rmsNormGradInput(task: i32): void {
  const columns = int(13);
  const first = task * int(14);
  const last = min(int(12), first + int(14));
  const row = (<usize>columns + 4) << 2;
  const room = scratch();
  const gain = read(6, 0, columns, room + 3 * row);
  for (let t = first; t < last; t++) {
    const at = t * columns;
    const dy = read(0, at, columns, room);
    const x = read(3, at, columns, room + row);
    const to = target(9, at, room + 2 * row);
    const r = inverseRms(x, columns, float(15));
    let s = vec(0);
    let s1 = vec(0);
    let j = 0;
    for (; j + 8 <= columns; j += 8) {
      const k = (<usize>j) << 2;
      s = madd(f32x4.mul(v128.load(dy + k), v128.load(gain + k)), v128.load(x + k), s);
      s1 = madd(f32x4.mul(v128.load(dy + k, 16), v128.load(gain + k, 16)), v128.load(x + k, 16), s1);
    }
    for (; j < columns; j += 4) {
      const k = (<usize>j) << 2;
      const product = f32x4.mul(f32x4.mul(v128.load(dy + k), v128.load(gain + k)), v128.load(x + k));
      s = f32x4.add(s, firstLanes(product, columns - j));
    }
    s = f32x4.add(s, s1);
    const c = vec((sumLanes(s) * (r * r)) / <f32>columns);
    const rv = vec(r);
    for (let i = 0; i < columns; i += 4) {
      const k = (<usize>i) << 2;
      const g = f32x4.mul(v128.load(dy + k), v128.load(gain + k));
      storePart(to + k, f32x4.mul(f32x4.sub(g, f32x4.mul(v128.load(x + k), c)), rv), columns - i);
    }
    commit(9, at, columns, to);
  }
}

/** 1 / rms of every row: 0 x, 3 rows, 4 columns, 5 rows a task, 6 epsilon, 7 out (floats). */
export function inverseRmsRows(task: i32): void {
  const columns = int(4);
  const first = task * int(5);
  const last = min(int(3), first + int(5));
  const room = scratch();
  for (let t = first; t < last; t++) {
    const r = inverseRms(read(0, t * columns, columns, room), columns, float(6));
    store<f32>(address(7) + ((<usize>t) << 2), r);
  }
}

/** rmsNormGradGain after inverseRmsRows: 0 dy, 3 x, 6 out, 9 rows, 10 columns, 11 the inverses. */
export function rmsNormGradGain(task: i32): void {
  const columns = int(10);
  const first = task * COLUMN_STRIP;
  const n = min(COLUMN_STRIP, columns - first);
  const room = scratch();
  const sums = room + COLUMN_STRIP * 8 + 64;
  memory.fill(sums, 0, COLUMN_STRIP * 4);
  for (let t = 0; t < int(9); t++) {
    const at = t * columns + first;
    const dy = read(0, at, n, room);
    const x = read(3, at, n, room + COLUMN_STRIP * 4 + 32);
    const r = v128.load32_splat(address(11) + ((<usize>t) << 2));
    for (let i = 0; i < n; i += 4) {
      const k = (<usize>i) << 2;
      const term = f32x4.mul(v128.load(dy + k), f32x4.mul(v128.load(x + k), r));
      v128.store(sums + k, f32x4.add(v128.load(sums + k), term));
    }
  }
  commit(6, first, n, sums);
}

/** sumColumns: 0 x, 3 out, 6 rows, 7 columns. */
export function sumColumns(task: i32): void {
  const columns = int(7);
  const first = task * COLUMN_STRIP;
  const n = min(COLUMN_STRIP, columns - first);
  const room = scratch();
  const sums = room + COLUMN_STRIP * 4 + 64;
  memory.fill(sums, 0, COLUMN_STRIP * 4);
  for (let t = 0; t < int(6); t++) {
    const x = read(0, t * columns + first, n, room);
    for (let i = 0; i < n; i += 4) {
      const k = (<usize>i) << 2;
      v128.store(sums + k, f32x4.add(v128.load(sums + k), v128.load(x + k)));
    }
  }
  commit(3, first, n, sums);
}

/** channelCosine: 0 weight, 3 out, 6 channels, 7 columns, 8 channels a task. */
export function channelCosine(task: i32): void {
  const columns = int(7);
  const channels = int(6);
  const first = task * int(8);
  const last = min(channels, first + int(8));
  const row = (<usize>columns + 4) << 2;
  const room = scratch();
  for (let j = first; j < last; j++) {
    const gate = read(0, j * columns, columns, room);
    const up = read(0, (j + channels) * columns, columns, room + row);
    const norms = sqrt<f32>(dot(gate, gate, columns)) * sqrt<f32>(dot(up, up, columns));
    store<f32>(room + 2 * row, norms > 0 ? dot(gate, up, columns) / norms : 0);
    commit(3, j, 1, room + 2 * row);
  }
}
