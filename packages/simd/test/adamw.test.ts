/** @file AdamW over formatted states where something is not a number: it counts for no maximum, and spoils nothing else. */
import { E4M3FN, E5M2, FP16, FP32, round } from '@octavo/formats';
import { adamw, createReferenceDevice, createScope, type Device } from '@octavo/kernels';
import { expect, it } from 'vitest';
import { createSimdDevice } from '../src/index.ts';
import { normal } from './support.ts';

async function step(device: Device, length: number): Promise<Float32Array[]> {
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
  gradient[5] = Number.NaN;
  gradient[length - 1] = Number.NaN;
  device.write(g, gradient);
  const hyper = scope.alloc([9], FP32);
  device.write(hyper, [0.01, 0.9, 0.95, 1e-8, 0.1, 1, 0.1, 0.05, 2]);
  const outs = formats.flatMap((format) => [scope.alloc([length], format), scope.alloc([1, 1], FP32)]);
  const nearest = { masterRounding: 'nearest-even', momentRounding: 'nearest-even' } as const;
  const attributes = { ...nearest, decays: true, powerOfTwo: false, bounded: true, stream: 0 };
  device.run(adamw, attributes, [...states, g, hyper], outs);
  const results = await Promise.all(outs.map((t) => device.read(t)));
  scope.release();
  return results;
}

it.each([7, 2051, 16385])('of %i elements', async (length) => {
  const device = await createSimdDevice({ threads: 1, instructionSet: 'simd128' });
  expect(await step(device, length)).toEqual(await step(createReferenceDevice(), length));
  await device.destroy();
});
