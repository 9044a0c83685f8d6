/**
 * @file Causal, grouped-query attention, with the tile of gemm.ts.
 *
 * A task is one key-and-value head of one sequence with all query heads that share it, or every n-th step of queries
 * of that where there are few heads and sequences. Scores of six queries (24 in the gradient) at a time live in
 * scratch; T × T never does.
 */
import { TILE_COLUMNS, TILE_ROWS } from '../src/numbers';
import { float, int, scratch } from './command';
import { largest, sumExp } from './loss';
import { interleave6, interleave8, spread8 } from './panel';
import { commit, read } from './storage';
import { tile } from './tile';
import { storePart, vec } from './vector';

// arguments: 0 qkv, 3 out, 6 dout, 9 sequence, 10 heads, 11 key-and-value heads, 12 head dimension, 13 scale, 14 parts
// of a head, 15 where parts leave their gradients of keys and values (address, or 0 where there is one part)

// @ts-ignore: decorator
@inline
export function up(n: i32, step: i32): i32 {
  return ((n + step - 1) / step) * step;
}

// @ts-ignore: decorator
@inline
export function floats(n: i32): usize {
  return (<usize>n) << 2;
}

/** `count` rows of `n` elements, `stride` apart, as a panel of B: k runs along a row. Missing rows repeat the last. */
export function panelOfRows(slot: i32, index: u32, stride: u32, count: i32, n: i32, wide: bool, to: usize, room: usize): void {
  const width = wide ? TILE_COLUMNS : TILE_ROWS;
  const lines = room + 64;
  for (let i = 0; i < width; i++) {
    const at = read(slot, index + <u32>min(i, count - 1) * stride, n, lines + <usize>i * floats(n + 4));
    store<u32>(room + ((<usize>i) << 2), <u32>at);
  }
  if (wide) interleave8(room, n, to);
  else interleave6(room, n, to);
}

/** Softmax of `n` scores times `factor` in place; the rest up to `all` becomes 0. */
export function softmax(row: usize, n: i32, all: i32, factor: f32): void {
  const f = vec(factor);
  for (let i = 0; i < n; i += 4) {
    const at = floats(i);
    storePart(row + at, f32x4.mul(v128.load(row + at), f), n - i);
  }
  const total = sumExp(row, n, largest(row, n), row);
  const s = vec(total);
  for (let i = 0; i < n; i += 4) {
    const at = floats(i);
    storePart(row + at, f32x4.div(v128.load(row + at), s), n - i);
  }
  for (let i = n; i < all; i++) store<f32>(row + floats(i), 0);
}

/** attention. */
export function attention(task: i32): void {
  const sequence = int(9);
  const heads = int(10);
  const sharing = heads / int(11);
  const headDim = int(12);
  const width = (heads + 2 * int(11)) * headDim;
  const parts = int(14);
  const part = task % parts;
  const first = (task / parts / int(11)) * sequence;
  const head = (task / parts) % int(11);
  const keyAt = (heads + head) * headDim;
  const valueAt = keyAt + int(11) * headDim;
  const keyPanels = (sequence + TILE_COLUMNS - 1) / TILE_COLUMNS;
  const valuePanels = (headDim + TILE_COLUMNS - 1) / TILE_COLUMNS;
  const padded = keyPanels * TILE_COLUMNS;

  const keys = scratch();
  const values = keys + floats(padded * headDim);
  const queries = values + floats(valuePanels * TILE_COLUMNS * sequence) + 64;
  const scores = queries + floats(TILE_ROWS * headDim) + 64;
  const weights = scores + floats(TILE_ROWS * padded) + 64;
  const result = weights + floats(TILE_ROWS * padded) + 64;
  const list = result + floats(TILE_ROWS * valuePanels * TILE_COLUMNS) + 64;
  const room = list + 64;

  for (let p = 0; p < keyPanels; p++) {
    const row = p * TILE_COLUMNS;
    panelOfRows(
      0, (first + row) * width + keyAt, width, min(TILE_COLUMNS, sequence - row), headDim, true,
      keys + floats(row * headDim), room,
    );
  }
  for (let j = 0; j < sequence; j++) {
    const v = read(0, (first + j) * width + valueAt, headDim, room);
    spread8(v, valuePanels, values + floats(j * TILE_COLUMNS), floats(sequence * TILE_COLUMNS));
  }

  let unit = 0;
  for (let h = head * sharing; h < (head + 1) * sharing; h++) {
    for (let i = 0; i < sequence; i += TILE_ROWS) {
      if (unit++ % parts != part) continue;
      const rows = min(TILE_ROWS, sequence - i);
      const limit = i + rows;
      panelOfRows(0, (first + i) * width + h * headDim, width, rows, headDim, false, queries, room);
      for (let p = 0; p * TILE_COLUMNS < limit; p++) {
        const k = keys + floats(p * TILE_COLUMNS * headDim);
        tile(queries, k, headDim, scores + floats(p * TILE_COLUMNS), floats(padded), false);
      }
      for (let r = 0; r < TILE_ROWS; r++) {
        const row = scores + floats(min(r, rows - 1) * padded);
        if (r < rows) softmax(row, i + r + 1, limit, float(13));
        store<u32>(list + ((<usize>r) << 2), <u32>row);
      }
      interleave6(list, limit, weights);
      for (let p = 0; p < valuePanels; p++) {
        const v = values + floats(p * TILE_COLUMNS * sequence);
        tile(weights, v, limit, result + floats(p * TILE_COLUMNS), floats(valuePanels * TILE_COLUMNS), false);
      }
      for (let r = 0; r < rows; r++) {
        const at = ((first + i + r) * heads + h) * headDim;
        commit(3, at, headDim, result + floats(r * valuePanels * TILE_COLUMNS));
      }
    }
  }
}
