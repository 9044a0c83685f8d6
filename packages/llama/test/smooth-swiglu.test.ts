import { createGpuDevice, createReferenceDevice, type Device } from '@octavo/kernels';
import { type CastRecipe, type Recipe, recipeOf, smoothLayer, switchSmoothing } from '@octavo/nn';
import { createSimdDevice } from '@octavo/simd';
import { afterAll, describe, expect, it } from 'vitest';
import type { LlamaConfig } from '../src/index.ts';
import { buildModel, type Pass, passOf, tokenRows } from './support.ts';

const config: LlamaConfig = {
  vocabularySize: 16,
  hiddenSize: 16,
  layers: 2,
  heads: 2,
  keyValueHeads: 2,
  ffnSize: 24,
  contextLength: 16,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: false,
};
const rows = tokenRows(2, 17, 16);

/**
 * Everything in float32 but the input and the weight of `down`, which are cast at scale 1: to float32 itself, so that
 * nothing is ever rounded, or to BF16, whose rounding a power of two leaves where it is (its exponents reach as far as
 * float32's).
 */
function castDown(format: 'fp32' | 'bf16'): Recipe {
  const cast: CastRecipe = {
    format,
    policy: { kind: 'fixed', scale: 1 },
    granularity: { kind: 'tensor' },
    rounding: 'nearest-even',
    overflow: 'saturate',
  };
  const down = {
    output: { input: cast, weight: cast },
    gradInput: { grad: null, weight: cast },
    gradWeight: { grad: null, input: cast },
  };
  return { ...recipeOf('fp32'), overrides: { down } };
}

const devices: Readonly<Record<string, () => Promise<Device>>> = {
  reference: async () => createReferenceDevice(),
  simd: () => createSimdDevice({ threads: 1 }),
  'gpu:webasm': () => createGpuDevice({ backend: 'webasm' }),
  'gpu:cpu': () => createGpuDevice({ backend: 'cpu' }),
};

