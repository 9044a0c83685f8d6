/** @file What a training session begins from: a configuration alone, or a run's folder, locked, with what it holds. */
import type { Began } from '@octavo/data';
import { addressOf, type Checkpoint, lockPlace, type PlaceLock, removeTemporaries } from '@octavo/store';
import {
  checkFree,
  checkpointFolder,
  folderToResume,
  isRescued,
  newestCheckpoint,
  type RunSettings,
  stateOf,
} from '@octavo/trainer';
import { checkAhead, type RunRecord, readRun, resumedSettings, tokenizerOf } from '@octavo/trainer/record';
import type { Config } from '../config/schema.ts';
import { resolveSettings, toldOf } from '../config/settings.ts';

export interface Origin {
  readonly settings: RunSettings;
  /** Null: a new run. */
  readonly resumed: Resumed | null;
}

export interface Resumed {
  readonly lock: PlaceLock;
  readonly record: RunRecord;
  /** The newest whole one; null: the run was ended before it had saved any. */
  readonly checkpoint: Checkpoint | null;
  /** Null: `run.json` does not say. */
  readonly began: Began | null;
}

export interface OriginRequest {
  readonly file: Config;
  readonly options: Config;
  readonly resume: boolean;
}

/** Checks all that can be checked before anything takes long, or is written. Close it afterwards, by `closeOrigin`. */
export async function openOrigin(
  { file, options, resume }: OriginRequest,
  warn: (message: string) => void,
): Promise<Origin> {
  const out = options.out ?? file.out ?? null;
  if (resume)
    return resumeIn(await folderToResume(out === null ? null : addressOf(out)), [file, options], warn);
  const settings = await resolveSettings(file, options);
  if (settings.out !== null) await checkFree(settings.out);
  return { settings, resumed: null };
}

export async function closeOrigin({ resumed }: Origin): Promise<void> {
  await resumed?.checkpoint?.close();
  await resumed?.lock.release();
}

async function resumeIn(
  folder: string,
  configs: readonly Config[],
  warn: (message: string) => void,
): Promise<Origin> {
  const lock = await lockPlace(folder);
  let checkpoint: Checkpoint | null = null;
  try {
    const record = await readRun(folder);
    let { settings } = record;
    checkpoint = await newestCheckpoint(checkpointFolder(folder), warn);
    const rescued = checkpoint !== null && isRescued(checkpoint);
    for (const config of configs)
      settings = resumedSettings(settings, await toldOf(config, settings), folder, rescued);
    if (checkpoint) checkAhead(stateOf(checkpoint).step, settings, folder);
    const began = await beganOf(record, folder);
    await removeTemporaries(folder);
    return { settings, resumed: { lock, record, checkpoint, began } };
  } catch (error) {
    await checkpoint?.close();
    await lock.release();
    throw error;
  }
}

/** The tokenizer is found by its hash, wherever it lies now; the text is where the settings say, and compared. */
export async function beganOf({ identity }: RunRecord, folder: string): Promise<Began | null> {
  return identity && { folder, identity, tokenizer: await tokenizerOf(identity.tokenizer, folder, null) };
}
