/** @file An operand of a matrix product as the kernels take it. */
import { type GemmAttributes, type OperandView, operandsOf } from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import { place, type Stored } from '../stored.ts';
import { blockScales } from './parameters.ts';

export interface StoredOperand extends Pick<OperandView, 'outer' | 'inner'> {
  readonly x: Stored;
  /** Tensor, scales that vary along K, K, does K run along stored rows, stored columns. */
  readonly parameters: readonly number[];
  /** Whether K runs along stored rows. */
  readonly rows: boolean;
  /** Scales that vary along K. */
  readonly along: Stored | undefined;
  /** Scale at the store: its address (0 if none), and how many of the outer axis share one. */
  readonly store: readonly [number, number];
}

/** A and B of a product. */
export function storedOperands(
  engine: Engine,
  attributes: GemmAttributes,
  inputs: readonly Stored[],
): readonly [StoredOperand, StoredOperand] {
  const shapes = inputs.map(({ shape }) => shape);
  const [a, b] = operandsOf(attributes, shapes);
  return [storedOperand(engine, a, inputs, inputs[0]!), storedOperand(engine, b, inputs, inputs[1]!)];
}

function storedOperand(
  engine: Engine,
  { block, outer, inner, innerStride, scale: at, outerBlock, scaledAtStore }: OperandView,
  inputs: readonly Stored[],
  x: Stored,
): StoredOperand {
  const rows = innerStride === 1;
  const scale = inputs[at];
  const along = scaledAtStore ? undefined : scale;
  return {
    x,
    parameters: [
      ...place(engine, x),
      ...blockScales(x, block, along),
      inner,
      Number(rows),
      rows ? inner : outer,
    ],
    outer,
    inner,
    rows,
    along,
    store: scale && scaledAtStore ? [scale.address, Math.min(outerBlock, outer)] : [0, 1],
  };
}
