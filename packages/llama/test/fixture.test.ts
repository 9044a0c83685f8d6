import { readFileSync } from 'node:fs';
import { createGpuDevice, createReferenceDevice, type Device } from '@octavo/kernels';
import { recipeOf } from '@octavo/nn';
import { createSimdDevice } from '@octavo/simd';
import { describe, expect, it } from 'vitest';
import { configFromHuggingFace, fromHuggingFace, toHuggingFace } from '../src/index.ts';
import { buildModel, passOf } from './support.ts';

const fixture = JSON.parse(readFileSync(new URL('./fixtures/llama-tiny-gqa.json', import.meta.url), 'utf8'));
const config = { ...configFromHuggingFace(fixture.config), contextLength: 16 };

const devices: Record<string, () => Promise<Device>> = {
  reference: async () => createReferenceDevice(),
  simd: () => createSimdDevice(),
  'gpu:webasm': () => createGpuDevice({ backend: 'webasm' }),
  'gpu:cpu': () => createGpuDevice({ backend: 'cpu' }),
};

/** A forward and backward pass over the fixture's tokens with the fixture's weights. */
async function run(name: string) {
  const device = await devices[name]!();
  const values = fromHuggingFace(config, (tensor) => {
    const found = fixture.weights[tensor];
    return found && Float32Array.from(found.data);
  });
  const pass = await passOf(buildModel(config, recipeOf('fp32'), { device, values }), fixture.tokens);
  await device.destroy();
  return pass;
}

describe.each(Object.keys(devices))(
  'an independent float64 Llama2 with grouped-query attention, on %s',
  (name) => {
    it('has the same logits, loss and gradients', async () => {
      const { logits, loss, gradients } = await run(name);
      expect(logits.length).toBe(fixture.logits.data.length);
      for (const [i, expected] of fixture.logits.data.entries()) expect(logits[i]).toBeCloseTo(expected, 4);
      expect(loss).toBeCloseTo(fixture.loss, 5);

      const named = toHuggingFace(config, (parameter) => gradients.get(parameter)!);
      expect([...named.keys()].sort()).toEqual(Object.keys(fixture.gradients).sort());
      for (const [tensor, values] of named) {
        const expected: number[] = fixture.gradients[tensor];
        expect(values.length).toBe(expected.length);
        const size = Math.max(...expected.map(Math.abs));
        for (const [i, e] of expected.entries()) {
          expect(Math.abs(values[i]! - e), `${tensor}[${i}]`).toBeLessThan(2e-5 * size + 1e-7);
        }
      }
    });
  },
);
