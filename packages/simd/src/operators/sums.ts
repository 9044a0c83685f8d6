/** @file Launches of the sums over whole tensors, in the order of @octavo/kernels' lanes, and of a cast's statistics. */
import {
  blockOf,
  type CastWithStatisticsAttributes,
  laneCounts,
  type NoAttributes,
  type StatisticsAttributes,
} from '@octavo/kernels';
import type { Engine } from '../engine.ts';
import { floatBits } from '../format-description.ts';
import * as kernel from '../generated/kernels.ts';
import { COUNTS_BYTES, LANE_ROWS, LANE_SLACK, LANE_STRIP, LANE_STRIP_BYTES, MOST_LANES } from '../numbers.ts';
import { place, type Stored } from '../stored.ts';
import { amax } from './casts.ts';
import type { Launch } from './launch.ts';
import { blockScales, castParameters, places } from './parameters.ts';

interface Lanes {
  readonly lanes: number;
  readonly tasks: number;
  /** Address of sums, one array for each power. */
  readonly sums: number;
  /** Address of the state of strips and tasks. */
  readonly state: number;
  /** Address of `own` bytes a task. */
  readonly counts: number;
}

/** Workspace of sums by lanes, zero where it must be. */
function prepareLanes(engine: Engine, length: number, powers: number, own: number): Lanes {
  const lanes = laneCounts(length)[0]!;
  const tasks = lanes === MOST_LANES ? Math.ceil(length / (LANE_ROWS * lanes)) : 1;
  const sumsBytes = (lanes * 4 + LANE_SLACK) * powers;
  const stateBytes = Math.ceil(lanes / LANE_STRIP) * LANE_STRIP_BYTES + tasks * 4;
  const sums = engine.workspace(sumsBytes + stateBytes + tasks * own);
  engine.bytes().fill(0, sums, sums + sumsBytes + stateBytes);
  return { lanes, tasks, sums, state: sums + sumsBytes, counts: sums + sumsBytes + stateBytes };
}

/** `codes`: seven parameters, the tensor that is cast to and how; `maximum`: where the largest magnitude goes, if wanted. */
function statistics(
  engine: Engine,
  attributes: StatisticsAttributes,
  [x, scale]: readonly Stored[],
  out: Stored,
  codes: readonly number[],
  maximum?: Stored,
): void {
  const { lanes, tasks, sums, state, counts } = prepareLanes(engine, x!.length, 3, COUNTS_BYTES);
  engine.run(kernel.LANE_STATISTICS, tasks, 0, [
    ...place(engine, x),
    ...[x!.length, lanes, sums, counts],
    ...blockScales(x!, blockOf(attributes), scale),
    floatBits(attributes.max),
    floatBits(attributes.minSubnormal / 2),
    ...codes,
    state,
  ]);
  engine.run(kernel.STATISTICS_JOIN, 1, 0, [
    ...[sums, lanes],
    ...place(engine, out),
    ...[x!.length, counts, tasks],
    ...place(engine, maximum),
  ]);
}

export const castStatistics: Launch<StatisticsAttributes> = (engine, attributes, inputs, [out]) =>
  statistics(engine, attributes, inputs, out, [0, 0, 0, 0, 0, 0, 0]);

/** One pass over x; the maxima of a whole tensor are among its statistics, those of blocks are a pass of their own. */
export const castWithStatistics: Launch<CastWithStatisticsAttributes> = (
  engine,
  attributes,
  inputs,
  outs,
) => {
  const [codes, maxima, out] = outs;
  const whole = maxima!.length === 1;
  const into = [...place(engine, codes), ...castParameters(attributes, inputs[2])];
  statistics(engine, attributes, inputs, out!, into, whole ? maxima : undefined);
  if (!whole) amax(engine, attributes, inputs, [maxima!]);
};

const sumOf =
  (squares: boolean): Launch<NoAttributes> =>
  (engine, _, [x], [out]) => {
    const { lanes, tasks, sums, state } = prepareLanes(engine, x!.length, 1, 0);
    const parameters = [...place(engine, x), x!.length, lanes, sums, Number(squares), state];
    engine.run(kernel.LANE_SUMS, tasks, 0, parameters);
    engine.run(kernel.LANE_JOIN, 1, 0, [sums, lanes, ...places(engine, [out]), 0]);
  };

export const sum = sumOf(false);
export const sumSquares = sumOf(true);
