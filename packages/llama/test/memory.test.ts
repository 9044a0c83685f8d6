import { createReferenceDevice, createScope, elements } from '@octavo/kernels';
import { beginStep, createTape, dropQuantizedWeights, recipes } from '@octavo/nn';
import { describe, expect, it } from 'vitest';
import { forward, type LlamaConfig, lossOf } from '../src/index.ts';
import { batchOf, buildModel, tokenRows, upload } from './support.ts';

const config: LlamaConfig = {
  vocabularySize: 48,
  hiddenSize: 32,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  ffnSize: 40,
  contextLength: 16,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: false,
};

describe.each(Object.keys(recipes))('%s: what a pass has computed is freed by those who take it', (name) => {
  const run = async (backward: boolean, sample: boolean): Promise<[left: number, expected: number]> => {
    const device = createReferenceDevice();
    const model = buildModel(config, recipes[name]!, { device });
    const { precision, parameters } = model;
    const { input, targets } = batchOf(model, tokenRows(2, 17, config.vocabularySize));
    const [answers, weight] = [upload(device, targets), upload(device, [1])];
    const recorded = createScope(device);
    if (sample) beginStep(precision, recorded, { step: 0, seed: 1, microBatches: 1, sample });
    const before = device.memory().live;
    const scope = createScope(device);
    const tape = backward ? createTape() : null;
    const context = { device, scope, tape, precision };
    if (backward) {
      lossOf(model, context, input, answers, weight);
      tape!.backward();
    } else forward(model, context, input);
    dropQuantizedWeights(precision);
    const left = device.memory().live - before;
    const seen = precision.recording?.seen.filter(({ maximum }) => maximum).length ?? 0;
    const gradients = parameters.reduce((sum, { value }) => sum + 4 * elements(value.shape), 0);
    const logits = 4 * 32 * config.vocabularySize; // the reference device keeps every value in four bytes
    await device.destroy();
    return [left, 4 * seen + (backward ? gradients + 4 : logits)];
  };

  it.each([
    ['logits are left of a forward pass', false, false],
    ['a loss and the gradients are left of both passes', true, false],
    ['and maxima where it is a sampled step', true, true],
  ])('%s', async (_, backward, sample) => {
    const [left, expected] = await run(backward, sample);
    expect(left).toBe(expected);
  });
});
