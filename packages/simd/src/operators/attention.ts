/** @file Launches of attention. */
import type { AttentionAttributes, CachedAttributes, HeadAttributes } from '@octavo/kernels';
import { floatBits } from '../format-description.ts';
import * as kernel from '../operator-numbers.ts';
import { place, valueAt } from '../stored.ts';
import type { Launch } from './launch.ts';
import { checkIndices } from './rows.ts';

const up = (n: number, step: number): number => Math.ceil(n / step) * step;

const headParameters = ({ heads, keyValueHeads, headDim }: HeadAttributes): readonly number[] => [
  heads,
  keyValueHeads,
  headDim,
  floatBits(1 / Math.sqrt(headDim)),
];

/** Floats of scratch that rows of `headDim` need on their way into panels. */
const rowsRoom = (headDim: number): number => 8 * (headDim + 4) + 64;

export const attention: Launch<AttentionAttributes> = (engine, attributes, [qkv], out) => {
  const { batch, sequence, keyValueHeads, headDim } = attributes;
  const padded = up(sequence, 8);
  const dims = up(headDim, 8);
  const floats =
    padded * headDim + dims * sequence + 6 * headDim + 12 * padded + 6 * dims + rowsRoom(headDim) + 256;
  engine.run(kernel.ATTENTION, batch * keyValueHeads, floats * 4, [
    ...place(engine, qkv),
    ...place(engine, out),
    ...[0, 0, 0],
    sequence,
    ...headParameters(attributes),
  ]);
};

/** Query rows of a step; assembly/attention.ts has the same number. */
const STEP = 24;

export const attentionGrad: Launch<AttentionAttributes> = (engine, attributes, [qkv, dout], out) => {
  const { batch, sequence, keyValueHeads, headDim } = attributes;
  const padded = up(sequence, 8);
  const dims = up(headDim, 8);
  const floats =
    2 * padded * headDim +
    dims * sequence +
    2 * up(sequence, 6) * dims +
    2 * STEP * (padded + dims) +
    6 * Math.max(headDim, padded, STEP) +
    6 * dims +
    rowsRoom(headDim) +
    512;
  engine.run(kernel.ATTENTION_GRAD, batch * keyValueHeads, floats * 4, [
    ...place(engine, qkv),
    ...place(engine, out),
    ...place(engine, dout),
    sequence,
    ...headParameters(attributes),
  ]);
};

export const attentionCached: Launch<CachedAttributes> = (
  engine,
  attributes,
  [qkv, cache, position],
  out,
) => {
  checkIndices(engine, 'attentionCached: position', position!, 0, attributes.capacity);
  const last = valueAt(engine, position!);
  engine.run(kernel.ATTENTION_CACHED, attributes.heads, (3 * attributes.headDim + last + 128) * 4, [
    ...place(engine, qkv),
    ...place(engine, out),
    ...place(engine, cache),
    last,
    ...headParameters(attributes),
  ]);
};
