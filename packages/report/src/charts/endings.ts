/** @file How runs ended: by means that a single noisy step does not move, and at equal tokens where they are of unequal length. */
import { known, mean } from './numbers.ts';
import type { EvaluationPoint, ReportRun, StepPoint } from './rows.ts';

/** Mean loss of the last twentieth of the steps, of five at least; null if none of them is finite. */
export function finalLoss(steps: readonly StepPoint[]) {
  const losses = known(steps.slice(-Math.max(5, Math.round(steps.length / 20))).map(({ loss }) => loss));
  return losses.length === 0 ? null : { loss: mean(losses), over: losses.length };
}

type Lengths = Pick<ReportRun, 'name' | 'steps' | 'tokensPerStep'>;

/** Tokens seen by the end of a run's last recorded step. */
export const tokensSeen = ({ steps, tokensPerStep }: Lengths): number =>
  (steps.at(-1)?.step ?? 0) * tokensPerStep;

/** The tokens that all of these runs have seen, and the run that came no further; null where all came as far. */
export function commonTokens(runs: readonly Lengths[]) {
  const seen = runs
    .filter(({ steps }) => steps.length > 0)
    .map((run) => ({ run: run.name, tokens: tokensSeen(run) }));
  if (new Set(seen.map(({ tokens }) => tokens)).size < 2) return null;
  return seen.reduce((a, b) => (b.tokens < a.tokens ? b : a));
}

/** Mean loss of the steps before `tokens`, as at the end of a run. */
export const lossAt = ({ steps, tokensPerStep }: Lengths, tokens: number): ReturnType<typeof finalLoss> =>
  finalLoss(steps.filter(({ step }) => step * tokensPerStep <= tokens));

/** How far along a run is: in steps where a step is as many tokens in each of the runs, else in tokens. */
export function progressOf(runs: readonly Lengths[]): {
  readonly unit: 'step' | 'tokens';
  readonly at: (run: Lengths, point: Pick<StepPoint | EvaluationPoint, 'step'>) => number;
} {
  return new Set(runs.map(({ tokensPerStep }) => tokensPerStep)).size < 2
    ? { unit: 'step', at: (_, { step }) => step }
    : { unit: 'tokens', at: ({ tokensPerStep }, { step }) => step * tokensPerStep };
}
