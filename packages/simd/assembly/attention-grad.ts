/** @file The gradient of attention: tasks and arguments are attention.ts's. */
import { ATTENTION_STEP, BY_LIBRARY_BF16, TILE_COLUMNS, TILE_ROWS } from '../src/numbers';
import { exponentials, finishRow } from './attention';
import { addKeysOverRows, floats, liesReady, matrix, rowsByKeys, rowsOverKeys, up } from './attention-products';
import { address, float, int, scratch } from './command';
import { commit } from './storage';
import { dot, loadPart, vec } from './vector';

/** Scores and dp of a row become p = softmax(scale s) and ds = scale p (dp − Σ p dp); `n` of them. */
function softmaxGrad(s: usize, dp: usize, n: i32, scale: f32): void {
  const inverse: f32 = 1 / exponentials(s, n, scale);
  const mean = vec(dot(s, dp, n) * inverse);
  for (let j = 0; j < n; j += 4) {
    const p = f32x4.mul(v128.load(s + floats(j)), vec(inverse));
    const slope = f32x4.sub(loadPart(dp + floats(j), n - j, vec(0)), mean);
    v128.store(s + floats(j), p);
    v128.store(dp + floats(j), f32x4.mul(f32x4.mul(p, slope), vec(scale)));
  }
}

/** attentionGrad. */
export function attentionGrad(task: i32): void {
  const sequence = int(9);
  const heads = int(10);
  const sharing = heads / int(11);
  const headDim = int(12);
  const by = int(16);
  const width = (heads + 2 * int(11)) * headDim;
  const ld = liesReady(0, by) ? width : headDim;
  const ldOut = liesReady(6, by) ? heads * headDim : headDim;
  const parts = int(14);
  const part = task % parts;
  const first = (task / parts / int(11)) * sequence;
  const head = (task / parts) % int(11);
  const keyAt = (heads + head) * headDim;
  const valueAt = keyAt + int(11) * headDim;
  const padded = up(sequence, TILE_COLUMNS);
  const dims = up(headDim, TILE_COLUMNS);
  const across = by == BY_LIBRARY_BF16 ? 2 * padded : padded;
  const sums = floats(up(sequence, TILE_ROWS) * dims);

  const p = scratch();
  const ds = p + floats(ATTENTION_STEP * padded);
  const result = ds + floats(ATTENTION_STEP * padded);
  const own = result + floats(ATTENTION_STEP * dims);
  const queries = own + 2 * sums;
  const upstream = queries + floats(ATTENTION_STEP * headDim) + 64;
  const keys = upstream + floats(ATTENTION_STEP * headDim) + 64;
  const values = keys + floats(sequence * headDim) + 64;
  const room = values + floats(sequence * headDim) + 64;
  const dk = parts == 1 ? own : address(15) + <usize>task * 2 * sums;
  const dv = dk + sums;

  const k = matrix(0, by, first * width + keyAt, width, sequence, headDim, keys);
  const v = matrix(0, by, first * width + valueAt, width, sequence, headDim, values);
  memory.fill(dk, 0, 2 * sums);
  let unit = 0;
  for (let h = head * sharing; h < (head + 1) * sharing; h++) {
    for (let step = 0; step < sequence; step += ATTENTION_STEP) {
      if (unit++ % parts != part) continue;
      const rows = min(ATTENTION_STEP, sequence - step);
      const seen = step + rows;
      const at = (first + step) * width + h * headDim;
      const q = matrix(0, by, at, width, rows, headDim, queries);
      const outAt = ((first + step) * heads + h) * headDim;
      const dout = matrix(6, by, outAt, heads * headDim, rows, headDim, upstream);
      // s = q kᵀ, dp = dout vᵀ
      rowsByKeys(by, rows, seen, headDim, q, ld, k, ld, p, padded, room);
      rowsByKeys(by, rows, seen, headDim, dout, ldOut, v, ld, ds, padded, room);
      for (let r = 0; r < rows; r++) {
        const n = step + r + 1;
        softmaxGrad(p + floats(r * padded), ds + floats(r * padded), n, float(13));
        finishRow(p + floats(r * padded), n, seen, by);
        finishRow(ds + floats(r * padded), n, seen, by);
      }
      // dq = ds k, dk += dsᵀ q, dv += pᵀ dout
      rowsOverKeys(by, rows, seen, headDim, ds, across, k, ld, result, dims, room);
      addKeysOverRows(by, rows, seen, headDim, ds, across, q, ld, dk, dims, room);
      addKeysOverRows(by, rows, seen, headDim, p, across, dout, ldOut, dv, dims, room);
      for (let r = 0; r < rows; r++) commit(3, at + r * width, headDim, result + floats(r * dims));
    }
  }
  if (parts > 1) return;
  for (let j = 0; j < sequence; j++) {
    commit(3, (first + j) * width + keyAt, headDim, dk + floats(j * dims));
    commit(3, (first + j) * width + valueAt, headDim, dv + floats(j * dims));
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
