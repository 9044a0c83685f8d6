/** @file `evaluations.arrow`: what the run and the byte model lose on held-out text, so that a report can show it. */
import { join } from 'node:path';
import { type EvaluationRow, evaluationStatistics, openStatistics } from '@octavo/store';
import { statisticsMetadata, type TrainPlan } from '@octavo/trainer';
import type { EvaluationMessage } from '../output/messages.ts';

export const EVALUATIONS_FILE = 'evaluations.arrow';
/** Values of the column `of`: the run's own model, and the byte model that it must beat. */
export const [MODEL, BASELINE] = ['model', 'order-2 bytes'];

export interface Evaluations {
  model(message: EvaluationMessage): void;
  /** Its tokens are bytes. */
  baseline(step: number, loss: number): void;
  close(): void;
}

/**
 * Each row is on disk when it is told, before the next checkpoint, from which no run comes back to this step. After a
 * resume at step `resumeFrom` the rows of later steps are dropped: they come again.
 */
export function openEvaluations(folder: string, plan: TrainPlan, resumeFrom: number | null): Evaluations {
  const resume = resumeFrom === null ? {} : { resumeAtStep: resumeFrom + 1 };
  const metadata = statisticsMetadata(folder, plan);
  const file = openStatistics(join(folder, EVALUATIONS_FILE), evaluationStatistics, { ...resume, metadata });
  const put = (row: EvaluationRow): void => {
    file.append([row]);
    file.flush();
  };
  return {
    model: ({ step, loss, bitsPerByte }) => put({ step, of: MODEL, loss, bits_per_byte: bitsPerByte }),
    baseline: (step, loss) => put({ step, of: BASELINE, loss, bits_per_byte: loss / Math.LN2 }),
    close: () => file.close(),
  };
}
