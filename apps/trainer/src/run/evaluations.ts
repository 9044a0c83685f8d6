/** @file `evaluations.arrow`: what the run and the byte model lose on held-out text, so that a report can show it. */
import { join } from 'node:path';
import { openStatistics } from '@octavo/store';
import type { EvaluationMessage } from '../output/messages.ts';

export const EVALUATIONS_FILE = 'evaluations.arrow';
/** Values of the column `of`: the run's own model, and the byte model that it must beat. */
export const [MODEL, BASELINE] = ['model', 'order-2 bytes'];

const schema = {
  step: { type: 'int32', nullable: false },
  of: { type: 'utf8', nullable: false },
  loss: { type: 'float64', nullable: false, unit: 'nats per token, held-out text' },
  bits_per_byte: { type: 'float64', nullable: false },
} as const;

export interface Evaluations {
  model(message: EvaluationMessage): void;
  /** Its tokens are bytes. */
  baseline(step: number, loss: number): void;
  flush(): void;
  close(): void;
}

/** After a resume at step `resumeFrom` the rows of later steps are dropped: they come again. */
export function openEvaluations(folder: string, resumeFrom: number | null): Evaluations {
  const resume = resumeFrom === null ? {} : { resumeAtStep: resumeFrom + 1 };
  const file = openStatistics(join(folder, EVALUATIONS_FILE), schema, resume);
  return {
    model: ({ step, loss, bitsPerByte }) =>
      file.append([{ step, of: MODEL, loss, bits_per_byte: bitsPerByte }]),
    baseline: (step, loss) => file.append([{ step, of: BASELINE, loss, bits_per_byte: loss / Math.LN2 }]),
    flush: () => file.flush(),
    close: () => file.close(),
  };
}
