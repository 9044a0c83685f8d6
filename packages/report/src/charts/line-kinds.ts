/** @file Legends of what is no run: how thick a line is for what, dots, and dashed rules. Each is its own channel. */

const grey = '#57606a';
/** Where smoothed lines are drawn over those of every step. */
const WIDTHS = { 'every step': 0.8, 'running mean': 2 } as const;

/** The channel of a line's width; `kind` is a field of its rows. */
export const widthByKind = (): object => ({
  field: 'kind',
  type: 'nominal',
  scale: { domain: Object.keys(WIDTHS), range: Object.values(WIDTHS) },
  legend: { title: null, symbolType: 'stroke', symbolStrokeColor: grey, symbolSize: 300, symbolOpacity: 1 },
});

export const everyStep: keyof typeof WIDTHS = 'every step';
export const runningMean: keyof typeof WIDTHS = 'running mean';

/** The channel of dots, of which there is one kind. */
export const dotNamed = (name: string): object => ({
  datum: name,
  type: 'nominal',
  scale: { domain: [name], range: ['circle'] },
  legend: { title: null, symbolFillColor: grey, symbolStrokeWidth: 0, symbolSize: 60 },
});

/** The channel of dashed rules, of which there is one kind. */
export const ruleNamed = (name: string): object => ({
  datum: name,
  type: 'nominal',
  scale: { domain: [name], range: [1] },
  legend: {
    ...{ title: null, symbolType: 'stroke', symbolStrokeColor: grey },
    ...{ symbolDash: [6, 4], symbolStrokeWidth: 1.5, symbolSize: 300 },
  },
});
