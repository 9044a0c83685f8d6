// @module-tag slow
import { createReferenceDevice, type Device } from '@octavo/kernels';
import { describe, expect, it } from 'vitest';
import { createDevice, createTraining, trainStep } from '../src/index.ts';
import { circleSource, tinyPlan } from './support.ts';

async function losses(device: Device, recipe: string): Promise<number[]> {
  const plan = tinyPlan(recipe, { sampleEvery: 2 });
  const training = createTraining(device, plan);
  const source = circleSource(plan);
  const out: number[] = [];
  for (let i = 0; i < 4; i++) out.push((await trainStep(training, [source.next()])).loss);
  return out;
}

describe('one model code on every device', () => {
  it.each(['simd', 'gpu:webasm', 'gpu:cpu'])(
    '%s trains as the reference does',
    async (name) => {
      const device = await createDevice(name);
      expect(device.name).toBe(name);
      for (const recipe of ['fp32', 'bf16', 'fp8-full', 'fp8-authors', 'mxfp8']) {
        const expected = await losses(createReferenceDevice(), recipe);
        const got = await losses(device, recipe);
        // FP8 rounds; a last-bit difference before a cast may become a step of E4M3 after it.
        const tolerance = recipe === 'fp32' ? 1e-5 : 4e-2;
        for (const [i, loss] of got.entries())
          expect(Math.abs(loss - expected[i]!), `${recipe} step ${i + 1}`).toBeLessThan(tolerance);
      }
      await device.destroy();
    },
    120_000,
  );

  it('an unknown device is refused, the known ones named', async () => {
    await expect(createDevice('tpu')).rejects.toThrow(/got "tpu", expected one of auto, simd, gpu,/);
  });
});
