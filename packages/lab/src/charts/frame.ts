/** @file A picture and its panels, as parts of Vega-Lite specifications. */
import { frame } from '@octavo/report/charts';

/** What it says, in one sentence, and how it was made; `more` of the title. */
export const picture = (
  text: string,
  subtitle: string | readonly string[],
  spec: object,
  more: object = {},
): object => frame({ title: { text, subtitle, ...more }, ...spec });

/** Panels wrapped after `columns`; where the last row is not full every panel has its own axis, and none stands alone. */
export const wrapped = (panels: number, columns: number): object => ({
  columns,
  ...(panels % columns === 0 ? {} : { resolve: { axis: { x: 'independent' } } }),
});

/** A panel each, in this order, its name above. */
export const panelsBy = (
  field: string,
  sort: readonly string[],
  header: object = { labelFontSize: 12, labelFontWeight: 'bold' },
): object => ({ field, type: 'nominal', sort, title: null, header });
