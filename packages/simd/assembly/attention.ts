/**
 * @file Causal, grouped-query attention and its gradient, with the tile of gemm.ts.
 *
 * A task is one key-and-value head of one sequence with all query heads that share it, or every n-th step of queries
 * of that where there are few heads and sequences. Scores of six queries (24 in the gradient) at a time live in
 * scratch; T × T never does.
 */
import { address, float, int, scratch } from './control';
import { largest, sumExp } from './loss';
import { interleave6, interleave8, spread8 } from './panel';
import { commit, read } from './storage';
import { COLUMNS, ROWS, tile } from './tile';
import { axpy, dot, storePart, vec } from './vector';

// arguments: 0 qkv, 3 out, 6 dout, 9 sequence, 10 heads, 11 key-and-value heads, 12 head dimension, 13 scale, 14 parts
// of a head, 15 where parts leave their gradients of keys and values (address, or 0 where there is one part)

// @ts-ignore: decorator
@inline
function up(n: i32, step: i32): i32 {
  return ((n + step - 1) / step) * step;
}

// @ts-ignore: decorator
@inline
function floats(n: i32): usize {
  return (<usize>n) << 2;
}

/** `count` rows of `n` elements, `stride` apart, as a panel of B: k runs along a row. Missing rows repeat the last. */
function panelOfRows(slot: i32, index: u32, stride: u32, count: i32, n: i32, wide: bool, to: usize, room: usize): void {
  const width = wide ? COLUMNS : ROWS;
  const lines = room + 64;
  for (let i = 0; i < width; i++) {
    const at = read(slot, index + <u32>min(i, count - 1) * stride, n, lines + <usize>i * floats(n + 4));
    store<u32>(room + ((<usize>i) << 2), <u32>at);
  }
  if (wide) interleave8(room, n, to);
  else interleave6(room, n, to);
}

/** Softmax of `n` scores times `factor` in place; the rest up to `all` becomes 0. */
function softmax(row: usize, n: i32, all: i32, factor: f32): void {
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
  const keyPanels = (sequence + COLUMNS - 1) / COLUMNS;
  const valuePanels = (headDim + COLUMNS - 1) / COLUMNS;
  const padded = keyPanels * COLUMNS;

  const keys = scratch();
  const values = keys + floats(padded * headDim);
  const queries = values + floats(valuePanels * COLUMNS * sequence) + 64;
  const scores = queries + floats(ROWS * headDim) + 64;
  const weights = scores + floats(ROWS * padded) + 64;
  const result = weights + floats(ROWS * padded) + 64;
  const list = result + floats(ROWS * valuePanels * COLUMNS) + 64;
  const room = list + 64;

  for (let p = 0; p < keyPanels; p++) {
    const row = p * COLUMNS;
    panelOfRows(
      0, (first + row) * width + keyAt, width, min(COLUMNS, sequence - row), headDim, true,
      keys + floats(row * headDim), room,
    );
  }
  for (let j = 0; j < sequence; j++) {
    const v = read(0, (first + j) * width + valueAt, headDim, room);
    spread8(v, valuePanels, values + floats(j * COLUMNS), floats(sequence * COLUMNS));
  }

  let unit = 0;
  for (let h = head * sharing; h < (head + 1) * sharing; h++) {
    for (let i = 0; i < sequence; i += ROWS) {
      if (unit++ % parts != part) continue;
      const rows = min(ROWS, sequence - i);
      const limit = i + rows;
      panelOfRows(0, (first + i) * width + h * headDim, width, rows, headDim, false, queries, room);
      for (let p = 0; p * COLUMNS < limit; p++) {
        const k = keys + floats(p * COLUMNS * headDim);
        tile(queries, k, headDim, scores + floats(p * COLUMNS), floats(padded), false);
      }
      for (let r = 0; r < ROWS; r++) {
        const row = scores + floats(min(r, rows - 1) * padded);
        if (r < rows) softmax(row, i + r + 1, limit, float(13));
        store<u32>(list + ((<usize>r) << 2), <u32>row);
      }
      interleave6(list, limit, weights);
      for (let p = 0; p < valuePanels; p++) {
        const v = values + floats(p * COLUMNS * sequence);
        tile(weights, v, limit, result + floats(p * COLUMNS), floats(valuePanels * COLUMNS), false);
      }
      for (let r = 0; r < rows; r++) {
        const at = ((first + i + r) * heads + h) * headDim;
        commit(3, at, headDim, result + floats(r * valuePanels * COLUMNS));
      }
    }
  }
}

