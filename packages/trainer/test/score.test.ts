/** @file What a model says of sequences is what its loss says of them, whatever the batches. */
import { createReferenceDevice } from '@octavo/kernels';
import { createLlama, initialValues, parameterSpecs } from '@octavo/llama';
import { createPrecision, recipeOf } from '@octavo/nn';
import { expect, it } from 'vitest';
import { batchLoss, scorerOf } from '../src/index.ts';
import { tinyModel } from './support.ts';

const device = createReferenceDevice();
/** Weights large enough that no two tokens are alike. */
const values = (name: string): Float32Array => {
  const index = parameterSpecs(tinyModel).findIndex((spec) => spec.name === name);
  return initialValues(parameterSpecs(tinyModel)[index]!, index, 5).map((x) =>
    name.endsWith('orm') ? x : 8 * x,
  );
};
const model = createLlama(tinyModel, createPrecision(device, recipeOf('fp32')), { values });
const sequences = [
  { tokens: [3, 1, 4, 1, 5, 9, 2, 6, 5], from: 1 },
  { tokens: [2, 7, 1], from: 2 },
  { tokens: [1, 6, 1, 8, 0], from: 3 },
  { tokens: [9, 9], from: 1 },
];

it('agrees with the loss, and gives answers in the order of the questions', async () => {
  const scores = await scorerOf(model, { tokens: 16 }).score(sequences);
  for (const [i, { tokens, from }] of sequences.entries()) {
    const targets = tokens.slice(1).map((token, at) => (at + 1 < from ? -1 : token));
    const { loss, tokens: counted } = await batchLoss(
      model,
      { tokens: tokens.slice(0, -1), targets },
      targets.length,
    );
    const { logProbabilities } = scores[i]!;
    expect(logProbabilities).toHaveLength(counted);
    expect(Array.from(logProbabilities).reduce((a, b) => a + b, 0)).toBeCloseTo(-loss * counted, 4);
  }
});

it('says the same one by one, all at once, and past its budget', async () => {
  const all = await scorerOf(model, { tokens: 1000 }).score(sequences);
  for (const tokens of [1, 8]) expect(await scorerOf(model, { tokens }).score(sequences)).toEqual(all);
});

it('finds greedy exactly the tokens that are most probable', async () => {
  const scorer = scorerOf(model, { tokens: 64 });
  const context = [3, 1, 4];
  const each = await scorer.score(
    Array.from({ length: tinyModel.vocabularySize }, (_, token) => ({
      tokens: [...context, token],
      from: 3,
    })),
  );
  const likely = each.map(({ logProbabilities }) => logProbabilities[0]!);
  expect(likely.reduce((sum, l) => sum + Math.exp(l), 0)).toBeCloseTo(1, 6);
  expect(each.map(({ greedy }) => greedy)).toEqual(likely.map((l) => l === Math.max(...likely)));
});

it('stops when it is told to', async () => {
  const scorer = scorerOf(model, { tokens: 8, signal: AbortSignal.abort() });
  await expect(scorer.score(sequences)).rejects.toThrow('interrupted');
});
