/** @file Launches of the matrix product. */
import type { GemmAttributes } from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import { bytesOfKind } from '../format-description.ts';
import * as kernel from '../generated/kernels.ts';
import { ROW_GROUP, TILE_COLUMNS, TILE_ROWS } from '../numbers.ts';
import { place, type Stored } from '../stored.ts';
import { type StoredOperand, storedOperands } from './gemm-operand.ts';
import type { Launch } from './launch.ts';
import { libraryProduct, suitsLibrary } from './library-product.ts';
import { chunks } from './parameters.ts';

/** Elements of B a task where A has one row. */
const ROW_ELEMENTS = 2 ** 17;
/** Bytes of packed B at a time. */
const PACKED_BYTES = 16 * 2 ** 20;
/** Bytes of packed A a task: it should stay in the second-level cache. */
const BLOCK_BYTES = 320 * 1024;
/** Most rows of C a task. */
const TALL = 48;
/** Tasks that a product is cut into where it is large enough, whatever the threads. */
const TASKS = 32;

export const gemm: Launch<GemmAttributes> = (engine, attributes, inputs, [out]) => {
  const [a, b] = storedOperands(engine, attributes, inputs);
  if (a.inner === 0) {
    engine.bytes().fill(0, out.address, out.address + out.length * bytesOfKind(out.kind));
    return;
  }
  if (engine.library && suitsLibrary(a, b)) libraryProduct(engine, engine.library, a, b, out);
  else if (suitsRow(a, b)) row(engine, a, b, out);
  else if (a.outer <= TILE_ROWS) fewRows(engine, a, b, out);
  else tiles(engine, a, b, out);
};

/** The parameters from 14 on: C, its shape, how tasks are cut, and the scales at the store. */
const resultParameters = (
  engine: Engine,
  a: StoredOperand,
  b: StoredOperand,
  out: Stored,
  [tall, each, side]: readonly [number, number, number] = [0, 0, 0],
): readonly number[] => [
  ...place(engine, out),
  ...[a.outer, b.outer],
  ...[tall, each, side],
  ...[...a.store, ...b.store],
];

/** One row of A, as when a model generates; B's rows run along K in steps of eight. */
const suitsRow = (a: StoredOperand, b: StoredOperand): boolean =>
  a.outer === 1 && b.rows && b.inner % 8 === 0 && b.outer >= ROW_GROUP;

function row(engine: Engine, a: StoredOperand, b: StoredOperand, out: Stored): void {
  const { inner } = a;
  const values = engine.workspace(inner * 4 + 64);
  engine.run(kernel.OPERAND_VALUES, chunks(inner), 0, [...a.parameters.slice(0, 8), inner, values, 0]);
  const each = Math.max(1, Math.round(ROW_ELEMENTS / inner / ROW_GROUP)) * ROW_GROUP;
  const parameters = [...b.parameters, values, each, 0, ...resultParameters(engine, a, b, out)];
  engine.run(kernel.GEMM_ROW, Math.ceil(b.outer / each), (ROW_GROUP + 1) * (inner + 8) * 4 + 512, parameters);
}

/** Scratch in which eight rows of K elements lie on their way into panels. */
const rowsRoom = (inner: number): number => 64 + (TILE_COLUMNS * (inner + 8) + 16) * 4;

function fewRows(engine: Engine, a: StoredOperand, b: StoredOperand, out: Stored): void {
  const { inner } = a;
  const panel = engine.workspace(inner * TILE_ROWS * 4 + 64);
  engine.run(kernel.GEMM_PANEL_OF_A, 1, rowsRoom(inner), [...a.parameters, a.outer, panel]);
  const panels = Math.ceil(b.outer / TILE_COLUMNS);
  const each = Math.max(1, Math.min(panels, Math.floor(8192 / inner)));
  const scratch = each * TILE_COLUMNS * (inner + 1) * 4 + rowsRoom(inner) + 512;
  const parameters = [...b.parameters, panel, each, 0, ...resultParameters(engine, a, b, out)];
  engine.run(kernel.GEMM_FEW, Math.ceil(panels / each), scratch, parameters);
}

function tiles(engine: Engine, a: StoredOperand, b: StoredOperand, out: Stored): void {
  const { inner } = a;
  const fitting = Math.floor(BLOCK_BYTES / (inner * 4 * TILE_ROWS)) * TILE_ROWS;
  const tall = Math.max(TILE_ROWS, Math.min(TALL, fitting));
  const down = Math.ceil(a.outer / tall);
  const most = Math.max(16, Math.floor(PACKED_BYTES / (inner * 4 * TILE_COLUMNS))) * TILE_COLUMNS;
  const wide = Math.min(b.outer, most);
  const packed = engine.workspace(Math.ceil(wide / TILE_COLUMNS) * TILE_COLUMNS * inner * 4 + 64);

  for (let first = 0; first < b.outer; first += wide) {
    const columns = Math.min(wide, b.outer - first);
    const panels = Math.ceil(columns / TILE_COLUMNS);
    const packEach = Math.min(16, Math.max(1, Math.ceil(panels / 16)));
    const packRoom = rowsRoom(inner) + packEach * TILE_COLUMNS * 4 + 256;
    const packing = [...b.parameters, packed, first, columns, packEach];
    engine.run(kernel.GEMM_PACK, Math.ceil(panels / packEach), packRoom, packing);
    const sides = Math.min(Math.ceil(panels / 16), Math.max(1, Math.ceil(TASKS / down)));
    const each = Math.ceil(panels / sides);
    const side = Math.ceil(panels / each);
    const scratch = (tall + TILE_ROWS) * inner * 4 + rowsRoom(inner) + tall * 4 + 1024;
    engine.run(kernel.GEMM_TILES, down * side, scratch, [
      ...a.parameters,
      ...[packed, first, columns],
      ...resultParameters(engine, a, b, out, [tall, each, side]),
    ]);
  }
}
