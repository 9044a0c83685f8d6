/** @file Rows of a table by token, and the gradient of the table. */
import { int, scratch } from './command';
import { commit, read, target } from './storage';
import { storePart } from './vector';

/** embedding: 0 table, 3 tokens, 6 out, 9 tokens, 10 width, 11 rows a task. */
export function embedding(task: i32): void {
  const width = int(10);
  const first = task * int(11);
  const last = min(int(9), first + int(11));
  const room = scratch();
  for (let t = first; t < last; t++) {
    const token = <i32>load<f32>(read(3, t, 1, room));
    commit(6, t * width, width, read(0, token * width, width, room));
  }
}

/** embeddingGrad: 0 dy, 3 order, 6 starts, 9 out, 12 vocabulary, 13 width, 14 rows a task. */
export function embeddingGrad(task: i32): void {
  const width = int(13);
  const first = task * int(14);
  const last = min(int(12), first + int(14));
  const room = scratch();
  const row = (<usize>width + 4) << 2;
  for (let v = first; v < last; v++) {
    const from = <i32>load<f32>(read(6, v, 1, room));
    const end = <i32>load<f32>(read(6, v + 1, 1, room));
    const to = target(9, v * width, room + row);
    memory.fill(to, 0, (<usize>width) << 2);
    for (let j = from; j < end; j++) {
      const place = <i32>load<f32>(read(3, j, 1, room));
      const dy = read(0, place * width, width, room);
      for (let i = 0; i < width; i += 4) {
        const k = (<usize>i) << 2;
        storePart(to + k, f32x4.add(v128.load(to + k), v128.load(dy + k)), width - i);
      }
    }
    commit(9, v * width, width, to);
  }
}
