/** @file What a run leaves on disk: `steps.arrow`, `tensors.arrow`, `guard.arrow`, `evaluations.arrow`, `checkpoints/step-00000100.arrow`. */
import { join } from 'node:path';
import { OctavoError } from '@octavo/formats';
import { type Communicator, soloCommunicator } from '@octavo/mpi';
import {
  checkpointFileName,
  type EvaluationRow,
  evaluationStatistics,
  guardStatistics,
  isRemote,
  listCheckpoints,
  listShards,
  makeFolder,
  moveFile,
  nameOf,
  openCheckpoint,
  openStatistics,
  openWorkingFolder,
  readRows,
  removeFile,
  removeTemporaries,
  rowFrom,
  runStatistics,
  type StepRow,
  type WorkingFolder,
  within,
  writeCheckpoint,
} from '@octavo/store';
import { type CheckpointState, type FailedStep, faultOf, metadataOf, recordsOf } from './checkpoint.ts';
import { type NonFinite, type NonFiniteReport, unsavable } from './non-finite.ts';
import type { TrainPlan } from './plan.ts';
import { writeShared } from './ranks/write-shared.ts';
import { tensorRows } from './rows.ts';
import { stateFault } from './state-fault.ts';
import type { StepResult } from './step.ts';
import type { Training } from './training.ts';

export interface RunFiles {
  recordStep(training: Training, row: StepRow, result: StepResult): void;
  /** On disk when it returns, before the next checkpoint, from which no run comes back to this step. */
  recordEvaluation(row: EvaluationRow): void;
  /** The last step that this (see `evaluated`) is known to be evaluated at; −1: none. */
  evaluatedAt(of: string): number;
  /** Records what the tensors of a step that failed were like. */
  recordFault(training: Training, report: NonFiniteReport): void;
  /**
   * Writes a checkpoint; resolves to its path once it is whole and on disk. A state that is not finite is refused with a
   * `NonFiniteError`, save under policy `continue`, where the checkpoint says so. `failed`: the step that ended the run.
   */
  save(training: Training, loader: unknown, failed?: FailedStep): Promise<string>;
  /** Takes checkpoints of later steps out of the way; they keep their content under another name. */
  setAside(after: number): Promise<void>;
  close(): void;
}

export const checkpointFolder = (run: string): string => within(run, 'checkpoints');

/** What the schema of every statistics file says of its run: JSON strings `run`, `recipe` and `model`. */
function statisticsMetadata(folder: string, plan: TrainPlan): Record<string, string> {
  const { model, recipe, seed, batch, accumulation, sequence } = plan;
  const run = { name: nameOf(folder), seed, batch, accumulation, sequence };
  return { run: JSON.stringify(run), recipe: JSON.stringify(recipe), model: JSON.stringify(model) };
}

/**
 * Opens a run's files, and removes what killed processes left half written. After a resume at step `resumeFrom` the
 * rows of later steps are dropped: they come again.
 */
export async function openRunFiles(
  folder: string | WorkingFolder,
  options: {
    plan: TrainPlan;
    tokenizer: CheckpointState['tokenizer'];
    resumeFrom?: number;
    /** Throws where the run is no longer this process's to write. */
    checkHeld?: () => Promise<void>;
    /** Told of rows that were lost. */
    warn?: (message: string) => void;
    /** Who shares the run; the first rank alone writes statistics. */
    group?: Communicator;
  },
): Promise<RunFiles> {
  const { plan, tokenizer, resumeFrom, checkHeld, warn, group = soloCommunicator() } = options;
  const working = typeof folder === 'string' ? await openWorkingFolder(folder) : folder;
  const checkpoints = checkpointFolder(working.place);
  if (group.rank > 0) return filesOfOthers(checkpoints, tokenizer);
  if (!isRemote(checkpoints)) makeFolder(checkpoints);
  for (const one of [working.place, checkpoints]) await removeTemporaries(one);
  // A kill may have come between the newest checkpoint and the removal of the oldest.
  if (resumeFrom !== undefined) await dropOld(checkpoints, plan.keepCheckpoints, resumeFrom);
  const resume = resumeFrom === undefined ? {} : { resumeAtStep: resumeFrom + 1 };
  const how = { ...resume, metadata: statisticsMetadata(working.place, plan) };
  const open = <F extends keyof typeof runStatistics>(file: F) =>
    openStatistics(join(working.local, file), runStatistics[file], how);
  const [steps, tensors] = [open('steps.arrow'), open('tensors.arrow')];
  const [guard, evaluations] = [open('guard.arrow'), open('evaluations.arrow')];
  const files = [steps, tensors, guard, evaluations];
  for (const { path, cutAfter } of files)
    if (cutAfter !== null && cutAfter < (resumeFrom ?? 0))
      warn?.(
        `${path} has lost its end: got rows up to step ${cutAfter}; later ones up to step ${resumeFrom}, if there were any, are lost`,
      );
  const known = await readRows(evaluations.path, evaluationStatistics);
  return {
    recordStep(training, row, result) {
      steps.append([row]);
      tensors.append(tensorRows(training, result));
      guard.append(result.alarms.map((alarm) => rowFrom(guardStatistics, alarm)));
    },
    recordEvaluation(row) {
      evaluations.append([row]);
      evaluations.flush();
    },
    evaluatedAt: (of) => known.reduce((last, row) => (row.of === of ? Math.max(last, row.step) : last), -1),
    recordFault(training, { step, gradients }) {
      if (gradients) tensors.append(tensorRows(training, { step, gradients }));
    },
    async setAside(after) {
      for (const list of [listCheckpoints, listShards])
        for (const { path, step } of await list(checkpoints))
          if (step > after) await moveFile(path, `${path}.set-aside`);
    },
    async save(training, loader, failed) {
      const fault = await savableFault(training);
      for (const file of files) file.flush();
      const of = { loader, tokenizer, failed, fault };
      try {
        await working.publish();
        const path = await saveIn(checkpoints, training, of, checkHeld);
        await dropOld(checkpoints, training.plan.keepCheckpoints, training.step);
        return path;
      } catch (error) {
        if (working.local === working.place || !OctavoError.is(error) || group.size > 1) throw error;
        await saveIn(checkpointFolder(working.local), training, of);
        working.keep();
        throw keptIn(working.local, error);
      }
    },
    close() {
      for (const file of files) file.close();
    },
  };
}

