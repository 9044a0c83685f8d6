/** @file Launches of the matrix product. */
import { type GemmAttributes, matrixShape } from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import * as kernel from '../operator-numbers.ts';
import { chunks, place, type Stored } from '../stored.ts';
import type { Launch } from './launch.ts';
import { libraryProduct, suitsLibrary } from './library-product.ts';
import { blockScales } from './scales.ts';

const ROWS = 6;
const COLUMNS = 8;
/** Rows of B that one row of A is multiplied by at a time, and elements of B a task. */
const GROUP = 16;
const ROW_ELEMENTS = 2 ** 17;
/** Bytes of packed B at a time. */
const PACKED_BYTES = 16 * 2 ** 20;
/** Bytes of packed A a task: it should stay in the second-level cache. */
const BLOCK_BYTES = 320 * 1024;
/** Most rows of C a task. */
const TALL = 48;
/** Tasks that a product is cut into where it is large enough, whatever the threads. */
const TASKS = 32;

/** An operand as the kernels take it: tensor, scales that vary along K, K, does K run along stored rows, columns. */
export interface Operand {
  readonly x: Stored;
  readonly parameters: readonly number[];
  readonly outer: number;
  readonly inner: number;
  readonly rows: boolean;
  /** Scales that vary along K. */
  readonly along: Stored | undefined;
  /** Scale at the store: its address (0 if none), and how many of the outer axis share one. */
  readonly store: readonly [number, number];
}

function operand(
  engine: Engine,
  x: Stored,
  scale: Stored | undefined,
  rows: boolean,
  blockRows: number,
  blockColumns: number,
): Operand {
  const [r, c] = matrixShape(x.shape);
  const [outer, inner] = rows ? [r, c] : [c, r];
  const [innerBlock, outerBlock] = rows ? [blockColumns, blockRows] : [blockRows, blockColumns];
  const atStore = scale !== undefined && innerBlock >= inner;
  const along = atStore ? undefined : scale;
  const scales = blockScales(x, { blockRows, blockColumns }, along);
  return {
    x,
    parameters: [...place(engine, x), ...scales, inner, Number(rows), c],
    outer,
    inner,
    rows,
    along,
    store: atStore ? [scale.address, Math.min(outerBlock, outer)] : [0, 1],
  };
}

export const gemm: Launch<GemmAttributes> = (engine, attributes, inputs, [out]) => {
  const { transposeA, transposeB, scaledA, scaledB } = attributes;
  const { aBlockRows, aBlockColumns, bBlockRows, bBlockColumns } = attributes;
  const scaleA = scaledA ? inputs[2] : undefined;
  const scaleB = scaledB ? inputs[scaledA ? 3 : 2] : undefined;
  const a = operand(engine, inputs[0]!, scaleA, !transposeA, aBlockRows, aBlockColumns);
  const b = operand(engine, inputs[1]!, scaleB, transposeB, bBlockRows, bBlockColumns);
  if (a.inner === 0) {
    engine.bytes().fill(0, out.address, out.address + out.length * [4, 2, 2, 1][out.kind]!);
    return;
  }
  if (engine.library && suitsLibrary(a, b)) libraryProduct(engine, engine.library, a, b, out);
  else if (suitsRow(a, b)) row(engine, a, b, out);
  else if (a.outer <= ROWS) fewRows(engine, a, b, out);
  else tiles(engine, a, b, out);
};

/** One row of A, as when a model generates; B's rows run along K in steps of eight. */
const suitsRow = (a: Operand, b: Operand): boolean =>
  a.outer === 1 && b.rows && b.inner % 8 === 0 && b.outer >= GROUP;

function row(engine: Engine, a: Operand, b: Operand, out: Stored): void {
  const { inner } = a;
  const values = engine.workspace(inner * 4 + 64);
  engine.run(kernel.OPERAND_VALUES, chunks(inner), 0, [...a.parameters.slice(0, 8), inner, values, 0]);
  const each = Math.max(1, Math.round(ROW_ELEMENTS / inner / GROUP)) * GROUP;
  engine.run(kernel.GEMM_ROW, Math.ceil(b.outer / each), GROUP * (inner + 8) * 4 + 256, [
    ...b.parameters,
    values,
    each,
    0,
    ...place(engine, out),
    a.outer,
    b.outer,
    ...[0, 0, 0],
    ...a.store,
    ...b.store,
  ]);
}

function fewRows(engine: Engine, a: Operand, b: Operand, out: Stored): void {
  const { inner } = a;
  const panel = engine.workspace(inner * ROWS * 4 + 64);
  const room = 64 + (COLUMNS * (inner + 8) + 16) * 4;
  engine.run(kernel.GEMM_PANEL_OF_A, 1, room, [...a.parameters, a.outer, panel]);
  const panels = Math.ceil(b.outer / COLUMNS);
  const each = Math.max(1, Math.min(panels, Math.floor(8192 / inner)));
  engine.run(kernel.GEMM_FEW, Math.ceil(panels / each), each * COLUMNS * (inner + 1) * 4 + room + 512, [
    ...b.parameters,
    panel,
    each,
    0,
    ...place(engine, out),
    a.outer,
    b.outer,
    ...[0, 0, 0],
    ...a.store,
    ...b.store,
  ]);
}

function tiles(engine: Engine, a: Operand, b: Operand, out: Stored): void {
  const { inner } = a;
  const fitting = Math.floor(BLOCK_BYTES / (inner * 4 * ROWS)) * ROWS;
  const tall = Math.max(ROWS, Math.min(TALL, fitting));
  const down = Math.ceil(a.outer / tall);
  const most = Math.max(16, Math.floor(PACKED_BYTES / (inner * 4 * COLUMNS))) * COLUMNS;
  const wide = Math.min(b.outer, most);
  const packed = engine.workspace(Math.ceil(wide / COLUMNS) * COLUMNS * inner * 4 + 64);
  const rowsRoom = 64 + (COLUMNS * (inner + 8) + 16) * 4;

  for (let first = 0; first < b.outer; first += wide) {
    const columns = Math.min(wide, b.outer - first);
    const panels = Math.ceil(columns / COLUMNS);
    const packEach = Math.min(16, Math.max(1, Math.ceil(panels / 16)));
    engine.run(kernel.GEMM_PACK, Math.ceil(panels / packEach), rowsRoom + packEach * COLUMNS * 4 + 256, [
      ...b.parameters,
      packed,
      first,
      columns,
      packEach,
    ]);
    const sides = Math.min(Math.ceil(panels / 16), Math.max(1, Math.ceil(TASKS / down)));
    const each = Math.ceil(panels / sides);
    const side = Math.ceil(panels / each);
    const scratch = (tall + ROWS) * inner * 4 + rowsRoom + tall * 4 + 1024;
    engine.run(kernel.GEMM_TILES, down * side, scratch, [
      ...a.parameters,
      packed,
      first,
      columns,
      ...place(engine, out),
      a.outer,
      b.outer,
      tall,
      each,
      side,
      ...a.store,
      ...b.store,
    ]);
  }
}
