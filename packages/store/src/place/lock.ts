/** @file One writer a place, whichever kind it is. */
import { lockFolder } from '../lock.ts';
import { isRemote } from './address.ts';
import type { PlaceLock } from './driver.ts';

/**
 * Locks a folder; one of this machine has to be there. Throws at once an `OctavoError` (exit code 2) that names process, host
 * and time where another writes there.
 */
export async function lockPlace(folder: string): Promise<PlaceLock> {
  if (isRemote(folder)) return (await import('./s3/lock.ts')).lockBucket(folder);
  const lock = lockFolder(folder);
  return { folder, holds: async () => lock.holds(), release: async () => lock.release() };
}
