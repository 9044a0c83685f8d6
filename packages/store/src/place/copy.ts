/** @file A file from one place to another, a stretch at a time. */
import type { Driver } from './driver.ts';

const STRETCH = 8 * 2 ** 20;

/** Copies `from`, which `source` knows, to `to`, which `target` knows; it appears when it is whole. */
export async function copyFile(
  [source, from]: readonly [Driver, string],
  [target, to]: readonly [Driver, string],
): Promise<void> {
  const file = await source.open(from);
  try {
    const copy = await target.create(to);
    try {
      for (let at = 0; at < file.size; at += STRETCH)
        await copy.write([await file.read(at, Math.min(STRETCH, file.size - at))]);
      await copy.commit();
    } catch (error) {
      await copy.abort();
      throw error;
    }
  } finally {
    await file.close();
  }
}
