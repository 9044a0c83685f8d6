import { readFileSync } from 'node:fs';
import { createReferenceDevice } from '@octavo/kernels';
import { configFromHuggingFace, fromHuggingFace, toHuggingFace } from '@octavo/llama';
import { createAdamState } from '@octavo/optim';
import { describe, expect, it } from 'vitest';
import { createTraining, trainStep } from '../src/index.ts';
import { tinyPlan } from './support.ts';

const fixture = JSON.parse(
  readFileSync(new URL('../../llama/test/fixtures/llama-tiny-gqa.json', import.meta.url), 'utf8'),
);

describe('three AdamW steps of an independent float64 implementation', () => {
  it('have the same losses, gradient norm and weights', async () => {
    const config = { ...configFromHuggingFace(fixture.config), contextLength: 8 };
    const { lr, beta1, beta2, eps, weightDecay, clip } = fixture.adamw;
    const device = createReferenceDevice();
    const plan = tinyPlan('fp32', {
      model: config,
      adam: { beta1, beta2, epsilon: eps, weightDecay },
      clip,
      schedule: { kind: 'constant', peak: lr, warmup: 0 },
    });
    const training = createTraining(device, plan);
    const values = fromHuggingFace(config, (name) => Float32Array.from(fixture.weights[name].data));
    for (const [i, parameter] of training.model.parameters.entries()) {
      device.write(parameter.value, values(parameter.name)!);
      const { formats, state } = training.optimizer[i]!;
      Object.assign(state, createAdamState(device, formats, parameter.value.shape, values(parameter.name)!));
    }
    const rows: number[][] = fixture.tokens;
    const batch = { tokens: rows.flatMap((r) => r.slice(0, -1)), targets: rows.flatMap((r) => r.slice(1)) };
    for (const [i, loss] of fixture.adamw.losses.entries()) {
      const result = await trainStep(training, [batch]);
      expect(Math.abs(result.loss - loss)).toBeLessThan(2e-5);
      if (i === 0) expect(result.gradientNorm).toBeCloseTo(fixture.gradientNorm, 4);
    }
    const after = new Map<string, Float32Array>();
    for (const p of training.model.parameters) after.set(p.name, await device.read(p.value));
    for (const [name, got] of toHuggingFace(config, (n) => after.get(n)!)) {
      const expected: number[] = fixture.adamw.weightsAfter3Steps[name];
      // Adam divides by |g|: where a gradient is near its own float32 error (one here is 2e-7), the step is uncertain.
      const errors = expected.map((e, i) => Math.abs(got[i]! - e)).sort((a, b) => a - b);
      expect(errors[Math.floor(0.98 * errors.length)], name).toBeLessThan(3e-5);
      expect(errors[errors.length - 1], name).toBeLessThan(5e-4); // steps are 1e-2
    }
  });
});
