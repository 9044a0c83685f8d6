/**
 * @file The matrix product C[M, N] = op(A) · op(B).
 *
 * B is packed into panels by all threads, then tasks of some rows of C pack their rows of A and run the tile over
 * them. Codes are decoded, and scales that vary along K divided out, as rows are packed; other scales at the store.
 * K is never cut: every sum runs over k in order, so C does not depend on how the work is shared.
 */
import { FP32_KIND, TILE_COLUMNS, TILE_ROWS } from '../src/numbers';
import { address, int, scratch } from './command';
import { interleave6, interleave8, spread6, spread8 } from './panel';
import { RECIPROCAL, scaleInto } from './scale';
import { commit, element, read } from './storage';
import { hasStoreScales, storeFactor, unscaleRow } from './store-scale';
import { scaleTile, tile } from './tile';

/** `n` stored elements of an operand from `index` on as floats, in place or in `room`; `scales` is their slot. */
export function stored(slot: i32, scales: i32, index: u32, n: i32, room: usize): usize {
  const x = read(slot, index, n, room);
  if (address(scales) == 0) return x;
  scaleInto(scales, RECIPROCAL, x, room, index, n);
  return room;
}

/**
 * Panels of an operand, from number `outer` on its outer axis.
 * `rows`: its stored rows run along K (K = `inner` long); else its stored columns, `columns` a row.
 * `room`: eight rows, or one strip.
 */
function pack(
  slot: i32,
  scales: i32,
  wide: bool,
  rows: bool,
  columns: u32,
  inner: i32,
  outer: u32,
  count: i32,
  to: usize,
  room: usize,
): void {
  const width = wide ? TILE_COLUMNS : TILE_ROWS;
  const panel = (<usize>(inner * width)) << 2;
  if (rows) {
    const list = room;
    const line = (<usize>inner + 8) << 2;
    const lines = room + 64;
    for (let first = 0; first < count; first += width) {
      for (let i = 0; i < width; i++) {
        // rows beyond the last are computed, and not stored
        const o = outer + <u32>min(first + i, count - 1);
        const at = stored(slot, scales, o * columns, inner, lines + <usize>i * line);
        store<u32>(list + ((<usize>i) << 2), <u32>at);
      }
      if (wide) interleave8(list, inner, to);
      else interleave6(list, inner, to);
      to += panel;
    }
  } else {
    const panels = (count + width - 1) / width;
    for (let k = 0; k < inner; k++) {
      const x = stored(slot, scales, <u32>k * columns + outer, count, room);
      if (wide) spread8(x, panels, to + ((<usize>k) << 5), panel);
      else spread6(x, panels, to + <usize>k * 24, panel);
    }
  }
}

/**
 * Packs B: 0 b, 3 its scales (5 arguments), 8 K, 9 stored rows run along K, 10 stored columns, 11 to, 12 first column
 * of C, 13 columns of C, 14 panels a task.
 */
export function gemmPack(task: i32): void {
  const inner = int(8);
  const first = task * int(14) * TILE_COLUMNS;
  const count = min(int(13) - first, int(14) * TILE_COLUMNS);
  const to = address(11) + ((<usize>(first * inner)) << 2);
  pack(0, 3, true, int(9) != 0, int(10), inner, int(12) + first, count, to, scratch());
}

/**
 * Some rows times some panels: 0 a, 3 its scales (5 arguments), 8 K, 9 stored rows run along K, 10 stored columns,
 * 11 panels of B, 12 first column of C, 13 columns, 14 out, 17 M, 18 N, 19 rows a task, 20 panels a task,
 * 21 tasks side by side, 22 scale of A at the store (address or 0), 23 rows that share one, 24 of B, 25 columns that
 * share one.
 */
export function gemmTiles(task: i32): void {
  const inner = int(8);
  const side = int(21);
  const firstRow = (task / side) * int(19);
  const rows = min(int(17) - firstRow, int(19));
  const firstPanel = (task % side) * int(20);
  const columns = int(13);
  const allPanels = (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
  const lastPanel = min(allPanels, firstPanel + int(20));
  const rowPanels = (rows + TILE_ROWS - 1) / TILE_ROWS;
  const packed = scratch();
  const panelA = <usize>inner * 24;
  const panelB = <usize>inner * 32;
  const room = packed + <usize>rowPanels * panelA + 64;
  pack(0, 3, false, int(9) != 0, int(10), inner, firstRow, rows, packed, room);
  const alpha = storeFactor(22, int(17), int(18));
  const uniform = alpha != 0;
  const scaled = hasStoreScales(22);
  const n = int(18);
  const direct = uniform && int(15) == FP32_KIND;
  for (let p = firstPanel; p < lastPanel; p++) {
    const column = p * TILE_COLUMNS;
    const width = min(TILE_COLUMNS, columns - column);
    const b = address(11) + <usize>p * panelB;
    for (let i = 0; i < rowPanels; i++) {
      const a = packed + <usize>i * panelA;
      const row = firstRow + i * TILE_ROWS;
      const height = min(TILE_ROWS, firstRow + rows - row);
      const at = <u32>row * <u32>n + int(12) + column;
      if (direct && width == TILE_COLUMNS && height == TILE_ROWS) {
        const c = element(14, at);
        tile(a, b, inner, c, (<usize>n) << 2, false);
        if (scaled) scaleTile(c, (<usize>n) << 2, alpha);
      } else {
        tile(a, b, inner, room, 32, false);
        if (uniform && scaled) scaleTile(room, 32, alpha);
        else if (scaled) scaleEach(room, row, height, int(12) + column, width);
        for (let r = 0; r < height; r++) commit(14, at + r * n, width, room + ((<usize>r) << 5));
      }
    }
  }
}

/** Divides a tile by scale of its row · scale of its column. */
export function scaleEach(tileAt: usize, row: i32, height: i32, column: i32, width: i32): void {
  for (let r = 0; r < height; r++) unscaleRow(22, tileAt + ((<usize>r) << 5), row + r, column, width);
}

/** One panel of A: 0 a, 3 its scales (5 arguments), 8 K, 9 stored rows run along K, 10 stored columns, 11 M, 12 to. */
export function gemmPanelOfA(task: i32): void {
  pack(0, 3, false, int(9) != 0, int(10), int(8), 0, int(11), address(12), scratch());
}

/**
 * At most six rows of C: each task packs some panels of B for itself. 0 b, 3 its scales (5 arguments), 8 K, 9 stored
 * rows run along K, 10 stored columns, 11 panel of A, 12 panels a task, 14 out, 17 M, 18 N, 22 … 25 as above.
 */
export function gemmFew(task: i32): void {
  const inner = int(8);
  const n = int(18);
  const first = task * int(12) * TILE_COLUMNS;
  const count = min(n - first, int(12) * TILE_COLUMNS);
  const panel = <usize>inner * 32;
  const packed = scratch();
  const room = packed + <usize>int(12) * panel + 64;
  pack(0, 3, true, int(9) != 0, int(10), inner, first, count, packed, room);
  const scaled = hasStoreScales(22);
  for (let c = 0; c < count; c += TILE_COLUMNS) {
    const width = min(TILE_COLUMNS, count - c);
    tile(address(11), packed + <usize>(c >> 3) * panel, inner, room, 32, false);
    if (scaled) scaleEach(room, 0, int(17), first + c, width);
    for (let r = 0; r < int(17); r++) commit(14, r * n + first + c, width, room + ((<usize>r) << 5));
  }
}
