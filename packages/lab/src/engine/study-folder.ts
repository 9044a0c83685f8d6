/** @file A study's folder: the parts that are done, and in the end its tables, charts and summary. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { renderSvg, STUDY_FILE } from '@octavo/report';
import {
  lockFolder,
  makeFolder,
  openSafetensors,
  removeTemporaries,
  writeFileAtomically,
  writeSafetensors,
} from '@octavo/store';
import { checkHeld, isFree } from '@octavo/trainer';
import { tableToIPC } from 'apache-arrow';
import type { Parts, StudyResult } from './study.ts';

export interface StudyFolder {
  readonly parts: Parts;
  /** Writes everything; the names of the files, `summary.md` first. */
  writeResult(result: StudyResult): Promise<string[]>;
  /** Lets others write there. */
  close(): void;
}

/**
 * A new folder, or one of the same study with the same settings: anything else is refused (exit code 2), and so is one
 * that another process writes in.
 */
export async function openStudyFolder(folder: string, identity: object): Promise<StudyFolder> {
  const text = `${JSON.stringify(identity, null, 2)}\n`;
  await checkStudy(folder, text);
  makeFolder(folder);
  const lock = lockFolder(folder);
  try {
    await checkStudy(folder, text); // again: another may have begun here meanwhile
    await removeTemporaries(folder);
    const path = join(folder, STUDY_FILE);
    if (!existsSync(path)) await writeFileAtomically(path, text);
    makeFolder(join(folder, 'parts'));
    await removeTemporaries(join(folder, 'parts'));
  } catch (error) {
    lock.release();
    throw error;
  }
  return {
    parts: partsIn(join(folder, 'parts'), () => checkHeld(lock)),
    writeResult: async (result) => {
      await checkHeld(lock);
      return writeResult(folder, result);
    },
    close: () => lock.release(),
  };
}

async function checkStudy(folder: string, text: string): Promise<void> {
  const path = join(folder, STUDY_FILE);
  if (existsSync(path)) {
    if ((await readFile(path, 'utf8')) === text) return;
    throw new OctavoError(
      `[study] ${folder} holds a study with other settings: got other values in ${STUDY_FILE}, expected the same; choose another --out`,
      { exitCode: 2 },
    );
  }
  if (!(await isFree(folder)))
    throw new OctavoError(
      `[study] ${folder}: got a folder that is not empty and holds no study, expected a new or an empty one for --out`,
      { exitCode: 2 },
    );
}

/** `check` throws where the folder is no longer ours: a part is not written beside it. */
function partsIn(folder: string, check: () => Promise<void>): Parts {
  const json = (key: string) => join(folder, `${key}.json`);
  const arrays = (key: string) => join(folder, `${key}.safetensors`);
  return {
    async read(key) {
      if (!existsSync(json(key))) return undefined;
      try {
        return JSON.parse(await readFile(json(key), 'utf8'));
      } catch (cause) {
        throw new OctavoError(`[study] ${json(key)} is damaged: delete it, and it is made again`, { cause });
      }
    },
    write: async (key, value) => {
      await check();
      await writeFileAtomically(json(key), `${JSON.stringify(value)}\n`);
    },
    async readArrays(key) {
      if (!existsSync(arrays(key))) return undefined;
      const file = await openSafetensors(arrays(key));
      try {
        const all = new Map<string, Float32Array>();
        for (const { name } of file.tensors)
          all.set(name, new Float32Array((await file.read(name)).data.buffer));
        return all;
      } finally {
        await file.close();
      }
    },
    writeArrays: async (key, values) => {
      await check();
      const tensors = [...values].map(
        ([name, data]) => ({ name, dtype: 'F32', shape: [data.length], data }) as const,
      );
      await writeSafetensors(arrays(key), tensors);
    },
  };
}

async function writeResult(folder: string, { tables, charts, summary }: StudyResult): Promise<string[]> {
  const written: string[] = [];
  const write = async (name: string, content: Uint8Array | string): Promise<void> => {
    await writeFileAtomically(join(folder, name), content);
    written.push(name);
  };
  await write('summary.md', summary.markdown);
  await write('summary.json', `${JSON.stringify(summary.claims, spelledOut, 2)}\n`);
  for (const [name, table] of Object.entries(tables)) await write(`${name}.arrow`, tableToIPC(table, 'file'));
  for (const [name, chart] of Object.entries(charts)) {
    await write(`${name}.vl.json`, `${JSON.stringify(chart)}\n`);
    await write(`${name}.svg`, await renderSvg(chart));
  }
  return written;
}

/** JSON has no infinity, the gap of a run that broke: it becomes a string. */
const spelledOut = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
