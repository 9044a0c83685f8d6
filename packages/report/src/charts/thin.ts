/** @file Long runs made small: fewer points on a line, no peak lost. */
import { topOf } from './values.ts';

export interface Point {
  readonly x: number;
  /** Null: nothing was measured, or it was not finite; the line breaks there. */
  readonly y: number | null;
}

/**
 * At most about `limit` of the points, in order: of each of `limit / 2` equal shares of the points the lowest and the
 * highest, so that a single spike stays, and a null where the share holds one.
 */
export function thinLine(points: readonly Point[], limit = 400): Point[] {
  if (points.length <= limit) return [...points];
  const shares = Math.floor(limit / 2);
  const kept: Point[] = [];
  for (let i = 0; i < shares; i++) {
    const share = points.slice(
      Math.floor((i * points.length) / shares),
      Math.floor(((i + 1) * points.length) / shares),
    );
    const chosen = new Set([
      topOf(share, ({ y }) => y && -y),
      topOf(share, ({ y }) => y),
      share.find(({ y }) => y === null),
    ]);
    kept.push(...share.filter((point) => chosen.has(point)));
  }
  return kept;
}

/** Mean over a window of `width` points about each; nulls count for nothing, and a window of nulls is null. */
export function smoothLine(points: readonly Point[], width: number): Point[] {
  const sums = [0];
  const counts = [0];
  for (const { y } of points) {
    sums.push(sums.at(-1)! + (y ?? 0));
    counts.push(counts.at(-1)! + (y === null ? 0 : 1));
  }
  const half = Math.floor(width / 2);
  return points.map(({ x }, i) => {
    const reach = Math.min(half, i, points.length - 1 - i); // narrower at both ends, so that it stays centred
    const [from, to] = [i - reach, i + reach + 1];
    const count = counts[to]! - counts[from]!;
    return { x, y: count === 0 ? null : (sums[to]! - sums[from]!) / count };
  });
}

/** A window of a fortieth of the points, odd; 1 for short lines. */
export const smoothingWidth = (points: number): number => (points < 80 ? 1 : 2 * Math.round(points / 80) + 1);
