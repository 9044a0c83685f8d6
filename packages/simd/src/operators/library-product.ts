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
/** Most bytes of workspace for operands as float32. */
const MOST_BYTES = 2 ** 28;

/** Multiplications a task, about, and tasks at most: enough for the threads, few enough to pack little twice. */
const WORK = 2 ** 22;
const TASKS = 16;

const work = (a: Operand, b: Operand): number => a.outer * b.outer * a.inner;

const isPlain = ({ x, parameters }: Operand): boolean => x.kind === FP32_KIND && parameters[3] === 0;

export function suitsLibrary(a: Operand, b: Operand): boolean {
  const decoded = [a, b].reduce((bytes, o) => bytes + (isPlain(o) ? 0 : o.x.length * 4), 0);
  return work(a, b) >= LEAST && Math.min(a.outer, b.outer) >= NARROW && decoded <= MOST_BYTES;
}

/** Rows and columns of C a task, by the shape alone: the cut that packs the least. */
export function cut(m: number, n: number, k: number): readonly [number, number] {
  const tasks = Math.max(1, Math.min(TASKS, Math.floor((m * n * k) / WORK)));
  let best: readonly [number, number] = [1, tasks];
  for (let down = 1; down <= tasks; down++) {
    const across = Math.floor(tasks / down);
    if (down * across === tasks && across * m + down * n < best[1] * m + best[0] * n) best = [down, across];
  }
  const up = (x: number, parts: number): number => Math.ceil(x / parts / 16) * 16;
  return [up(m, best[0]), up(n, best[1])];
}

export function libraryProduct(engine: Engine, a: Operand, b: Operand, out: Stored): void {
  const bytes = (o: Operand): number => (isPlain(o) ? 0 : Math.ceil(o.x.length / 16) * 64 + 64);
  const workspace = engine.workspace(bytes(a) + bytes(b));
  const values = (o: Operand, at: number): number => {
    if (isPlain(o)) return o.x.address;
    engine.run(kernel.OPERAND_VALUES, chunks(o.x.length), 0, [...o.parameters.slice(0, 8), o.x.length, at]);
    return at;
  };
  const [m, n] = [a.outer, b.outer];
  const [rows, columns] = cut(m, n, a.inner);
  const side = Math.ceil(n / columns);
  const scratch = (rows * columns + columns + 64) * 4;
  engine.run(kernel.LIBRARY_PRODUCT, Math.ceil(m / rows) * side, scratch, [
    values(a, workspace),
    a.rows ? a.inner : m,
    Number(!a.rows),
    values(b, workspace + bytes(a)),
    b.rows ? b.inner : n,
    Number(b.rows),
    a.inner,
    ...place(engine, out),
    m,
    n,
    rows,
    columns,
    side,
    ...a.store,
    ...b.store,
  ]);
}
