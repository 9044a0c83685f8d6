import { type Recipe, recipeOf } from '@octavo/nn';
import { describe, expect, it } from 'vitest';
import type { LlamaConfig } from '../src/index.ts';
import { buildModel, passOf, tokenRows } from './support.ts';

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

describe('Smooth-SwiGLU leaves the function unchanged', () => {
  it('per token: logits and all gradients of plain SwiGLU, in float32', async () => {
    const plain = await passOf(buildModel(config, recipeOf('fp32')), rows);
    const smooth: Recipe = { ...recipeOf('fp32'), smoothSwiglu: 'token' };
    const token = await passOf(buildModel(config, smooth), rows);
    for (const [i, e] of plain.logits.entries()) expect(token.logits[i]).toBeCloseTo(e, 5);
    for (const [name, expected] of plain.gradients) {
      const size = Math.max(...expected.map(Math.abs));
      const got = token.gradients.get(name)!;
      for (const [i, e] of expected.entries())
        expect(Math.abs(got[i]! - e), name).toBeLessThan(1e-5 * size + 1e-9);
    }
  });

  it('per channel: bit for bit, when nothing is rounded but by powers of two', async () => {
    // The cast keeps every bit that a float32 GEMM sees: a "cast" to FP16 of values that FP16 holds exactly, scales 2^k.
    const cast = (rounding: 'none' | 'channel'): Recipe => {
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
      return { ...recipeOf('bf16'), overrides: { down: linear }, smoothSwiglu: rounding };
    };
    // BF16 activations have 8 significant bits, FP16 holds 11, so the cast is exact unless it underflows.
    const plain = await passOf(buildModel(config, cast('none')), rows);
    const smooth = await passOf(buildModel(config, cast('channel')), rows);
    expect(smooth.logits).toEqual(plain.logits);
    for (const [name, expected] of plain.gradients)
      expect(smooth.gradients.get(name), name).toEqual(expected);
  });
});
