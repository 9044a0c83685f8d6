/** @file Whether a folder is one that `prepare` made. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { INDEX_FILE, isShardName, PREPARED_LAYOUT } from './prepared-index.ts';

/** Bytes of the largest index that is looked into: a million shards. */
const LARGEST = 2 ** 26;
const LAYOUT = PREPARED_LAYOUT.replace(/\d+$/, '');

/**
 * By its shards, or by what its index says of itself: a file called index.json in a folder of texts may be anything. An
 * index of ours that is damaged, or of another version, still counts, so that whoever opens the folder can say so.
 */
export async function isPrepared(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((): string[] => []);
  if (!names.includes(INDEX_FILE)) return false;
  if (names.some(isShardName)) return true;
  const path = join(folder, INDEX_FILE);
  const { size } = await stat(path);
  if (size > LARGEST) return false;
  const text = await readFile(path, 'utf8').catch(() => '');
  try {
    const index = JSON.parse(text) as { layout?: unknown } | null;
    return typeof index?.layout === 'string' && index.layout.startsWith(LAYOUT);
  } catch {
    return false;
  }
}
