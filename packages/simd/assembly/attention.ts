/**
 * @file Causal, grouped-query attention, some query rows of a head at a time: T × T scores never exist at once.
 *
 * A task is one key-and-value head of one sequence with all query heads that share it, or every n-th step of queries
 * of that where there are few heads and sequences.
 */
import { ATTENTION_STEP, BY_LIBRARY_BF16, TILE_COLUMNS } from '../src/numbers';
import { floats, liesReady, matrix, rowsByKeys, rowsOverKeys, up } from './attention-products';
import { encodeBf16 } from './bf16';
import { float, int, scratch } from './command';
import { largest } from './loss';
import { exp } from './math';
import { commit, target } from './storage';
import { loadPart, storePart, sumLanes, vec } from './vector';

// arguments: 0 qkv, 3 out, 6 dout, 9 sequence, 10 heads, 11 key-and-value heads, 12 head dimension, 13 scale, 14 parts
// of a head, 15 where parts leave their gradients of keys and values (address, or 0 where there is one part), 16 what
// multiplies

/** e^((x − most) · factor) of `n` scores in place, and zeros up to the next multiple of four; returns their sum. */
export function exponentials(x: usize, n: i32, factor: f32): f32 {
  const most = vec(largest(x, n));
  const f = vec(factor);
  const none = vec(-Infinity);
  let s0 = vec(0);
  let s1 = vec(0);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const at = x + floats(i);
    const a = exp(f32x4.mul(f32x4.sub(v128.load(at), most), f));
    const b = exp(f32x4.mul(f32x4.sub(v128.load(at, 16), most), f));
    v128.store(at, a);
    v128.store(at, b, 16);
    s0 = f32x4.add(s0, a);
    s1 = f32x4.add(s1, b);
  }
  for (; i < n; i += 4) {
    const at = x + floats(i);
    const a = exp(f32x4.mul(f32x4.sub(loadPart(at, n - i, none), most), f));
    v128.store(at, a);
    s0 = f32x4.add(s0, a);
  }
  return sumLanes(f32x4.add(s0, s1));
}

/** A causal row, zero from `n` on in whole vectors, as products take it: in BF16 where they want that, zero up to `keys`. */
export function finishRow(row: usize, n: i32, keys: i32, by: i32): void {
  const shift: usize = by == BY_LIBRARY_BF16 ? 1 : 2;
  const written = up(n, 4);
  if (shift == 1) encodeBf16(row, written, row);
  // memory.fill would take longer
  const end = row + (<usize>keys << shift);
  for (let at = row + (<usize>written << shift); at < end; at += 16) v128.store(at, vec(0));
}

/** to = factor x, `n` numbers. */
function multiplyRow(x: usize, n: i32, factor: f32, to: usize): void {
  const f = vec(factor);
  for (let i = 0; i < n; i += 4) storePart(to + floats(i), f32x4.mul(v128.load(x + floats(i)), f), n - i);
}

/** Softmax of `n` scores times `factor` in place. */
export function softmax(x: usize, n: i32, factor: f32): void {
  multiplyRow(x, n, 1 / exponentials(x, n, factor), x);
}

/** attention. */
export function attention(task: i32): void {
  const sequence = int(9);
  const heads = int(10);
  const sharing = heads / int(11);
  const headDim = int(12);
  const by = int(16);
  const width = (heads + 2 * int(11)) * headDim;
  const ld = liesReady(0, by) ? width : headDim;
  const parts = int(14);
  const part = task % parts;
  const first = (task / parts / int(11)) * sequence;
  const head = (task / parts) % int(11);
  const keyAt = (heads + head) * headDim;
  const valueAt = keyAt + int(11) * headDim;
  const padded = up(sequence, TILE_COLUMNS);
  const dims = up(headDim, TILE_COLUMNS);
  const across = by == BY_LIBRARY_BF16 ? 2 * padded : padded;

  const scores = scratch();
  const sums = scores + floats(ATTENTION_STEP * padded);
  const result = sums + floats(ATTENTION_STEP);
  const queries = result + floats(ATTENTION_STEP * dims);
  const keys = queries + floats(ATTENTION_STEP * headDim) + 64;
  const values = keys + floats(sequence * headDim) + 64;
  const room = values + floats(sequence * headDim) + 64;

  const k = matrix(0, by, first * width + keyAt, width, sequence, headDim, keys);
  const v = matrix(0, by, first * width + valueAt, width, sequence, headDim, values);
  let unit = 0;
  for (let h = head * sharing; h < (head + 1) * sharing; h++) {
    for (let step = 0; step < sequence; step += ATTENTION_STEP) {
      if (unit++ % parts != part) continue;
      const rows = min(ATTENTION_STEP, sequence - step);
      const seen = step + rows;
      const q = matrix(0, by, (first + step) * width + h * headDim, width, rows, headDim, queries);
      // s = q kᵀ
      rowsByKeys(by, rows, seen, headDim, q, ld, k, ld, scores, padded, room);
      // p = e^(scale (s − max s)), not yet over its sum
      for (let r = 0; r < rows; r++) {
        const row = scores + floats(r * padded);
        const n = step + r + 1;
        store<f32>(sums + floats(r), exponentials(row, n, float(13)));
        finishRow(row, n, seen, by);
      }
      // o = p v / Σ p
      rowsOverKeys(by, rows, seen, headDim, scores, across, v, ld, result, dims, room);
      for (let r = 0; r < rows; r++) {
        const at = ((first + step + r) * heads + h) * headDim;
        const o = target(3, at, result + floats(r * dims));
        multiplyRow(result + floats(r * dims), headDim, 1 / load<f32>(sums + floats(r)), o);
        commit(3, at, headDim, o);
      }
    }
  }
}
