/** @file Launches of the casts and of what scaling needs. */
import {
  type BlockAttributes,
  type CastAttributes,
  type CastWithStatisticsAttributes,
  matrixShape,
  type QuantizeCurrentAttributes,
  type QuantizeScaledAttributes,
  type ScaleAttributes,
  type StatisticsAttributes,
  scaleShape,
} from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import { FP32_KIND, floatBits } from '../format-description.ts';
import * as kernel from '../operator-numbers.ts';
import { CHUNK, chunks, place, type Stored } from '../stored.ts';
import type { Launch } from './launch.ts';
import { blockScales } from './scales.ts';

const ROUNDINGS = { 'nearest-even': 0, 'toward-zero': 1, stochastic: 2 } as const;

export const roundingNumber = (rounding: keyof typeof ROUNDINGS): number => ROUNDINGS[rounding];

type How = Pick<QuantizeScaledAttributes, 'blockRows' | 'blockColumns' | 'rounding' | 'overflow' | 'stream'>;

function castInto(
  engine: Engine,
  how: How,
  [x, scale, seed]: readonly (Stored | undefined)[],
  out: Stored,
  maxima: number,
): void {
  engine.run(kernel.CAST, chunks(out.length), 0, [
    ...place(engine, x),
    ...place(engine, out),
    out.length,
    ...blockScales(x!, how, scale),
    ROUNDINGS[how.rounding],
    Number(how.overflow === 'special'),
    seed?.address ?? 0,
    how.stream,
    maxima,
  ]);
}

export const cast: Launch<CastAttributes> = (engine, attributes, inputs, [out]) =>
  castInto(engine, attributes, inputs, out, 0);

/** One pass: the chunks' maxima come with the codes. With scales by block, the maxima are a second pass. */
export const quantizeScaled: Launch<QuantizeScaledAttributes> = (engine, attributes, inputs, outs) => {
  const [codes, maxima] = outs;
  if (maxima!.length !== 1) {
    castInto(engine, attributes, inputs, codes, 0);
    amax(engine, attributes, [inputs[0]!], [maxima!]);
    return;
  }
  const tasks = chunks(codes.length);
  const partial = engine.workspace(tasks * 4);
  castInto(engine, attributes, inputs, codes, partial);
  engine.run(kernel.AMAX_JOIN, 1, 0, [partial, tasks, ...place(engine, maxima)]);
};

export const dequantize: Launch<BlockAttributes> = (engine, attributes, [codes, scale], [out]) =>
  engine.run(kernel.DEQUANTIZE, chunks(out.length), 0, [
    ...place(engine, codes),
    ...place(engine, out),
    out.length,
    ...blockScales(codes!, attributes, scale),
  ]);

export const amax: Launch<BlockAttributes> = (engine, { blockRows, blockColumns }, [x], [out]) => {
  const [rows, columns] = matrixShape(x!.shape);
  const [down, across] = scaleShape(x!.shape, { rows: blockRows, columns: blockColumns });
  if (down * across === 1) {
    const tasks = chunks(x!.length);
    const partial = engine.workspace(tasks * 4);
    engine.run(kernel.AMAX_CHUNKS, tasks, 0, [...place(engine, x), x!.length, partial]);
    engine.run(kernel.AMAX_JOIN, 1, 0, [partial, tasks, ...place(engine, out)]);
    return;
  }
  // few rows of blocks: narrow strips, so that there is work for every thread
  const strip = down < 8 ? 128 : 1024;
  const blocks = Math.min(across, Math.max(1, Math.floor(strip / blockColumns)));
  const side = Math.ceil(across / blocks);
  const tall = Math.min(blockRows, rows);
  const downPerTask = Math.max(1, Math.floor(CHUNK / (tall * Math.min(columns, blocks * blockColumns))));
  const width = Math.min(columns, blocks * blockColumns);
  engine.run(kernel.AMAX_BLOCKS, Math.ceil(down / downPerTask) * side, (blocks + width + 32) * 4, [
    ...place(engine, x),
    rows,
    columns,
    tall,
    Math.min(blockColumns, columns),
    across,
    ...place(engine, out),
    downPerTask,
    blocks,
    side,
  ]);
};

export const scaleFromAmax: Launch<ScaleAttributes> = (
  engine,
  { max, margin, powerOfTwo },
  [maxima],
  [out],
) =>
  engine.run(kernel.SCALE_FROM_AMAX, chunks(out.length), 0, [
    ...place(engine, maxima),
    ...place(engine, out),
    out.length,
    floatBits(max),
    floatBits(2 ** margin),
    Number(powerOfTwo),
  ]);

/** Lanes of a first round of sums: lanes.ts of @octavo/kernels has the same numbers. */
export const lanesOf = (length: number): number => (length > 4096 ? 4096 : length > 64 ? 64 : 1);

/** Lanes of a strip, rows of a chunk of them, and bytes of a strip's state: assembly/lanes.ts has the same numbers. */
const STRIP = 1024;
const ROWS = 8;
const STRIP_BYTES = 64;

