/** @file What curves of runs share: their axis of steps, the lines of each run, and legends of what is no run. */
import { frame, grey, quantity } from './frame.ts';
import { type Point, smoothLine, thinLine } from './thin.ts';

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

export interface Line {
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
