/** @file Launches of the matrix product by the machine's BLAS. */
import type { Engine } from '../engine.ts';
import { FP32_KIND } from '../format-description.ts';
import * as kernel from '../operator-numbers.ts';
import { chunks, place, type Stored } from '../stored.ts';
import type { Operand } from './gemm.ts';

/** Multiplications from which a library is faster than the tiles, its calls and the decoding included. */
const LEAST = 2 ** 16;
/** Rows and columns of C from which it is. */
const NARROW = 8;
/** Elements of A that are decoded at a time, about. */
const SLAB = 2 ** 24;
/** Most bytes of workspace for operands as float32. */
const MOST_BYTES = 2 ** 28;

/**
 * Multiplications that are worth a task, and those of a task that packs little twice. Between them eight tasks, enough
 * for the threads that are usual; a larger product is cut into as many as it fills, up to what a device has threads.
 */
const LEAST_TASK = 2 ** 22;
const LARGE_TASK = 2 ** 28;
const TASKS = 8;
const MOST_TASKS = 64;

const work = (a: Operand, b: Operand): number => a.outer * b.outer * a.inner;

const isPlain = ({ x, parameters }: Operand): boolean => x.kind === FP32_KIND && parameters[3] === 0;

/** Rows of A that are decoded at a time: all, or slabs where A's rows lie one after the other. */
const slabOf = (a: Operand): number =>
  isPlain(a) || !a.rows ? a.outer : Math.min(a.outer, Math.max(1024, Math.floor(SLAB / a.inner)));

const roomFor = (o: Operand, outer: number): number =>
  isPlain(o) ? 0 : Math.ceil((outer * o.inner) / 16) * 64 + 64;

export function suitsLibrary(a: Operand, b: Operand): boolean {
  const enough = work(a, b) >= LEAST && Math.min(a.outer, b.outer) >= NARROW;
  return enough && roomFor(a, slabOf(a)) + roomFor(b, b.outer) <= MOST_BYTES;
}

/** Rows and columns of C a task, by the shape alone: the cut that packs the least. */
export function cut(m: number, n: number, k: number): readonly [number, number] {
  const most = Math.min(MOST_TASKS, Math.max(TASKS, Math.floor((m * n * k) / LARGE_TASK)));
  const tasks = Math.max(1, Math.min(most, Math.floor((m * n * k) / LEAST_TASK)));
  let best: readonly [number, number] = [1, tasks];
  for (let down = 1; down <= tasks; down++) {
    const across = Math.floor(tasks / down);
    if (down * across === tasks && across * m + down * n < best[1] * m + best[0] * n) best = [down, across];
  }
  const up = (x: number, parts: number): number => Math.ceil(x / parts / 16) * 16;
  return [up(m, best[0]), up(n, best[1])];
}

export function libraryProduct(engine: Engine, a: Operand, b: Operand, out: Stored): void {
  const slab = slabOf(a);
  const workspace = engine.workspace(roomFor(b, b.outer) + roomFor(a, slab));
  const values = (o: Operand, at: number, first: number, count: number): number => {
    if (isPlain(o)) return o.x.address;
    const elements = count * o.inner;
    const from = first * o.inner;
    engine.run(kernel.OPERAND_VALUES, chunks(elements), 0, [...o.parameters.slice(0, 8), elements, at, from]);
    return at;
  };
  const [m, n] = [a.outer, b.outer];
  const right = values(b, workspace, 0, n);
  for (let first = 0; first < m; first += slab) {
    const count = Math.min(slab, m - first);
    const [rows, columns] = cut(count, n, a.inner);
    const side = Math.ceil(n / columns);
    engine.run(kernel.LIBRARY_PRODUCT, Math.ceil(count / rows) * side, (rows * columns + columns + 64) * 4, [
      values(a, workspace + roomFor(b, n), first, count),
      a.rows ? a.inner : m,
      Number(!a.rows),
      right,
      b.rows ? b.inner : n,
      Number(b.rows),
      a.inner,
      ...place(engine, out),
      first + count,
      n,
      rows,
      columns,
      side,
      ...a.store,
      ...b.store,
      first,
    ]);
  }
}