/** Query rows of a step of the gradient. */
const STEP: i32 = 24;

/** attentionGrad. */
export function attentionGrad(task: i32): void {
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
  const scale = float(13);
  const keyPanels = (sequence + COLUMNS - 1) / COLUMNS;
  const dimPanels = (headDim + COLUMNS - 1) / COLUMNS;
  const padded = keyPanels * COLUMNS;
  const dims = dimPanels * COLUMNS;
  const allRows = up(sequence, ROWS);

  const keys = scratch(); // B of q · kᵀ
  const values = keys + floats(padded * headDim); // B of dout · vᵀ
  const keysAlong = values + floats(padded * headDim); // B of ds · k
  const own = keysAlong + floats(dims * sequence) + 64;
  const sums = floats(allRows * dims);
  const dKeys = parts == 1 ? own : address(15) + <usize>task * 2 * sums;
  const dValues = dKeys + sums;
  const p = own + 2 * sums;
  const ds = p + floats(STEP * padded) + 64;
  const queries = ds + floats(STEP * padded) + 64; // B of dsᵀ · q
  const upstream = queries + floats(STEP * dims) + 64; // B of pᵀ · dout
  const panelA = upstream + floats(STEP * dims) + 64; // six rows of A
  const result = panelA + floats(ROWS * max(max(headDim, padded), STEP)) + 64;
  const list = result + floats(ROWS * dims) + 64;
  const room = list + 64;

  for (let k = 0; k < keyPanels; k++) {
    const row = k * COLUMNS;
    const count = min(COLUMNS, sequence - row);
    const at = (first + row) * width;
    panelOfRows(0, at + keyAt, width, count, headDim, true, keys + floats(row * headDim), room);
    panelOfRows(0, at + valueAt, width, count, headDim, true, values + floats(row * headDim), room);
  }
  for (let j = 0; j < sequence; j++) {
    const k = read(0, (first + j) * width + keyAt, headDim, room);
    spread8(k, dimPanels, keysAlong + floats(j * COLUMNS), floats(sequence * COLUMNS));
  }
  memory.fill(dKeys, 0, 2 * sums);

  let unit = 0;
  for (let h = head * sharing; h < (head + 1) * sharing; h++) {
    for (let step = 0; step < sequence; step += STEP) {
      if (unit++ % parts != part) continue;
      const stepRows = min(STEP, sequence - step);
      const limit = step + stepRows;
      for (let r = 0; r < stepRows; r++) {
        const token = first + step + r;
        spread8(read(0, token * width + h * headDim, headDim, room), dimPanels, queries + floats(r * COLUMNS), floats(stepRows * COLUMNS));
        spread8(read(6, (token * heads + h) * headDim, headDim, room), dimPanels, upstream + floats(r * COLUMNS), floats(stepRows * COLUMNS));
      }
      for (let i = step; i < limit; i += ROWS) {
        const rows = min(ROWS, limit - i);
        const local = i - step;
        const scores = p + floats(local * padded);
        const slopes = ds + floats(local * padded);
        // keys beyond i + rows are masked for all six rows
        const seen = i + rows;
        panelOfRows(0, (first + i) * width + h * headDim, width, rows, headDim, false, panelA, room);
        for (let k = 0; k * COLUMNS < seen; k++) {
          const b = floats(k * COLUMNS * headDim);
          tile(panelA, keys + b, headDim, scores + floats(k * COLUMNS), floats(padded), false);
        }
        panelOfRows(6, ((first + i) * heads + h) * headDim, heads * headDim, rows, headDim, false, panelA, room);
        for (let k = 0; k * COLUMNS < seen; k++) {
          const b = floats(k * COLUMNS * headDim);
          tile(panelA, values + b, headDim, slopes + floats(k * COLUMNS), floats(padded), false);
        }
        for (let r = 0; r < ROWS; r++) {
          const prow = scores + floats(min(r, rows - 1) * padded);
          const drow = slopes + floats(min(r, rows - 1) * padded);
          if (r < rows) {
            const n = i + r + 1;
            softmax(prow, n, limit, scale);
            const mean = vec(dot(prow, drow, n));
            const s = vec(scale);
            for (let j = 0; j < n; j += 4) {
              const d = f32x4.sub(v128.load(drow + floats(j)), mean);
              storePart(drow + floats(j), f32x4.mul(f32x4.mul(v128.load(prow + floats(j)), d), s), n - j);
            }
            for (let j = n; j < limit; j++) store<f32>(drow + floats(j), 0);
          }
          store<u32>(list + ((<usize>r) << 2), <u32>drow);
        }
        interleave6(list, seen, panelA);
        for (let d = 0; d < dimPanels; d++) {
          const b = keysAlong + floats(d * COLUMNS * sequence);
          tile(panelA, b, seen, result + floats(d * COLUMNS), floats(dims), false);
        }
        for (let r = 0; r < rows; r++) {
          commit(3, (first + i + r) * width + h * headDim, headDim, result + floats(r * dims));
        }
      }
      accumulate(p, upstream, dValues, stepRows, limit, padded, dims, panelA);
      accumulate(ds, queries, dKeys, stepRows, limit, padded, dims, panelA);
    }
  }
  if (parts > 1) return;
  for (let j = 0; j < sequence; j++) {
    commit(3, (first + j) * width + keyAt, headDim, dKeys + floats(j * dims));
    commit(3, (first + j) * width + valueAt, headDim, dValues + floats(j * dims));
  }
}

