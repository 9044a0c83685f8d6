/** @file The gradient of attention: tasks and arguments are attention.ts's. */
import { ATTENTION_STEP, TILE_COLUMNS, TILE_ROWS } from '../src/numbers';
import { floats, panelOfRows, softmax, up } from './attention';
import { address, float, int, scratch } from './command';
import { interleave6, spread8 } from './panel';
import { commit, read } from './storage';
import { tile } from './tile';
import { dot, storePart, vec } from './vector';

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
  const keyPanels = (sequence + TILE_COLUMNS - 1) / TILE_COLUMNS;
  const dimPanels = (headDim + TILE_COLUMNS - 1) / TILE_COLUMNS;
  const padded = keyPanels * TILE_COLUMNS;
  const dims = dimPanels * TILE_COLUMNS;
  const allRows = up(sequence, TILE_ROWS);

  const keys = scratch(); // B of q · kᵀ
  const values = keys + floats(padded * headDim); // B of dout · vᵀ
  const keysAlong = values + floats(padded * headDim); // B of ds · k
  const own = keysAlong + floats(dims * sequence) + 64;
  const sums = floats(allRows * dims);
  const dKeys = parts == 1 ? own : address(15) + <usize>task * 2 * sums;
  const dValues = dKeys + sums;
  const p = own + 2 * sums;
  const ds = p + floats(ATTENTION_STEP * padded) + 64;
  const queries = ds + floats(ATTENTION_STEP * padded) + 64; // B of dsᵀ · q
  const upstream = queries + floats(ATTENTION_STEP * dims) + 64; // B of pᵀ · dout
  const panelA = upstream + floats(ATTENTION_STEP * dims) + 64; // six rows of A
  const result = panelA + floats(TILE_ROWS * max(max(headDim, padded), ATTENTION_STEP)) + 64;
  const list = result + floats(TILE_ROWS * dims) + 64;
  const room = list + 64;

  for (let k = 0; k < keyPanels; k++) {
    const row = k * TILE_COLUMNS;
    const count = min(TILE_COLUMNS, sequence - row);
    const at = (first + row) * width;
    panelOfRows(0, at + keyAt, width, count, headDim, true, keys + floats(row * headDim), room);
    panelOfRows(0, at + valueAt, width, count, headDim, true, values + floats(row * headDim), room);
  }
  for (let j = 0; j < sequence; j++) {
    const k = read(0, (first + j) * width + keyAt, headDim, room);
    spread8(k, dimPanels, keysAlong + floats(j * TILE_COLUMNS), floats(sequence * TILE_COLUMNS));
  }
  memory.fill(dKeys, 0, 2 * sums);

  let unit = 0;
  for (let h = head * sharing; h < (head + 1) * sharing; h++) {
    for (let step = 0; step < sequence; step += ATTENTION_STEP) {
      if (unit++ % parts != part) continue;
      const stepRows = min(ATTENTION_STEP, sequence - step);
      const limit = step + stepRows;
      for (let r = 0; r < stepRows; r++) {
        const token = first + step + r;
        spread8(read(0, token * width + h * headDim, headDim, room), dimPanels, queries + floats(r * TILE_COLUMNS), floats(stepRows * TILE_COLUMNS));
        spread8(read(6, (token * heads + h) * headDim, headDim, room), dimPanels, upstream + floats(r * TILE_COLUMNS), floats(stepRows * TILE_COLUMNS));
      }
      for (let i = step; i < limit; i += TILE_ROWS) {
        const rows = min(TILE_ROWS, limit - i);
        const local = i - step;
        const scores = p + floats(local * padded);
        const slopes = ds + floats(local * padded);
        // keys beyond i + rows are masked for all six rows
        const seen = i + rows;
        panelOfRows(0, (first + i) * width + h * headDim, width, rows, headDim, false, panelA, room);
        for (let k = 0; k * TILE_COLUMNS < seen; k++) {
          const b = floats(k * TILE_COLUMNS * headDim);
          tile(panelA, keys + b, headDim, scores + floats(k * TILE_COLUMNS), floats(padded), false);
        }
        panelOfRows(6, ((first + i) * heads + h) * headDim, heads * headDim, rows, headDim, false, panelA, room);
        for (let k = 0; k * TILE_COLUMNS < seen; k++) {
          const b = floats(k * TILE_COLUMNS * headDim);
          tile(panelA, values + b, headDim, slopes + floats(k * TILE_COLUMNS), floats(padded), false);
        }
        for (let r = 0; r < TILE_ROWS; r++) {
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
          const b = keysAlong + floats(d * TILE_COLUMNS * sequence);
          tile(panelA, b, seen, result + floats(d * TILE_COLUMNS), floats(dims), false);
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
  const dims = up(headDim, TILE_COLUMNS);
  const sums = floats(up(sequence, TILE_ROWS) * dims);
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
  for (let j = 0; j < limit; j += TILE_ROWS) {
    for (let r = 0; r < count; r++) {
      const from = rows + floats(r * padded + j);
      const at = panelA + floats(r * TILE_ROWS);
      v128.store(at, v128.load(from));
      store<u64>(at, load<u64>(from, 16), 16);
    }
    if (j + TILE_ROWS > limit) {
      for (let r = 0; r < count; r++) {
        for (let i = limit - j; i < TILE_ROWS; i++) store<f32>(panelA + floats(r * TILE_ROWS + i), 0);
      }
    }
    for (let d = 0; d * TILE_COLUMNS < dims; d++) {
      tile(panelA, b + floats(d * TILE_COLUMNS * count), count, to + floats(j * dims + d * TILE_COLUMNS), floats(dims), true);
    }
  }
}
