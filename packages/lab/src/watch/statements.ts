/** @file What the guard is for, held to the figures of the study. */
import { sum } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { atLeast, atMost, type Statement } from '../engine/statements.ts';
import { type FalseAlarms, type Lead, leadTo, type PairedRun } from './results.ts';
import type { WatchSettings } from './settings.ts';

/** What the statements are held to. */
export interface Figures {
  readonly runs: readonly PairedRun[];
  readonly leads: readonly Lead[];
  readonly falseAlarms: readonly FalseAlarms[];
}
type Said = Statement<Figures>;

const FOG = 'FOG (arXiv 2505.20524): kurtosis rises long before the loss diverges';
const THEOREM = 'weight decay aligns gate and up; then SwiGLU is quadratic (Theorem 1)';

const gap =
  (arm: PairedRun['arm'], recipe: string, value: 'lastGap' | 'largestGap'): Said['values'] =>
  ({ runs }) =>
    where(runs, { arm, recipe }).map((run) => run[value]);

/** Of each seed's first alarms: how many name another tensor than SwiGLU's output. */
const namesOthers =
  (recipe: string): Said['values'] =>
  ({ runs }) =>
    distinct(runs, 'seed').map((seed) => {
      const { alarms } = where(runs, { seed, arm: 'aged', recipe })[0]!;
      const first = where(alarms, { step: Math.min(...alarms.map(({ step }) => step)) });
      return first.filter(({ site, operand }) => site !== 'down' || operand !== 'input').length;
    });

/** Of each seed's healthy runs: steps in 1,000 at which a rule speaks. */
const falseRate =
  (arms: (alarms: FalseAlarms) => boolean): Said['values'] =>
  ({ runs, falseAlarms }) =>
    distinct(runs, 'seed').flatMap((seed) => {
      const own = where(falseAlarms, { seed }).filter(arms);
      if (own.length === 0) return [];
      return (1000 * sum(own.map(({ any }) => any))) / sum(own.map(({ steps }) => steps));
    });

export function statementsOf({ failing, moved, broken, alignedSteps }: WatchSettings): Said[] {
  const recipe = failing[0]!;
  const early = (rule: Lead['rule'], before: 'movedAt' | 'brokeAt', paper?: string): Said => ({
    text: `${recipe}: ${rule} speaks before the gap exceeds ${before === 'movedAt' ? moved : broken} (steps of lead)`,
    paper,
    values: ({ leads }) =>
      where(leads, { recipe, rule }).map((lead) => leadTo(lead, lead[before]) ?? Number.NEGATIVE_INFINITY),
    holds: atLeast(1),
  });
  const bounded = (name: string): Said[] => [
    {
      text: `${name} under switch: gap over the last half at most 0.005`,
      ...{ values: gap('switch', name, 'lastGap'), holds: atMost(0.005) },
    },
    {
      text: `${name} under switch: largest gap at most 0.03`,
      ...{ values: gap('switch', name, 'largestGap'), holds: atMost(0.03) },
    },
  ];
  const aligned: Said = {
    text: 'from scratch with decay 1 at twice the rate, where channels align: false alarms in 1,000 steps at most 1',
    ...{ values: falseRate(({ arm }) => arm === 'aligned'), holds: atMost(1) },
  };
  return [
    early('alignment', 'movedAt', THEOREM),
    early('kurtosis', 'movedAt', FOG),
    early('overshoot', 'movedAt'),
    early('overshoot', 'brokeAt'),
    {
      text: `${recipe}: what is named first is SwiGLU's output alone (count of other tensors)`,
      paper: 'keeping only the SwiGLU output in BF16 restores convergence',
      ...{ values: namesOthers(recipe), holds: atMost(0) },
    },
    ...failing.flatMap(bounded),
    {
      text: `${recipe} under switch without samples: largest gap at most ${broken}`,
      ...{ values: gap('unsampled', recipe, 'largestGap'), holds: atMost(broken) },
    },
    {
      text: 'healthy runs: false alarms in 1,000 steps at most 1',
      ...{ values: falseRate(({ arm }) => arm !== 'aligned'), holds: atMost(1) },
    },
    ...(alignedSteps > 0 ? [aligned] : []),
  ];
}
