/** @file Launches of attention. */
import type { AttentionAttributes, CachedAttributes, HeadAttributes } from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import { floatBits } from '../format-description.ts';
import * as kernel from '../generated/kernels.ts';
import { ATTENTION_STEP, TILE_COLUMNS, TILE_ROWS } from '../numbers.ts';
import type { Stored } from '../stored.ts';
import type { Launch } from './launch.ts';
import { checkIndices, places } from './parameters.ts';

const up = (n: number, step: number): number => Math.ceil(n / step) * step;

const headParameters = ({ heads, keyValueHeads, headDim }: HeadAttributes): readonly number[] => [
  heads,
  keyValueHeads,
  headDim,
  floatBits(1 / Math.sqrt(headDim)),
];

/** Floats of scratch that rows of `headDim` need on their way into panels. */
const rowsRoom = (headDim: number): number => 8 * (headDim + 4) + 64;

/** Tasks that attention is cut into where there are few heads and sequences, whatever the threads. */
const TASKS = 16;

/** Parts that each head's query steps are dealt to: from the shape alone, for the order of sums depends on it. */
const partsOf = ({ batch, sequence, heads, keyValueHeads }: AttentionAttributes, step: number): number =>
  Math.max(
    1,
    Math.min(
      Math.ceil(TASKS / (batch * keyValueHeads)),
      (heads / keyValueHeads) * Math.ceil(sequence / step),
    ),
  );

export const attention: Launch<AttentionAttributes> = (engine, attributes, [qkv], [out]) => {
  const { batch, sequence, keyValueHeads, headDim } = attributes;
  const padded = up(sequence, TILE_COLUMNS);
  const dims = up(headDim, TILE_COLUMNS);
  const floats =
    padded * headDim + dims * sequence + 6 * headDim + 12 * padded + 6 * dims + rowsRoom(headDim) + 256;
  const parts = partsOf(attributes, TILE_ROWS);
  engine.run(kernel.ATTENTION, batch * keyValueHeads * parts, floats * 4, [
    ...places(engine, [qkv, out, undefined]),
    sequence,
    ...headParameters(attributes),
    parts,
  ]);
};

export const attentionGrad: Launch<AttentionAttributes> = (engine, attributes, [qkv, dout], [out]) => {
  const { batch, sequence, keyValueHeads, headDim } = attributes;
  const padded = up(sequence, TILE_COLUMNS);
  const dims = up(headDim, TILE_COLUMNS);
  const floats =
    2 * padded * headDim +
    dims * sequence +
    2 * up(sequence, TILE_ROWS) * dims +
    2 * ATTENTION_STEP * (padded + dims) +
    6 * Math.max(headDim, padded, ATTENTION_STEP) +
    6 * dims +
    rowsRoom(headDim) +
    512;
  const pairs = batch * keyValueHeads;
  const parts = partsOf(attributes, ATTENTION_STEP);
  const parameters = [
    ...places(engine, [qkv, out, dout]),
    sequence,
    ...headParameters(attributes),
    parts,
    parts === 1 ? 0 : engine.workspace(pairs * parts * 2 * up(sequence, TILE_ROWS) * dims * 4 + 64),
  ];
  engine.run(kernel.ATTENTION_GRAD, pairs * parts, floats * 4, parameters);
  if (parts > 1) engine.run(kernel.ATTENTION_GRAD_JOIN, pairs, dims * 4 + 64, parameters);
};

export const attentionCached: Launch<CachedAttributes> = (
  engine,
  attributes,
  [qkv, cache, position],
  [out],
) => cached(engine, attributes, [qkv!, cache!, position!], undefined, out);

export const attentionCachedScaled: Launch<CachedAttributes> = (
  engine,
  attributes,
  [qkv, cache, scales, position],
  [out],
) => cached(engine, attributes, [qkv!, cache!, position!], scales, out);

function cached(
  engine: Engine,
  attributes: CachedAttributes,
  [qkv, cache, position]: readonly [Stored, Stored, Stored],
  scales: Stored | undefined,
  out: Stored,
): void {
  checkIndices(engine, 'attentionCached: position', position, 0, attributes.capacity);
  const last = engine.floats()[position.address / 4]!;
  engine.run(kernel.ATTENTION_CACHED, attributes.heads, (3 * attributes.headDim + last + 128) * 4, [
    ...places(engine, [qkv, out, cache]),
    last,
    ...headParameters(attributes),
    scales?.address ?? 0,
  ]);
}
