import { createReferenceDevice } from '@octavo/kernels';
import { recipeOf } from '@octavo/nn';
import { describe, expect, it } from 'vitest';
import { initialValues, type LlamaConfig, parameterSpecs } from '../src/index.ts';
import { buildModel, passOf, tokenRows } from './support.ts';

const config: LlamaConfig = {
  vocabularySize: 11,
  hiddenSize: 12,
  layers: 2,
  heads: 3,
  keyValueHeads: 1,
  ffnSize: 10,
  contextLength: 8,
  ropeTheta: 100,
  normEpsilon: 1e-5,
  tiedHead: true,
};
const rows = tokenRows(2, 6, config.vocabularySize);

describe('finite differences (tied head, three query heads on one of keys)', () => {
  it('agree with the gradient along random directions of every parameter', async () => {
    const specs = parameterSpecs(config);
    const values = new Map(specs.map((spec, i) => [spec.name, initialValues(spec, i, 5)]));
    const pass = (name: string, moved: Float32Array) =>
      passOf(
        buildModel(config, recipeOf('fp32'), {
          device: createReferenceDevice(),
          values: (n) => (n === name ? moved : values.get(n)),
        }),
        rows,
      );
    const { gradients } = await pass('', new Float32Array());
    for (const { name } of specs) {
      const at = values.get(name)!;
      const direction = at.map((_, i) => Math.sin(3 * i + 1));
      const norm = Math.hypot(...direction);
      const step = (2e-2 * Math.max(1, Math.hypot(...at))) / norm;
      const plus = await pass(
        name,
        at.map((v, i) => v + step * direction[i]!),
      );
      const minus = await pass(
        name,
        at.map((v, i) => v - step * direction[i]!),
      );
      const measured = (plus.loss - minus.loss) / (2 * step);
      const expected = gradients.get(name)!.reduce((sum, g, i) => sum + g * direction[i]!, 0);
      const size = Math.hypot(...gradients.get(name)!) * norm;
      expect(Math.abs(measured - expected), name).toBeLessThan(0.01 * size);
    }
  });
});
