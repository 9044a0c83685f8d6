/** @file A cast, block by block: what it sees, what it multiplies by, what is left. */
import { counterRandom, type Format, streamSeed } from '@octavo/formats';
import type { CastRecipe } from '@octavo/nn';
import type { Granularity } from '@octavo/scaling';
import { at, fill, type Matrix, map } from './matrix.ts';
import { nearest, stochastic } from './rounding.ts';
import { scaleOf } from './scaling.ts';

const { fround } = Math;

/** The numbers that stochastic rounding draws from. */
export interface Draws {
  readonly high: number;
  readonly low: number;
  readonly stream: number;
}

/** Which block an element belongs to, as a word. */
export function blockName(granularity: Granularity, row: number, column: number): string {
  switch (granularity.kind) {
    case 'tensor':
      return '';
    case 'row':
      return `${row}`;
    case 'channel':
      return `,${column}`;
    case 'block':
      return `${Math.floor(row / granularity.rows)},${Math.floor(column / granularity.columns)}`;
    case 'mx':
      return granularity.axis === 'row'
        ? `${row},${Math.floor(column / 32)}`
        : `${Math.floor(row / 32)},${column}`;
  }
}

/** The maximum of every block. */
export function maxima(x: Matrix, granularity: Granularity): Map<string, number> {
  const most = new Map<string, number>();
  for (let row = 0; row < x.rows; row++)
    for (let column = 0; column < x.columns; column++) {
      const block = blockName(granularity, row, column);
      most.set(block, Math.max(most.get(block) ?? 0, Math.abs(at(x, row, column))));
    }
  return most;
}

/** The scale of every element: `given`, or each block's own. */
export function scalesOf(x: Matrix, recipe: CastRecipe, format: Format, given: number | null): Matrix {
  const { policy, granularity } = recipe;
  if (given !== null) return map(x, () => given);
  if (policy.kind === 'fixed') return map(x, () => policy.scale);
  const most = maxima(x, granularity);
  return map(x, (_, row, column) =>
    scaleOf(most.get(blockName(granularity, row, column))!, format.max, policy),
  );
}

/** decode(Q(x · scale)) / scale. */
export function castBack(x: Matrix, scale: Matrix, recipe: CastRecipe, format: Format, draws: Draws): Matrix {
  const seed = streamSeed(draws.high, draws.low, draws.stream);
  return fill(x.rows, x.columns, (row, column) => {
    const s = at(scale, row, column);
    const scaled = fround(at(x, row, column) * s);
    if (recipe.rounding === 'nearest-even') return nearest(format, scaled) / s;
    if (recipe.rounding !== 'stochastic') throw new Error(`no oracle for rounding ${recipe.rounding}`);
    return stochastic(format, scaled, counterRandom(seed, row * x.columns + column) / 2 ** 32) / s;
  });
}
