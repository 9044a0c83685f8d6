import { sqnr } from '@octavo/formats';
import { recipeOf, recipes } from '@octavo/nn';
import { describe, expect, it } from 'vitest';
import type { LlamaConfig } from '../src/index.ts';
import { buildModel, passOf, tokenRows } from './support.ts';

const config: LlamaConfig = {
  vocabularySize: 64,
  hiddenSize: 64,
  layers: 1,
  heads: 4,
  keyValueHeads: 2,
  ffnSize: 96,
  contextLength: 32,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: false,
};
const rows = tokenRows(4, 33, config.vocabularySize);

// Per layer every recipe stays above 20 dB (see the tests of @octavo/nn); a block of four layers, attention and head adds up.
describe('signal to quantisation noise of a whole small model against float32', () => {
  it.each(Object.keys(recipes).filter((name) => name !== 'fp32'))(
    '%s: logits above 18 dB, every gradient above 12 dB',
    async (name) => {
      const exact = await passOf(buildModel(config, recipeOf('fp32')), rows);
      const model = buildModel(config, recipeOf(name));
      let pass = await passOf(model, rows);
      pass = await passOf(model, rows, 1); // the second pass runs on scales observed in the first
      expect(sqnr(exact.logits, pass.logits)).toBeGreaterThan(18);
      for (const [parameter, expected] of exact.gradients) {
        expect(sqnr(expected, pass.gradients.get(parameter)!), parameter).toBeGreaterThan(12);
      }
    },
  );
});
