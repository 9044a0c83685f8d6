/** @file What a run that a value which is not finite has ended leaves to be resumed. */
import { NonFiniteError, nonFiniteError } from './non-finite.ts';
import type { RunFiles } from './run-files.ts';
import { putBack } from './safety.ts';
import type { Training } from './training.ts';

export interface Rescued {
  readonly step: number;
  readonly path: string;
}

/**
 * Saves the last good state: the one that the failed step began with, if it was proven, else the one before it, if it is
 * held, else the first again, which nothing speaks against. Null: none of them is finite, and what was saved earlier stays
 * the last. `positions` are the loader's after each step. Checkpoints of later steps are set aside.
 */
export async function rescue(
  training: Training,
  { report }: NonFiniteError,
  files: RunFiles,
  positions: ReadonlyMap<number, unknown>,
): Promise<Rescued | null> {
  const { safety } = training;
  const failed = { step: report.step, where: report.nonFinite.where };
  const save = async (): Promise<Rescued | null> => {
    const { step } = training;
    if (!positions.has(step)) return null;
    try {
      const path = await files.save(training, positions.get(step), failed);
      await files.setAside(step);
      return { step, path };
    } catch (error) {
      if (error instanceof NonFiniteError) return null;
      throw error;
    }
  };
  const { held } = safety;
  if (held && !report.proven) putBack(training, held);
  const saved = await save();
  if (saved || !held || training.step === held.step) return saved;
  putBack(training, held);
  return save();
}

/** The error that ends the run, with what there is to resume. */
export const endedBy = ({ report }: NonFiniteError, saved: Rescued | null): NonFiniteError =>
  nonFiniteError(report, saved ? saved.step : null);
