/** @file What a run leaves on disk: `steps.arrow`, `tensors.arrow`, `guard.arrow`, `checkpoints/step-00000100.arrow`. */
import { mkdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  checkpointFileName,
  guardStatistics,
  listCheckpoints,
  openStatistics,
  removeTemporaries,
  stepStatistics,
  tensorStatistics,
  writeCheckpoint,
} from '@octavo/store';
import { type CheckpointState, metadataOf, recordsOf } from './checkpoint.ts';
import type { TrainEvent } from './events.ts';
import type { TrainPlan } from './plan.ts';
import { guardRow, stepRow, tensorRows } from './rows.ts';
import type { Training } from './training.ts';

export interface RunFiles {
  recordStep(training: Training, event: TrainEvent & { kind: 'step' }): void;
  /** Writes a checkpoint; resolves to its path once it is whole and on disk. */
  save(training: Training, loader: unknown): Promise<string>;
  close(): void;
}

export const checkpointFolder = (run: string): string => join(run, 'checkpoints');

/** What the schema of every statistics file says of its run: JSON strings `run`, `recipe` and `model`. */
export function statisticsMetadata(folder: string, plan: TrainPlan): Record<string, string> {
  const { model, recipe, seed, batch, accumulation, sequence } = plan;
  const run = { name: basename(resolve(folder)), seed, batch, accumulation, sequence };
  return { run: JSON.stringify(run), recipe: JSON.stringify(recipe), model: JSON.stringify(model) };
}

/**
 * Opens a run's files, and removes what killed processes left half written. After a resume at step `resumeFrom` the
 * rows of later steps are dropped: they come again.
 */
export async function openRunFiles(
  folder: string,
  options: { plan: TrainPlan; tokenizer: CheckpointState['tokenizer']; resumeFrom?: number },
): Promise<RunFiles> {
  const checkpoints = checkpointFolder(folder);
  await mkdir(checkpoints, { recursive: true });
  for (const one of [folder, checkpoints]) await removeTemporaries(one);
  const resume = options.resumeFrom === undefined ? {} : { resumeAtStep: options.resumeFrom + 1 };
  const how = { ...resume, metadata: statisticsMetadata(folder, options.plan) };
  const steps = openStatistics(join(folder, 'steps.arrow'), stepStatistics, how);
  const tensors = openStatistics(join(folder, 'tensors.arrow'), tensorStatistics, how);
  const guard = openStatistics(join(folder, 'guard.arrow'), guardStatistics, how);
  return {
    recordStep(training, event) {
      steps.append([stepRow(event)]);
      const rows = tensorRows(training, event.result);
      if (rows.length > 0) tensors.append(rows);
      const alarms = event.result.alarms.map(guardRow);
      if (alarms.length > 0) guard.append(alarms);
    },
    async save(training, loader) {
      steps.flush();
      tensors.flush();
      guard.flush();
      const path = join(checkpoints, checkpointFileName(training.step));
      await writeCheckpoint(path, metadataOf(training, loader, options.tokenizer), recordsOf(training));
      await dropOld(checkpoints, training.plan.keepCheckpoints, training.step);
      return path;
    },
    close() {
      steps.close();
      tensors.close();
      guard.close();
    },
  };
}

/** Later ones, which were damaged and passed over when the run was resumed, do not count among those kept. */
async function dropOld(folder: string, keep: number, now: number): Promise<void> {
  if (keep === 0) return;
  const all = (await listCheckpoints(folder)).filter(({ step }) => step <= now);
  for (const { path } of all.slice(0, -keep)) await rm(path, { force: true });
}
