import { BF16, FP16, FP32 } from '@octavo/formats';
import { expect, it } from 'vitest';
import { sizeClass } from '../src/gpujs/buffer-pool.ts';
import { signatureOf, sourceOf, wrapReturns } from '../src/gpujs/kernel-source.ts';
import { kernelSpec } from '../src/gpujs/kernel-spec.ts';
import type { Pass } from '../src/operator.ts';
import { square } from './gpujs-helpers.ts';

it('frees a kernel of what module loaders write around imported helpers', () => {
  const kernel = function (x: number) {
    return square(x);
  };
  expect(sourceOf(kernel)).toMatch(/return square\(x\)/);
  const bundled = new Function('module', 'return function (x) { return (0, module.square)(x) + 1; }')(
    {},
  ) as () => number;
  expect(sourceOf(bundled)).toContain('return square(x) + 1');
});

it('refuses arrows and nameless helpers', () => {
  expect(() => sourceOf(() => 1)).toThrow(/plain functions/);
  expect(() => signatureOf('function (x) { return x; }')).toThrow(/named function/);
  expect(signatureOf('function f(a, b) { return a; }')).toEqual({ name: 'f', length: 2 });
});

it('wraps every return, over several lines too', () => {
  expect(wrapReturns('function (a) { if (a) return 1; return a +\n  returned; }', 'r')).toBe(
    'function (a) { if (a) return r(1); return r(a +\n  returned); }',
  );
});

const pass: Pass = {
  name: 'p',
  kernel: function (this: { constants: { n: number } }) {
    return this.constants.n;
  },
  constants: { n: 4, half: 0.1, whole: 2, table: [1, 2] },
  floats: ['whole'],
  numbers: { stream: 7 },
  cells: 12,
  arguments: [],
};

it('types constants and numbers, and keeps numbers out of the key', () => {
  const spec = kernelSpec('o', pass, FP32, [5]);
  expect(spec.settings.constantTypes).toEqual({
    n: 'Integer',
    half: 'Float',
    whole: 'Float',
    table: 'Array',
  });
  expect(spec.settings.constants.half).toBe(Math.fround(0.1));
  expect(spec.settings.argumentTypes).toEqual(['Array', 'Integer']);
  expect(kernelSpec('o', { ...pass, numbers: { stream: 8 } }, FP32, [5]).key).toBe(spec.key);
  const others: readonly [Pass, number][] = [
    [{ ...pass, constants: { ...pass.constants, n: 5 } }, 5],
    [{ ...pass, constants: { ...pass.constants, table: [1, 3] } }, 5],
    [{ ...pass, loop: 5000 }, 5],
    [{ ...pass, columns: 4 }, 5],
    [pass, 6],
  ];
  for (const [other, size] of others) expect(kernelSpec('o', other, FP32, [size]).key).not.toBe(spec.key);
});

it('rounds to BF16 in the kernel, and to nothing else', () => {
  const rounding = { ...pass, round: true };
  expect(kernelSpec('o', rounding, FP32, []).source).not.toContain('roundBf16');
  expect(kernelSpec('o', rounding, BF16, []).source).toContain('return roundBf16(this.constants.n);');
  expect(() => kernelSpec('o', rounding, FP16, [])).toThrow(/use cast/);
  expect(() => kernelSpec('o', { ...rounding, components: 4 }, BF16, [])).toThrow(/components/);
  expect(() => kernelSpec('o', { ...pass, columns: 5 }, FP32, [])).toThrow(/multiple of columns/);
});

it('rounds buffer sizes up by an eighth at most', () => {
  for (let bytes = 1; bytes < 1e9; bytes = Math.ceil(bytes * 1.37) + 1) {
    const size = sizeClass(bytes);
    expect(size).toBeGreaterThanOrEqual(bytes);
    expect(size % 4).toBe(0);
    if (bytes > 2048) expect(size).toBeLessThanOrEqual(bytes * 1.125 + 4);
    expect(sizeClass(size)).toBe(size);
  }
});
