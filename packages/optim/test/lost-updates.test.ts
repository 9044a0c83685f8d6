import { counterRandom, E4M3FN, E5M2, FP16, FP32, round, streamSeed } from '@octavo/formats';
import { createReferenceDevice } from '@octavo/kernels';
import { describe, expect, it } from 'vitest';
import { type AdamFormats, adamStep, createAdamState, hyperparameterValues } from '../src/index.ts';

const SIZE = 400;
const STREAM = 6;
const SEED = [3, 11] as const;
const noise = (seed: number) =>
  Float32Array.from({ length: SIZE }, (_, i) => counterRandom(seed, i) / 2 ** 31 - 1);

/** One update of weights in FP16: what was there, what came, and how many were lost as the operator counts. */
async function update(masterRounding: AdamFormats['masterRounding'], learningRate: number) {
  const device = createReferenceDevice();
  const formats: AdamFormats = {
    master: FP16,
    moment1: E4M3FN,
    moment2: E5M2,
    masterRounding,
    rounding: 'nearest-even',
    powerOfTwo: false,
    moment2Rule: 'bounded',
  };
  const state = createAdamState(device, formats, [1, SIZE], noise(1));
  const tensor = (values: ArrayLike<number>, shape: number[]) => {
    const made = device.alloc(shape, FP32);
    device.write(made, values);
    return made;
  };
  const stored = async () => ({
    codes: await device.read(state.master),
    scale: (await device.read(state.masterScale))[0]!,
  });
  const adam = { learningRate, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 };
  // no gradient, no moment and no decay: every fourth element has no update
  const grad = tensor(
    noise(2).map((g, i) => (i % 4 ? g : 0)),
    [1, SIZE],
  );
  const lost = tensor([-1], [1]);
  const before = await stored();
  adamStep(device, state, formats, {
    grad,
    hyper: tensor(hyperparameterValues(adam, 1, 1), [9]),
    seed: tensor(SEED, [2]),
    stream: STREAM,
    decays: true,
    lost,
  });
  return { before, after: await stored(), lost: (await device.read(lost))[0]! };
}

describe('lost updates of FP16 master weights', () => {
  it.each(['nearest-even', 'stochastic'] as const)('are those that left no trace, %s', async (rounding) => {
    for (const rate of [1e-2, 3e-4, 3e-5]) {
      const { before, after, lost } = await update(rounding, rate);
      const kept = before.codes.map((code, i) => {
        const value = Math.fround(Math.fround(code / before.scale) * after.scale);
        return round(FP16, value, rounding, 'saturate', counterRandom(streamSeed(...SEED, STREAM), i));
      });
      expect(lost).toBe([...after.codes].filter((code, i) => i % 4 !== 0 && code === kept[i]).length);
      if (rate === 3e-5) expect(lost).toBeGreaterThan(SIZE / 4);
    }
  });

  it('move their weights on average all the same, if rounded stochastically', async () => {
    const rate = 3e-5; // of the first update of every element that has one, whatever its gradient
    const movement = async (rounding: AdamFormats['masterRounding']) => {
      const { before, after } = await update(rounding, rate);
      const moved = [...after.codes].map(
        (code, i) => Math.sign(noise(2)[i]!) * (before.codes[i]! / before.scale - code / after.scale),
      );
      return moved.filter((_, i) => i % 4).reduce((a, b) => a + b, 0) / (0.75 * SIZE) / rate;
    };
    expect(Math.abs((await movement('stochastic')) - 1)).toBeLessThan(0.6); // 4 standard deviations of 300 roundings
    expect(Math.abs((await movement('stochastic')) - 1)).toBeLessThan(
      Math.abs((await movement('nearest-even')) - 1),
    );
  });
});
