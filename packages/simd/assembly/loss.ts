/** @file Cross-entropy of rows of logits, and its gradient. */
import { address, int, scratch } from './command';
import { exp, log } from './math';
import { commit, read, target } from './storage';
import { loadPart, storePart, sumLanes, vec } from './vector';

/** Largest of n floats that are not NaN; a NaN makes the sum of exponentials NaN. */
export function largest(x: usize, n: i32): f32 {
  const low = vec(-Infinity);
  let m0 = low;
  let m1 = low;
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const at = x + ((<usize>i) << 2);
    m0 = f32x4.pmax(m0, v128.load(at));
    m1 = f32x4.pmax(m1, v128.load(at, 16));
  }
  for (; i < n; i += 4) m0 = f32x4.pmax(m0, loadPart(x + ((<usize>i) << 2), n - i, low));
  const m = f32x4.pmax(m0, m1);
  return max(
    max(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)),
    max(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)),
  );
}

/** Σ e^(x − most) over n floats, each term stored at `to` unless that is 0. */
export function sumExp(x: usize, n: i32, most: f32, to: usize): f32 {
  const m = vec(most);
  let s0 = vec(0);
  let s1 = vec(0);
  let i = 0;
  if (to) {
    for (; i + 8 <= n; i += 8) {
      const at = (<usize>i) << 2;
      const a = exp(f32x4.sub(v128.load(x + at), m));
      const b = exp(f32x4.sub(v128.load(x + at, 16), m));
      v128.store(to + at, a);
      v128.store(to + at, b, 16);
      s0 = f32x4.add(s0, a);
      s1 = f32x4.add(s1, b);
    }
  } else {
    for (; i + 8 <= n; i += 8) {
      const at = (<usize>i) << 2;
      s0 = f32x4.add(s0, exp(f32x4.sub(v128.load(x + at), m)));
      s1 = f32x4.add(s1, exp(f32x4.sub(v128.load(x + at, 16), m)));
    }
  }
  for (; i < n; i += 4) {
    const at = (<usize>i) << 2;
    const a = exp(f32x4.sub(v128.load(x + at), m));
    if (to) storePart(to + at, a, n - i);
    s0 = f32x4.add(s0, v128.and(a, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(n - i))));
  }
  return sumLanes(f32x4.add(s0, s1));
}

/**
 * 0 logits, 3 targets, 6 weight, 9 losses (address 0: none), 12 gradient (address 0: none), 15 rows, 16 columns,
 * 17 rows a task.
 */
export function crossEntropy(task: i32): void {
  const columns = int(16);
  const first = task * int(17);
  const last = min(int(15), first + int(17));
  const room = scratch();
  const row = (<usize>columns + 4) << 2;
  const one = room + 2 * row;
  const gradient = address(12) != 0;
  const weight = gradient ? load<f32>(read(6, 0, 1, one)) : 0;
  for (let t = first; t < last; t++) {
    const at = t * columns;
    const wanted = <i32>load<f32>(read(3, t, 1, one));
    if (wanted < 0) {
      if (address(9)) {
        store<f32>(one, 0);
        commit(9, t, 1, one);
      }
      if (gradient) {
        const to = target(12, at, room + row);
        memory.fill(to, 0, (<usize>columns) << 2);
        commit(12, at, columns, to);
      }
      continue;
    }
    const x = read(0, at, columns, room);
    const most = largest(x, columns);
    const to = gradient ? target(12, at, room + row) : 0;
    const total = sumExp(x, columns, most, to);
    if (address(9)) {
      const logit = load<f32>(x + ((<usize>wanted) << 2));
      store<f32>(one, <f32>log(<f64>total) + (most - logit));
      commit(9, t, 1, one);
    }
    if (gradient) {
      const sum = vec(total);
      const w = vec(weight);
      const place = to + ((<usize>wanted) << 2);
      const share = load<f32>(place) / total;
      for (let i = 0; i < columns; i += 4) {
        const k = (<usize>i) << 2;
        storePart(to + k, f32x4.mul(f32x4.div(v128.load(to + k), sum), w), columns - i);
      }
      store<f32>(place, (share - 1) * weight);
      commit(12, at, columns, to);
    }
  }
}
