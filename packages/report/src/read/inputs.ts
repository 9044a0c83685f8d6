/** @file The folders of a report, read: runs and studies, each with a name that no other has. */
import { OctavoError } from '@octavo/formats';
import { absolute, look, nameOf, within } from '@octavo/store';
import { type RunInput, readRunFolder } from './read-run.ts';
import { readStudyFolder, STUDY_FILE, type StudyInput } from './read-study.ts';
import { RUN_FILE } from './run-record.ts';

const holds = async (folder: string, file: string): Promise<boolean> =>
  (await look(within(folder, file))) !== null;

/** Throws an `OctavoError` for the first that is no run and no study (exit code 2), or is damaged (exit code 1). */
export async function readInputs(folders: readonly string[]): Promise<(RunInput | StudyInput)[]> {
  for (const folder of folders) await checkFolder(folder);
  const paths = folders.map((folder) => absolute(folder));
  const twice = folders.find((_, i) => paths.indexOf(paths[i]!) !== i);
  if (twice !== undefined)
    throw new OctavoError(`[report] ${twice} is given twice: name every folder once`, { exitCode: 2 });
  const names = paths.map(nameOf);
  const inputs: (RunInput | StudyInput)[] = [];
  for (const [i, folder] of folders.entries()) {
    const unique = names.filter((name) => name === names[i]).length === 1;
    const name = unique ? names[i]! : folder;
    inputs.push(
      (await holds(folder, RUN_FILE))
        ? await readRunFolder(folder, name)
        : await readStudyFolder(folder, name),
    );
  }
  return inputs;
}

async function checkFolder(folder: string): Promise<void> {
  const found = await look(folder);
  const isFolder = found?.kind === 'folder';
  if (isFolder && ((await holds(folder, RUN_FILE)) || (await holds(folder, STUDY_FILE)))) return;
  const got = !found ? 'nothing there' : isFolder ? 'a folder with neither' : 'a file';
  throw new OctavoError(
    `[report] ${folder}: got ${got}, expected a folder with run.json (octavo train) or study.json (octavo study)`,
    { exitCode: 2 },
  );
}
