/**
 * @file The three products of attention: by the library, or by the tile of gemm.ts.
 *
 * One matrix of each is causal: row r belongs to query keys − rows + r, and what lies at later keys is 0, or not wanted. The
 * library computes it all, the tile leaves that half out. Matrices are row-major, `ld` elements from row to row: float32,
 * or BF16 where `by` says so; results are float32, in whole tiles. `room`: attentionRoom of src/operators/attention.ts.
 */
import {
  BF16_OPERANDS, BY_LIBRARY_BF16, BY_TILE, FP32_KIND, TILE_COLUMNS, TILE_ROWS, TRANSPOSE_A, TRANSPOSE_B,
} from '../src/numbers';
import { address, int } from './command';
import { interleave6, interleave8, spread8 } from './panel';
import { product } from './product';
import { decode, element } from './storage';
import { tile } from './tile';

// @ts-ignore: decorator
@inline
export function up(n: i32, step: i32): i32 {
  return ((n + step - 1) / step) * step;
}

// @ts-ignore: decorator
@inline
export function floats(n: i32): usize {
  return (<usize>n) << 2;
}

/** Whether a tensor's rows are multiplied where they lie; others are decoded first. */
export function liesReady(slot: i32, by: i32): bool {
  return by == BY_LIBRARY_BF16 || int(slot + 1) == FP32_KIND;
}

/** Where `rows` rows of `n` elements of a tensor, `stride` apart, can be multiplied: in place, or one after the other in `room`. */
export function matrix(slot: i32, by: i32, index: u32, stride: i32, rows: i32, n: i32, room: usize): usize {
  if (liesReady(slot, by)) return element(slot, index);
  for (let r = 0; r < rows; r++) {
    decode(int(slot + 1), address(slot + 2), element(slot, index + <u32>(r * stride)), n, room + floats(r * n));
  }
  return room;
}

// @ts-ignore: decorator
@inline
function formOf(by: i32, transposed: i32): i32 {
  return by == BY_LIBRARY_BF16 ? transposed | BF16_OPERANDS : transposed;
}

/** Addresses of `width` rows from row `first` on; beyond the last row, that one again. */
function listRows(list: usize, width: i32, at: usize, ld: i32, first: i32, rows: i32): void {
  for (let r = 0; r < width; r++) {
    store<u32>(list + floats(r), <u32>(at + floats(min(first + r, rows - 1) * ld)));
  }
}

/** Rows along K as panels of eight columns. */
function spreadRows(at: usize, ld: i32, rows: i32, n: i32, to: usize): void {
  const panels = up(n, TILE_COLUMNS) / TILE_COLUMNS;
  for (let r = 0; r < rows; r++) {
    spread8(at + floats(r * ld), panels, to + floats(r * TILE_COLUMNS), floats(rows * TILE_COLUMNS));
  }
}

/** c[rows, keys] = a[rows, n] · b[keys, n]ᵀ, c causal. */
export function rowsByKeys(
  by: i32, rows: i32, keys: i32, n: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, room: usize,
): void {
  if (by != BY_TILE) {
    product(formOf(by, TRANSPOSE_B), rows, keys, n, 1, a, lda, b, ldb, c, ldc);
    return;
  }
  const panelA = room + 64;
  const panelsB = panelA + floats(TILE_ROWS * n);
  for (let j = 0; j < keys; j += TILE_COLUMNS) {
    listRows(room, TILE_COLUMNS, b, ldb, j, keys);
    interleave8(room, n, panelsB + floats(j * n));
  }
  for (let i = 0; i < rows; i += TILE_ROWS) {
    const seen = min(keys, keys - rows + i + TILE_ROWS);
    listRows(room, TILE_ROWS, a, lda, i, rows);
    interleave6(room, n, panelA);
    for (let j = 0; j < seen; j += TILE_COLUMNS) {
      tile(panelA, panelsB + floats(j * n), n, c + floats(i * ldc + j), floats(ldc), false);
    }
  }
}

/** c[rows, n] = a[rows, keys] · b[keys, n], a causal. */
export function rowsOverKeys(
  by: i32, rows: i32, keys: i32, n: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, room: usize,
): void {
  if (by != BY_TILE) {
    product(formOf(by, 0), rows, n, keys, 1, a, lda, b, ldb, c, ldc);
    return;
  }
  const panelA = room + 64;
  const panelsB = panelA + floats(TILE_ROWS * keys);
  spreadRows(b, ldb, keys, n, panelsB);
  for (let i = 0; i < rows; i += TILE_ROWS) {
    const seen = min(keys, keys - rows + i + TILE_ROWS);
    listRows(room, TILE_ROWS, a, lda, i, rows);
    interleave6(room, seen, panelA);
    for (let d = 0; d < n; d += TILE_COLUMNS) {
      tile(panelA, panelsB + floats(d * keys), seen, c + floats(i * ldc + d), floats(ldc), false);
    }
  }
}

/** c[keys, n] += a[rows, keys]ᵀ · b[rows, n], a causal; `keys` is a multiple of the tile's rows, or c has rows to spare. */
export function addKeysOverRows(
  by: i32, rows: i32, keys: i32, n: i32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32, room: usize,
): void {
  if (by != BY_TILE) {
    product(formOf(by, TRANSPOSE_A), keys, n, rows, 1, a, lda, b, ldb, room, ldc);
    for (let at: usize = 0; at < floats(keys * ldc); at += 16) {
      v128.store(c + at, f32x4.add(v128.load(c + at), v128.load(room + at)));
    }
    return;
  }
  const panelA = room;
  const panelsB = panelA + floats(TILE_ROWS * rows);
  spreadRows(b, ldb, rows, n, panelsB);
  for (let j = 0; j < keys; j += TILE_ROWS) {
    const blind = max(0, j - (keys - rows)); // rows that see none of the six keys
    for (let r = blind; r < rows; r++) {
      const from = a + floats(r * lda + j);
      const to = panelA + floats(r * TILE_ROWS);
      v128.store(to, v128.load(from));
      store<u64>(to, load<u64>(from, 16), 16);
    }
    for (let d = 0; d < n; d += TILE_COLUMNS) {
      tile(
        panelA + floats(blind * TILE_ROWS), panelsB + floats(d * rows + blind * TILE_COLUMNS), rows - blind,
        c + floats(j * ldc + d), floats(ldc), true,
      );
    }
  }
}
