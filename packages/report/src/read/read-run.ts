/** @file A run's folder as a report needs it, at any moment: while it is written, after a kill, without samples. */
import { OctavoError } from '@octavo/formats';
import {
  evaluated,
  type evaluationStatistics,
  look,
  readRows,
  runStatistics,
  type StoredRow,
  within,
} from '@octavo/store';
import type { GateUp } from '../charts/gate-up-chart.ts';
import type { ReportRun } from '../charts/rows.ts';
import { readGateUp } from './read-gate-up.ts';
import { type RunRecord, readRunRecord } from './run-record.ts';

/** A run as its folder has it. */
export interface RunInput {
  readonly kind: 'run';
  readonly run: ReportRun;
  readonly record: RunRecord;
  /** All of `run.json`. */
  readonly text: string;
  /** The most aligned channel, early and late; empty without checkpoints. */
  readonly gateUp: readonly GateUp[];
  /** What could not be read, for people. */
  readonly notes: readonly string[];
}

/**
 * Throws an `OctavoError` in one line where `run.json` is not what `octavo train` writes. Of statistics and checkpoints
 * all is read that is whole; `notes` name the rest.
 */
export async function readRunFolder(folder: string, name: string): Promise<RunInput> {
  const { value: record, text } = await readRunRecord(folder);
  const { plan } = record;
  const notes: string[] = [];
  const rowsOf = <File extends keyof typeof runStatistics>(file: File) => readIfThere(folder, file, notes);
  const evaluations = evaluationsOf(await rowsOf('evaluations.arrow'));
  const run: ReportRun = {
    name,
    recipe: plan.recipe.name,
    seed: plan.seed,
    tokensPerStep: plan.batch * plan.accumulation * plan.sequence,
    steps: await rowsOf('steps.arrow'),
    tensors: (await rowsOf('tensors.arrow')).map(placed),
    alarms: (await rowsOf('guard.arrow')).map(placed),
    ...evaluations,
  };
  const { moments, notes: damaged } = await readGateUp(folder, plan.model);
  return { kind: 'run', run, record, text, gateUp: moments, notes: [...notes, ...damaged] };
}

/**
 * What is whole of a statistics file, without numbers that are not finite; nothing where it is missing, or nothing of it can
 * be read.
 */
async function readIfThere<File extends keyof typeof runStatistics>(
  folder: string,
  file: File,
  notes: string[],
): Promise<StoredRow<(typeof runStatistics)[File]>[]> {
  const path = within(folder, file);
  if (!(await look(path))) return [];
  const leftOut = (what: string): void => {
    notes.push(what.replace(/^\[\w+\] /, ''));
  };
  try {
    return (await readRows(path, runStatistics[file], { leftOut })).map(drawable);
  } catch (error) {
    if (!OctavoError.is(error)) throw error;
    leftOut(error.message);
    return [];
  }
}

/** Without NaN and infinities, which no picture can show. */
const drawable = <Row extends object>(row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'number' && !Number.isFinite(value) ? null : value,
    ]),
  ) as Row;

/** Layer −1: outside the layers. */
const placed = <Row extends { readonly layer: number | null }>(row: Row) => ({
  ...row,
  layer: row.layer ?? -1,
});

/** The last row of a step counts: a resumed run evaluates some steps again. */
function evaluationsOf(
  rows: readonly StoredRow<typeof evaluationStatistics>[],
): Pick<ReportRun, 'evaluations' | 'baseline'> {
  const known = rows.filter(({ loss }) => Number.isFinite(loss));
  const own = known.filter(({ of }) => of !== evaluated.baseline);
  return {
    evaluations: [...new Map(own.map((row) => [row.step, row])).values()].sort((a, b) => a.step - b.step),
    baseline: known.findLast(({ of }) => of === evaluated.baseline)?.loss ?? null,
  };
}