interface Lanes {
  readonly lanes: number;
  readonly chunks: number;
  /** Address of sums, one array for each power. */
  readonly sums: number;
  /** Address of the state of strips and chunks. */
  readonly state: number;
  /** Address of `own` bytes a chunk. */
  readonly counts: number;
}

/** Workspace of sums by lanes, zero where it must be. */
function prepareLanes(engine: Engine, length: number, powers: number, own: number): Lanes {
  const lanes = lanesOf(length);
  const chunks = lanes === 4096 ? Math.ceil(length / (ROWS * lanes)) : 1;
  const sumsBytes = (lanes * 4 + 64) * powers;
  const stateBytes = Math.ceil(lanes / STRIP) * STRIP_BYTES + chunks * 4;
  const sums = engine.workspace(sumsBytes + stateBytes + chunks * own);
  engine.bytes().fill(0, sums, sums + sumsBytes + stateBytes);
  return { lanes, chunks, sums, state: sums + sumsBytes, counts: sums + sumsBytes + stateBytes };
}

function statistics(
  engine: Engine,
  attributes: StatisticsAttributes,
  [x, scale]: readonly (Stored | undefined)[],
  out: Stored,
  codes: readonly number[],
  maximum?: Stored,
): void {
  const { lanes, chunks, sums, state, counts } = prepareLanes(engine, x!.length, 3, 20);
  engine.run(kernel.LANE_STATISTICS, chunks, 0, [
    ...place(engine, x),
    x!.length,
    lanes,
    sums,
    counts,
    ...blockScales(x!, attributes, scale),
    floatBits(attributes.max),
    floatBits(attributes.minSubnormal / 2),
    ...codes,
    state,
  ]);
  engine.run(kernel.STATISTICS_JOIN, 1, 0, [
    sums,
    lanes,
    ...place(engine, out),
    x!.length,
    counts,
    chunks,
    ...place(engine, maximum),
  ]);
}

export const castStatistics: Launch<StatisticsAttributes> = (engine, attributes, inputs, [out]) =>
  statistics(engine, attributes, inputs, out, [0, 0, 0, 0, 0, 0, 0]);

/** One pass over x; the maxima of a whole tensor are among its statistics, those of blocks are a pass of their own. */
export const castWithStatistics: Launch<CastWithStatisticsAttributes> = (
  engine,
  attributes,
  [x, scale, seed],
  [codes, maxima, out],
) => {
  const { rounding, overflow, stream } = attributes;
  const whole = maxima!.length === 1;
  const how = [ROUNDINGS[rounding], Number(overflow === 'special'), seed?.address ?? 0, stream];
  const into = [...place(engine, codes), ...how];
  statistics(engine, attributes, [x, scale], out!, into, whole ? maxima : undefined);
  if (!whole) amax(engine, attributes, [x!], [maxima!]);
};

/** Elements of a row of blocks that is read twice, once for its maxima and once for its codes, while it is cached. */
const CACHED = 2 ** 17;

export const quantizeCurrent: Launch<QuantizeCurrentAttributes> = (engine, attributes, inputs, outs) => {
  const [x, seed] = inputs;
  const [codes, scale, maxima] = outs;
  const { blockRows, blockColumns, margin, powerOfTwo, rounding, overflow, stream } = attributes;
  const [rows, columns] = matrixShape(x!.shape);
  const [down, across] = scaleShape(x!.shape, { rows: blockRows, columns: blockColumns });
  const tall = Math.min(blockRows, rows);
  const { max } = codes.format;
  const plain = scale!.kind === FP32_KIND && maxima!.kind === FP32_KIND;
  if (!plain || down < 8 || tall * columns > CACHED) {
    amax(engine, attributes, [x!], [maxima!]);
    scaleFromAmax(engine, { max, margin, powerOfTwo }, [maxima!], [scale!]);
    cast(engine, attributes, [x!, scale!, ...(seed ? [seed] : [])], [codes]);
    return;
  }
  const each = Math.max(1, Math.floor(CHUNK / (tall * columns)));
  engine.run(kernel.QUANTIZE_BLOCKS, Math.ceil(down / each), (columns + 32) * 4, [
    ...place(engine, x),
    ...place(engine, codes),
    rows,
    columns,
    tall,
    Math.min(blockColumns, columns),
    across,
    ...blockScales(x!, attributes, scale),
    maxima!.address,
    floatBits(max),
    floatBits(2 ** margin),
    Number(powerOfTwo),
    ROUNDINGS[rounding],
    Number(overflow === 'special'),
    seed?.address ?? 0,
    stream,
    each,
  ]);
};

/** Σ x or Σ x². */
export function sumOf(engine: Engine, x: Stored, out: Stored, squares: boolean): void {
  const { lanes, chunks, sums, state } = prepareLanes(engine, x.length, 1, 0);
  engine.run(kernel.LANE_SUMS, chunks, 0, [
    ...place(engine, x),
    x.length,
    lanes,
    sums,
    Number(squares),
    state,
  ]);
  engine.run(kernel.LANE_JOIN, 1, 0, [sums, lanes, ...place(engine, out), 0]);
}
