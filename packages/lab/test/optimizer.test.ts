import { E4M3FN, E5M2, FP32, round } from '@octavo/formats';
import { createReferenceDevice, HYPER_LENGTH } from '@octavo/kernels';
import { adamStep, createAdamState, hyperparameterValues, tensorsOf } from '@octavo/optim';
import { optimizerBytes, trainStep } from '@octavo/trainer';
import { afterAll, describe, expect, it } from 'vitest';
import { fullOptimizer, memoryParts, type OptimizerSettings, studyOptimizer } from '../src/index.ts';
import { recipeOf } from '../src/optimizer/arms.ts';
import { compare, type NamedRun, stateTotal } from '../src/optimizer/results.ts';
import { roundedFirst } from '../src/optimizer/rounded-first.ts';
import { countStalls, type MomentUpdate, observeMoments, together } from '../src/optimizer/stalls.ts';
import { trainArm } from '../src/optimizer/train.ts';
import { plainBatch } from '../src/training/batches.ts';
import { basePlan } from '../src/training/plan.ts';
import { destroyTraining, trainingFrom, untrained } from '../src/training/snapshot.ts';
import { startingWeights } from '../src/training/weights.ts';
import { recordedParts, textWithRareByte, tinyStudy } from './support.ts';

const device = createReferenceDevice();
afterAll(() => device.destroy());

const settings: OptimizerSettings = {
  ...fullOptimizer,
  model: { ...tinyStudy.model, layers: 1 },
  batch: 2,
  sequence: 16,
  baseSteps: 2,
  steps: 4,
  spikeEvery: 2,
  scratchSteps: 4,
  sampleEvery: 2,
  scratch: ['fp32', 'fp32-nudged', 'e4m3-e5m2', 'e4m3-e5m2-fp16', 'e4m3-e5m2-powers'],
  aged: ['fp32', 'e4m3-e4m3'],
  rescaled: ['fp32', 'e4m3-e4m3-early'],
  slow: ['fp32', 'e4m3-e5m2-fp16', 'e4m3-e5m2-fp16stochastic'],
  slowSteps: 4,
  heldOutBatches: 2,
};
const bytes = textWithRareByte();
const options = { settings, seeds: [1], device, bytes };

describe('countStalls', () => {
  const update = (changes: Partial<Record<keyof MomentUpdate, number[] | number>>): MomentUpdate => {
    const arrays = { before: [4], exact: [3.8], after: [4], unrounded: [4] };
    const numbers = { beforeScale: 1, afterScale: 1 };
    const all = { ...arrays, ...numbers, ...changes };
    return Object.fromEntries(
      Object.entries(all).map(([key, v]) => [key, typeof v === 'number' ? v : Float32Array.from(v)]),
    ) as unknown as MomentUpdate;
  };

  it('counts codes that stay while the exact value moves, up or down, and no others', () => {
    // Stays and should fall; stays and should rise; falls; zero and stays; stays and should.
    const { stalled, underflowed, elements } = countStalls(
      update({
        before: [4, 4, 4, 0, 4],
        exact: [3.8, 4.3, 3.4, 1e-9, 4],
        after: [4, 4, 3.5, 0, 4],
        unrounded: [4, 4, 4, 4, 4],
      }),
    );
    expect({ stalled, underflowed, elements }).toEqual({ stalled: 2, underflowed: 1, elements: 5 });
  });

  it('does not call it a stall where the scale takes the value along', () => {
    const scales = { beforeScale: 1, afterScale: 1 / 0.95 };
    expect(countStalls(update(scales)).stalled).toBe(0);
    expect(countStalls(update({ ...scales, afterScale: 1 / 0.99 })).stalled).toBe(1); // a fifth of the way
    expect(countStalls(update({ ...scales, afterScale: 0.95 })).stalled).toBe(1); // the wrong way
  });

  it('compares with what float32 would have kept, in powers of two, leaving zeros out', () => {
    const moments = update({ before: [4, 4, 4], exact: [4, 4, 4], after: [4, 8, 0], unrounded: [1, 8, 4] });
    expect(countStalls(moments)).toMatchObject({ excess: 1, compared: 2 });
    const counts = countStalls(moments);
    expect(together([counts, { ...counts, excess: 4, compared: 1 }])).toMatchObject({
      elements: 6,
      compared: 3,
      excess: 2,
    });
  });
});

