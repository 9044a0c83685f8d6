/** @file What a run leaves on disk: `steps.arrow`, `tensors.arrow`, `watch.arrow`, `checkpoints/step-00000100.arrow`. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkpointFileName,
  listCheckpoints,
  openStatistics,
  removeTemporaries,
  stepStatistics,
  tensorStatistics,
  watchStatistics,
  writeCheckpoint,
} from '@octavo/store';
import { type CheckpointState, metadataOf, recordsOf } from './checkpoint.ts';
import type { TrainEvent } from './events.ts';
import { stepRow, tensorRows, watchRow } from './rows.ts';
import type { Training } from './training.ts';

export interface RunFiles {
  recordStep(training: Training, event: TrainEvent & { kind: 'step' }): void;
  /** Writes a checkpoint; resolves to its path once it is whole and on disk. */
  save(training: Training, loader: unknown): Promise<string>;
  close(): void;
}

export const checkpointFolder = (run: string): string => join(run, 'checkpoints');

/** Opens a run's files. After a resume at step `resumeFrom` the rows of later steps are dropped: they come again. */
export async function openRunFiles(
  folder: string,
  options: { tokenizer: CheckpointState['tokenizer']; resumeFrom?: number },
): Promise<RunFiles> {
  const checkpoints = checkpointFolder(folder);
  await mkdir(checkpoints, { recursive: true });
  await removeTemporaries(checkpoints);
  const resume = options.resumeFrom === undefined ? {} : { resumeAtStep: options.resumeFrom + 1 };
  const steps = openStatistics(join(folder, 'steps.arrow'), stepStatistics, resume);
  const tensors = openStatistics(join(folder, 'tensors.arrow'), tensorStatistics, resume);
  const watch = openStatistics(join(folder, 'watch.arrow'), watchStatistics, resume);
  return {
    recordStep(training, event) {
      steps.append([stepRow(event)]);
      const rows = tensorRows(training, event.result);
      if (rows.length > 0) tensors.append(rows);
      const alarms = event.result.alarms.map(watchRow);
      if (alarms.length > 0) watch.append(alarms);
    },
    async save(training, loader) {
      steps.flush();
      tensors.flush();
      watch.flush();
      const path = join(checkpoints, checkpointFileName(training.step));
      await writeCheckpoint(path, metadataOf(training, loader, options.tokenizer), recordsOf(training));
      await dropOld(checkpoints, training.plan.keepCheckpoints, training.step);
      return path;
    },
    close() {
      steps.close();
      tensors.close();
      watch.close();
    },
  };
}

/** Later ones, which were damaged and passed over when the run was resumed, do not count among those kept. */
async function dropOld(folder: string, keep: number, now: number): Promise<void> {
  if (keep === 0) return;
  const all = (await listCheckpoints(folder)).filter(({ step }) => step <= now);
  for (const { path } of all.slice(0, -keep)) await rm(path, { force: true });
}
