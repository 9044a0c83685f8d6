/** @file What the pictures of all studies share, as parts of Vega-Lite specifications. */
import { colours, frame } from '@octavo/report/charts';

export { colours, frame };

/** The axis of steps: whole numbers. */
export const overSteps = (axis: object = {}): object => ({
  field: 'step',
  type: 'quantitative',
  title: 'step',
  axis: { tickMinStep: 1, format: ',d', ...axis },
});

/** Panels wrapped after `columns`; where the last row is not full every panel has its own axis, and none stands alone. */
export const wrapped = (panels: number, columns: number): object => ({
  columns,
  ...(panels % columns === 0 ? {} : { resolve: { axis: { x: 'independent' } } }),
});

/** The colour channel of `recipe`, in the order given. */
export const colour = (recipes: readonly string[], title: string | null = 'recipe') => ({
  field: 'recipe',
  type: 'nominal',
  sort: recipes,
  scale: { domain: recipes, range: recipes.map((recipe) => colours[recipe] ?? '#000') },
  legend: { title },
});
