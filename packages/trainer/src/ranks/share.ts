/** @file Which part of a step is a rank's: micro-batches of its data, elements of every parameter. Pure arithmetic. */
import type { Range } from './tree.ts';

/** Where somebody stands in a group. */
export interface Place {
  readonly rank: number;
  readonly size: number;
}

/** Elements of a parameter that are never parted: sums of squares have a fixed order within and between them. */
export const BLOCK = 64;

/** A rank's micro-batches of `count`, one behind the other; the last ranks have one more where they do not divide. */
export const microBatchesOf = (count: number, { rank, size }: Place): Range => ({
  from: Math.floor((rank * count) / size),
  to: Math.floor(((rank + 1) * count) / size),
});

/** Elements of each rank's part of a parameter of `count`: whole blocks, of which the last ones may be padding. */
export const partLength = (count: number, size: number): number => BLOCK * Math.ceil(count / (BLOCK * size));

/** The elements that a rank's part has of a parameter of `count`. */
export function partOf(count: number, { rank, size }: Place): Range {
  const length = partLength(count, size);
  return { from: Math.min(rank * length, count), to: Math.min((rank + 1) * length, count) };
}
