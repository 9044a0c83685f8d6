/** @file Packed attention rows `[q heads | k heads | v heads]`: their widths and checks. */
import { matrixShape, type Shape } from '../tensor.ts';
import { mismatch } from './check.ts';

export type HeadAttributes = {
  readonly heads: number;
  /** Divides `heads`: q head h attends to key and value head ⌊h / (heads / keyValueHeads)⌋. */
  readonly keyValueHeads: number;
  readonly headDim: number;
};

/** (H + 2 KV) · hd, the width of a packed row. */
export const packedWidth = ({ heads, keyValueHeads, headDim }: HeadAttributes): number =>
  (heads + 2 * keyValueHeads) * headDim;

/** Throws unless the heads make sense and `qkv` has their width; returns its rows. */
export function checkHeads(operator: string, attributes: HeadAttributes, qkv: Shape): number {
  const { heads, keyValueHeads } = attributes;
  if (heads % keyValueHeads !== 0) {
    mismatch(operator, 'keyValueHeads', `${keyValueHeads} for ${heads} heads`, 'a divisor of heads');
  }
  const [rows, columns] = matrixShape(qkv);
  const width = packedWidth(attributes);
  if (columns !== width)
    mismatch(operator, 'qkv', qkv, `rows of ${width}: (heads + 2 keyValueHeads) · headDim`);
  return rows;
}
