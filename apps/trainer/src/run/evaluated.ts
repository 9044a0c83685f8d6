/** @file Which evaluations a resumed run need not make again, since they are on record. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readStatistics } from '@octavo/store';
import { BASELINE, EVALUATIONS_FILE, MODEL } from './evaluations.ts';

/** The last step, up to the one resumed at, that each was evaluated at; −1: never. */
export interface EvaluatedSteps {
  readonly model: number;
  readonly baseline: number;
}

export const NOTHING_EVALUATED: EvaluatedSteps = { model: -1, baseline: -1 };

export async function evaluatedSteps(folder: string, upTo: number): Promise<EvaluatedSteps> {
  const path = join(folder, EVALUATIONS_FILE);
  if (!existsSync(path)) return NOTHING_EVALUATED;
  const last = { [MODEL]: -1, [BASELINE]: -1 };
  for (const row of await readStatistics(path)) {
    const { step, of } = row.toJSON() as { step: number | bigint; of: string };
    if (Number(step) <= upTo) last[of] = Math.max(last[of] ?? -1, Number(step));
  }
  return { model: last[MODEL]!, baseline: last[BASELINE]! };
}
