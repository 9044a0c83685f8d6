/** @file Attention of one new token to the keys and values that are kept of those before it, read as they are kept. */
import { BF16_KIND } from '../src/numbers';
import { softmax } from './attention';
import { floats } from './attention-products';
import { bf16High, bf16Low } from './bf16';
import { address, float, int, scratch } from './command';
import { commit, element, read } from './storage';
import { axpy, dot, madd, sumLanes, vec } from './vector';

/**
 * attentionCached: 0 qkv, 3 out, 6 cache, 9 position, 10 heads, 11 key-and-value heads, 12 head dimension, 13 scale,
 * 14 what the cache's values were multiplied by (address of one number a row and head of keys or values; or 0).
 * A task is a query head.
 */
export function attentionCached(task: i32): void {
  const headDim = int(12);
  const n = int(9) + 1;
  const head = task / (int(10) / int(11));
  const keyAt = head * headDim;
  const valueAt = keyAt + int(11) * headDim;
  const width = 2 * int(11) * headDim;
  const halves = int(7) == BF16_KIND && headDim % 8 == 0;
  const scales = address(14);
  const scalesOfRow = floats(2 * int(11));
  const keyScale = scales + floats(head);
  const valueScale = keyScale + floats(int(11));
  const room = scratch();
  const query = room + floats(headDim) + 64;
  const scores = query + floats(headDim) + 64;
  const result = scores + floats(n) + 64;
  const q = read(0, task * headDim, headDim, query);
  for (let j = 0; j < n; j++) {
    const at = j * width + keyAt;
    let score = halves ? dotHalves(q, element(6, at), headDim) : dot(q, read(6, at, headDim, room), headDim);
    if (scales) score /= load<f32>(keyScale + <usize>j * scalesOfRow);
    store<f32>(scores + floats(j), score);
  }
  softmax(scores, n, float(13));
  memory.fill(result, 0, floats(headDim));
  for (let j = 0; j < n; j++) {
    const at = j * width + valueAt;
    let weight = load<f32>(scores + floats(j));
    if (scales) weight /= load<f32>(valueScale + <usize>j * scalesOfRow);
    if (halves) axpyHalves(result, weight, element(6, at), headDim);
    else axpy(result, weight, read(6, at, headDim, room), headDim);
  }
  commit(3, task * headDim, headDim, result);
}

/** Σ a·b of floats and BF16 numbers, a multiple of eight: the bits of `dot`. */
function dotHalves(a: usize, halves: usize, n: i32): f32 {
  let s0 = vec(0);
  let s1 = vec(0);
  for (const end = a + floats(n); a < end; a += 32) {
    const b = v128.load(halves);
    s0 = madd(v128.load(a), bf16Low(b), s0);
    s1 = madd(v128.load(a, 16), bf16High(b), s1);
    halves += 16;
  }
  return sumLanes(f32x4.add(s0, s1));
}

/** y += a·x over BF16 numbers, a multiple of eight: the bits of `axpy`. */
function axpyHalves(y: usize, a: f32, halves: usize, n: i32): void {
  const av = vec(a);
  for (const end = y + floats(n); y < end; y += 32) {
    const x = v128.load(halves);
    v128.store(y, madd(av, bf16Low(x), v128.load(y)));
    v128.store(y, madd(av, bf16High(x), v128.load(y, 16)), 16);
    halves += 16;
  }
}
