/** @file Run folders: which one a new run gets, and which one a resumed run goes on in. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';

/** Where runs lie unless `--out` says otherwise. */
export const RUNS = 'runs';

const RUN_FILE = 'run.json';

export const isRun = (folder: string): boolean => existsSync(join(folder, RUN_FILE));

/** Refuses a folder for a new run that holds anything, and leaves it as it is. */
export function checkFree(out: string): void {
  if (isRun(out)) {
    throw new OctavoError(
      `[run] ${out} already holds a run: go on with it by --resume, or choose another --out`,
      { exitCode: 2 },
    );
  }
  if (existsSync(out) && (!statSync(out).isDirectory() || readdirSync(out).length > 0)) {
    throw new OctavoError(
      `[run] ${out}: got something that is not an empty folder, expected a new or an empty one for --out`,
      { exitCode: 2 },
    );
  }
}

/** Makes the folder of a new run: the one given, or a new one named after the run. */
export async function claimFolder(out: string | null, name: string): Promise<string> {
  if (out !== null) {
    checkFree(out);
    await mkdir(out, { recursive: true });
    return out;
  }
  await mkdir(RUNS, { recursive: true });
  for (let n = 1; ; n++) {
    const folder = join(RUNS, n === 1 ? name : `${name}-${n}`);
    // Without `recursive` it fails where another run, perhaps starting this very moment, has the name.
    const made = await mkdir(folder).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    if (made) return folder;
  }
}

/** The folder to resume: the one given, or the newest run. */
export function folderToResume(out: string | null): string {
  if (out !== null) {
    if (isRun(out)) return out;
    throw new OctavoError(
      `[run] nothing to resume: ${out} holds no ${RUN_FILE}; start a run there without --resume`,
      { exitCode: 2 },
    );
  }
  const newest = newestRun();
  if (newest === null) {
    throw new OctavoError(
      `[run] nothing to resume: no run under ${RUNS}/; name one by --out, or start one without --resume`,
      { exitCode: 2 },
    );
  }
  return newest;
}

/** The run under `runs/` that was written to last, or null. */
function newestRun(): string | null {
  if (!existsSync(RUNS)) return null;
  const runs = readdirSync(RUNS)
    .map((name) => join(RUNS, name))
    .filter(isRun)
    .map((folder) => ({ folder, time: lastWritten(folder) }));
  runs.sort((a, b) => b.time - a.time);
  return runs[0]?.folder ?? null;
}

function lastWritten(folder: string): number {
  const paths = [RUN_FILE, 'steps.arrow', 'checkpoints'].map((name) => join(folder, name));
  return Math.max(...paths.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0));
}
