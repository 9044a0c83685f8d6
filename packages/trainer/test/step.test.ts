import { BF16, FP32, round } from '@octavo/formats';
import { createReferenceDevice, createScope } from '@octavo/kernels';
import { recipeOf } from '@octavo/nn';
import { STREAMS } from '@octavo/optim';
import { createSimdDevice } from '@octavo/simd';
import { describe, expect, it } from 'vitest';
import {
  computeGradients,
  createTraining,
  freeGradients,
  optimizerBytes,
  type TokenBatch,
  trainStep,
} from '../src/index.ts';
import { updateStream } from '../src/move.ts';
import { circleSource, tinyModel, tinyPlan } from './support.ts';

const wait = { kind: 'constant', warmup: 0 } as const;

describe('a training step', () => {
  it.each([
    'bf16',
    'fp8',
    'fp8-full',
    'fp8-authors',
    'fp8-current',
    'fp8-block',
    'mxfp8',
    'fp8-w3-bf16',
    'fp8-smooth-token',
    'fp8-smooth-folded',
  ])('%s: learns one batch', async (recipe) => {
    const plan = tinyPlan(recipe, { schedule: { ...wait, peak: 1e-2 } });
    const training = createTraining(createReferenceDevice(), plan);
    const batch = circleSource(plan).next();
    const losses: number[] = [];
    for (let i = 0; i < 12; i++) losses.push((await trainStep(training, [batch])).loss);
    expect(losses[11]).toBeLessThan(0.6 * losses[0]!);
  });

  it('keeps the bytes of FP8 for the backward pass, not the values that were cast', async () => {
    const peak = async (recipe: string): Promise<number> => {
      const device = await createSimdDevice({ threads: 1 });
      const plan = tinyPlan(recipe, { batch: 32 });
      const training = createTraining(device, plan);
      const { live } = device.memory();
      await trainStep(training, [circleSource(plan).next()]);
      const { peak } = device.memory();
      await device.destroy();
      return peak - live;
    };
    const bf16 = await peak('bf16');
    expect(await peak('fp8')).toBeLessThan(bf16);
    expect(await peak('fp8-full')).toBeLessThan(bf16);
    expect(await peak('fp32')).toBeGreaterThan(1.5 * bf16);
  });

  it('two micro-batches give the gradient of one of twice the size', async () => {
    const one = tinyPlan('fp32', { batch: 4 });
    const two = tinyPlan('fp32', { batch: 2, accumulation: 2 });
    const whole = circleSource(one).next();
    const source = circleSource(two);
    const [a, b] = [
      createTraining(createReferenceDevice(), one),
      createTraining(createReferenceDevice(), two),
    ];
    const first = await trainStep(a, [whole]);
    const second = await trainStep(b, [source.next(), source.next()]);
    expect(second.loss).toBeCloseTo(first.loss, 5);
    expect(second.gradientNorm).toBeCloseTo(first.gradientNorm, 5);
  });

  it.each([true, false])(
    'sums the gradients of parameters in float32, nothing rounded before (tied head: %s)',
    async (tiedHead) => {
      const plan = tinyPlan('bf16', { accumulation: 2, model: { ...tinyModel, tiedHead } });
      const device = createReferenceDevice();
      const training = createTraining(device, plan);
      const source = circleSource(plan);
      const batches = [source.next(), source.next()];
      const scope = createScope(device);
      // a micro-batch without targets leaves the loss alone: gradients of one, of the other, of both
      const silent = (batch: TokenBatch) => ({ ...batch, targets: Array.from(batch.targets, () => -1) });
      const gradients = async (of: readonly TokenBatch[]): Promise<Float32Array[]> => {
        await computeGradients(training, of, scope, false);
        for (const { grad } of training.model.parameters) expect(grad!.format).toBe(FP32);
        return Promise.all(training.model.parameters.map(({ grad }) => device.read(grad!)));
      };
      const alone = await gradients([batches[0]!, silent(batches[1]!)]);
      const both = await gradients([batches[0]!, batches[0]!]);
      for (const [i, { name }] of training.model.parameters.entries()) {
        expect(
          alone[i]!.some((x) => round(BF16, x) !== x),
          name,
        ).toBe(true);
        // each of two equal micro-batches counts half: their sum is the gradient of one, to float32's last bits
        for (const [j, x] of both[i]!.entries()) expect(x).toBeCloseTo(alone[i]![j]!, 6);
      }
      scope.release();
      freeGradients(training);
    },
  );

  it('frees everything it allocates', async () => {
    const device = createReferenceDevice();
    const plan = tinyPlan('fp8-full', { sampleEvery: 1 });
    const training = createTraining(device, plan);
    const source = circleSource(plan);
    await trainStep(training, [source.next()]);
    const { live } = device.memory();
    for (let i = 0; i < 3; i++) await trainStep(training, [source.next()]);
    expect(device.memory().live).toBe(live);
  });

  it('samples statistics: every site has a row, with the format of the recipe', async () => {
    const { tensorRows } = await import('../src/index.ts');
    const plan = tinyPlan('fp8-full', { sampleEvery: 1 });
    const training = createTraining(createReferenceDevice(), plan);
    const result = await trainStep(training, [circleSource(plan).next()]);
    const rows = tensorRows(training, result);
    const of = (operand: string) => rows.filter((r) => r.operand === operand);
    expect(of('input').map((r) => r.format)).toEqual(Array(8).fill('e4m3fn'));
    expect(of('grad').map((r) => r.format)).toEqual(Array(8).fill('e5m2'));
    expect(of('gate-up-alignment')).toHaveLength(2);
    for (const row of [...of('input'), ...of('weight'), ...of('grad')]) {
      expect(row.amax).toBeGreaterThan(0);
      expect(row.scale).toBeGreaterThan(0);
      expect(row.overflows).toBe(0);
      expect(row.rms).toBeLessThanOrEqual(row.amax!);
      expect(row.kurtosis).toBeGreaterThanOrEqual(1);
    }
    expect(result.updateRatio).toBeGreaterThan(0);
  });

  it('samples the updates that master weights lose: nearly all of small ones in FP16, none in FP32', async () => {
    const { tensorRows } = await import('../src/index.ts');
    const lostOf = async (master: string, peak: number, decay = 0.1) => {
      const { optimizer, ...recipe } = recipeOf('fp8-full');
      const plan = tinyPlan('fp8-full', {
        sampleEvery: 1,
        recipe: { ...recipe, optimizer: { ...optimizer, master } },
        schedule: { kind: 'constant', peak, warmup: 0 },
        adam: { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: decay },
      });
      const training = createTraining(createReferenceDevice(), plan);
      const result = await trainStep(training, [circleSource(plan).next()]);
      return tensorRows(training, result).filter(({ operand }) => operand === 'master');
    };
    const rows = await lostOf('fp16', 1e-6);
    expect(rows.map(({ layer = null, site, format }) => [layer, site, format])).toEqual([
      [null, 'embedding', 'fp16'],
      ...[0, 1].flatMap((layer) =>
        ['qkv', 'attentionOut', 'gateUp', 'down'].map((site) => [layer, site, 'fp16']),
      ),
    ]);
    const share = (of: Awaited<ReturnType<typeof lostOf>>) =>
      of.map(({ lost_updates }) => lost_updates!).reduce((a, b) => a + b, 0) / of.length;
    expect(share(rows)).toBeGreaterThan(0.9);
    expect(share(await lostOf('fp16', 1e-2))).toBeLessThan(0.02);
    expect(share(await lostOf('fp32', 1e-6))).toBeLessThan(0.1);
    expect(share(await lostOf('fp16', 0))).toBe(0); // no update, none lost
  });

  it('samples every so many steps, and the last', async () => {
    const plan = tinyPlan('bf16', { sampleEvery: 4, steps: 6 });
    const training = createTraining(createReferenceDevice(), plan);
    const source = circleSource(plan);
    const sampled: number[] = [];
    while (training.step < plan.steps) {
      const { step, gradients } = await trainStep(training, [source.next()]);
      if (gradients.statistics) sampled.push(step);
    }
    expect(sampled).toEqual([1, 5, 6]);
  });

  it('fp8-full keeps four bytes a parameter of state', () => {
    const plan = tinyPlan('fp8-full');
    const training = createTraining(createReferenceDevice(), plan);
    const matrices = training.model.parameters
      .filter((p) => p.isMatrix)
      .reduce((n, p) => n + p.value.shape[0]! * p.value.shape[1]!, 0);
    const vectors = training.model.parameters
      .filter((p) => !p.isMatrix)
      .reduce((n, p) => n + p.value.shape[0]!, 0);
    const scales = training.model.parameters.length * 3 * 4;
    expect(optimizerBytes(training)).toBe(4 * matrices + 12 * vectors + scales);
  });
});

