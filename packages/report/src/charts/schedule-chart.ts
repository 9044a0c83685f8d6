/** @file Learning rate and gradient norm by step. */

import { progressOf } from './equal-tokens.ts';
import { frame } from './frame.ts';
import { ruleNamed } from './line-kinds.ts';
import type { ReportRun } from './rows.ts';
import { baselineLast, seriesOf } from './series.ts';
import { stepAxis } from './step-axis.ts';
import { type Point, thinLine } from './thin.ts';
import { figure, plural } from './words.ts';

/** `clip`: the largest norm that is let through; 0: none is set. */
export function scheduleChart(runs: readonly ReportRun[], clip: number): object {
  const { color, strokeDash } = seriesOf(runs);
  const progress = progressOf(runs);
  const rows = (value: (step: ReportRun['steps'][number]) => number | null) =>
    baselineLast(runs).flatMap((run) =>
      thinLine(run.steps.map((step): Point => ({ x: progress.at(run, step), y: value(step) }))).map(
        ({ x, y }) => ({
          run: run.name,
          step: x,
          value: y,
        }),
      ),
    );
  const line = { type: 'line', strokeWidth: 1.4, clip: true };
  return frame({
    title: titleOf(runs, clip),
    vconcat: [
      {
        width: 640,
        height: 90,
        data: { values: rows(({ learningRate }) => learningRate) },
        mark: line,
        encoding: {
          x: stepAxis(progress.unit, false),
          y: {
            field: 'value',
            type: 'quantitative',
            title: 'learning rate',
            axis: { tickCount: 3, format: '~g' },
          },
          color,
          strokeDash,
        },
      },
      {
        width: 640,
        height: 140,
        layer: [
          ...(clip > 0
            ? [
                {
                  data: { values: [{ value: clip }] },
                  mark: { type: 'rule', strokeDash: [6, 4], color: '#57606a' },
                  encoding: {
                    y: { field: 'value', type: 'quantitative' },
                    opacity: ruleNamed(`clipped to ${figure(clip)}`),
                  },
                },
              ]
            : []),
          {
            data: {
              values: rows(({ gradientNorm }) =>
                gradientNorm !== null && gradientNorm > 0 ? gradientNorm : null,
              ),
            },
            mark: line,
            encoding: {
              x: stepAxis(progress.unit),
              y: {
                field: 'value',
                type: 'quantitative',
                title: 'gradient norm',
                scale: { type: 'log', nice: true },
                axis: { values: powersOfTen(runs), format: '~g' },
              },
              color,
              strokeDash,
            },
          },
        ],
      },
    ],
  });
}

const normsOf = (runs: readonly ReportRun[]): number[] =>
  runs.flatMap(({ steps }) =>
    steps.flatMap(({ gradientNorm }) => (gradientNorm === null ? [] : [gradientNorm])),
  );

/** Ticks of the logarithmic axis; within few decades with their 2 and 5. */
function powersOfTen(runs: readonly ReportRun[]): number[] {
  const norms = normsOf(runs).filter((norm) => norm > 0);
  if (norms.length === 0) return [1];
  const low = Math.floor(Math.log10(norms.reduce((a, b) => Math.min(a, b))));
  const high = Math.ceil(Math.log10(norms.reduce((a, b) => Math.max(a, b))));
  const steps = high - low > 2 ? [1] : [1, 2, 5];
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)).flatMap((power) =>
    steps.map((step) => step * power),
  );
}

function titleOf(runs: readonly ReportRun[], clip: number): string {
  const norms = normsOf(runs);
  if (norms.length === 0) return 'Learning rate and gradient norm';
  const largest = norms.reduce((a, b) => Math.max(a, b));
  const words = `The gradient norm is at most ${figure(largest)}`;
  if (clip <= 0) return words;
  return `${words}; it was clipped to ${figure(clip)} in ${norms.filter((n) => n > clip).length.toLocaleString('en')} of ${plural(norms.length, 'step')}`;
}
