/** @file Launches of the casts and of what scaling needs. */
import {
  type BlockAttributes,
  blockOf,
  type CastAttributes,
  matrixShape,
  type QuantizeCurrentAttributes,
  type QuantizeScaledAttributes,
  type ScaleAttributes,
  scaleShape,
} from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import { floatBits } from '../format-description.ts';
import * as kernel from '../generated/kernels.ts';
import { CHUNK, FP32_KIND } from '../numbers.ts';
import type { Stored } from '../stored.ts';
import type { Launch } from './launch.ts';
import { blockScales, castParameters, chunks, places, runFlat } from './parameters.ts';

/** `maxima`: where each task leaves the bits of its largest magnitude, or 0. */
function castInto(
  engine: Engine,
  how: CastAttributes,
  [x, scale, seed]: readonly Stored[],
  out: Stored,
  maxima: number,
): void {
  const scales = blockScales(x!, blockOf(how), scale);
  runFlat(engine, kernel.CAST, [x, out], out.length, ...scales, ...castParameters(how, seed), maxima);
}

export const cast: Launch<CastAttributes> = (engine, attributes, inputs, [out]) =>
  castInto(engine, attributes, inputs, out, 0);

/** One pass: the chunks' maxima come with the codes. With scales by block, the maxima are a second pass. */
export const quantizeScaled: Launch<QuantizeScaledAttributes> = (engine, attributes, inputs, outs) => {
  const [codes, maxima] = outs;
  if (maxima!.length !== 1) {
    castInto(engine, attributes, inputs, codes, 0);
    amax(engine, attributes, inputs, [maxima!]);
    return;
  }
  const tasks = chunks(codes.length);
  const partial = engine.workspace(tasks * 4);
  castInto(engine, attributes, inputs, codes, partial);
  engine.run(kernel.AMAX_JOIN, 1, 0, [partial, tasks, ...places(engine, [maxima])]);
};

export const dequantize: Launch<BlockAttributes> = (engine, attributes, [codes, scale], [out]) =>
  runFlat(
    engine,
    kernel.DEQUANTIZE,
    [codes, out],
    out.length,
    ...blockScales(codes!, blockOf(attributes), scale),
  );

export const amax: Launch<BlockAttributes> = (engine, attributes, [x], [out]) => {
  const { blockRows, blockColumns } = attributes;
  const [rows, columns] = matrixShape(x!.shape);
  const [down, across] = scaleShape(x!.shape, blockOf(attributes));
  if (down * across === 1) {
    const tasks = chunks(x!.length);
    const partial = engine.workspace(tasks * 4);
    runFlat(engine, kernel.AMAX_CHUNKS, [x], x!.length, partial);
    engine.run(kernel.AMAX_JOIN, 1, 0, [partial, tasks, ...places(engine, [out])]);
    return;
  }
  // few rows of blocks: narrow strips, so that there is work for every thread
  const strip = down < 8 ? 128 : 1024;
  const blocks = Math.min(across, Math.max(1, Math.floor(strip / blockColumns)));
  const side = Math.ceil(across / blocks);
  const tall = Math.min(blockRows, rows);
  const width = Math.min(columns, blocks * blockColumns);
  const downPerTask = Math.max(1, Math.floor(CHUNK / (tall * width)));
  engine.run(kernel.AMAX_BLOCKS, Math.ceil(down / downPerTask) * side, (blocks + width + 32) * 4, [
    ...places(engine, [x]),
    ...[rows, columns, tall, Math.min(blockColumns, columns), across],
    ...places(engine, [out]),
    ...[downPerTask, blocks, side],
  ]);
};

const scaleParameters = ({ max, margin, powerOfTwo }: ScaleAttributes): readonly number[] => [
  floatBits(max),
  floatBits(2 ** margin),
  Number(powerOfTwo),
];

export const scaleFromAmax: Launch<ScaleAttributes> = (engine, attributes, [maxima], [out]) =>
  runFlat(engine, kernel.SCALE_FROM_AMAX, [maxima, out], out.length, ...scaleParameters(attributes));

/** Elements of a row of blocks that is read twice, once for its maxima and once for its codes, while it is cached. */
const CACHED = 2 ** 17;

export const quantizeCurrent: Launch<QuantizeCurrentAttributes> = (
  engine,
  attributes,
  [x, ...seed],
  outs,
) => {
  const [codes, scale, maxima] = outs;
  const scaling = { ...attributes, max: codes.format.max };
  const [rows, columns] = matrixShape(x!.shape);
  const [down, across] = scaleShape(x!.shape, blockOf(attributes));
  const tall = Math.min(attributes.blockRows, rows);
  const plain = scale!.kind === FP32_KIND && maxima!.kind === FP32_KIND;
  // few rows of blocks leave threads without work, unless there is little of it
  if (!plain || (down < 8 && x!.length > CHUNK) || tall * columns > CACHED) {
    amax(engine, attributes, [x!], [maxima!]);
    scaleFromAmax(engine, scaling, [maxima!], [scale!]);
    cast(engine, attributes, [x!, scale!, ...seed], [codes]);
    return;
  }
  const each = Math.max(1, Math.floor(CHUNK / (tall * columns)));
  engine.run(kernel.QUANTIZE_BLOCKS, Math.ceil(down / each), (columns + 32) * 4, [
    ...places(engine, [x, codes]),
    ...[rows, columns, tall, Math.min(attributes.blockColumns, columns), across],
    ...blockScales(x!, blockOf(attributes), scale),
    maxima!.address,
    ...scaleParameters(scaling),
    ...castParameters(attributes, seed[0]),
    each,
  ]);
};
