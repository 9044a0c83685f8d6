/** @file One line a run: its name, colour and dash, the same in every picture of a report. */
import { colours } from './frame.ts';
import type { ReportRun } from './rows.ts';

/** Of lines, however thin or pale those of the first layer are. */
export const lineLegend = {
  title: null,
  symbolType: 'stroke',
  symbolStrokeWidth: 2.5,
  symbolSize: 300,
  symbolOpacity: 1,
};

const OTHER = ['#1f6feb', '#cf222e', '#1a7f37', '#bf8700', '#8250df', '#e16f24'];
const DASHES = [
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 2, 2, 2],
];

/** Where curves lie on one another, the baseline is drawn last. */
export const baselineLast = <Run extends Pick<ReportRun, 'recipe'>>(runs: readonly Run[]): Run[] => [
  ...runs.filter(({ recipe }) => recipe !== 'bf16'),
  ...runs.filter(({ recipe }) => recipe === 'bf16'),
];

/** Colour by recipe. The first that is drawn is a solid line, what lies on it is dashed: both are seen. */
export function seriesOf(runs: readonly Pick<ReportRun, 'name' | 'recipe'>[]): {
  readonly color: object;
  readonly strokeDash: object;
  /** The colour alone, for points. */
  readonly pointColor: object;
} {
  const recipes = [...new Set(runs.map(({ recipe }) => recipe))];
  const colourOf = (recipe: string): string =>
    colours[recipe] ?? OTHER[recipes.indexOf(recipe) % OTHER.length]!;
  const domain = runs.map(({ name }) => name);
  const range = runs.map(({ recipe }) => colourOf(recipe));
  const order = baselineLast(runs);
  const dashes = runs.map((run) => DASHES[order.indexOf(run) % DASHES.length]!);
  const legend = runs.length < 2 ? null : lineLegend;
  const channel = { field: 'run', type: 'nominal', sort: domain };
  return {
    color: { ...channel, scale: { domain, range }, legend },
    strokeDash: { ...channel, scale: { domain, range: dashes }, legend },
    pointColor: { ...channel, scale: { domain, range }, legend: null },
  };
}
