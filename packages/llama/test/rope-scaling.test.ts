/** @file Scaled positions: the formulas in float64, Llamas that transformers computed (`tooling/exchange-judge`), both orders of q's and k's rows. */
import { readFileSync } from 'node:fs';
import { recipeOf } from '@octavo/nn';
import { describe, expect, it, test } from 'vitest';
import {
  configFromHuggingFace,
  configToHuggingFace,
  fromHuggingFace,
  fromInterleaved,
  llamaConfigOf,
  type RopeScaling,
  toHuggingFace,
  toInterleaved,
  validateConfig,
} from '../src/index.ts';
import { scaledFrequency } from '../src/rope-scaling.ts';
import { buildModel, passOf } from './support.ts';

interface Packed {
  readonly shape: number[];
  readonly data: string;
}
interface Case {
  readonly config: Record<string, unknown>;
  readonly weights: Record<string, Packed>;
  readonly logits: Packed;
  readonly loss: number;
  readonly gradients: Record<string, Packed>;
}
const saved: { tokens: number[]; cases: Record<'linear' | 'llama3', Case> } = JSON.parse(
  readFileSync(new URL('./fixtures/rope-scaling.json', import.meta.url), 'utf8'),
);
const floats = ({ data }: Packed): Float32Array =>
  new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer);

describe.each(['linear', 'llama3'] as const)('a Llama of transformers with %s scaling', (name) => {
  const { config: json, weights, logits, loss, gradients } = saved.cases[name];
  const config = configFromHuggingFace(json);

  it('has the same logits, loss and gradients', async () => {
    const values = fromHuggingFace(config, (tensor) => weights[tensor] && floats(weights[tensor]));
    const pass = await passOf(buildModel(config, recipeOf('fp32'), { values }), [saved.tokens]);
    const close = (got: Float32Array, expected: Float32Array, tolerance: number): void => {
      expect(got.length).toBe(expected.length);
      const size = Math.max(...expected.map(Math.abs));
      for (const [i, e] of expected.entries())
        if (!(Math.abs(got[i]! - e) < tolerance * size)) expect([i, got[i]]).toEqual([i, e]);
    };
    const expected = floats(logits);
    close(pass.logits.slice(-expected.length), expected, 1e-5);
    expect(pass.loss).toBeCloseTo(loss, 5);
    const named = toHuggingFace(config, (parameter) => pass.gradients.get(parameter)!);
    expect([...named.keys()].sort()).toEqual(Object.keys(gradients).sort());
    for (const [tensor, got] of named) close(got, floats(gradients[tensor]!), 5e-5);
  });

  it('without its scaling it has others', async () => {
    const { ropeScaling: _, ...unscaled } = config;
    const values = fromHuggingFace(unscaled, (tensor) => weights[tensor] && floats(weights[tensor]));
    const pass = await passOf(buildModel(unscaled, recipeOf('fp32'), { values }), [saved.tokens]);
    expect(Math.abs(pass.loss - loss)).toBeGreaterThan(0.01);
  });

  it('goes into a config.json and comes back', () => {
    const written = configToHuggingFace(config, { dtype: 'bfloat16', bos: 1, eos: null });
    expect(configFromHuggingFace(JSON.parse(JSON.stringify(written)))).toEqual(config);
  });
});

/** transformers, `_compute_llama3_parameters`, branch by branch. */
function llama3(frequency: number, factor: number, low: number, high: number, context: number): number {
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < context / high) return frequency;
  if (wavelength > context / low) return frequency / factor;
  const smooth = (context / wavelength - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

test('the formulas, over wavelengths on both sides of both limits', () => {
  const linear = scaledFrequency({ kind: 'linear', factor: 3 });
  const scaled = scaledFrequency({
    ...{ kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 8192 },
  });
  const same = scaledFrequency(undefined);
  let blended = 0;
  for (let i = 0; i < 64; i++) {
    const frequency = 500_000 ** (-i / 64);
    expect(linear(frequency)).toBe(frequency / 3);
    expect(same(frequency)).toBe(frequency);
    const expected = llama3(frequency, 8, 1, 4, 8192);
    expect(Math.abs(scaled(frequency) / expected - 1)).toBeLessThan(1e-14);
    if (expected < frequency && expected > frequency / 8) blended++;
  }
  expect(blended).toBeGreaterThan(3);
});

const nano = llamaConfigOf('nano');
const good = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 64 };
const plain = saved.cases.linear.config;
const withRope = (rope: unknown, field = 'rope_parameters') => ({
  ...plain,
  rope_parameters: undefined,
  [field]: rope,
});

