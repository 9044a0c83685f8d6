/** @file What studies say: statements held to figures, Markdown of columns, rows by what they are, layers of charts. */
import { describe, expect, it } from 'vitest';
import { noiseBand, seedLines, spikeRules } from '../src/charts/layers.ts';
import { each, fill, table } from '../src/engine/markdown.ts';
import { figure, percent, sideBySide } from '../src/engine/numbers.ts';
import { distinct, where } from '../src/engine/rows.ts';
import { above, atLeast, atMost, claimLines, held, within } from '../src/engine/statements.ts';

const rows = [
  { seed: 2, recipe: 'fp8', gap: 0.5 },
  { seed: 1, recipe: 'fp8', gap: -0.25 },
  { seed: 2, recipe: 'bf16', gap: 0 },
];

it('finds rows by what they are, and each value once, in their order', () => {
  expect(where(rows, { recipe: 'fp8' }).map(({ seed }) => seed)).toEqual([2, 1]);
  expect(where(rows, { recipe: 'fp8', seed: 1 })).toEqual([rows[1]]);
  expect(where(rows, {})).toEqual(rows);
  expect(distinct(rows, 'seed')).toEqual([2, 1]);
});

describe('statements', () => {
  const gaps = (recipe: string) => (all: typeof rows) => where(all, { recipe }).map(({ gap }) => gap);

  it('hold where every figure passes, its limit included, and never without a figure', () => {
    const claims = held(
      [
        { text: 'at most', values: gaps('fp8'), holds: atMost(0.5) },
        { text: 'within', values: gaps('fp8'), holds: within(0.4), paper: 'follows' },
        { text: 'none', values: gaps('mxfp8'), holds: atMost(1) },
        { text: 'NaN', values: () => [Number.NaN], holds: atLeast(0) },
      ],
      rows,
    );
    expect(claims.map(({ holds }) => holds)).toEqual([true, false, false, false]);
    expect(claims[0]).toEqual({ text: 'at most', values: [0.5, -0.25], holds: true });
    expect([atLeast(1)(1), above(1)(1), within(1)(-1)]).toEqual([true, false, true]);
    expect(claimLines(claims.slice(0, 2), String)).toEqual([
      '- holds: at most (0.5, -0.25)',
      '- does not hold: within (0.5, -0.25); the paper: follows',
    ]);
  });
});

it('writes a table of columns, alone and in groups, a heading left out', () => {
  const lines = table(distinct(rows, 'recipe'), [
    ['', (recipe) => `\`${recipe}\``],
    each(
      [1, 2],
      (seed) => `seed ${seed}`,
      (recipe, seed) => where(rows, { recipe, seed })[0]?.gap ?? '–',
    ),
  ]);
  expect(lines).toEqual([
    '| | seed 1 | seed 2 |',
    '| --- | --- | --- |',
    '| `fp8` | -0.25 | 0.5 |',
    '| `bf16` | – | 0 |',
  ]);
});

describe('a template', () => {
  const template =
    '{{#some}}\n# {{name}}, {{count}}\n\n{{rows}}\n{{/some}}\n\n{{#other}}\n{{never}}\n{{/other}}\n\nend {{none}}\n';
  const values = { some: ['x'], name: 'a $& b', count: 0, rows: ['| a |', '| b |'], other: [], none: '' };

  it('has words and lines for its names, and leaves out what there is nothing of', () => {
    expect(fill(template, values)).toBe('# a $& b, 0\n\n| a |\n| b |\n\nend\n');
    expect(fill(template, { ...values, some: false })).toBe('end\n');
    expect(fill(template, { ...values, other: true, never: 'now' })).toContain('\n\nnow\n\nend');
  });

  it('refuses a value that it does not name, and a name without a value', () => {
    expect(() => fill(template, { ...values, more: 1 })).toThrow(
      /got more, which its template does not name/,
    );
    expect(() => fill(template, { ...values, other: true })).toThrow(/got no never/);
    const { none: _, ...rest } = values;
    expect(() => fill(template, rest)).toThrow(/got no none/);
  });
});

it('figures: a run that broke has none, a share may be missing, no writer sees an index', () => {
  expect([figure(0.5), figure(0.5, 1), figure(Number.NaN)]).toEqual(['0.5000', '0.5', 'broke']);
  expect([percent(null), percent(0.125)]).toEqual(['–', '12.5 %']);
  expect(sideBySide([1, 2], figure)).toBe('1.0000 / 2.0000');
});

describe('layers', () => {
  it('rule the steps with the rare byte, the last one with them', () => {
    const { data } = spikeRules({ steps: 9, spikeEvery: 3 }, {}) as { data: { values: object[] } };
    expect(data.values).toEqual([{ step: 3 }, { step: 6 }, { step: 9 }]);
  });

  it('lay the band of noise on either side of zero, along one axis', () => {
    expect(noiseBand(0.1, 'y', { type: 'quantitative' }, 0.5)).toEqual({
      data: { values: [{ from: -0.1, to: 0.1 }] },
      mark: { type: 'rect', color: '#d0d7de', opacity: 0.5 },
      encoding: { y: { type: 'quantitative', field: 'from' }, y2: { field: 'to' } },
    });
  });

  it('draw a line a seed, thin, and their mean', () => {
    const [thin, mean] = seedLines(
      { x: {}, y: { field: 'gap' }, color: {} },
      { opacity: 0.5, strokeWidth: 2 },
    ) as { encoding: object }[];
    expect(thin!.encoding).toEqual({ x: {}, y: { field: 'gap' }, color: {}, detail: { field: 'seed' } });
    expect(mean!.encoding).toEqual({ x: {}, y: { field: 'gap', aggregate: 'mean' }, color: {} });
  });
});
