/** @file How far runs fall behind their reference, batch by batch. */
import { frame } from './frame.ts';
import type { RunGap } from './gaps.ts';
import { everyStep, runningMean, widthByKind } from './line-kinds.ts';
import { lineLegend, seriesOf } from './series.ts';
import { stepAxis } from './step-axis.ts';
import { smoothingWidth, smoothLine, thinLine } from './thin.ts';
import { plural, signed } from './words.ts';

export function gapChart(gaps: readonly RunGap[]): object {
  const series = seriesOf(gaps.map(({ run, recipe }) => ({ name: run, recipe })));
  const color = { ...series.color, legend: lineLegend };
  const strokeDash = { ...series.strokeDash, legend: lineLegend };
  const rows = (smooth: boolean) =>
    gaps.flatMap(({ run, points }) => {
      const width = Math.max(5, smoothingWidth(points.length));
      return thinLine(smooth ? smoothLine(points, width) : points).map(({ x, y }) => ({
        run,
        kind: smooth ? runningMean : everyStep,
        step: x,
        gap: y,
      }));
    });
  const x = stepAxis();
  const y = { field: 'gap', type: 'quantitative', title: 'nats per token' };
  const references = [...new Set(gaps.map(({ reference }) => reference))];
  return frame({
    title: {
      text: titleOf(gaps, references),
      subtitle: `loss less that of ${references.join(', ')} on the same batch`,
    },
    width: 640,
    height: 220,
    layer: [
      {
        data: { values: [{ gap: 0 }] },
        mark: { type: 'rule', color: '#57606a' },
        encoding: { y },
      },
      {
        data: { values: rows(false) },
        mark: { type: 'line', opacity: 0.35 },
        encoding: { x, y, color, strokeWidth: widthByKind() },
      },
      {
        data: { values: rows(true) },
        mark: { type: 'line' },
        encoding: { x, y, color, strokeDash, strokeWidth: widthByKind() },
      },
    ],
  });
}

function titleOf(gaps: readonly RunGap[], references: readonly string[]): string {
  const ends = gaps.map(({ run, last }) => `${run} ${last === null ? 'broke' : signed(last)}`);
  const of = references.length === 1 ? references[0]! : 'their references';
  const { over, until } = gaps[0]!;
  const when =
    until === null ? `the last ${plural(over, 'step')}` : `the ${plural(over, 'step')} up to step ${until}`;
  const mean = `gap to ${of} over ${when}`;
  return gaps.length <= 3 ? `Mean ${mean}: ${ends.join(', ')}` : `Mean ${mean}: between ${range(gaps)}`;
}

function range(gaps: readonly RunGap[]): string {
  const known = gaps.flatMap(({ last }) => (last === null ? [] : [last]));
  const broken = gaps.length - known.length;
  const words =
    known.length === 0 ? 'none' : `${signed(Math.min(...known))} and ${signed(Math.max(...known))}`;
  return broken > 0 ? `${words}; ${broken} broke` : words;
}
