/** @file Scales of blocks as kernels are told of them. */
import { matrixShape, scaleShape } from '@octavo/kernels';
import type { Stored } from '../stored.ts';

interface BlockAttributes {
  readonly blockRows: number;
  readonly blockColumns: number;
}

/** The five parameters of assembly/scale.ts; one scale for all is one row of all elements. */
export function blockScales(x: Stored, block: BlockAttributes, scale: Stored | undefined): readonly number[] {
  if (!scale) return [0, 1, 1, 1, 1];
  const [down, across] = scaleShape(x.shape, { rows: block.blockRows, columns: block.blockColumns });
  if (down * across === 1) return [scale.address, 1, x.length, x.length, 1];
  return [scale.address, block.blockRows, block.blockColumns, matrixShape(x.shape)[1], across];
}
