import { readFileSync } from 'node:fs';
import { FP32 } from '@octavo/formats';
import {
  createGpuDevice,
  createReferenceDevice,
  createScope,
  type Device,
  sortTokens,
  type Tensor,
} from '@octavo/kernels';
import { type Context, createPrecision, createTape, recipeOf } from '@octavo/nn';
import { createSimdDevice } from '@octavo/simd';
import { describe, expect, it } from 'vitest';
import {
  configFromHuggingFace,
  createLlama,
  forward,
  fromHuggingFace,
  lossOf,
  toHuggingFace,
} from '../src/index.ts';

const fixture = JSON.parse(readFileSync(new URL('./fixtures/llama-tiny-gqa.json', import.meta.url), 'utf8'));
const config = { ...configFromHuggingFace(fixture.config), contextLength: 16 };

const upload = (device: Device, values: ArrayLike<number>): Tensor => {
  const tensor = device.alloc([values.length], FP32);
  device.write(tensor, values);
  return tensor;
};

const devices: Record<string, () => Promise<Device>> = {
  reference: async () => createReferenceDevice(),
  simd: () => createSimdDevice(),
  'gpu:webasm': () => createGpuDevice({ backend: 'webasm' }),
  'gpu:cpu': () => createGpuDevice({ backend: 'cpu' }),
};

async function build(name: string) {
  const device = await devices[name]!();
  const values = fromHuggingFace(config, (name) => {
    const found = fixture.weights[name];
    return found && Float32Array.from(found.data);
  });
  const model = createLlama(config, createPrecision(device, recipeOf('fp32')), { values });
  const rows: number[][] = fixture.tokens;
  const tokens = rows.flatMap((row) => row.slice(0, -1));
  const targets = rows.flatMap((row) => row.slice(1));
  const sequence = rows[0]!.length - 1;
  const { order, starts } = sortTokens(tokens, config.vocabularySize);
  const input = {
    batch: rows.length,
    sequence,
    tokens: upload(device, tokens),
    order: upload(device, order),
    starts: upload(device, starts),
    positions: upload(
      device,
      tokens.map((_, i) => i % sequence),
    ),
  };
  const context: Context = {
    device,
    scope: createScope(device),
    tape: createTape(),
    precision: model.precision,
  };
  return { device, model, input, context, targets };
}

describe.each(Object.keys(devices))(
  'an independent float64 Llama2 with grouped-query attention, on %s',
  (name) => {
    it('has the same logits', async () => {
      const { device, model, input, context } = await build(name);
      const logits = await device.read(forward(model, context, input).value);
      expect(logits.length).toBe(fixture.logits.data.length);
      for (const [i, expected] of fixture.logits.data.entries()) expect(logits[i]).toBeCloseTo(expected, 4);
    });

    it('has the same loss and every gradient', async () => {
      const { device, model, input, context, targets } = await build(name);
      const weight = upload(device, [1 / targets.length]);
      const loss = lossOf(model, context, input, upload(device, targets), weight);
      context.tape!.backward();
      expect((await device.read(loss))[0]! / targets.length).toBeCloseTo(fixture.loss, 5);
      const gradients = new Map<string, Float32Array>();
      for (const p of model.parameters) gradients.set(p.name, await device.read(p.grad!));
      const named = toHuggingFace(config, (name) => gradients.get(name)!);
      expect([...named.keys()].sort()).toEqual(Object.keys(fixture.gradients).sort());
      for (const [name, values] of named) {
        const expected: number[] = fixture.gradients[name];
        expect(values.length).toBe(expected.length);
        const size = Math.max(...expected.map(Math.abs));
        for (const [i, e] of expected.entries())
          expect(Math.abs(values[i]! - e), `${name}[${i}]`).toBeLessThan(2e-5 * size + 1e-7);
      }
    });
  },
);
