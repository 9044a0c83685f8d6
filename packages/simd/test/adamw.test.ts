/**
 * @file AdamW over formatted states: with steps as large as weights, so that others than before become the largest, and
 * where something is not finite, which counts for no maximum and spoils nothing else.
 */
import { E4M3FN, E5M2, FP16, FP32, round } from '@octavo/formats';
import { adamw, createReferenceDevice, createScope, type Device } from '@octavo/kernels';
import { describe, expect, it } from 'vitest';
import { createSimdDevice } from '../src/index.ts';
import { normal } from './support.ts';

interface Step {
  readonly rate: number;
  readonly epsilon: number;
  readonly bound: number;
  /** What the last element of the gradient is. */
  readonly strange?: number;
}

async function step(device: Device, length: number, { rate, epsilon, bound, strange }: Step) {
  const scope = createScope(device);
  const formats = [FP16, E4M3FN, E5M2];
  const number = (x: number) => {
    const scale = scope.alloc([1, 1], FP32);
    device.write(scale, [x]);
    return scale;
  };
  const states = formats.flatMap((format, i) => {
    const state = scope.alloc([length], format);
    const values = normal(length, i + 1);
    device.write(
      state,
      values.map((x) => round(format, Math.abs(x) * 4)),
    );
    return [state, number(3 + i)];
  });
  const g = scope.alloc([length], FP32);
  const gradient = normal(length, 9);
  if (strange !== undefined) gradient[length - 1] = strange;
  device.write(g, gradient);
  const hyper = scope.alloc([9], FP32);
  device.write(hyper, [rate, 0.9, 0.95, epsilon, 0.1, 1, 0.1, 0.05, bound]);
  const outs = formats.flatMap((format) => [scope.alloc([length], format), scope.alloc([1, 1], FP32)]);
  const nearest = { masterRounding: 'nearest-even', momentRounding: 'nearest-even' } as const;
  const attributes = { ...nearest, decays: true, powerOfTwo: false, bounded: true, stream: 0 };
  device.run(adamw, attributes, [...states, g, hyper], outs);
  const results = await Promise.all(outs.map((t) => device.read(t)));
  scope.release();
  return results;
}

const STEPS: readonly Step[] = [
  { rate: 0.01, epsilon: 1e-8, bound: 2 },
  { rate: 2, epsilon: 1e-8, bound: 0.6 },
  { rate: 2, epsilon: 0, bound: 0 },
  ...[Number.NaN, Number.POSITIVE_INFINITY, 1e25].map((strange) => ({
    rate: 0.01,
    epsilon: 1e-8,
    bound: 2,
    strange,
  })),
];

describe.each(STEPS)('a step of %o', (of) => {
  it.each([7, 2051, 16385])('of %i elements', async (length) => {
    const device = await createSimdDevice({ threads: 1, instructionSet: 'simd128' });
    expect(await step(device, length, of)).toEqual(await step(createReferenceDevice(), length, of));
    await device.destroy();
  });
});
