/** @file The cast: scale, round, and saturate or give special values, as a recipe says. */
import {
  createCodes,
  decodeArray,
  encodeArray,
  type Overflow,
  type Rounding,
  streamSeed,
} from '@octavo/formats';
import { defineOperator, type Pass, type Signature } from '../operator.ts';
import { matrixShape } from '../tensor.ts';
import { type BlockConstant, blockConstants, isWhole, scaled } from './block-scale.ts';
import { type BlockAttributes, blockOf, checkElements, checkInputs, checkScale } from './check.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';
import { drawBits, RANDOM_HELPERS } from './random-bits.ts';
import { GRID_FLOATS, type GridConstant, gridConstants, ROUNDINGS, roundToGrid } from './round-to-grid.ts';

export type CastAttributes = BlockAttributes & {
  readonly rounding: Rounding;
  readonly overflow: Overflow;
  /** An integer below 2^24 that names the call site: stochastic casts of one step differ by it. */
  readonly stream: number;
};

/**
 * q = round(fround(x · scale[block])) to the format of `out`, any of @octavo/formats.
 *
 * Inputs x, scale (one a block), and, for stochastic rounding only, seed: `[2]` integers below 2^24. Element i draws
 * `counterRandom(streamSeed(seed[0], seed[1], stream), i)`.
 */
export const cast = defineOperator<CastAttributes>({
  name: 'cast',
  rounds: true,
  shape(attributes, inputs) {
    checkInputs('cast', inputs, attributes.rounding === 'stochastic' ? 3 : 2);
    const [x, scale, seed] = inputs;
    checkScale('cast', 'scale', x!, blockOf(attributes), scale!);
    if (seed) checkElements('cast', 'seed', seed, [2]);
    return x!;
  },
  reference(attributes, [x, scale, seed], out) {
    const { rounding, overflow, stream } = attributes;
    const values = scaled(x!.data, x!.shape, blockOf(attributes), scale!.data);
    const codes = encodeArray(out.format, values, createCodes(out.format, values.length), {
      rounding,
      overflow,
      seed: seed ? streamSeed(seed.data[0]!, seed.data[1]!, stream) : 0,
    });
    decodeArray(out.format, codes, out.data);
  },
  passes: castPasses,
});

function castPasses(call: Signature<CastAttributes>): readonly Pass[] {
  const { inputs, outFormat, attributes } = call;
  const { rounding, overflow, stream } = attributes;
  const block = blockOf(attributes);
  const stochastic = rounding === 'stochastic';
  const constants = { ...gridConstants(outFormat, overflow), rounding: ROUNDINGS[rounding] };
  const common = {
    functions: [roundToGrid],
    ...(stochastic ? { integerFunctions: RANDOM_HELPERS, numbers: { stream } } : {}),
    floats: [...GRID_FLOATS, 'rounding'],
    round: false,
  };
  const [x] = inputs;
  if (isWhole(x!, block)) {
    const kernel = stochastic ? castWholeStochastic : castWhole;
    return [elementPass(call, 'cast', kernel, { ...common, constants })];
  }
  const blocks = { constants: { ...constants, ...blockConstants(x!, block) }, columns: matrixShape(x!)[1] };
  const kernel = stochastic ? castBlocksStochastic : castBlocks;
  return [elementPass(call, 'cast', kernel, { ...common, ...blocks })];
}

function castWhole(this: Kernel<GridConstant>, x: number[], scale: number[]): number {
  return roundToGrid(
    Math.fround(x[this.thread.x]! * scale[0]!),
    this.constants.minNormal,
    this.constants.inverseMinNormal,
    this.constants.unit,
    this.constants.inverseUnit,
    this.constants.max,
    this.constants.smallest,
    this.constants.unsigned,
    this.constants.rounding,
    this.constants.overflow,
    0,
  );
}

function castWholeStochastic(
  this: Kernel<GridConstant>,
  x: number[],
  scale: number[],
  seed: number[],
  stream: number,
): number {
  return roundToGrid(
    Math.fround(x[this.thread.x]! * scale[0]!),
    this.constants.minNormal,
    this.constants.inverseMinNormal,
    this.constants.unit,
    this.constants.inverseUnit,
    this.constants.max,
    this.constants.smallest,
    this.constants.unsigned,
    this.constants.rounding,
    this.constants.overflow,
    drawBits(this.thread.x, seed[0]! | 0, seed[1]! | 0, stream),
  );
}

function castBlocks(this: Kernel<BlockConstant | GridConstant>, x: number[], scale: number[]): number {
  const row = Math.floor((this.thread.y + 0.5) / this.constants.blockRows);
  const column = Math.floor((this.thread.x + 0.5) / this.constants.blockColumns);
  return roundToGrid(
    Math.fround(
      x[this.thread.y * this.constants.columns + this.thread.x]! *
        scale[row * this.constants.across + column]!,
    ),
    this.constants.minNormal,
    this.constants.inverseMinNormal,
    this.constants.unit,
    this.constants.inverseUnit,
    this.constants.max,
    this.constants.smallest,
    this.constants.unsigned,
    this.constants.rounding,
    this.constants.overflow,
    0,
  );
}

function castBlocksStochastic(
  this: Kernel<BlockConstant | GridConstant>,
  x: number[],
  scale: number[],
  seed: number[],
  stream: number,
): number {
  const row = Math.floor((this.thread.y + 0.5) / this.constants.blockRows);
  const column = Math.floor((this.thread.x + 0.5) / this.constants.blockColumns);
  return roundToGrid(
    Math.fround(
      x[this.thread.y * this.constants.columns + this.thread.x]! *
        scale[row * this.constants.across + column]!,
    ),
    this.constants.minNormal,
    this.constants.inverseMinNormal,
    this.constants.unit,
    this.constants.inverseUnit,
    this.constants.max,
    this.constants.smallest,
    this.constants.unsigned,
    this.constants.rounding,
    this.constants.overflow,
    drawBits(this.thread.y * this.constants.columns + this.thread.x, seed[0]! | 0, seed[1]! | 0, stream),
  );
}
