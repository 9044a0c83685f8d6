// @module-tag slow
import { FP32, formatOf } from '@octavo/formats';
import { createReferenceDevice, createScope, type Tensor } from '@octavo/kernels';
import { type LinearName, recipes, type Site } from '@octavo/nn';
import { tensorsOf } from '@octavo/optim';
import { describe, expect, it } from 'vitest';
import { type AdamNumbers, adam, stored } from '../../../tooling/oracle/adam.ts';
import { type OracleLinear, oracleLinear } from '../../../tooling/oracle/linear.ts';
import { matrix } from '../../../tooling/oracle/matrix.ts';
import { nearest, step as stepOf } from '../../../tooling/oracle/rounding.ts';
import { computeGradients, createTraining, type Training, trainStep } from '../src/index.ts';
import { circleSource, tinyPlan } from './support.ts';

const STEPS = 20;
const LINEARS: readonly LinearName[] = ['qkv', 'attentionOut', 'gateUp', 'down'];
/** This step's gradients are spoiled: it is skipped, and counts for no update. */
const SKIPPED = 7;

describe('a training step is what its recipe says, over 20 steps of 2 micro-batches', () => {
  it.each(Object.keys(recipes))('%s', async (name) => {
    const plan = tinyPlan(name, {
      accumulation: 2,
      steps: STEPS,
      nonFinite: 'skip-step',
      sampleEvery: 3,
      schedule: { kind: 'cosine', peak: 2e-2, warmup: 3, steps: STEPS, floor: 0.1 },
    });
    const device = createReferenceDevice();
    const training = createTraining(device, plan);
    const { precision } = training.model;
    const oracles = plan.model.layers * LINEARS.length;
    const linears: OracleLinear[] = Array.from({ length: oracles }, (_, i) =>
      oracleLinear(plan.recipe, LINEARS[i % LINEARS.length]!),
    );
    const oracleOf = ({ layer, name: linear }: Site): OracleLinear =>
      linears[layer * LINEARS.length + LINEARS.indexOf(linear as LinearName)]!;
    const source = circleSource(plan);
    let updates = 0;

    for (let step = 0; step < STEPS; step++) {
      const batches = [source.next(), source.next()];
      const spoiled = step === SKIPPED ? await spoil(training) : null;

      const shown: { site: Site; value: Promise<Float32Array>; shape: readonly number[] }[] = [];
      precision.onOperand = (site, value) => {
        shown.push({ site, value: device.read(value), shape: value.shape });
      };
      const scope = createScope(device);
      const { loss, squares } = await computeGradients(training, batches, scope, false);
      precision.onOperand = null;
      const grads = await Promise.all(training.model.parameters.map(({ grad }) => device.read(grad!)));
      scope.release();
      for (const { site, value, shape } of shown)
        oracleOf(site).see(site.operand, matrix(shape[0]!, shape[1]!, await value));
      for (const oracle of linears) oracle.endStep(!spoiled);

      const before = await momentsOf(training);
      const result = await trainStep(training, batches);
      await spoiled?.mend();
      expect(result.step).toBe(step + 1);
      expect(result.updated).toBe(!spoiled);
      expect(training.tokens).toBe((step + 1) * 2 * plan.batch * plan.sequence);
      if (spoiled) {
        expect(training.updates).toBe(updates);
        continue;
      }
      updates++;
      expect(result.loss).toBe(loss);
      const norm = Math.hypot(...grads.flatMap((g) => Array.from(g)));
      expect(result.gradientNorm / norm).toBeCloseTo(1, 5);
      expect(Math.sqrt(squares.reduce((a, b) => a + b, 0)) / norm).toBeCloseTo(1, 5);
      expect(result.learningRate).toBeCloseTo(rateOf(step), 12);

      for (const site of precision.sites) {
        if (!site.cast) continue;
        const oracle = oracleOf(site);
        const cast = oracle.casts.find(
          (c) => c.operand === site.operand && JSON.stringify(c.recipe) === JSON.stringify(site.cast),
        )!;
        const what = `step ${step}: layer ${site.layer}, ${site.name}, ${site.operand}`;
        expect(site.state!.history, what).toEqual(oracle.history(cast));
        if (site.cast.policy.kind === 'current')
          expect(site.state!.amax, what).toEqual([cast.memory!.steps.at(-1)]);
      }

      const after = await momentsOf(training);
      const numbers: AdamNumbers = {
        rate: rateOf(step),
        ...plan.adam,
        gradientScale: Math.min(1, plan.clip / norm),
        t: updates,
        bounded: false,
      };
      const { optimizer } = plan.recipe;
      const fewBits = [optimizer.moment1, optimizer.moment2].some((format) => format !== 'fp32');
      const bounded = optimizer.moment2Rule === 'bounded' && fewBits;
      for (const [i, parameter] of training.model.parameters.entries()) {
        const { isMatrix } = parameter;
        const exact = adam(before[i]!, Float64Array.from(grads[i]!), {
          ...numbers,
          weightDecay: isMatrix ? plan.adam.weightDecay : 0,
          bounded: isMatrix && bounded,
        });
        for (const state of ['master', 'moment1', 'moment2'] as const) {
          const format = isMatrix ? formatOf(optimizer[state]) : FP32;
          const kept = stored(exact[state], format, optimizer.powerOfTwo, bounded && state === 'moment2');
          const what = `step ${step}: ${parameter.name}, ${state}`;
          expectKept(what, after[i]![state], kept.values, (x) => stepOf(format, x * kept.scale) / kept.scale);
        }
        const kept = isMatrix ? formatOf(plan.recipe.activations) : FP32;
        expect(parameter.value.format).toBe(kept);
        const working = Array.from(after[i]!.master, (w) => nearest(kept, Math.fround(w)));
        expect(Array.from(await device.read(parameter.value)), `${parameter.name}, step ${step}`).toEqual(
          working,
        );
      }
    }
    await device.destroy();
  });
});

