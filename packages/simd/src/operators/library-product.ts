/** @file Launches of the matrix product by the machine's library. */
import type { Engine } from '../engine.ts';
import { floatBits } from '../format-description.ts';
import * as kernel from '../generated/kernels.ts';
import type { ProductLibrary } from '../library/find.ts';
import { BF16_KIND, BYTE_KIND, FP32_KIND } from '../numbers.ts';
import { place, type Stored } from '../stored.ts';
import { commonFactor, MOST_EXPONENT } from './common-factor.ts';
import type { StoredOperand } from './gemm-operand.ts';
import { chunks } from './parameters.ts';

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

const work = (a: StoredOperand, b: StoredOperand): number => a.outer * b.outer * a.inner;

/** Float32 or BF16: what a library takes its operands as. */
type Width = 4 | 2;

/** Whether an operand lies there as the library takes it. */
const isPlain = ({ x, along }: StoredOperand, width: Width): boolean =>
  !along && x.kind === (width === 4 ? FP32_KIND : BF16_KIND);

/** Rows of A that are decoded at a time: all, or slabs where A's rows lie one after the other. */
const slabOf = (a: StoredOperand, width: Width): number =>
  isPlain(a, width) || !a.rows ? a.outer : Math.min(a.outer, Math.max(1024, Math.floor(SLAB / a.inner)));

const roomFor = (o: StoredOperand, outer: number, width: Width): number =>
  isPlain(o, width) ? 0 : Math.ceil((outer * o.inner * width) / 64) * 64 + 64;

export function suitsLibrary(a: StoredOperand, b: StoredOperand): boolean {
  const enough = work(a, b) >= LEAST && Math.min(a.outer, b.outer) >= NARROW;
  return enough && roomFor(a, slabOf(a, 4), 4) + roomFor(b, b.outer, 4) <= MOST_BYTES;
}

/** Whether all values of a format of at most eight bits, times 2^−exponent to 2^exponent, are normal BF16 values. */
const fitsHalf = ({ kind, format }: Stored, exponent: number): boolean =>
  kind === BYTE_KIND && format.minSubnormal >= 2 ** (exponent - 126) && format.max <= 2 ** (126 - exponent);

/** What an operand's values are multiplied by so that all are BF16 values exactly; null where nothing does that. */
function halfFactor(engine: Engine, { x, along }: StoredOperand): number | null {
  if (!along) return x.kind === BF16_KIND || fitsHalf(x, 0) ? 1 : null;
  if (!fitsHalf(x, MOST_EXPONENT)) return null;
  return commonFactor(engine.floats().subarray(along.address / 4, along.address / 4 + along.length));
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

/**
 * C by the library, in float32 or, where both operands are BF16 values but for a factor and the processor has units for
 * them, in BF16 with sums in float32. Every value of an 8-bit format is a BF16 value; powers of two along K keep that.
 */
export function libraryProduct(
  engine: Engine,
  library: ProductLibrary,
  a: StoredOperand,
  b: StoredOperand,
  out: Stored,
): void {
  const factors = library.bf16 ? [halfFactor(engine, a), halfFactor(engine, b)] : [null];
  const width: Width = factors.includes(null) ? 4 : 2;
  const slab = slabOf(a, width);
  const cells = engine.workspace(64 + roomFor(b, b.outer, width) + roomFor(a, slab, width));
  const roomOfB = cells + 64;
  const roomOfA = roomOfB + roomFor(b, b.outer, width);

  const values = (o: StoredOperand, at: number, factor: number, first: number, count: number): number => {
    if (isPlain(o, width)) return o.x.address;
    const elements = count * o.inner;
    const range = [...o.parameters.slice(0, 8), elements, at, first * o.inner];
    if (width === 4) engine.run(kernel.OPERAND_VALUES, chunks(elements), 0, range);
    else engine.run(kernel.OPERAND_HALVES, chunks(elements), 0, [...range, floatBits(factor)]);
    return at;
  };
  /** The factor goes away at the store, as a scale does. */
  const store = (o: StoredOperand, i: 0 | 1, factor: number): readonly [number, number] => {
    if (factor === 1) return o.store;
    engine.floats()[cells / 4 + i] = factor;
    return [cells + 4 * i, o.outer];
  };
  const [factorA, factorB] = width === 2 ? (factors as [number, number]) : [1, 1];
  const stores = [...store(a, 0, factorA), ...store(b, 1, factorB)];
  const [m, n] = [a.outer, b.outer];
  const right = values(b, roomOfB, factorB, 0, n);
  for (let first = 0; first < m; first += slab) {
    const count = Math.min(slab, m - first);
    const [rows, columns] = cut(count, n, a.inner);
    const side = Math.ceil(n / columns);
    engine.run(kernel.LIBRARY_PRODUCT, Math.ceil(count / rows) * side, (rows * columns + columns + 64) * 4, [
      values(a, roomOfA, factorA, first, count),
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
      ...stores,
      first,
      Number(width === 2),
    ]);
  }
}