/** The rest of attentionGrad where heads are in parts: their gradients of keys and values summed in order. */
export function attentionGradJoin(task: i32): void {
  const sequence = int(9);
  const heads = int(10);
  const headDim = int(12);
  const parts = int(14);
  const width = (heads + 2 * int(11)) * headDim;
  const first = (task / int(11)) * sequence;
  const keyAt = (heads + (task % int(11))) * headDim;
  const dims = up(headDim, COLUMNS);
  const sums = floats(up(sequence, ROWS) * dims);
  const total = scratch();
  for (let which = 0; which < 2; which++) {
    const column = keyAt + which * int(11) * headDim;
    const from = address(15) + <usize>(task * parts * 2 + which) * sums;
    for (let j = 0; j < sequence; j++) {
      const row = from + floats(j * dims);
      for (let i = 0; i < dims; i += 4) {
        let sum = v128.load(row + floats(i));
        for (let p = 1; p < parts; p++) sum = f32x4.add(sum, v128.load(row + floats(i) + <usize>(2 * p) * sums));
        v128.store(total + floats(i), sum);
      }
      commit(3, (first + j) * width + column, headDim, total);
    }
  }
}

/** to[keys, dims] += rowsᵀ[keys, rows] · b[rows, dims], keys below `limit`. */
function accumulate(
  rows: usize, b: usize, to: usize, count: i32, limit: i32, padded: i32, dims: i32, panelA: usize,
): void {
  for (let j = 0; j < limit; j += ROWS) {
    for (let r = 0; r < count; r++) {
      const from = rows + floats(r * padded + j);
      const at = panelA + floats(r * ROWS);
      v128.store(at, v128.load(from));
      store<u64>(at, load<u64>(from, 16), 16);
    }
    if (j + ROWS > limit) {
      for (let r = 0; r < count; r++) {
        for (let i = limit - j; i < ROWS; i++) store<f32>(panelA + floats(r * ROWS + i), 0);
      }
    }
    for (let d = 0; d * COLUMNS < dims; d++) {
      tile(panelA, b + floats(d * COLUMNS * count), count, to + floats(j * dims + d * COLUMNS), floats(dims), true);
    }
  }
}

/**
 * attentionCached: 0 qkv, 3 out, 6 cache, 9 position, 10 heads, 11 key-and-value heads, 12 head dimension, 13 scale.
 * A task is a query head.
 */
export function attentionCached(task: i32): void {
  const headDim = int(12);
  const n = int(9) + 1;
  const width = 2 * int(11) * headDim;
  const keyAt = (task / (int(10) / int(11))) * headDim;
  const valueAt = keyAt + int(11) * headDim;
  const room = scratch();
  const query = room + floats(headDim) + 64;
  const scores = query + floats(headDim) + 64;
  const result = scores + floats(n) + 64;
  const q = read(0, task * headDim, headDim, query);
  for (let j = 0; j < n; j++) {
    const k = read(6, j * width + keyAt, headDim, room);
    store<f32>(scores + floats(j), dot(q, k, headDim));
  }
  softmax(scores, n, n, float(13));
  memory.fill(result, 0, floats(headDim));
  for (let j = 0; j < n; j++) {
    axpy(result, load<f32>(scores + floats(j)), read(6, j * width + valueAt, headDim, room), headDim);
  }
  commit(3, task * headDim, headDim, result);
}
