/** @file What the guard is for, held to the figures of the study. */
import { claim } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import { type FalseAlarms, type Lead, leadTo, type PairedRun } from './results.ts';
import type { WatchSettings } from './settings.ts';

const FOG = 'FOG (arXiv 2505.20524): kurtosis rises long before the loss diverges';
const THEOREM = 'weight decay aligns gate and up; then SwiGLU is quadratic (Theorem 1)';

export function claimsOf(
  { failing, moved, broken, alignedSteps }: WatchSettings,
  runs: readonly PairedRun[],
  leads: readonly Lead[],
  falseAlarms: readonly FalseAlarms[],
): Claim[] {
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  const recipe = failing[0]!;
  const early = (rule: string, before: 'movedAt' | 'brokeAt', paper?: string): Claim =>
    claim(
      `${recipe}: ${rule} speaks before the gap exceeds ${before === 'movedAt' ? moved : broken} (steps of lead)`,
      leads
        .filter((l) => l.recipe === recipe && l.rule === rule)
        .map((l) => leadTo(l, l[before]) ?? Number.NEGATIVE_INFINITY),
      (steps) => steps >= 1,
      paper,
    );
  const gaps = (arm: string, name: string, value: 'lastGap' | 'largestGap') =>
    runs.filter((run) => run.arm === arm && run.recipe === name).map((run) => run[value]);
  const bounded = (name: string): Claim[] => [
    claim(
      `${name} under switch: gap over the last half at most 0.005`,
      gaps('switch', name, 'lastGap'),
      (gap) => gap <= 0.005,
    ),
    claim(
      `${name} under switch: largest gap at most 0.03`,
      gaps('switch', name, 'largestGap'),
      (gap) => gap <= 0.03,
    ),
  ];
  const named = seeds.map((seed) => {
    const alarms = runs.find((r) => r.seed === seed && r.arm === 'aged' && r.recipe === recipe)!.alarms;
    const first = Math.min(...alarms.map(({ step }) => step));
    return alarms.filter((a) => a.step === first && !(a.site === 'down' && a.operand === 'input')).length;
  });
  const rates = (arms: (f: FalseAlarms) => boolean): number[] =>
    seeds.flatMap((seed) => {
      const own = falseAlarms.filter((f) => f.seed === seed && arms(f));
      if (own.length === 0) return [];
      return (1000 * own.reduce((n, f) => n + f.any, 0)) / own.reduce((n, f) => n + f.steps, 0);
    });
  return [
    early('alignment', 'movedAt', THEOREM),
    early('kurtosis', 'movedAt', FOG),
    early('overshoot', 'movedAt'),
    early('overshoot', 'brokeAt'),
    claim(
      `${recipe}: what is named first is SwiGLU's output alone (count of other tensors)`,
      named,
      (count) => count === 0,
      'keeping only the SwiGLU output in BF16 restores convergence',
    ),
    ...failing.flatMap(bounded),
    claim(
      `${recipe} under switch without samples: largest gap at most ${broken}`,
      gaps('unsampled', recipe, 'largestGap'),
      (gap) => gap <= broken,
    ),
    claim(
      'healthy runs: false alarms in 1,000 steps at most 1',
      rates(({ arm }) => arm !== 'aligned'),
      (rate) => rate <= 1,
    ),
    ...(alignedSteps > 0
      ? [
          claim(
            'from scratch with decay 1 at twice the rate, where channels align: false alarms in 1,000 steps at most 1',
            rates(({ arm }) => arm === 'aligned'),
            (rate) => rate <= 1,
          ),
        ]
      : []),
  ];
}
