/** @file Attention of one new token to the keys and values that are kept of those before it. */
import { floats, softmax } from './attention';
import { float, int, scratch } from './command';
import { commit, read } from './storage';
import { axpy, dot } from './vector';

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
