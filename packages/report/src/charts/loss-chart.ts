/** @file Loss by step of every run, what they lose on held-out text, and the byte model to beat. */
import { commonTokens, finalLoss, lossAt, progressOf } from './endings.ts';
import { quantity } from './frame.ts';
import {
  baselineLast,
  dotNamed,
  plot,
  ruleAt,
  runLines,
  seriesOf,
  smoothingWidth,
  stepAxis,
} from './lines.ts';
import { count, figure, greatest, known, least, topOf } from './numbers.ts';
import type { ReportRun } from './rows.ts';

export function lossChart(runs: readonly ReportRun[]): object {
  const { color, strokeDash, pointColor } = seriesOf(runs);
  const progress = progressOf(runs);
  const lines = baselineLast(runs).map((run) => ({
    run: run.name,
    points: run.steps.map((step) => ({ x: progress.at(run, step), y: step.loss })),
    width: smoothingWidth(run.steps.length),
  }));
  const top = upperEnd(runs);
  const heldOut = runs.flatMap((run) =>
    run.evaluations.map((point) => ({ run: run.name, step: progress.at(run, point), value: point.loss })),
  );
  const baseline = runs.find((run) => run.baseline !== null)?.baseline ?? null;
  const x = stepAxis(progress.unit);
  const y = quantity('value', {
    title: top === null ? 'nats per token' : ['nats per token', '(the first steps lie above)'],
    scale: { zero: false, domainMin: lowerEnd(runs, baseline), ...(top === null ? {} : { domainMax: top }) },
  });
  const dots = {
    data: { values: heldOut.filter(({ value }) => top === null || value <= top) },
    mark: { type: 'point', filled: true, size: 60, opacity: 1, stroke: 'white', strokeWidth: 1 },
    encoding: { x, y, color: pointColor, shape: dotNamed('held-out text') },
  };
  return plot(titleOf(runs, baseline), 280, [
    ...(baseline === null ? [] : [ruleAt(baseline, y, `order-2 byte model, held out, ${figure(baseline)}`)]),
    ...runLines(lines, { x, y, color, strokeDash }, { clip: true }),
    ...(heldOut.length > 0 ? [dots] : []),
  ]);
}

function titleOf(runs: readonly ReportRun[], baseline: number | null): string {
  const common = commonTokens(runs);
  const ends = runs.flatMap((run) => {
    const heldOut = run.evaluations.at(-1)?.loss;
    const end = (common ? lossAt(run, common.tokens) : finalLoss(run.steps))?.loss;
    return end === undefined ? [] : [{ name: run.name, end, heldOut }];
  });
  if (ends.length === 0) return 'Loss';
  if (runs.length === 1) {
    const { end, heldOut } = ends[0]!;
    if (heldOut === undefined) return `The loss ends at ${figure(end)} nats per token`;
    const beside =
      baseline === null ? '' : heldOut < baseline ? ', below the byte model' : ', above the byte model';
    return `The loss ends at ${figure(end)}, on held-out text at ${figure(heldOut)}${beside}`;
  }
  const best = topOf(ends, ({ end }) => -end)!;
  const worst = topOf(ends, ({ end }) => end)!;
  const when = common ? `After ${count(common.tokens)} tokens, where ${common.run} ends,` : 'At the end';
  return `${when} the losses lie between ${figure(best.end)} (${best.name}) and ${figure(worst.end)} (${worst.name})`;
}

const lossesOf = (steps: ReportRun['steps']): number[] => known(steps.map(({ loss }) => loss));

/** A little below everything that is shown, so that no line lies on the axis; null: nothing is. */
function lowerEnd(runs: readonly ReportRun[], baseline: number | null): number | null {
  const shown = [
    ...runs.flatMap(({ steps }) => lossesOf(steps)),
    ...runs.flatMap(({ evaluations }) => evaluations.map(({ loss }) => loss)),
    ...known([baseline]),
  ];
  if (shown.length === 0) return null;
  const low = least(shown);
  return low - 0.05 * ((upperEnd(runs) ?? greatest(shown)) - low);
}

/** A top for the axis that leaves out the first twentieth of the steps, where that makes room; else null. */
function upperEnd(runs: readonly ReportRun[]): number | null {
  const all = runs.flatMap(({ steps }) => lossesOf(steps));
  const later = runs.flatMap(({ steps }) => lossesOf(steps.slice(Math.ceil(steps.length / 20))));
  if (later.length < 20) return null;
  const [low, high, highest] = [least(all), greatest(later), greatest(all)];
  return highest - low > 1.4 * (high - low) ? high + 0.03 * (high - low) : null;
}