/** What the summary says by arithmetic. */
describe('a second moment without gradient, under a scale that stays', () => {
  it('never falls in E5M2, and stops at 1.125 or 1.25 times a power of two in E4M3', () => {
    const decayed = (format: typeof E5M2, value: number) => round(format, Math.fround(0.95 * value));
    for (const mantissa of [1, 1.25, 1.5, 1.75]) expect(decayed(E5M2, mantissa)).toBe(mantissa);
    const mantissas = Array.from({ length: 8 }, (_, i) => 1 + i / 8);
    expect(mantissas.filter((m) => decayed(E4M3FN, m) === m)).toEqual([1.125, 1.25]);
  });
});

describe('observeMoments', () => {
  it('shows the stored, the exact and the float32 moment of an update, and frees what it made', async () => {
    const before = device.memory().live;
    const observer = observeMoments(device);
    const formats = {
      master: FP32,
      moment1: E4M3FN,
      moment2: E5M2,
      masterRounding: 'nearest-even',
      rounding: 'nearest-even',
      powerOfTwo: true,
      moment2Rule: 'plain',
    } as const;
    const state = createAdamState(observer.device, formats, [1, 2], Float32Array.of(1, 1));
    const [grad, hyper, seed] = [
      device.alloc([1, 2], FP32),
      device.alloc([HYPER_LENGTH], FP32),
      device.alloc([2], FP32),
    ];
    const step = (g: number[], t: number) => {
      device.write(grad, g);
      const adam = { learningRate: 0, beta1: 0.9, beta2: 0.75, epsilon: 1e-8, weightDecay: 0 };
      device.write(hyper, hyperparameterValues(adam, 1, t));
      adamStep(observer.device, state, formats, { grad, hyper, seed, stream: 7, decays: true });
      return observer.updateOf(state.moment2, state.moment2Scale);
    };
    expect(await step([8, 2], 1)).toBeUndefined(); // v = 16, 1; not sampled
    observer.sampling = true;
    const update = (await step([0, 2], 2))!; // v = 12, 0.75 + 1 = 1.75
    expect(Array.from(update.exact)).toEqual([12, 1.75]);
    expect(Array.from(update.unrounded)).toEqual([12, 1.75]);
    expect(Array.from(update.before, (code) => code / update.beforeScale)).toEqual([16, 1]);
    expect(Array.from(update.after, (code) => code / update.afterScale)).toEqual([12, 1.75]);
    observer.clear();
    const later = (await step([0, 2], 3))!; // v = 9 -> 8 or 10, 1.3125 + 1 = 2.3125 -> 2.5
    expect(Array.from(later.unrounded)).toEqual([9, 2.3125]);
    expect(later.after[1]! / later.afterScale).toBe(2.5);
    observer.release();
    for (const tensor of [...tensorsOf(state), grad, hyper, seed]) device.free(tensor);
    expect(device.memory().live).toBe(before);
  });

  it('does not change the run, whose bytes are those that the trainer counts', async () => {
    const plan = {
      ...basePlan({ ...tinyStudy, ...settings }, 1),
      recipe: recipeOf('e4m3-e5m2-fp16', 'bf16'),
    };
    const start = untrained(startingWeights(settings, 1));
    const batch = (step: number) => plainBatch(bytes, settings, 1, step);
    const watched = await trainArm({ device }, { ...plan, steps: 3 }, start, batch, {
      early: false,
      sampleEvery: 1,
      heldOut: [batch(9)],
    });
    const training = trainingFrom(device, plan, start);
    const losses: number[] = [];
    for (let step = 0; step < 3; step++) losses.push((await trainStep(training, [batch(step)])).loss);
    const parameters = training.model.parameters.reduce(
      (n, { value }) => n + value.shape.reduce((a, b) => a * b, 1),
      0,
    );
    expect(watched.losses).toEqual(losses);
    expect(stateTotal({ ...watched, seed: 1, start: 'scratch', optimizer: '' })).toBeCloseTo(
      optimizerBytes(training) / parameters,
      12,
    );
    const matrices = training.model.parameters.filter(({ isMatrix }) => isMatrix).length;
    expect(watched.moments).toHaveLength(3 * matrices);
    destroyTraining(training);
  });
});