describe.each(Object.keys(devices))('Smooth-SwiGLU leaves the function unchanged on %s', (name) => {
  const opened = devices[name]!();
  afterAll(async () => (await opened).destroy());
  const run = async (recipe: Recipe): Promise<Pass> => {
    const device = await opened;
    expect(device.name).toBe(name);
    return passOf(buildModel(config, recipe, { device }), rows);
  };
  const equal = (got: Pass, expected: Pass): void => {
    expect(got.loss).toBe(expected.loss);
    expect(got.logits).toEqual(expected.logits);
    expect([...got.gradients.keys()]).toEqual([...expected.gradients.keys()]);
    for (const [parameter, gradient] of expected.gradients)
      expect(got.gradients.get(parameter), parameter).toEqual(gradient);
  };

  it.each(['fp32', 'bf16'] as const)(
    'per channel, cast to %s: logits and all gradients bit for bit, in all layers or in one',
    async (format) => {
      const plain = await run(castDown(format));
      const smooth = await run({ ...castDown(format), smoothSwiglu: 'channel' });
      // That the cast saw smoothed values: their maxima lie in (1/2, 1], the plain ones elsewhere.
      const differ = (a: Pass, b: Pass) => a.amaxes.filter((amax, i) => amax !== b.amaxes[i]);
      expect([...differ(smooth, plain)].every((amax) => amax > 0.5 && amax <= 1)).toBe(true);
      expect(differ(smooth, plain)).toHaveLength(2);
      equal(smooth, plain);
      const one = await run(smoothLayer(castDown(format), 1));
      expect(differ(one, plain)).toHaveLength(1);
      equal(one, plain);
    },
  );

  it.each(['fp32', 'bf16'] as const)(
    'per channel and folded, cast to %s: logits and all gradients bit for bit, in all layers or in one',
    async (format) => {
      const plain = await run(castDown(format));
      const sites = (amaxes: Float32Array, operand: string) =>
        [...amaxes].filter((_, i) => operands[i]!.operand === operand && operands[i]!.name === 'down');
      const operands = buildModel(config, castDown(format)).precision.sites;
      const folded = await run({ ...castDown(format), smoothSwiglu: 'channel-folded' });
      equal(folded, plain);
      // That the casts saw s ⊙ h and W / s: every input's maximum in (1/2, 1], every weight's elsewhere than before.
      expect(sites(folded.amaxes, 'input').every((amax) => amax > 0.5 && amax <= 1)).toBe(true);
      for (const [layer, amax] of sites(folded.amaxes, 'weight').entries())
        expect(amax).not.toBe(sites(plain.amaxes, 'weight')[layer]);
      const equation = await run({ ...castDown(format), smoothSwiglu: 'channel' });
      expect(sites(equation.amaxes, 'input')).toEqual(sites(folded.amaxes, 'input'));
      expect(sites(equation.amaxes, 'weight')).toEqual(sites(plain.amaxes, 'weight'));
      const one = await run(smoothLayer(castDown(format), 1, 'channel-folded'));
      expect(sites(one.amaxes, 'weight')[0]).toBe(sites(plain.amaxes, 'weight')[0]);
      expect(sites(one.amaxes, 'weight')[1]).toBe(sites(folded.amaxes, 'weight')[1]);
      equal(one, plain);
    },
  );

  it('folded where only one of the two is cast', async () => {
    const { down } = castDown('bf16').overrides;
    const { output, gradInput, gradWeight } = down!;
    for (const only of [
      { output: { ...output, weight: null }, gradInput: { ...gradInput, weight: null }, gradWeight },
      { output: { ...output, input: null }, gradInput, gradWeight: { ...gradWeight, input: null } },
    ]) {
      const recipe = { ...castDown('bf16'), overrides: { down: only } };
      equal(await run({ ...recipe, smoothSwiglu: 'channel-folded' }), await run(recipe));
    }
  });

  it('per token: within the accuracy of float32', async () => {
    const plain = await run(recipeOf('fp32'));
    const token = await run({ ...recipeOf('fp32'), smoothSwiglu: 'token' });
    for (const [i, e] of plain.logits.entries()) expect(token.logits[i]).toBeCloseTo(e, 5);
    for (const [parameter, expected] of plain.gradients) {
      const size = Math.max(...expected.map(Math.abs));
      const got = token.gradients.get(parameter)!;
      for (const [i, e] of expected.entries())
        expect(Math.abs(got[i]! - e), parameter).toBeLessThan(1e-5 * size + 1e-9);
    }
  });

  it.each(['channel', 'channel-folded'] as const)(
    '%s, switched on for one layer between two steps, in fp8: as if it had been so, with new histories',
    async (kind) => {
      const device = await opened;
      const model = buildModel(config, recipeOf('fp8'), { device });
      await passOf(model, rows, 0);
      switchSmoothing(model.precision, 1, kind);
      const site = model.blocks[1]!.down.sites.output.input;
      expect(site.state!.history).toEqual([]);
      const { history } = model.blocks[1]!.down.sites.output.weight.state!;
      expect(history).toHaveLength(kind === 'channel' ? 1 : 0);
      const switched = await passOf(model, rows, 1);
      expect(switched.amaxes[site.index]).toBeGreaterThan(0.5);
      expect(switched.amaxes[site.index]).toBeLessThanOrEqual(1);
      const born = await run(smoothLayer(recipeOf('fp8'), 1, kind));
      // Batch and weights are those of the first pass, so every history gives the scale that the first pass took itself.
      expect(switched.loss).toBe(born.loss);
      expect(model.precision.recipe).toEqual(smoothLayer(recipeOf('fp8'), 1, kind));
    },
  );
});

it('per channel in a cast of few bits: bit for bit, when nothing is rounded but by powers of two', async () => {
  // The cast keeps every bit that a float32 GEMM sees: a "cast" to FP16 of values that FP16 holds exactly, scales 2^k.
  const cast = (smoothSwiglu: 'none' | 'channel'): Recipe => {
    const fp16 = {
      format: 'fp16',
      policy: { kind: 'current' as const, margin: 2, powerOfTwo: true },
      granularity: { kind: 'tensor' as const },
      rounding: 'nearest-even' as const,
      overflow: 'saturate' as const,
    };
    const linear = {
      output: { input: fp16, weight: null },
      gradInput: { grad: null, weight: null },
      gradWeight: { grad: null, input: fp16 },
    };
    return { ...recipeOf('bf16'), overrides: { down: linear }, smoothSwiglu };
  };
  // BF16 activations have 8 significant bits, FP16 holds 11, so the cast is exact unless it underflows.
  const plain = await passOf(buildModel(config, cast('none')), rows);
  const smooth = await passOf(buildModel(config, cast('channel')), rows);
  expect(smooth.logits).toEqual(plain.logits);
  for (const [name, expected] of plain.gradients) expect(smooth.gradients.get(name), name).toEqual(expected);
});

it('a layer that the model lacks is refused', () => {
  expect(() => buildModel(config, smoothLayer(recipeOf('fp8'), 2))).toThrow(
    /smoothLayers names layer 2, expected 0 to 1/,
  );
});