/** The error for a place that takes no more, with where the run lies as it stands. */
const keptIn = (folder: string, cause: OctavoError): OctavoError =>
  new OctavoError(
    `${cause.message}; nothing is lost: the run as it stands is in ${folder}: go on there (octavo train --resume --out ${folder})`,
    { cause },
  );

/** Those of a rank that is not the first: it writes its shards of the checkpoints. */
const filesOfOthers = (checkpoints: string, tokenizer: CheckpointState['tokenizer']): RunFiles => ({
  recordStep() {},
  recordEvaluation() {},
  evaluatedAt: () => -1,
  recordFault() {},
  async setAside() {},
  async save(training, loader, failed) {
    const fault = await savableFault(training);
    return saveIn(checkpoints, training, { loader, tokenizer, failed, fault });
  },
  close() {},
});

/** What is not finite in the state, or null; throws where such a state is not to be saved. */
async function savableFault(training: Training): Promise<NonFinite | null> {
  const fault = await stateFault(training);
  if (fault && training.plan.nonFinite !== 'continue') throw unsavable(training, fault);
  return fault;
}

interface Saved {
  readonly loader: unknown;
  readonly tokenizer: CheckpointState['tokenizer'];
  readonly failed: FailedStep | undefined;
  readonly fault: NonFinite | null;
}

/** Writes a checkpoint; where ranks share the run, all of them call it. `checkHeld` may refuse it when all is written. */
async function saveIn(
  checkpoints: string,
  training: Training,
  { loader, tokenizer, failed, fault }: Saved,
  checkHeld?: () => Promise<void>,
): Promise<string> {
  const path = within(checkpoints, checkpointFileName(training.step));
  const metadata = metadataOf(training, loader, tokenizer, { fault, failed });
  const how = checkHeld && { beforeCommit: checkHeld };
  const { ranks } = training;
  if (ranks && ranks.group.size > 1) await writeShared(path, metadata, training, ranks, how);
  else await writeCheckpoint(path, metadata, recordsOf(training), how);
  return path;
}

/**
 * Removes old checkpoints, and shards without one. Later ones, which were damaged and passed over when the run was
 * resumed, do not count among those kept; and the newest that is finite stays, however old.
 */
async function dropOld(folder: string, keep: number, now: number): Promise<void> {
  if (keep > 0) await dropManifests(folder, keep, now);
  const left = new Set((await listCheckpoints(folder)).map(({ step }) => step));
  for (const { path, step } of await listShards(folder)) if (!left.has(step)) await removeFile(path);
}

async function dropManifests(folder: string, keep: number, now: number): Promise<void> {
  const newest = (await listCheckpoints(folder)).filter(({ step }) => step <= now).reverse();
  let safe = false;
  for (const [i, { path }] of newest.entries()) {
    if (i >= keep && safe) await removeFile(path);
    else if (await holdsFinite(path)) safe = true;
    else if (i >= keep) await removeFile(path);
  }
}

/** A damaged one holds nothing. */
async function holdsFinite(path: string): Promise<boolean> {
  const checkpoint = await openCheckpoint(path).catch((error: unknown) => {
    if (OctavoError.is(error)) return null;
    throw error;
  });
  try {
    return checkpoint !== null && faultOf(checkpoint) === null;
  } finally {
    await checkpoint?.close();
  }
}
