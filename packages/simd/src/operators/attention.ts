/** @file Launches of attention. */
import type { AttentionAttributes, CachedAttributes, HeadAttributes } from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import { floatBits } from '../format-description.ts';
import * as kernel from '../generated/kernels.ts';
import {
  ATTENTION_STEP,
  BF16_KIND,
  BY_LIBRARY,
  BY_LIBRARY_BF16,
  BY_TILE,
  TILE_COLUMNS,
  TILE_ROWS,
} from '../numbers.ts';
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

/** Tasks that attention is cut into where there are few heads and sequences, whatever the threads. */
const TASKS = 16;

/** Parts that each head's query steps are dealt to: from the shape alone, for the order of sums depends on it. */
const partsOf = ({ batch, sequence, heads, keyValueHeads }: AttentionAttributes): number =>
  Math.max(
    1,
    Math.min(
      Math.ceil(TASKS / (batch * keyValueHeads)),
      (heads / keyValueHeads) * Math.ceil(sequence / ATTENTION_STEP),
    ),
  );

/** Sequence and head dimension from which a library is faster than the tile, its calls included. */
const LEAST_SEQUENCE = 48;
const LEAST_DIMENSION = 16;

/** What multiplies: by shapes and formats alone. */
function multiplier(
  { library }: Engine,
  { sequence, headDim }: AttentionAttributes,
  tensors: readonly Stored[],
): number {
  if (!library || sequence < LEAST_SEQUENCE || headDim < LEAST_DIMENSION) return BY_TILE;
  return library.bf16 && tensors.every(({ kind }) => kind === BF16_KIND) ? BY_LIBRARY_BF16 : BY_LIBRARY;
}

/** Floats that a task's matrices take: causal ones, others of a step, those of all keys; and room for a product's panels. */
function scratchOf(
  { sequence, headDim }: AttentionAttributes,
  causal: number,
  ofStep: number,
  ofKeys: number,
): number {
  const padded = up(sequence, TILE_COLUMNS);
  const dims = up(headDim, TILE_COLUMNS);
  const longest = Math.max(padded, ATTENTION_STEP);
  const room = TILE_ROWS * Math.max(headDim, longest) + dims * longest;
  return (
    causal * ATTENTION_STEP * padded + ofStep * ATTENTION_STEP * dims + ofKeys * padded * dims + room + 512
  );
}

export const attention: Launch<AttentionAttributes> = (engine, attributes, [qkv], [out]) => {
  const { batch, sequence, keyValueHeads } = attributes;
  const parts = partsOf(attributes);
  // scores; queries, result; keys, values
  const floats = scratchOf(attributes, 1, 2, 2);
  engine.run(kernel.ATTENTION, batch * keyValueHeads * parts, floats * 4, [
    ...places(engine, [qkv, out, undefined]),
    sequence,
    ...headParameters(attributes),
    parts,
    0,
    multiplier(engine, attributes, [qkv!]),
  ]);
};

export const attentionGrad: Launch<AttentionAttributes> = (engine, attributes, [qkv, dout], [out]) => {
  const { batch, sequence, keyValueHeads, headDim } = attributes;
  const dims = up(headDim, TILE_COLUMNS);
  const sums = up(sequence, TILE_ROWS) * dims;
  // scores, their gradients; queries, upstream gradient, result; keys, values
  const floats = scratchOf(attributes, 2, 3, 2) + 2 * sums;
  const pairs = batch * keyValueHeads;
  const parts = partsOf(attributes);
  const parameters = [
    ...places(engine, [qkv, out, dout]),
    sequence,
    ...headParameters(attributes),
    parts,
    parts === 1 ? 0 : engine.workspace(pairs * parts * 2 * sums * 4 + 64),
    multiplier(engine, attributes, [qkv!, dout!]),
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
