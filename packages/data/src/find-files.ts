/** @file Which files paths mean. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { badInput, checkRegular, statOf } from './text-file.ts';

const TEXT = /\.((txt|md|jsonl|ndjson)(\.(gz|zst))?|parquet|arrow|feather)$/i;

export interface FoundFile {
  readonly path: string;
  /** As the user wrote it, or the folder and the path inside it, with `/`. */
  readonly name: string;
}

/**
 * A file stands for itself, whatever it is called, if it is a regular one; a folder for its .txt, .md, .jsonl and
 * .ndjson files, packed or not, and its .parquet, .arrow and .feather files, at any depth, in the order of their names' UTF-16 code units (the same on every system and in every
 * locale). Names that begin with a dot are left out, and links to folders are not followed.
 */
export async function findFiles(path: string): Promise<FoundFile[]> {
  const stats = await statOf(path, 'text');
  if (!stats.isDirectory()) {
    checkRegular(stats, path, 'text');
    return [{ path, name: path }];
  }
  const found: FoundFile[] = [];
  await walk(path, path.replace(/[\\/]+$/, ''), found);
  if (found.length === 0)
    throw badInput(
      `folder ${path}: got no text in it, expected .txt, .md, .jsonl, .ndjson (or these with .gz or .zst), .parquet or .arrow files`,
    );
  return found;
}

/** The files of all paths, each one once however often it is reached; `repeated` hears of the others. */
export async function findAllFiles(
  paths: readonly string[],
  repeated: (again: FoundFile, first: FoundFile) => void = () => {},
): Promise<FoundFile[]> {
  const found = new Map<string, FoundFile>();
  for (const path of paths) {
    for (const file of await findFiles(path)) {
      const real = await realpath(file.path);
      const first = found.get(real);
      if (first === undefined) found.set(real, file);
      else repeated(file, first);
    }
  }
  return [...found.values()];
}

/** Throws an `OctavoError` (exit code 2) where a file is reached by both: text that is held out is not trained on. */
export async function refuseShared(train: readonly string[], heldOut: readonly string[]): Promise<void> {
  const trained = new Set<string>();
  for (const { path } of await findAllFiles(train)) trained.add(await realpath(path));
  for (const { path, name } of await findAllFiles(heldOut))
    if (trained.has(await realpath(path)))
      throw badInput(`${name} is both trained on and held out: expected other text to hold out`);
}

async function walk(path: string, name: string, found: FoundFile[]): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    throw badInput(`folder ${name}: got one that cannot be read (${cause.code})`, cause);
  });
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
