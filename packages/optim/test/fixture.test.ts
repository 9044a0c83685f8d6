import { readFileSync } from 'node:fs';
import { FP32 } from '@octavo/formats';
import { createReferenceDevice, HYPER_LENGTH } from '@octavo/kernels';
import { expect, test } from 'vitest';
import {
  type AdamFormats,
  adamStep,
  clipFactor,
  createAdamState,
  globalNorm,
  hyperparameterValues,
} from '../src/index.ts';

interface Fixture {
  readonly norms: readonly number[];
  readonly tensors: Readonly<
    Record<string, { shape: number[]; before: number[]; gradients: number[][]; after: number[] }>
  >;
  readonly [number: string]: unknown;
}

const fixture: Fixture = JSON.parse(readFileSync(new URL('./fixtures/adamw.json', import.meta.url), 'utf8'));
const { lr, beta1, beta2, eps, weightDecay, clip } = fixture as unknown as Record<string, number>;
const numbers = { learningRate: lr!, beta1: beta1!, beta2: beta2!, epsilon: eps!, weightDecay: weightDecay! };
const formats: AdamFormats = {
  ...{ master: FP32, moment1: FP32, moment2: FP32 },
  ...{ masterRounding: 'nearest-even', rounding: 'nearest-even', powerOfTwo: false, moment2Rule: 'plain' },
};

test.each(Object.entries(fixture.tensors))(
  'three updates of an independent float64 AdamW: %s',
  async (_, tensor) => {
    const { shape, before, gradients, after } = tensor;
    const device = createReferenceDevice();
    const state = createAdamState(device, formats, shape, Float32Array.from(before));
    const [grad, hyper, seed] = [shape, [HYPER_LENGTH], [2]].map((size) => device.alloc(size, FP32));
    for (const [i, values] of gradients.entries()) {
      const factor = clipFactor(globalNorm([fixture.norms[i]! ** 2]), clip!);
      device.write(grad!, values);
      device.write(hyper!, hyperparameterValues(numbers, factor, i + 1));
      const decays = shape.length > 1;
      adamStep(device, state, formats, { grad: grad!, hyper: hyper!, seed: seed!, stream: 0, decays });
    }
    const weights = await device.read(state.master);
    for (const [i, value] of after.entries()) expect(Math.abs(weights[i]! - value)).toBeLessThan(2e-7);
  },
);
