/** @file Sums, differences and products of equal shapes, and products with one number, one a row or one a column. */
import { CHUNK } from '../src/numbers';
import { int, PIECE, scratch } from './command';
import { commit, read, target } from './storage';
import { storePart, vec } from './vector';

/** add, subtract, multiply: 0 a, 3 b, 6 out, 9 elements, 10 which. */
export function elementwise(task: i32): void {
  const first = task * CHUNK;
  const last = min(int(9), first + CHUNK);
  const which = int(10);
  const room = scratch();
  for (let i = first; i < last; i += PIECE) {
    const n = min(PIECE, last - i);
    const a = read(0, i, n, room);
    const b = read(3, i, n, room + PIECE * 4);
    const to = target(6, i, room + PIECE * 8);
    if (which == 0) {
      for (let j = 0; j < n; j += 4) {
        const at = (<usize>j) << 2;
        storePart(to + at, f32x4.add(v128.load(a + at), v128.load(b + at)), n - j);
      }
    } else if (which == 1) {
      for (let j = 0; j < n; j += 4) {
        const at = (<usize>j) << 2;
        storePart(to + at, f32x4.sub(v128.load(a + at), v128.load(b + at)), n - j);
      }
    } else {
      for (let j = 0; j < n; j += 4) {
        const at = (<usize>j) << 2;
        storePart(to + at, f32x4.mul(v128.load(a + at), v128.load(b + at)), n - j);
      }
    }
    commit(6, i, n, to);
  }
}

/** scaleRows, scaleBy: 0 x, 3 s, 6 out, 9 rows, 10 columns, 11 rows a task, 12 step of s from row to row. */
export function scaleRows(task: i32): void {
  const columns = int(10);
  const first = task * int(11);
  const last = min(int(9), first + int(11));
  const room = scratch();
  for (let r = first; r < last; r++) {
    const s = vec(load<f32>(read(3, r * int(12), 1, room)));
    for (let c = 0; c < columns; c += PIECE) {
      const n = min(PIECE, columns - c);
      const at = r * columns + c;
      const x = read(0, at, n, room);
      const to = target(6, at, room + PIECE * 4);
      for (let j = 0; j < n; j += 4) {
        const k = (<usize>j) << 2;
        storePart(to + k, f32x4.mul(v128.load(x + k), s), n - j);
      }
      commit(6, at, n, to);
    }
  }
}

/** scaleColumns: 0 x, 3 s, 6 out, 9 rows, 10 columns, 11 rows a task. */
export function scaleColumns(task: i32): void {
  const columns = int(10);
  const first = task * int(11);
  const last = min(int(9), first + int(11));
  const room = scratch();
  for (let c = 0; c < columns; c += PIECE) {
    const n = min(PIECE, columns - c);
    const s = read(3, c, n, room);
    for (let r = first; r < last; r++) {
      const at = r * columns + c;
      const x = read(0, at, n, room + PIECE * 4);
      const to = target(6, at, room + PIECE * 8);
      for (let j = 0; j < n; j += 4) {
        const k = (<usize>j) << 2;
        storePart(to + k, f32x4.mul(v128.load(x + k), v128.load(s + k)), n - j);
      }
      commit(6, at, n, to);
    }
  }
}
