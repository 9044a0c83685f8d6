/** @file The checkpoints of a run: `step-00000100.arrow`, … in one folder. */
import { OctavoError } from '@octavo/formats';
import { within } from '../place/address.ts';
import { listNames } from '../place/place.ts';
import type { CheckpointOptions } from './layout.ts';
import { verifyCheckpoint } from './read.ts';

export interface CheckpointFile {
  readonly path: string;
  readonly step: number;
}

/** `step-00000100.arrow`. */
export function checkpointFileName(step: number): string {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new OctavoError(`[store] step is impossible: got ${step}, expected a whole number from 0`);
  return `step-${String(step).padStart(8, '0')}.arrow`;
}

/** Checkpoints in `folder` by name, earliest step first; none where the folder is missing. Their content isn't looked at. */
export const listCheckpoints = (folder: string): Promise<CheckpointFile[]> =>
  list(folder, /^step-(\d{8,15})\.arrow$/);

/** The shards in `folder`, of whatever checkpoint (see shards.ts). */
export const listShards = (folder: string): Promise<CheckpointFile[]> =>
  list(folder, /^step-(\d{8,15})\.rank-\d+-of-\d+\.arrow$/);

async function list(folder: string, pattern: RegExp): Promise<CheckpointFile[]> {
  const names = await listNames(folder);
  return names
    .flatMap((name) => {
      const step = Number(pattern.exec(name)?.[1] ?? Number.NaN);
      return Number.isNaN(step) ? [] : [{ path: within(folder, name), step }];
    })
    .sort((a, b) => a.step - b.step || (a.path < b.path ? -1 : 1));
}

/** The newest checkpoint whose every row is whole, and the newer ones that are not, each with its reason in one line. */
export async function newestWholeCheckpoint(
  folder: string,
  options: CheckpointOptions = {},
): Promise<{
  readonly newest: CheckpointFile | undefined;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}> {
  const skipped: { path: string; reason: string }[] = [];
  for (const candidate of (await listCheckpoints(folder)).reverse()) {
    try {
      await verifyCheckpoint(candidate.path, options);
      return { newest: candidate, skipped };
    } catch (error) {
      if (!OctavoError.is(error)) throw error;
      skipped.push({ path: candidate.path, reason: error.message });
    }
  }
  return { newest: undefined, skipped };
}
