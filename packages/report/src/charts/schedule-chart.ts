/** @file Learning rate and gradient norm by step. */
import { progressOf } from './endings.ts';
import { frame, quantity } from './frame.ts';
import { baselineLast, rowsOf, ruleAt, seriesOf, stepAxis } from './lines.ts';
import { count, figure, greatest, known, least, plural } from './numbers.ts';
import type { ReportRun, StepPoint } from './rows.ts';

/** `clip`: the largest norm that is let through; 0: none is set. */
export function scheduleChart(runs: readonly ReportRun[], clip: number): object {
  const { color, strokeDash } = seriesOf(runs);
  const progress = progressOf(runs);
  const norms = known(runs.flatMap(({ steps }) => steps.map((step) => step.gradient_norm)));
  const lines = (value: (step: StepPoint) => number | null, y: object, labels: boolean): object => ({
    data: {
      values: baselineLast(runs).flatMap((run) =>
        rowsOf(
          { run: run.name },
          run.steps.map((step) => ({ x: progress.at(run, step), y: value(step) })),
        ),
      ),
    },
    mark: { type: 'line', strokeWidth: 1.4, clip: true },
    encoding: { x: stepAxis(progress.unit, labels), y, color, strokeDash },
  });
  const rate = quantity('value', { title: 'learning rate', axis: { tickCount: 3, format: '~g' } });
  const norm = quantity('value', {
    title: 'gradient norm',
    scale: { type: 'log', nice: true },
    axis: { values: powersOfTen(norms), format: '~g' },
  });
  const positive = (value: number | null) => (value !== null && value > 0 ? value : null);
  const limit = clip > 0 ? [ruleAt(clip, quantity('value'), `clipped to ${figure(clip)}`)] : [];
  return frame({
    title: titleOf(norms, clip),
    vconcat: [
      { width: 640, height: 90, ...lines((step) => step.learning_rate, rate, false) },
      {
        width: 640,
        height: 140,
        layer: [...limit, lines((step) => positive(step.gradient_norm), norm, true)],
      },
    ],
  });
}

/** Ticks of the logarithmic axis; within few decades with their 2 and 5. */
function powersOfTen(norms: readonly number[]): number[] {
  const shown = norms.filter((norm) => norm > 0);
  if (shown.length === 0) return [1];
  const low = Math.floor(Math.log10(least(shown)));
  const high = Math.ceil(Math.log10(greatest(shown)));
  const steps = high - low > 2 ? [1] : [1, 2, 5];
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i)).flatMap((power) =>
    steps.map((step) => step * power),
  );
}

function titleOf(norms: readonly number[], clip: number): string {
  if (norms.length === 0) return 'Learning rate and gradient norm';
  const words = `The gradient norm is at most ${figure(greatest(norms))}`;
  if (clip <= 0) return words;
  return `${words}; it was clipped to ${figure(clip)} in ${count(norms.filter((norm) => norm > clip).length)} of ${plural(norms.length, 'step')}`;
}
