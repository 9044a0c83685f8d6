/** @file Casts to FP8 with what is learned on the way, and back. */
import { BF16, E4M3FN, E5M2, FP32 } from '@octavo/formats';
import {
  amax,
  cast,
  castWithStatistics,
  dequantize,
  quantizeCurrent,
  quantizeScaled,
  type Shape,
} from '@octavo/kernels';
import { type BandwidthCase, bandwidthTable, empty, ofNoise, ofValues, operatorCase } from './bandwidth.ts';
import type { BenchDevice } from './devices.ts';
import type { BenchTable } from './table.ts';
import { wholeBlock } from './tensors.ts';
import type { Effort } from './timing.ts';

const nearest = { ...wholeBlock, rounding: 'nearest-even', overflow: 'saturate', stream: 0 } as const;
const measured = { ...nearest, max: E4M3FN.max, minSubnormal: E4M3FN.minSubnormal };
/** Puts ±1 well inside E4M3. */
const SCALE = 100;
/** Numbers that a cast's statistics are. */
const STATISTICS_SUMS = 8;

function castCases(shape: Shape): BandwidthCase[] {
  const one = [1, 1];
  const [scale, number, codes] = [ofValues([SCALE], one), empty(one), empty(shape, E4M3FN)];
  const from = [FP32, BF16].flatMap((source): BandwidthCase[] => {
    const [x, to] = [ofNoise(shape, source), `${source.name} → e4m3fn`];
    const statistics = empty([STATISTICS_SUMS]);
    const own = { ...nearest, margin: 0, powerOfTwo: false };
    const stochastic = { ...nearest, rounding: 'stochastic' } as const;
    const seed = ofValues([7, 7]);
    return [
      operatorCase(to, cast, nearest, [x, scale], [codes]),
      operatorCase(`${to} with its amax`, quantizeScaled, nearest, [x, scale], [codes, number]),
      operatorCase(
        `${to} with all statistics`,
        castWithStatistics,
        measured,
        [x, scale],
        [codes, number, statistics],
      ),
      operatorCase(`${to}, scale from its own amax`, quantizeCurrent, own, [x], [codes, number, number]),
      operatorCase(
        `${source.name} → e5m2, stochastic`,
        cast,
        stochastic,
        [x, scale, seed],
        [empty(shape, E5M2)],
      ),
      operatorCase(`amax of ${source.name}`, amax, wholeBlock, [x], [number]),
    ];
  });
  const back = [FP32, BF16].map((target) =>
    operatorCase(
      `e4m3fn → ${target.name}`,
      dequantize,
      wholeBlock,
      [ofNoise(shape, E4M3FN), scale],
      [empty(shape, target)],
    ),
  );
  return [...from, ...back].map((one) => ({ ...one, name: `${one.name}, ${shape.join('×')}` }));
}

export const castsTable = (
  devices: readonly BenchDevice[],
  shapes: readonly Shape[],
  effort: Effort,
): Promise<BenchTable> =>
  bandwidthTable(
    {
      id: 'casts',
      title: 'Casts',
      note: 'GB/s of the tensor that is read plus the one that is written; "copy" moves as many bytes, half read and half written: "of copy" is of the one on one thread, "of copy on as many" of the one on the same threads. What is cast is neither clipped nor, but for few elements, underflowed; where it is, statistics take a second look at it.',
    },
    devices,
    shapes.flatMap(castCases),
    effort,
    'each',
  );
