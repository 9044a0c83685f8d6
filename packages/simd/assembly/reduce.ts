/**
 * @file Sums of whole tensors in the order of @octavo/kernels' lanes: lane l of L sums the elements l, l + L, … in
 * turn; then the lanes' sums are reduced alike. A task owns a strip of lanes.
 */
import { address, int, scratch } from './control';
import { scaleInto, MULTIPLY } from './scale';
import { commit, read } from './storage';
import { abs, loadPart, maxLanesInt, storePart, vec } from './vector';

/** Lanes of a task. */
const STRIP: i32 = 512;

/** Sums of lanes: 0 x, 3 elements, 4 lanes, 5 out (floats), 6 squares. */
export function laneSums(task: i32): void {
  const length = int(3);
  const lanes = int(4);
  const first = task * STRIP;
  const n = min(STRIP, lanes - first);
  const room = scratch();
  const sums = room + STRIP * 4 + 64;
  memory.fill(sums, 0, STRIP * 4);
  for (let i = first; i < length; i += lanes) {
    const count = min(n, length - i);
    const x = read(0, i, count, room);
    for (let j = 0; j < count; j += 4) {
      const k = (<usize>j) << 2;
      let v = loadPart(x + k, count - j, vec(0));
      if (int(6)) v = f32x4.mul(v, v);
      v128.store(sums + k, f32x4.add(v128.load(sums + k), v));
    }
  }
  memory.copy(address(5) + ((<usize>first) << 2), sums, (<usize>n) << 2);
}

/** The rest of it, on one thread: 0 sums, 1 lanes, 2 out, 5 element of out. */
export function laneJoin(task: i32): void {
  const room = scratch();
  store<f32>(room, joined(address(0), int(1), room));
  commit(2, int(5), 1, room);
}

/** Sum of 4096, 64 or fewer lanes, in order. `room`: 256 bytes. */
function joined(sums: usize, lanes: i32, room: usize): f32 {
  let from = sums;
  let left = lanes;
  if (lanes > 64) {
    memory.fill(room, 0, 256);
    for (let i = 0; i < lanes; i += 64) {
      for (let l = 0; l < 64; l++) {
        const at = room + ((<usize>l) << 2);
        store<f32>(at, load<f32>(at) + load<f32>(sums + ((<usize>(i + l)) << 2)));
      }
    }
    from = room;
    left = 64;
  }
  return inOrder(from, left);
}

function inOrder(from: usize, n: i32): f32 {
  let s: f32 = 0;
  for (let i = 0; i < n; i++) s += load<f32>(from + ((<usize>i) << 2));
  return s;
}

/**
 * castStatistics of lanes: 0 x, 3 elements, 4 lanes, 5 sums (three arrays of lanes), 6 counts (16 bytes a task: amax bits, clipped,
 * underflowed, finite), 7 scales (5 arguments), 12 max, 13 minSubnormal / 2.
 */
export function laneStatistics(task: i32): void {
  const length = int(3);
  const lanes = int(4);
  const first = task * STRIP;
  const n = min(STRIP, lanes - first);
  const room = scratch();
  const scaled = room + STRIP * 4 + 64;
  const sums = scaled + STRIP * 4 + 64;
  memory.fill(sums, 0, STRIP * 12);
  let most = i32x4.splat(0);
  let clipped = i32x4.splat(0);
  let underflowed = i32x4.splat(0);
  let finite = i32x4.splat(0);
  const limit = i32x4.splat(int(12));
  const half = i32x4.splat(int(13));
  const zero = i32x4.splat(0);
  const strange = i32x4.splat(0x7f800000);
  for (let i = first; i < length; i += lanes) {
    const count = min(n, length - i);
    const x = read(0, i, count, room);
    scaleInto(7, MULTIPLY, x, scaled, i, count);
    for (let j = 0; j < count; j += 4) {
      const k = (<usize>j) << 2;
      const inside = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count - j));
      const bits = abs(v128.load(x + k));
      const good = v128.and(inside, i32x4.lt_s(bits, strange));
      const v = v128.and(v128.load(x + k), good);
      const a = v128.and(bits, good);
      const s = v128.and(abs(v128.load(scaled + k)), good);
      most = i32x4.max_s(most, a);
      finite = i32x4.sub(finite, good);
      clipped = i32x4.sub(clipped, i32x4.gt_s(s, limit));
      underflowed = i32x4.sub(underflowed, v128.and(i32x4.gt_s(a, zero), i32x4.le_s(s, half)));
      const square = f32x4.mul(v, v);
      v128.store(sums + k, f32x4.add(v128.load(sums + k), v));
      v128.store(sums + k, f32x4.add(v128.load(sums + k, STRIP * 4), square), STRIP * 4);
      v128.store(sums + k, f32x4.add(v128.load(sums + k, STRIP * 8), f32x4.mul(square, square)), STRIP * 8);
    }
  }
  const to = address(5) + ((<usize>first) << 2);
  const array = (<usize>lanes) << 2;
  for (let power: usize = 0; power < 3; power++) {
    memory.copy(to + power * array, sums + power * STRIP * 4, (<usize>n) << 2);
  }
  const counts = address(6) + ((<usize>task) << 4);
  store<i32>(counts, maxLanesInt(most));
  store<i32>(counts, sumInts(clipped), 4);
  store<i32>(counts, sumInts(underflowed), 8);
  store<i32>(counts, sumInts(finite), 12);
}

function sumInts(x: v128): i32 {
  return (
    i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3)
  );
}

/** castStatistics, the rest: 0 sums, 1 lanes, 2 out, 5 elements, 6 counts, 7 strips. */
export function statisticsJoin(task: i32): void {
  const room = scratch();
  const out = room + 512;
  const lanes = int(1);
  let most: i32 = 0;
  let clipped: i32 = 0;
  let underflowed: i32 = 0;
  let finite: i32 = 0;
  for (let s = 0; s < int(7); s++) {
    const counts = address(6) + ((<usize>s) << 4);
    most = max(most, load<i32>(counts));
    clipped += load<i32>(counts, 4);
    underflowed += load<i32>(counts, 8);
    finite += load<i32>(counts, 12);
  }
  store<i32>(out, most);
  store<f32>(out, <f32>clipped, 4);
  store<f32>(out, <f32>underflowed, 8);
  const array = (<usize>lanes) << 2;
  store<f32>(out, inOrder(address(0), lanes), 12);
  store<f32>(out, inOrder(address(0) + array, lanes), 16);
  store<f32>(out, inOrder(address(0) + 2 * array, lanes), 20);
  store<f32>(out, <f32>(int(5) - finite), 24);
  store<f32>(out, <f32>int(5), 28);
  commit(2, 0, 8, out);
}
