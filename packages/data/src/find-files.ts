/** @file Which files a path means. */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';

const TEXT = /\.(txt|md|jsonl|ndjson)$/i;

export interface FoundFile {
  readonly path: string;
  /** As the user wrote it, or the folder and the path inside it, with `/`. */
  readonly name: string;
}

/**
 * A file stands for itself, whatever it is called; a folder for its .txt, .md, .jsonl and .ndjson files at any depth,
 * in the order of their names' UTF-16 code units (the same on every system and in every locale). Names that begin with
 * a dot are left out, and links to folders are not followed.
 */
export async function findFiles(path: string): Promise<FoundFile[]> {
  let stats: Stats;
  try {
    stats = await stat(path);
  } catch (cause) {
    throw new OctavoError(
      `[data] text: got ${path}, which does not exist or cannot be read, expected a file or folder`,
      {
        cause,
      },
    );
  }
  if (!stats.isDirectory()) return [{ path, name: path }];
  const found: FoundFile[] = [];
  await walk(path, path.replace(/[\\/]+$/, ''), found);
  if (found.length === 0)
    throw new OctavoError(
      `[data] folder ${path}: got no text in it, expected .txt, .md, .jsonl or .ndjson files`,
    );
  return found;
}

async function walk(path: string, name: string, found: FoundFile[]): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const inside = { path: join(path, entry.name), name: `${name}/${entry.name}` };
    if (entry.isDirectory()) await walk(inside.path, inside.name, found);
    else if (TEXT.test(entry.name) && (await isFile(entry, inside.path))) found.push(inside);
  }
}

async function isFile(
  entry: { isFile(): boolean; isSymbolicLink(): boolean },
  path: string,
): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile();
  return stat(path).then(
    (s) => s.isFile(),
    () => false,
  );
}
