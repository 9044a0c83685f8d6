import { extendRecipe, RECOMPUTATIONS, type Recipe, type Recompute, recipeOf, recipes } from '@octavo/nn';
import { createSimdDevice } from '@octavo/simd';
import { describe, expect, it } from 'vitest';
import { measuringBatch, measuringPlan } from '../src/measured-step.ts';
import { trainStep } from '../src/step.ts';
import { createTraining, type Training } from '../src/training.ts';

const model = {
  ...{ vocabularySize: 97, hiddenSize: 32, layers: 3, heads: 4, keyValueHeads: 2, ffnSize: 72 },
  ...{ contextLength: 16, ropeTheta: 10_000, normEpsilon: 1e-5, tiedHead: true },
};
const shape = { model, batch: 2, sequence: 16, steps: 4 };

async function begin(recipe: Recipe, recompute: Recompute): Promise<Training> {
  const device = await createSimdDevice({ threads: 1, library: 'off' });
  const plan = measuringPlan({ ...shape, recipe });
  return createTraining(device, { ...plan, accumulation: 2, sampleEvery: 2, recompute });
}

const twoBatches = () => [0, 1].map(() => measuringBatch(shape.batch * shape.sequence, model.vocabularySize));

/** What a few steps of two micro-batches tell and leave. */
async function outcome(recipe: Recipe, recompute: Recompute) {
  const training = await begin(recipe, recompute);
  const operands: string[] = [];
  training.model.precision.onOperand = (site) => operands.push(`${site.layer}.${site.name}.${site.operand}`);
  const steps: unknown[] = [];
  for (let i = 0; i < shape.steps; i++) {
    const { loss, gradientNorm, gradients } = await trainStep(training, twoBatches());
    const { squares, amaxes, seen, statistics, cosines } = gradients;
    const all = [squares, amaxes, statistics ?? [], ...(cosines ?? [])].map((values) => [...values]);
    steps.push({
      loss,
      gradientNorm,
      all,
      seen: seen.map(({ of, ...rest }) => ({ ...rest, at: pointName(of) })),
    });
  }
  const weights: number[][] = [];
  for (const { value } of training.model.parameters) weights.push([...(await training.device.read(value))]);
  const histories = training.model.precision.sites.map(({ state }) => state && structuredClone(state));
  await training.device.destroy();
  return { steps, weights, histories, operands };
}

const pointName = ({ layer, name, operand }: { layer: number | null; name: string; operand: string }) =>
  `${layer}.${name}.${operand}`;

describe('what is computed again is the same to the bit, and every cast is seen once', () => {
  const stochastic = { rounding: 'stochastic' } as const;
  const drawn = { output: { input: stochastic, weight: stochastic }, gradWeight: { input: stochastic } };
  const own = ['fp8-full', 'fp8-smooth-folded', 'fp8-current', 'mxfp8'].map((name) =>
    extendRecipe({ extends: name, name: `${name}-drawn`, linear: drawn }),
  );

  it.each([...Object.values(recipes), ...own].map((recipe) => [recipe.name, recipe] as const))(
    '%s',
    async (_, recipe) => {
      const kept = await outcome(recipe, 'none');
      expect(kept.operands.length).toBeGreaterThan(0);
      for (const recompute of RECOMPUTATIONS) expect(await outcome(recipe, recompute)).toEqual(kept);
    },
  );
});

it('takes less memory: all within a block once instead of once a layer', async () => {
  const wide = { ...model, vocabularySize: 8, layers: 8 };
  const peaks: number[] = [];
  for (const recompute of RECOMPUTATIONS) {
    const device = await createSimdDevice({ threads: 1, library: 'off' });
    const plan = measuringPlan({ ...shape, model: wide, batch: 32, recipe: recipeOf('bf16') });
    const training = createTraining(device, { ...plan, recompute });
    const before = device.memory().live;
    await trainStep(training, [measuringBatch(32 * shape.sequence, 8)]);
    peaks.push(device.memory().peak - before);
    await device.destroy();
  }
  const [none, selective, full] = peaks as [number, number, number];
  expect(selective / none).toBeLessThan(0.85);
  expect(full / none).toBeLessThan(0.45);
});
