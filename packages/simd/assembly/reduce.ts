/** @file Sums of whole tensors: of lanes (lanes.ts), then of the lanes' sums. */
import { address, int, scratch } from './command';
import { addChunk, chunkElements, PLAIN, SQUARES, VALUES } from './lanes';
import { commit, element } from './storage';

/** Sums of lanes: 0 x, 3 elements, 4 lanes, 5 out (floats), 6 squares, 7 strips and marks. */
export function laneSums(task: i32): void {
  const chunk = chunkElements(int(4));
  const first = task * chunk;
  touch(element(0, first), element(0, min(int(3), first + chunk)));
  addChunk(int(6) ? SQUARES : VALUES, task, PLAIN, 7);
}

/** Brings memory into this thread's cache, line after line, for what comes skips from row to row. */
function touch(from: usize, to: usize): void {
  let all: i32 = 0;
  for (let at = from; at + 256 <= to; at += 256) {
    all |= load<i32>(at) | load<i32>(at, 64) | load<i32>(at, 128) | load<i32>(at, 192);
  }
  store<i32>(scratch(), all);
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
