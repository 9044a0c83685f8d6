/** @file Loss by step of every run, what they lose on held-out text, and the byte model to beat. */

import { finalLoss } from './ending.ts';
import { commonTokens, lossAt, progressOf } from './equal-tokens.ts';
import { frame } from './frame.ts';
import { dotNamed, everyStep, ruleNamed, runningMean, widthByKind } from './line-kinds.ts';
import type { ReportRun } from './rows.ts';
import { baselineLast, seriesOf } from './series.ts';
import { stepAxis } from './step-axis.ts';
import { type Point, smoothingWidth, smoothLine, thinLine } from './thin.ts';
import { figure } from './words.ts';

export function lossChart(runs: readonly ReportRun[]): object {
  const { color, strokeDash, pointColor } = seriesOf(runs);
  const progress = progressOf(runs);
  const lines = baselineLast(runs).map((run) => {
    const points = run.steps.map((step): Point => ({ x: progress.at(run, step), y: step.loss }));
    return { name: run.name, points, width: smoothingWidth(points.length) };
  });
  const rows = (kind: string, name: string, points: readonly Point[]) =>
    thinLine(points).map(({ x, y }) => ({ run: name, kind, step: x, loss: y }));
  const top = upperEnd(runs);
  const smoothed = lines.some(({ width }) => width > 1);
  const heldOut = runs.flatMap((run) =>
    run.evaluations.map((point) => ({ run: run.name, step: progress.at(run, point), loss: point.loss })),
  );
  const shown = heldOut.filter(({ loss }) => top === null || loss <= top);
  const baseline = runs.find((run) => run.baseline !== null)?.baseline ?? null;
  const x = stepAxis(progress.unit);
  const y = {
    field: 'loss',
    type: 'quantitative',
    title: top === null ? 'nats per token' : ['nats per token', '(the first steps lie above)'],
    scale: { zero: false, domainMin: lowerEnd(runs, baseline), ...(top === null ? {} : { domainMax: top }) },
  };
  return frame({
    title: titleOf(runs, baseline),
    width: 640,
    height: 280,
    layer: [
      ...(baseline === null
        ? []
        : [
            {
              data: { values: [{ loss: baseline }] },
              mark: { type: 'rule', strokeDash: [6, 4], color: '#57606a' },
              encoding: {
                y,
                opacity: ruleNamed(`order-2 byte model, held out, ${figure(baseline)}`),
              },
            },
          ]),
      {
        data: { values: lines.flatMap(({ name, points }) => rows(everyStep, name, points)) },
        mark: { type: 'line', clip: true, ...(smoothed ? { opacity: 0.35 } : { strokeWidth: 1.6 }) },
        encoding: { x, y, color, ...(smoothed ? { strokeWidth: widthByKind() } : { strokeDash }) },
      },
      ...(smoothed
        ? [
            {
              data: {
                values: lines.flatMap(({ name, points, width }) =>
                  rows(runningMean, name, smoothLine(points, width)),
                ),
              },
              mark: { type: 'line', clip: true },
              encoding: { x, y, color, strokeDash, strokeWidth: widthByKind() },
            },
          ]
        : []),
      ...(heldOut.length > 0
        ? [
            {
              data: { values: shown },
              mark: {
                type: 'point',
                filled: true,
                size: 60,
                opacity: 1,
                stroke: 'white',
                strokeWidth: 1,
              },
              encoding: { x, y, color: pointColor, shape: dotNamed('held-out text') },
            },
          ]
        : []),
    ],
  });
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
  const losses = ends.map(({ end }) => end);
  const best = ends.find(({ end }) => end === Math.min(...losses))!;
  const worst = ends.find(({ end }) => end === Math.max(...losses))!;
  const when = common
    ? `After ${common.tokens.toLocaleString('en')} tokens, where ${common.run} ends,`
    : 'At the end';
  return `${when} the losses lie between ${figure(best.end)} (${best.name}) and ${figure(worst.end)} (${worst.name})`;
}

/** A little below everything that is shown, so that no line lies on the axis; null: nothing is. */
function lowerEnd(runs: readonly ReportRun[], baseline: number | null): number | null {
  const losses = runs.flatMap(({ steps }) => steps.flatMap(({ loss }) => (loss === null ? [] : [loss])));
  const shown = [
    ...losses,
    ...runs.flatMap(({ evaluations }) => evaluations.map(({ loss }) => loss)),
    ...(baseline === null ? [] : [baseline]),
  ];
  if (shown.length === 0) return null;
  const low = least(shown);
  return low - 0.05 * ((upperEnd(runs) ?? greatest(shown)) - low);
}

/** A top for the axis that leaves out the first twentieth of the steps, where that makes room; else null. */
function upperEnd(runs: readonly ReportRun[]): number | null {
  const finite = (steps: ReportRun['steps']) => steps.flatMap(({ loss }) => (loss === null ? [] : [loss]));
  const all = runs.flatMap(({ steps }) => finite(steps));
  const later = runs.flatMap(({ steps }) => finite(steps.slice(Math.ceil(steps.length / 20))));
  if (later.length < 20) return null;
  const [low, high, highest] = [least(all), greatest(later), greatest(all)];
  return highest - low > 1.4 * (high - low) ? high + 0.03 * (high - low) : null;
}

// Not Math.max(...values): a long run has more values than a call may have arguments.
const greatest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));
const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));
