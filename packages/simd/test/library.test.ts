// @module-tag slow
import { BF16, E4M3FN, E5M2, FP32 } from '@octavo/formats';
import { gemm } from '@octavo/kernels';
import { conformance, exactOperators } from '@octavo/kernels/conformance';
import { describe, expect, it, test } from 'vitest';
import { createSimdDevice } from '../src/index.ts';
import { findLibrary, readImplementations } from '../src/library/find.ts';
import { candidates } from '../src/library/libraries.ts';
import { commonFactor } from '../src/operators/common-factor.ts';
import { cut } from '../src/operators/library-product.ts';
import { compute, error, expected, given, input } from './support.ts';

/** What each kind says of itself; null where the machine has none. */
const described = async (library: string): Promise<string | null> => {
  try {
    const device = await createSimdDevice({ threads: 1, library });
    await device.destroy();
    return device.description;
  } catch {
    return null;
  }
};
const kinds = await Promise.all(
  ['blas', 'onednn'].map(async (library) => ({ library, description: await described(library) })),
);

const whole = 2 ** 30;
const attributes = {
  ...{ transposeA: false, transposeB: false, scaledA: false, scaledB: false },
  ...{ aBlockRows: whole, aBlockColumns: whole, bBlockRows: whole, bBlockColumns: whole },
};

describe('what needs no library', () => {
  test('no choice means none', async () => {
    const [unasked, off] = [
      await createSimdDevice({ threads: 1 }),
      await createSimdDevice({ threads: 1, library: 'off' }),
    ];
    await Promise.all([unasked.destroy(), off.destroy()]);
    expect(unasked.description).toBe(off.description);
    expect(off.description).toMatch(/^WebAssembly [\w-]+, 1 thread$/);
  });

  test.each(['/nowhere/libopenblas.so', 'package.json'])('%s is refused in one line', async (library) => {
    const made = createSimdDevice({ threads: 1, library });
    await expect(made).rejects.toMatchObject({ exitCode: 2 });
    await expect(made).rejects.toThrow(
      /^\[simd\] library: [^\n]*expected auto, off, onednn, blas, or the path[^\n]*$/,
    );
  });

  test('a library without products is refused', async (context) => {
    context.skip(process.platform !== 'linux', 'libc is called otherwise here');
    await expect(createSimdDevice({ threads: 1, library: 'libc.so.6' })).rejects.toThrow(
      /neither cblas_sgemm nor|koffi, which calls it, is not installed/,
    );
  });

  test('each system has places to look at', () => {
    const at = (platform: string, arch: string, ...environments: string[]) => ({
      platform,
      arch,
      environments,
    });
    expect(candidates(at('linux', 'x64'), 'blas')[0]).toBe('libopenblas.so.0');
    expect(candidates(at('linux', 'arm64'), 'blas').some((p) => p.includes('/aarch64-linux-gnu/'))).toBe(
      true,
    );
    expect(candidates(at('darwin', 'arm64'), 'blas')[0]).toMatch(/Accelerate$/);
    expect(candidates(at('win32', 'x64'), 'blas').every((path) => path.endsWith('.dll'))).toBe(true);
    expect(candidates(at('linux', 'x64'), 'onednn')[0]).toBe('libdnnl.so.3');
    expect(candidates(at('linux', 'x64', '/opt/env'), 'onednn')[0]).toBe('/opt/env/lib/libdnnl.so.3');
    expect(candidates(at('win32', 'x64', 'C:/env'), 'onednn')).toContain('C:/env/Library/bin/dnnl.dll');
  });

  test.each([
    ['brg:avx512_core', 'brg:avx512_core_bf16', 'avx512_core_bf16', true],
    ['brg:avx512_core', 'brg:avx512_core_amx', 'avx512_core_amx', true],
    ['brg_matmul:avx512_core', 'brg_matmul:avx10_1_512_amx', 'avx10_1_512_amx', true],
    ['brg:avx512_core', 'gemm:jit:bf16', 'avx512_core', false],
    ['gemm:jit:f32', undefined, 'gemm:jit:f32', false],
    ['brg:avx2', 'ref:any', 'avx2', false],
  ])('oneDNN’s %s and %s: by %s, BF16 of its own: %s', (float, half, by, bf16) => {
    expect(readImplementations(float, half)).toEqual({ by, bf16 });
  });

  test.each([
    [[1, 2, 0.25], 1],
    [[1.25, 2.5, 1.25 * 2 ** -60], 1.25],
    [[], 1],
    [[1, 3], null],
    [[1, 2 ** 61], null],
    [[1, -1], null],
    [[1, 0], null],
    [[Number.NaN, Number.NaN], null],
  ])('scales %j have the common factor %s', (scales, factor) => {
    expect(commonFactor(Float32Array.from(scales))).toBe(factor);
  });

  test.each([
    [1024, 1024, 1024],
    [16, 64, 64],
    [2048, 288, 1536],
    [32, 32000, 288],
    [4000, 8, 4000],
  ])('the cut of %i × %i × %i covers C in at most 16 pieces', (m, n, k) => {
    const [rows, columns] = cut(m, n, k);
    const pieces = Math.ceil(m / rows) * Math.ceil(n / columns);
    expect(pieces).toBeLessThanOrEqual(16);
    expect(pieces).toBeGreaterThanOrEqual(m * n * k >= 2 ** 26 ? 8 : 1);
  });
});

