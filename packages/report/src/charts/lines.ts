/** @file Curves of runs: a line a run, its colour and dash the same in every picture; few points, no peak lost; axes, legends. */
import { colours, frame, grey, quantity } from './frame.ts';
import { topOf } from './numbers.ts';
import type { ReportRun } from './rows.ts';

/** `labels`: whether it is named and numbered, or another one below does that. */
export const stepAxis = (unit: 'step' | 'tokens' = 'step', labels = true): object =>
  quantity('step', {
    title: labels ? unit : null,
    axis: {
      ...{ tickMinStep: 1, tickCount: 8, grid: false, labels, labelFlush: false },
      ...(unit === 'tokens' ? { format: '~s' } : {}),
    },
  });

/** One picture of one plot. */
export const plot = (title: object | string, height: number, layer: readonly object[]): object =>
  frame({ title, width: 640, height, layer });

/** Rows `step`, `value` and what else is said of the line, no more than can be seen. */
export const rowsOf = (line: object, points: readonly Point[]): object[] =>
  thinLine(points).map(({ x, y }) => ({ ...line, step: x, value: y }));

interface Line {
  readonly run: string;
  readonly points: readonly Point[];
  /** Points of the window of its running mean; 1: it has none. */
  readonly width: number;
}

interface Channels {
  readonly x: object;
  readonly y: object;
  readonly color: object;
  readonly strokeDash: object;
}

/** Every step, thin and pale below the running means, where a line has one. */
export function runLines(lines: readonly Line[], { strokeDash, ...channels }: Channels, more = {}): object[] {
  const mark = { type: 'line', ...more };
  const rows = (kind: string, pointsOf: (line: Line) => readonly Point[]) => ({
    values: lines.flatMap((line) => rowsOf({ run: line.run, kind }, pointsOf(line))),
  });
  const every = rows('every step', ({ points }) => points);
  if (lines.every(({ width }) => width === 1))
    return [{ data: every, mark: { ...mark, strokeWidth: 1.6 }, encoding: { ...channels, strokeDash } }];
  return [
    { data: every, mark: { ...mark, opacity: 0.35 }, encoding: { ...channels, strokeWidth: widthByKind } },
    {
      data: rows('running mean', ({ points, width }) => smoothLine(points, width)),
      mark,
      encoding: { ...channels, strokeDash, strokeWidth: widthByKind },
    },
  ];
}

/** How thick a line is for what it is of. */
const widthByKind = {
  field: 'kind',
  type: 'nominal',
  scale: { domain: ['every step', 'running mean'], range: [0.8, 2] },
  legend: { title: null, symbolType: 'stroke', symbolStrokeColor: grey, symbolSize: 300, symbolOpacity: 1 },
};

/** Of one kind, named in a legend of its own. */
const oneNamed = (name: string, shape: unknown, legend: object): object => ({
  ...{ datum: name, type: 'nominal', scale: { domain: [name], range: [shape] } },
  legend: { title: null, ...legend },
});

/** The channel `shape` of dots. */
export const dotNamed = (name: string): object =>
  oneNamed(name, 'circle', { symbolFillColor: grey, symbolStrokeWidth: 0, symbolSize: 60 });

/** A dashed rule across. */
export const ruleAt = (value: number, y: object, name: string): object => ({
  data: { values: [{ value }] },
  mark: { type: 'rule', strokeDash: [6, 4], color: grey },
  encoding: {
    y,
    opacity: oneNamed(name, 1, {
      ...{ symbolType: 'stroke', symbolStrokeColor: grey },
      ...{ symbolDash: [6, 4], symbolStrokeWidth: 1.5, symbolSize: 300 },
    }),
  },
});

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
export function seriesOf(runs: readonly Pick<ReportRun, 'name' | 'recipe'>[]) {
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
    /** The colour alone, for points. */
    pointColor: { ...channel, scale: { domain, range }, legend: null },
  };
}

export interface Point {
  readonly x: number;
  /** Null: nothing was measured, or it was not finite; the line breaks there. */
  readonly y: number | null;
}

/**
 * At most about `limit` of the points, in order: of each of `limit / 2` equal shares of the points the lowest and the
 * highest, so that a single spike stays, and a null where the share holds one.
 */
export function thinLine(points: readonly Point[], limit = 400): Point[] {
  if (points.length <= limit) return [...points];
  const shares = Math.floor(limit / 2);
  const kept: Point[] = [];
  for (let i = 0; i < shares; i++) {
    const share = points.slice(
      Math.floor((i * points.length) / shares),
      Math.floor(((i + 1) * points.length) / shares),
    );
    const chosen = new Set([
      topOf(share, ({ y }) => y && -y),
      topOf(share, ({ y }) => y),
      share.find(({ y }) => y === null),
    ]);
    kept.push(...share.filter((point) => chosen.has(point)));
  }
  return kept;
}

/** Mean over a window of `width` points about each; nulls count for nothing, and a window of nulls is null. */
export function smoothLine(points: readonly Point[], width: number): Point[] {
  const sums = [0];
  const counts = [0];
  for (const { y } of points) {
    sums.push(sums.at(-1)! + (y ?? 0));
    counts.push(counts.at(-1)! + (y === null ? 0 : 1));
  }
  const half = Math.floor(width / 2);
  return points.map(({ x }, i) => {
    const reach = Math.min(half, i, points.length - 1 - i); // narrower at both ends, so that it stays centred
    const [from, to] = [i - reach, i + reach + 1];
    const count = counts[to]! - counts[from]!;
    return { x, y: count === 0 ? null : (sums[to]! - sums[from]!) / count };
  });
}

/** A window of a fortieth of the points, odd; 1 for short lines. */
export const smoothingWidth = (points: number): number => (points < 80 ? 1 : 2 * Math.round(points / 80) + 1);
