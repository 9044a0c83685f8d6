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
import { type BandwidthCase, bandwidthTable } from './bandwidth.ts';
import type { BenchDevice } from './devices.ts';
import type { BenchTable } from './table.ts';
import { filled, noisy, wholeBlock } from './tensors.ts';
import type { Effort } from './timing.ts';

const nearest = { ...wholeBlock, rounding: 'nearest-even', overflow: 'saturate', stream: 0 } as const;
const measured = { ...nearest, max: E4M3FN.max, minSubnormal: E4M3FN.minSubnormal };
/** Puts ±1 well inside E4M3. */
const SCALE = 100;

function castCases(shape: Shape): BandwidthCase[] {
  const size = shape.join('×');
  const from = [FP32, BF16].flatMap((source): BandwidthCase[] => [
    {
      name: `${source.name} → e4m3fn, ${size}`,
      prepare(device, scope) {
        const [x, scale] = [noisy(device, scope, shape, source), filled(device, scope, [1, 1], SCALE)];
        const codes = scope.alloc(shape, E4M3FN);
        return { moves: [x, codes], run: () => device.run(cast, nearest, [x, scale], [codes]) };
      },
    },
    {
      name: `${source.name} → e4m3fn with its amax, ${size}`,
      prepare(device, scope) {
        const [x, scale] = [noisy(device, scope, shape, source), filled(device, scope, [1, 1], SCALE)];
        const [codes, maximum] = [scope.alloc(shape, E4M3FN), scope.alloc([1, 1], FP32)];
        return {
          moves: [x, codes],
          run: () => device.run(quantizeScaled, nearest, [x, scale], [codes, maximum]),
        };
      },
    },
    {
      name: `${source.name} → e4m3fn with all statistics, ${size}`,
      prepare(device, scope) {
        const [x, scale] = [noisy(device, scope, shape, source), filled(device, scope, [1, 1], SCALE)];
        const outs = [scope.alloc(shape, E4M3FN), scope.alloc([1, 1], FP32), scope.alloc([8], FP32)];
        return {
          moves: [x, outs[0]!],
          run: () => device.run(castWithStatistics, measured, [x, scale], outs),
        };
      },
    },
    {
      name: `${source.name} → e4m3fn, scale from its own amax, ${size}`,
      prepare(device, scope) {
        const x = noisy(device, scope, shape, source);
        const [codes, scale, maximum] = [
          scope.alloc(shape, E4M3FN),
          scope.alloc([1, 1], FP32),
          scope.alloc([1, 1], FP32),
        ];
        const attributes = { ...nearest, margin: 0, powerOfTwo: false };
        return {
          moves: [x, codes],
          run: () => device.run(quantizeCurrent, attributes, [x], [codes, scale, maximum]),
        };
      },
    },
    {
      name: `${source.name} → e5m2, stochastic, ${size}`,
      prepare(device, scope) {
        const [x, scale] = [noisy(device, scope, shape, source), filled(device, scope, [1, 1], SCALE)];
        const [codes, seed] = [scope.alloc(shape, E5M2), filled(device, scope, [2], 7)];
        const attributes = { ...nearest, rounding: 'stochastic' } as const;
        return { moves: [x, codes], run: () => device.run(cast, attributes, [x, scale, seed], [codes]) };
      },
    },
    {
      name: `amax of ${source.name}, ${size}`,
      prepare(device, scope) {
        const [x, maximum] = [noisy(device, scope, shape, source), scope.alloc([1, 1], FP32)];
        return { moves: [x], run: () => device.run(amax, wholeBlock, [x], [maximum]) };
      },
    },
  ]);
  const back = [FP32, BF16].map(
    (target): BandwidthCase => ({
      name: `e4m3fn → ${target.name}, ${size}`,
      prepare(device, scope) {
        const [codes, scale] = [noisy(device, scope, shape, E4M3FN), filled(device, scope, [1, 1], SCALE)];
        const out = scope.alloc(shape, target);
        return { moves: [codes, out], run: () => device.run(dequantize, wholeBlock, [codes, scale], [out]) };
      },
    }),
  );
  return [...from, ...back];
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