describe.each(kinds)('$library: $description', ({ library, description }) => {
  test.runIf(description === null)('is not on this machine', async () => {
    await expect(createSimdDevice({ library })).rejects.toThrow(/none was found|koffi, which calls it/);
  });
  if (description === null) return;
  const { bf16, binding } = findLibrary(library)!;
  const cases = conformance(() => createSimdDevice({ threads: 2, library }), {
    expectName: 'simd',
    exact: exactOperators.filter((name) => name !== 'gemm'),
    tolerance: 1e-5,
    attentionInBf16: bf16,
  }).filter(({ name }) => /^(gemm|attention|attentionGrad): |^contract/.test(name));
  it.each(cases)('$name', async ({ run }) => {
    await run();
  });

  /** Sizes at which the library computes, none a multiple of anything; operands as stored. */
  const shapes = [
    { a: [131, 77], b: [77, 93], transposeA: false, transposeB: false },
    { a: [131, 77], b: [93, 77], transposeA: false, transposeB: true },
    { a: [77, 131], b: [77, 93], transposeA: true, transposeB: false },
    { a: [77, 131], b: [93, 77], transposeA: true, transposeB: true },
  ] as const;
  const blocks = [
    ['whole', whole, whole],
    ['rows', 1, whole],
    ['columns', whole, 1],
    ['blocks', 16, 32],
  ] as const;
  const products = shapes.flatMap((shape) =>
    blocks.flatMap(([name, rows, columns]) =>
      ([FP32, BF16] as const).map((format) => ({ shape, name, rows, columns, format })),
    ),
  );
  test.each(products)('scales by $name, out $format.name, $shape', async (context) => {
    const { shape, rows, columns, format } = context;
    const scales = (of: readonly [number, number], seed: number) => {
      const size = [Math.ceil(of[0] / rows), Math.ceil(of[1] / columns)] as const;
      return given(
        size,
        Array.from({ length: size[0] * size[1] }, (_, i) => 1 + ((i * seed) % 7) / 3),
      );
    };
    const inputs = [
      input(shape.a, 1, E4M3FN),
      input(shape.b, 2, E5M2),
      scales(shape.a, 3),
      scales(shape.b, 5),
    ];
    const how = {
      ...{ transposeA: shape.transposeA, transposeB: shape.transposeB, scaledA: true, scaledB: true },
      ...{ aBlockRows: rows, aBlockColumns: columns, bBlockRows: rows, bBlockColumns: columns },
    };
    const device = await createSimdDevice({ threads: 2, library });
    const got = await compute(device, gemm, how, inputs, format);
    await device.destroy();
    expect(error(got, await expected(gemm, how, inputs, format), format)).toBeLessThan(1e-5);
  });

  test('a left operand too large to be decoded at once', async () => {
    const [m, n, k] = [2300, 16, 16384] as const;
    const a = given(
      [m, k],
      Float32Array.from({ length: m * k }, (_, i) => ((i % 7) - 3) * 2 ** ((i >> 14) % 3)),
      BF16,
    );
    const b = given(
      [n, k],
      Float32Array.from({ length: n * k }, (_, i) => (i % 5) - 2),
      BF16,
    );
    const scale = given(
      [m, 1],
      Float32Array.from({ length: m }, (_, i) => 2 ** (i % 4)),
    );
    const how = { ...attributes, transposeB: true, scaledA: true, aBlockRows: 1 };
    const device = await createSimdDevice({ threads: 2, library });
    const got = await compute(device, gemm, how, [a, b, scale]);
    await device.destroy();
    // integers over powers of two: every sum is exact
    for (const i of [0, 1023, 1024, 2047, 2048, m - 1]) {
      const want = Array.from({ length: n }, (_, j) => {
        let sum = 0;
        for (let p = 0; p < k; p++) sum += a.values[i * k + p]! * b.values[j * k + p]!;
        return sum / 2 ** (i % 4);
      });
      expect(Array.from(got.subarray(i * n, (i + 1) * n))).toEqual(want);
    }
  });

  test.each([1, 1.25])(
    'scales along K that are powers of two times %d go into the values',
    async (factor) => {
      const scales = (of: readonly [number, number]) => {
        const size = [Math.ceil(of[0] / 16), Math.ceil(of[1] / 32)] as const;
        const powers = Array.from({ length: size[0] * size[1] }, (_, i) => factor * 2 ** ((i % 9) - 4));
        return given(size, powers);
      };
      for (const { a, b, transposeA, transposeB } of shapes) {
        const inputs = [input(a, 1, E4M3FN), input(b, 2, E5M2), scales(a), scales(b)];
        const how = {
          ...{ transposeA, transposeB, scaledA: true, scaledB: true },
          ...{ aBlockRows: 16, aBlockColumns: 32, bBlockRows: 16, bBlockColumns: 32 },
        };
        for (const format of [FP32, BF16]) {
          const device = await createSimdDevice({ threads: 2, library });
          const got = await compute(device, gemm, how, inputs, format);
          await device.destroy();
          expect(error(got, await expected(gemm, how, inputs, format), format)).toBeLessThan(1e-6);
        }
      }
    },
  );

  test('the same bits for any number of threads', async () => {
    const inputs = [input([523, 311], 1), input([311, 409], 2)];
    const results = [];
    for (const threads of [1, 2, 3]) {
      const device = await createSimdDevice({ threads, library });
      for (let i = 0; i < 3; i++) results.push(await compute(device, gemm, attributes, inputs));
      await device.destroy();
    }
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test('it does compute: its sums are not those of the tiles', async () => {
    const inputs = [input([300, 500], 1), input([500, 200], 2)];
    const results = [];
    for (const choice of ['off', library, binding.path]) {
      const device = await createSimdDevice({ threads: 2, instructionSet: 'simd128', library: choice });
      results.push(await compute(device, gemm, attributes, inputs));
      await device.destroy();
    }
    expect(results[1]).not.toEqual(results[0]);
    expect(results[2]).toEqual(results[1]); // the same one by its name
  });
});
