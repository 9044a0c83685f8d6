/** @file Buckets: pieces of the ranks' parts that travel together. */
import type { Part } from './ranks.ts';

/** Elements `at` … of each rank's part of a parameter, which stand at `to` in a bucket. */
export interface Slice {
  readonly parameter: number;
  readonly at: number;
  readonly to: number;
  readonly count: number;
}

export interface Bucket {
  readonly slices: readonly Slice[];
  /** Elements that each rank owns of it. */
  readonly length: number;
}

/** Bytes of a bucket, all parts and pieces of it, at most: Open MPI moves larger ones at a fraction of the speed. */
export const BUCKET_BYTES = 8e6;

/** All parts in buckets, the last parameter's first, as the backward pass comes to them. `copies`: elements of all ranks for each owned. */
export function bucketsOf(parts: readonly Part[], copies: number): Bucket[] {
  const most = Math.max(1, Math.floor(BUCKET_BYTES / 4 / copies));
  const buckets: { slices: Slice[]; length: number }[] = [];
  for (let parameter = parts.length - 1; parameter >= 0; parameter--) {
    const { length } = parts[parameter]!;
    for (let at = 0; at < length; ) {
      if (buckets.length === 0 || buckets.at(-1)!.length === most) buckets.push({ slices: [], length: 0 });
      const bucket = buckets.at(-1)!;
      const count = Math.min(length - at, most - bucket.length);
      bucket.slices.push({ parameter, at, to: bucket.length, count });
      bucket.length += count;
      at += count;
    }
  }
  return buckets;
}