describe('what is computed is taken in both spellings, all else is refused by name', () => {
  it('transformers 4 and 5, with the old word for the kind', () => {
    const expected: RopeScaling = {
      ...{ kind: 'llama3', factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContext: 64 },
    };
    for (const [key, field] of [
      ['rope_type', 'rope_parameters'],
      ['type', 'rope_scaling'],
    ] as const)
      expect(configFromHuggingFace(withRope({ [key]: 'llama3', ...good }, field)).ropeScaling).toEqual(
        expected,
      );
    const both = { ...withRope({ type: 'linear', factor: 4 }, 'rope_scaling') };
    expect(
      configFromHuggingFace({ ...both, rope_parameters: { rope_type: 'linear', factor: 4 } }).ropeScaling,
    ).toEqual({ kind: 'linear', factor: 4 });
  });

  test.each<[unknown, RegExp]>([
    [
      { rope_type: 'yarn', factor: 4 },
      /rope_parameters.rope_type: got "yarn", expected default, linear, llama3/,
    ],
    [{ rope_type: 'dynamic', factor: 4 }, /got "dynamic"/],
    [{ rope_type: 'longrope' }, /got "longrope"/],
    [{ rope_type: 'toString' }, /got "toString"/],
    [{ rope_type: 7 }, /rope_type: got 7/],
    [{ rope_type: 'linear' }, /rope_parameters.factor: got nothing, expected a positive number/],
    [{ rope_type: 'linear', factor: '2' }, /factor: got "2"/],
    [{ rope_type: 'linear', factor: 2, low_freq_factor: 1 }, /low_freq_factor: got 1, expected no such part/],
    [{ rope_type: 'llama3', ...good, factor: 0 }, /factor: got 0/],
    [{ rope_type: 'llama3', ...good, high_freq_factor: 1 }, /highFrequencyFactor: got 1, expected more than/],
    [{ rope_type: 'llama3', type: 'linear', ...good }, /type: got "linear", expected "llama3"/],
    [{ factor: 2 }, /factor: got 2, expected no such part of kind "default"/],
  ])('%j', (rope, message) => {
    expect(() => configFromHuggingFace(withRope(rope))).toThrow(message);
  });

  it('two that contradict each other', () => {
    const json = { ...withRope({ type: 'linear', factor: 4 }, 'rope_scaling'), rope_parameters: good };
    expect(() => configFromHuggingFace({ ...json, rope_parameters: { rope_type: 'default' } })).toThrow(
      /rope_scaling: got another than in rope_parameters/,
    );
  });

  test.each<[unknown, RegExp]>([
    [{ kind: 'yarn' }, /ropeScaling: got \{"kind":"yarn"\}, expected kind linear or llama3/],
    [null, /ropeScaling: got null/],
    [
      { kind: 'linear', factor: Number.POSITIVE_INFINITY },
      /ropeScaling.factor: got null, expected a positive/,
    ],
    [{ kind: 'llama3', factor: 2 }, /ropeScaling.lowFrequencyFactor: got undefined/],
  ])('a configuration of ours with %j', (ropeScaling, message) => {
    expect(() => validateConfig({ ...nano, ropeScaling } as never)).toThrow(message);
  });
});

test('rows in Meta’s order turn side by side what Hugging Face’s turn half a head apart', () => {
  const [heads, headDim, width] = [3, 6, 2];
  const meta = Float32Array.from({ length: heads * headDim * width }, (_, i) => i);
  const rows = { heads, width };
  const ours = fromInterleaved(meta, rows);
  expect(toInterleaved(ours, rows)).toEqual(meta);
  for (let head = 0; head < heads; head++)
    for (let pair = 0; pair < headDim / 2; pair++)
      for (let column = 0; column < width; column++) {
        const at = (row: number): number => (head * headDim + row) * width + column;
        expect(ours[at(pair)]).toBe(meta[at(2 * pair)]);
        expect(ours[at(pair + headDim / 2)]).toBe(meta[at(2 * pair + 1)]);
      }
});
