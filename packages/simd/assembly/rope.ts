/** @file Rotary position embedding on packed rows. */
import { int, scratch } from './command';
import { commit, read, target } from './storage';
import { storePart, vec } from './vector';

/** rope: 0 qkv, 3 cos, 6 sin, 9 positions, 12 out, 15 rows, 16 width, 17 rows a task, 18 head dimension, 19 rotated heads, 20 inverse. */
export function rope(task: i32): void {
  const width = int(16);
  const headDim = int(18);
  const half = headDim >> 1;
  const first = task * int(17);
  const last = min(int(15), first + int(17));
  const room = scratch();
  const row = (<usize>width + 4) << 2;
  const sign = vec(int(20) ? -1 : 1);
  for (let t = first; t < last; t++) {
    const x = read(0, t * width, width, room);
    const to = target(12, t * width, room + row);
    const position = <i32>load<f32>(read(9, t, 1, room + 2 * row));
    const cos = read(3, position * half, half, room + 2 * row);
    const sin = read(6, position * half, half, room + 2 * row + ((<usize>headDim) << 2));
    for (let h = 0; h < int(19); h++) {
      const a = x + ((<usize>(h * headDim)) << 2);
      const b = a + ((<usize>half) << 2);
      const toA = to + ((<usize>(h * headDim)) << 2);
      const toB = toA + ((<usize>half) << 2);
      for (let d = 0; d < half; d += 4) {
        const k = (<usize>d) << 2;
        const c = v128.load(cos + k);
        const s = f32x4.mul(sign, v128.load(sin + k));
        const u = v128.load(a + k);
        const v = v128.load(b + k);
        storePart(toA + k, f32x4.sub(f32x4.mul(u, c), f32x4.mul(v, s)), half - d);
        storePart(toB + k, f32x4.add(f32x4.mul(v, c), f32x4.mul(u, s)), half - d);
      }
    }
    const rotated = int(19) * headDim;
    const at = (<usize>rotated) << 2;
    memory.copy(to + at, x + at, (<usize>(width - rotated)) << 2);
    commit(12, t * width, width, to);
  }
}