describe('roundedFirst', () => {
  it('moves the weights by the stored moments: a second moment that rounds to zero leaves lr · m / ε', async () => {
    const formats = {
      master: FP32,
      moment1: E4M3FN,
      moment2: E4M3FN,
      masterRounding: 'nearest-even',
      rounding: 'nearest-even',
      powerOfTwo: true,
      moment2Rule: 'plain',
    } as const;
    const [grad, hyper, seed] = [
      device.alloc([1, 2], FP32),
      device.alloc([HYPER_LENGTH], FP32),
      device.alloc([2], FP32),
    ];
    const epsilon = 2 ** -10;
    device.write(grad, [1, 2 ** -10]); // second moments as 1 to 2⁻²⁰; E4M3 holds 448 to 2⁻⁹
    const adam = { learningRate: 1, beta1: 0.5, beta2: 0.75, epsilon, weightDecay: 0 };
    device.write(hyper, hyperparameterValues(adam, 1, 1));
    const moved = async (on: typeof device): Promise<number[]> => {
      const state = createAdamState(on, formats, [1, 2], Float32Array.of(0, 0));
      adamStep(on, state, formats, { grad, hyper, seed, stream: 0, decays: true });
      const values = Array.from(await device.read(state.master));
      for (const tensor of tensorsOf(state)) device.free(tensor);
      return values;
    };
    const live = device.memory().live;
    const [after, before] = [await moved(device), await moved(roundedFirst(device))];
    expect(after[1]).toBeCloseTo(-0.5, 5); // 2⁻¹⁰ / (2⁻¹⁰ + ε)
    expect(before[1]).toBeCloseTo(-1, 5); // 2⁻¹⁰ / ε
    expect(before[0]).toBeCloseTo(after[0]!, 5);
    expect(device.memory().live).toBe(live);
    for (const tensor of [grad, hyper, seed]) device.free(tensor);
  });
});

describe('studyOptimizer', () => {
  it('runs every optimizer, and goes on from the parts that are done', { tags: 'slow' }, async () => {
    const { parts, written } = recordedParts();
    const live = device.memory().live;
    const stop = new AbortController();
    const stopped = studyOptimizer({ ...options, parts, signal: stop.signal }, ({ part }) => {
      if (part === 'seed 1, aged, fp32') stop.abort();
    });
    await expect(stopped).rejects.toThrow();
    expect(written).toEqual([...settings.scratch.map((name) => `seed-1.scratch.${name}`), 'seed-1.base']);
    const resumed = await studyOptimizer({ ...options, parts });
    expect(written.slice(6)).toEqual([
      'seed-1.aged.fp32',
      'seed-1.aged.e4m3-e4m3',
      'seed-1.rescaled.fp32',
      'seed-1.rescaled.e4m3-e4m3-early',
      'seed-1.slow.fp32',
      'seed-1.slow.e4m3-e5m2-fp16',
      'seed-1.slow.e4m3-e5m2-fp16stochastic',
    ]);

    const { tables, charts, summary } = await studyOptimizer({ ...options, parts: memoryParts() });
    expect(device.memory().live).toBe(live);
    expect(resumed.summary).toEqual(summary);
    expect(tables.losses!.numRows).toBe((5 + 2 + 2 + 3) * 4);
    expect(tables.bytes!.numRows).toBe(8 * 3);
    expect(tables.gaps!.toArray().map((row) => row.toJSON().lastGap === 0)).toEqual([
      ...[true, false, false, false, false],
      ...[true, false],
      ...[true, false],
      ...[true, false, false],
    ]);
    const lost = tables.lost!.toArray().map((row) => row.toJSON());
    for (const name of settings.slow) {
      const own = lost.filter(({ start, optimizer }) => start === 'slow' && optimizer === name);
      for (const { share } of own) {
        if (name === 'fp32') expect(share).toBeLessThan(0.05);
        else expect(share).toBeGreaterThan(0.3);
      }
    }
    expect(Object.keys(charts)).toEqual(['scratch', 'aged', 'stalls', 'underflows', 'bytes']);
    expect(JSON.parse(JSON.stringify(charts))).toEqual(charts);
    for (const { values } of summary.claims) expect(values).toHaveLength(1);
    expect(summary.markdown).toContain('| m E4M3, v E5M2, FP16 master |');
  });
});

describe('compare', () => {
  const run = (optimizer: string, losses: (number | null)[], broke: NamedRun['broke'] = null): NamedRun => {
    return { seed: 1, start: 'aged', optimizer, losses, moments: [], bytes: [], lost: [], heldOut: 3, broke };
  };

  it('pairs losses, and finds the largest gap and its step', () => {
    const [, gap] = compare([run('fp32', [4, 3, 2, 1]), run('e4m3-e4m3', [4, 5, 2.5, 2])]);
    expect([gap!.gaps, gap!.lastGap, gap!.largestGap, gap!.worstStep]).toEqual([[0, 2, 0.5, 1], 0.75, 2, 2]);
  });

  it('is infinite where a run broke', () => {
    const [, gap] = compare([run('fp32', [4, 3]), run('e4m3-e4m3', [4, null], { step: 2, where: 'x' })]);
    expect([gap!.lastGap, gap!.largestGap, gap!.worstStep]).toEqual([Infinity, Infinity, 2]);
  });
});
