/** @file One writer a place, whichever kind it is. */
import { lockFolder } from '../lock.ts';
import { isRemote } from './address.ts';

/** A place that nobody else writes to. */
export interface PlaceLock {
  readonly folder: string;
  /**
   * Whether it is still ours: false once it is moved, deleted, or taken by another. In a bucket the answer may be half a
   * minute old, unless it is to be `certain`.
   */
  holds(certain?: boolean): Promise<boolean>;
  release(): Promise<void>;
}

/**
 * Locks a folder; one of this machine has to be there. Throws at once an `OctavoError` (exit code 2) that names process, host
 * and time where another writes there.
 */
export async function lockPlace(folder: string): Promise<PlaceLock> {
  if (isRemote(folder)) return (await import('./s3/lock.ts')).lockBucket(folder);
  const lock = lockFolder(folder);
  return { folder, holds: async () => lock.holds(), release: async () => lock.release() };
}
