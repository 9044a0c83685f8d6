/** @file The paired gap, loss of a run less that of its reference on the same batch; and its picture. */
import { grey, quantity } from './frame.ts';
import { lineLegend, type Point, plot, runLines, seriesOf, smoothingWidth, stepAxis } from './lines.ts';
import { known, mean, plural, signed } from './numbers.ts';
import type { ReportRun } from './rows.ts';

export type RunGap = ReturnType<typeof gapsOf>[number];

/**
 * One for every run but the references. A run's reference is the `bf16` run of its seed, else the first run of its
 * seed; else the first `bf16` run of the report, else its first run, both on other batches.
 */
export function gapsOf(runs: readonly ReportRun[]) {
  const pairs = runs.flatMap((run) => {
    const reference = referenceOf(run, runs);
    if (reference === run) return [];
    const losses = new Map(reference.steps.map(({ step, loss }) => [step, loss]));
    const points = run.steps
      .filter(({ step }) => losses.has(step))
      .map(({ step, loss }): Point => {
        const other = losses.get(step)!;
        return { x: step, y: loss === null || other === null ? null : loss - other };
      });
    if (points.length === 0) return [];
    /** Both saw the same batches: they have the same seed. */
    const paired = reference.seed === run.seed;
    return [{ run: run.name, recipe: run.recipe, reference: reference.name, paired, points }];
  });
  const end = Math.min(...pairs.map(({ points }) => points.at(-1)!.x));
  const until = runs.every(({ steps }) => steps.at(-1)?.step === end) ? null : end;
  return pairs.map((pair) => {
    const common = pair.points.filter(({ x }) => x <= end);
    const tail = common.slice(-Math.ceil(common.length / 4)).map(({ y }) => y);
    const last = tail.includes(null) ? null : mean(known(tail));
    return {
      ...pair,
      /** Mean over the last quarter of the steps that all runs have; null if a loss in it is not finite. */
      last,
      /** Mean of how many steps. */
      over: tail.length,
      /** The last of them, where a run went on beyond it; null: all end there. */
      until,
    };
  });
}

function referenceOf(run: ReportRun, runs: readonly ReportRun[]): ReportRun {
  const mates = runs.filter(({ seed }) => seed === run.seed);
  const bf16 = (of: readonly ReportRun[]) => of.find(({ recipe }) => recipe === 'bf16');
  const own = bf16(mates) ?? (mates.length > 1 ? mates[0] : undefined);
  return own ?? bf16(runs) ?? runs[0]!;
}

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
