/** @file How far runs fall behind their reference, batch by batch. */
import { grey, quantity } from './frame.ts';
import type { RunGap } from './gaps.ts';
import { plot, runLines, stepAxis } from './lines.ts';
import { lineLegend, seriesOf } from './series.ts';
import { smoothingWidth } from './thin.ts';
import { known } from './values.ts';
import { plural, signed } from './words.ts';

export function gapChart(gaps: readonly RunGap[]): object {
  const { color, strokeDash } = seriesOf(gaps.map(({ run, recipe }) => ({ name: run, recipe })));
  const lines = gaps.map(({ run, points }) => ({
    ...{ run, points },
    width: Math.max(5, smoothingWidth(points.length)),
  }));
  const y = quantity('value', { title: 'nats per token' });
  const references = [...new Set(gaps.map(({ reference }) => reference))];
  const title = {
    text: titleOf(gaps, references),
    subtitle: `loss less that of ${references.join(', ')} on the same batch`,
  };
  return plot(title, 220, [
    { data: { values: [{ value: 0 }] }, mark: { type: 'rule', color: grey }, encoding: { y } },
    ...runLines(lines, {
      ...{ x: stepAxis(), y },
      color: { ...color, legend: lineLegend },
      strokeDash: { ...strokeDash, legend: lineLegend },
    }),
  ]);
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
  const ends = known(gaps.map(({ last }) => last));
  const broken = gaps.length - ends.length;
  const words = ends.length === 0 ? 'none' : `${signed(Math.min(...ends))} and ${signed(Math.max(...ends))}`;
  return broken > 0 ? `${words}; ${broken} broke` : words;
}
