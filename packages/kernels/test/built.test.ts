/**
 * @file The built package: kernels carry their text, which minifiers leave alone, and compute as the sources do.
 * @module-tag slow
 */
import { describe, expect, it } from 'vitest';
import { kernelFunctions, withTexts } from '../build/kernel-text.mjs';
import { conformance } from '../dist/conformance/index.js';
import { createGpuDevice, createReferenceDevice, isFused, type Operator } from '../dist/index.js';
import { declare } from './conformance-suite.ts';

describe('gpu:webasm of the built package', () => {
  const create = () => createGpuDevice({ backend: 'webasm' });
  declare(conformance(create, { expectName: 'gpu:webasm', exact: true }));
});

it('has text for every kernel and helper of every conformance case', async () => {
  const functions = new Set<string>();
  const seen = new Set<string>();
  const cases = conformance(
    async () => {
      const device = createReferenceDevice();
      const run: typeof device.run = (operator, attributes, inputs, outs) => {
        device.run(operator, attributes, inputs, outs);
        if (isFused(operator)) return;
        const out = outs[0]!;
        const shapes = inputs.map(({ shape }) => shape);
        const signature = { attributes, inputs: shapes, out: out.shape, outFormat: out.format };
        for (const pass of operator.passes(signature)) {
          seen.add(operator.name);
          for (const source of [pass.kernel, ...(pass.functions ?? []), ...(pass.integerFunctions ?? [])])
            if (!(source as { kernelText?: string }).kernelText)
              functions.add(`${operator.name}/${pass.name}`);
        }
      };
      return { ...device, run };
    },
    { expectName: 'reference', exact: true },
  );
  for (const one of cases) await one.run().catch(() => undefined);
  const { operators } = await import('../dist/index.js');
  const names = Object.values(operators).map((operator) => (operator as Operator).name);
  expect(names.filter((name) => !seen.has(name))).toEqual([]);
  expect([...functions]).toEqual([]);
});

describe('making text of kernels', () => {
  const source = `/** @file One. */
import { other } from './other.ts';
export function helper(x: number): number {
  return x;
}
function unrelated(x: number): number {
  return x;
}
function kernel(
  this: Kernel,
  x: number[],
): number {
  return helper(x[0]);
}
`;
  const built = `/** @file One. */
import { other } from './other.js';
export function helper(x) {
    return x;
}
function unrelated(x) {
    return x;
}
function kernel(x) {
    return helper(x[0]);
}
`;

  it('finds kernels and what they call', () => {
    expect([...kernelFunctions(new Map([['a.ts', source]])).get('a.ts')!]).toEqual(['kernel', 'helper']);
  });

  it('keeps the lines and the functions, and does it once', () => {
    const names = new Set(['kernel', 'helper']);
    const text = withTexts(built, names);
    expect(text.split('\n').slice(1)).toEqual(built.split('\n').slice(1));
    expect(text).toContain('*/ helper.kernelText = "function helper(x) {\\n    return x;\\n}";');
    expect(text).not.toContain('unrelated.kernelText');
    expect(withTexts(text, names)).toBe(text);
  });
});