describe('values that are not finite', () => {
  /** A weight so large that its product with the activations overflows float32. */
  const broken = async (nonFinite: 'stop' | 'skip-step' | 'continue') => {
    const plan = tinyPlan('bf16', { nonFinite });
    const device = createReferenceDevice();
    const training = createTraining(device, plan);
    const weight = training.model.blocks[1]!.attentionOut.weight.value;
    device.write(
      weight,
      new Float32Array(weight.shape[0]! * weight.shape[1]!).fill(Number.POSITIVE_INFINITY),
    );
    return { training, batch: circleSource(plan).next(), device };
  };

  it('stop the run, naming the first tensor', async () => {
    const { training, batch } = await broken('stop');
    await expect(trainStep(training, [batch])).rejects.toThrow(
      /step 1: got loss .*first non-finite in layer 1, attentionOut, weight/,
    );
    expect(training.step).toBe(0);
  });

  it('an update that breaks the weights is put back, those that the model computes with too', async () => {
    const plan = tinyPlan('bf16', { nonFinite: 'skip-step', schedule: { ...wait, peak: 1e39 } });
    const device = createReferenceDevice();
    const training = createTraining(device, plan);
    const weights = () => Promise.all(training.model.parameters.map(({ value }) => device.read(value)));
    const before = (await weights()).map((values) => values.slice());
    const result = await trainStep(training, [circleSource(plan).next()]);
    expect(result.updated).toBe(false);
    expect(result.nonFinite).not.toBeNull();
    expect(await weights()).toEqual(before);
    expect(training.updates).toBe(0);
  });

  it('or skip the step: nothing moves', async () => {
    const { training, batch, device } = await broken('skip-step');
    const before = await device.read(training.optimizer[0]!.state.master);
    const result = await trainStep(training, [batch]);
    expect(result).toMatchObject({
      step: 1,
      updated: false,
      nonFinite: { where: 'layer 1, attentionOut, weight' },
    });
    expect(await device.read(training.optimizer[0]!.state.master)).toEqual(before);
    expect(training.updates).toBe(0);
  });

  it('an update that breaks the weights leaves the state before it proven, since its gradients were finite', async () => {
    const plan = tinyPlan('bf16', { nonFinite: 'stop', schedule: { ...wait, peak: 1e39 } });
    const training = createTraining(createReferenceDevice(), plan);
    const failed = trainStep(training, [circleSource(plan).next()]);
    await expect(failed).rejects.toMatchObject({ report: { proven: true, step: 1 } });
  });

  it('a state that gives no finite gradient is not proven', async () => {
    const plan = tinyPlan('bf16', { nonFinite: 'stop' });
    const training = createTraining(createReferenceDevice(), plan);
    const { value } = training.model.parameters[1]!;
    training.device.write(value, new Float32Array(value.shape.reduce((a, b) => a * b)).fill(Number.NaN));
    const failed = trainStep(training, [circleSource(plan).next()]);
    await expect(failed).rejects.toMatchObject({ report: { proven: false, step: 1 } });
  });

  it('a parameter draws from streams of its own, above those of casts: resumed runs rest on these numbers', () => {
    const first = Array.from({ length: 1000 }, (_, i) => updateStream(i));
    expect(first.slice(0, 3)).toEqual([0x800000, 0x800003, 0x800006]);
    const drawn = first.flatMap((stream) => Array.from({ length: STREAMS }, (_, i) => stream + i));
    expect(new Set(drawn).size).toBe(STREAMS * first.length);
  });

  /** Two steps, then one with a value planted in an operand's second micro-batch, or first; policy skip-step. */
  const planted = async (recipe: string, value: number, microBatch: number) => {
    const device = await createSimdDevice({ threads: 1 });
    const plan = tinyPlan(recipe, { nonFinite: 'skip-step', accumulation: 2, sampleEvery: 0 });
    const training = createTraining(device, plan);
    const { precision } = training.model;
    const source = circleSource(plan);
    const step = () => trainStep(training, [source.next(), source.next()]);
    for (let i = 0; i < 2; i++) await step();
    const target = precision.sites.find(({ name, operand }) => name === 'down' && operand === 'input')!;
    const before = precision.sites.map(({ state }) => state);
    precision.onOperand = (site, x) => {
      if (site !== target || precision.recording?.microBatch !== microBatch) return;
      const one = device.alloc([1], x.format);
      device.write(one, [value]);
      device.copy(x, one, { to: 5 });
    };
    const result = await step();
    precision.onOperand = null;
    const after = precision.sites.map(({ state }) => state);
    const next = await step();
    await device.destroy();
    return { target, sites: precision.sites, before, after, result, next };
  };

  it('that a saturating cast makes finite are told all the same, and counted', async () => {
    const { result } = await planted('fp8', Number.POSITIVE_INFINITY, 0);
    expect(Number.isFinite(result.loss)).toBe(true);
    expect(Number.isFinite(result.gradientNorm)).toBe(true);
    expect(result).toMatchObject({
      step: 3,
      updated: false,
      nonFinite: { layer: 0, name: 'down', operand: 'input', value: 'infinity', count: 1 },
    });
  });

  it.each(['fp8-authors', 'fp8'])(
    '%s: leave histories as the last finite maximum left them',
    async (recipe) => {
      const { target, sites, before, after, result, next } = await planted(recipe, Number.NaN, 1);
      expect(result.nonFinite).toMatchObject({ where: 'layer 0, down, input', value: 'NaN' });
      expect(after[target.index]!.nonFinite).toBe(1);
      for (const [i, { cast }] of sites.entries()) {
        if (cast?.policy.kind !== 'delayed') continue;
        const [was, is] = [before[i]!, after[i]!];
        expect(is.amax[0]).toBeGreaterThan(0);
        // what was computed from the NaN on teaches nothing; what came before it does
        if (is.nonFinite === 1) expect(is.history.at(-1)).toBe(was.history.at(-1));
      }
      expect(after.filter((state) => state!.nonFinite === 1).length).toBeGreaterThan(10);
      expect(after.filter((state) => state!.nonFinite === 0).length).toBeGreaterThan(2);
      expect(next).toMatchObject({ nonFinite: null, updated: true });
      expect(Number.isFinite(next.loss)).toBe(true);
    },
  );

  it('end the run after so many skipped steps in a row', async () => {
    const plan = tinyPlan('bf16', { nonFinite: 'skip-step', skipLimit: 3 });
    const device = createReferenceDevice();
    const training = createTraining(device, plan);
    const { value } = training.model.norm;
    device.write(value, new Float32Array(value.shape[0]!).fill(Number.NaN));
    const source = circleSource(plan);
    for (let i = 0; i < 2; i++) expect((await trainStep(training, [source.next()])).updated).toBe(false);
    await expect(trainStep(training, [source.next()])).rejects.toThrow(
      /step 3, the last of 3 in a row that had to be skipped: .*first non-finite in norm, weight/,
    );
  });
});