/** Cosine from 2e-2 to a tenth of it after three steps of warm-up. */
function rateOf(step: number): number {
  if (step < 3) return (2e-2 * (step + 1)) / 4;
  return 2e-2 * (0.1 + 0.9 * 0.5 * (1 + Math.cos((Math.PI * (step - 3)) / (STEPS - 3))));
}

/** Within one step of the format (and 10⁻⁵ of the largest value: float32 arithmetic), and mostly equal. */
function expectKept(what: string, got: Float64Array, exact: Float64Array, step: (x: number) => number): void {
  const noise = 1e-5 * exact.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  let off = 0;
  for (let i = 0; i < exact.length; i++) {
    const difference = Math.abs(got[i]! - exact[i]!);
    if (difference > noise) off++;
    if (!(difference <= step(exact[i]!) * 1.001 + noise))
      expect.fail(`${what}, element ${i}: got ${got[i]}, expected ${exact[i]}`);
  }
  if (off > 0.05 * exact.length + 2)
    expect.fail(`${what}: ${off} of ${exact.length} elements are off by a step`);
}

/** The decoded state of every parameter. */
async function momentsOf({ device, optimizer }: Training) {
  const values = async (codes: Tensor, scale: Tensor): Promise<Float64Array> => {
    const [s] = await device.read(scale);
    return Float64Array.from(await device.read(codes), (code) => code / s!);
  };
  return Promise.all(
    optimizer.map(async ({ state }) => {
      const [master, masterScale, moment1, moment1Scale, moment2, moment2Scale] = tensorsOf(state) as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      return {
        master: await values(master, masterScale),
        moment1: await values(moment1, moment1Scale),
        moment2: await values(moment2, moment2Scale),
      };
    }),
  );
}

/** Puts an infinity into the final norm's gain, so that the loss is none; `mend` takes it out again. */
async function spoil({ device, model }: Training) {
  const { value } = model.norm;
  const before = await device.read(value);
  device.write(
    value,
    before.map((v, i) => (i === 0 ? Number.POSITIVE_INFINITY : v)),
  );
  return { mend: async () => device.write(value, before) };
}
