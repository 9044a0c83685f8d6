import { current, delayed, fixed } from '@octavo/scaling';
import { expect, it } from 'vitest';
import { type CastRecipe, castName, recipeOf, recipes } from '../src/index.ts';

const usual: CastRecipe = {
  format: 'e4m3fn',
  policy: delayed({ history: 16 }),
  granularity: { kind: 'tensor' },
  rounding: 'nearest-even',
  overflow: 'saturate',
};

it.each<[string, Partial<CastRecipe>]>([
  ['e4m3fn-delayed16-tensor', {}],
  [
    'e5m2-current-row-stochastic',
    { format: 'e5m2', policy: current({}), granularity: { kind: 'row' }, rounding: 'stochastic' },
  ],
  [
    'e4m3fn-current-p2-mx32-column',
    { policy: current({ powerOfTwo: true }), granularity: { kind: 'mx', axis: 'column' } },
  ],
  [
    'e4m3fn-current-margin1-1x128-special',
    {
      policy: current({ margin: 1 }),
      granularity: { kind: 'block', rows: 1, columns: 128 },
      overflow: 'special',
    },
  ],
  ['e4m3fn-fixed0.5-tensor', { policy: fixed(0.5) }],
  [
    'e4m3fn-delayed4-every4-latest-from1-p2-tensor',
    {
      policy: delayed({ history: 4, interval: 4, algorithm: 'most-recent', first: 'one', powerOfTwo: true }),
    },
  ],
])('%s', (name, differs) => {
  expect(castName({ ...usual, ...differs })).toBe(name);
});

it('differs where casts of named recipes differ', () => {
  const casts = Object.values(recipes)
    .flatMap(({ linear, overrides }) => [linear, ...Object.values(overrides)])
    .flatMap(({ output, gradInput, gradWeight }) =>
      [output, gradInput, gradWeight].flatMap((product) => Object.values(product)),
    )
    .filter((cast) => cast !== null);
  const different = new Set(casts.map((cast) => JSON.stringify(cast)));
  expect(different.size).toBeGreaterThan(8);
  expect(new Set(casts.map(castName)).size).toBe(different.size);
  expect(castName(recipeOf('fp8').linear.output.weight!)).toBe('e4m3fn-delayed16-tensor');
});
