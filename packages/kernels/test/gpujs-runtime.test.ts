// @module-tag slow
import { BF16, counterRandom, FP32, OctavoError, round, streamSeed } from '@octavo/formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device } from '../src/device.ts';
import { createGpuDevice } from '../src/gpujs/create.ts';
import { elements } from '../src/tensor.ts';
import { fold15, fold16, mix, multiply1, multiply2, square } from './gpujs-helpers.ts';
import { backends, expectsWebGpu, type Kernel, madeUp, numbers, tensor } from './gpujs-support.ts';

const affine = madeUp<{ factor: number }>('affine', ({ attributes, out }) => [
  {
    name: 'affine',
    kernel: function (this: Kernel, x: number[]) {
      return x[this.thread.x]! * this.constants.factor! + 1;
    },
    constants: attributes,
    floats: ['factor'],
    cells: elements(out),
    arguments: ['in0'],
  },
]);

const add = madeUp('add', ({ out }) => [
  {
    name: 'add',
    kernel: function (this: Kernel, a: number[], b: number[]) {
      return a[this.thread.x]! + b[this.thread.x]!;
    },
    constants: {},
    cells: elements(out),
    arguments: ['in0', 'in1'],
    round: true,
  },
]);

/** Two passes: squares as a temporary, then sums of rows. */
const sumOfSquares = madeUp(
  'sumOfSquares',
  ({ inputs: [x] }) => [
    {
      name: 'squares',
      kernel: function (this: Kernel, x: number[]) {
        return square(x[this.thread.x]!);
      },
      functions: [square],
      constants: {},
      cells: elements(x!),
      arguments: ['in0'],
    },
    {
      name: 'rows',
      kernel: function (this: Kernel, squares: number[]) {
        let sum = 0;
        for (let j = 0; j < this.constants.columns!; j += 1) {
          sum += squares[this.thread.x * this.constants.columns! + j]!;
        }
        return sum;
      },
      constants: { columns: x![1]! },
      cells: x![0]!,
      arguments: ['t0'],
      loop: x![1]!,
    },
  ],
  (_, [x]) => [x![0]!],
);

const transpose = madeUp(
  'transpose',
  ({ inputs: [x] }) => [
    {
      name: 'transpose',
      kernel: function (this: Kernel, x: number[]) {
        return x[this.thread.x * this.constants.columns! + this.thread.y]!;
      },
      constants: { columns: x![1]! },
      cells: elements(x!),
      columns: x![0]!,
      arguments: ['in0'],
    },
  ],
  (_, [x]) => [x![1]!, x![0]!],
);

/** Each thread gives four neighbours: x, 2x, 3x and a constant from a table. */
const spread = madeUp(
  'spread',
  ({ inputs: [x] }) => [
    {
      name: 'spread',
      kernel: function (this: Kernel & { constants: { table: number[] } }, x: number[]) {
        const value = x[this.thread.y * this.constants.columns! + this.thread.x]!;
        return [value, value * 2, value * 3, this.constants.table[this.thread.x]!];
      },
      constants: { columns: x![1]!, table: [0.5, 0.25, 8] },
      cells: elements(x!),
      columns: x![1]!,
      components: 4,
      arguments: ['in0'],
    },
  ],
  (_, [x]) => [elements(x!) * 4],
);

const random = madeUp<{ stream: number }>('random', ({ attributes, out }) => [
  {
    name: 'random',
    kernel: function (this: Kernel, _: number[], seed: number[], stream: number) {
      return (
        mix(mix(this.thread.x ^ -1640531527) ^ mix(mix(mix(seed[1]! | 0) ^ (seed[0]! | 0)) ^ stream)) >>> 8
      );
    },
    integerFunctions: [mix, multiply1, multiply2, fold15, fold16],
    constants: {},
    numbers: attributes,
    cells: elements(out),
    arguments: ['in0', 'in1'],
  },
]);

const choices = await backends();

it('has WebGPU where SwiftShader is installed', () => {
  const { missing } = choices.find(({ name }) => name === 'webgpu')!;
  if (expectsWebGpu) expect(missing).toBe('');
  else expect(missing).toMatch(/WebGPU/);
});

it('does not take a software adapter unless asked to', async () => {
  await expect(createGpuDevice({ backend: 'webgpu' })).rejects.toThrow(OctavoError);
  const device = await createGpuDevice();
  expect(device.name).toBe('gpu:webasm');
  await device.destroy();
});

it('refuses an unknown backend with exit code 2', async () => {
  await expect(createGpuDevice({ backend: 'vulkan' as 'cpu' })).rejects.toMatchObject({ exitCode: 2 });
});

describe.each(choices)('gpu:$name', ({ name, create, missing }) => {
  const test = missing === '' ? it : it.skip;
  let device: Device;
  beforeAll(async () => {
    if (missing === '') device = await create();
  });
  afterAll(() => device?.destroy());

  test('is the device that was asked for', () => {
    expect(device.name).toBe(`gpu:${name}`);
    expect(device.description).toContain('gpu.js');
  });

  test('runs a chain of operators', async () => {
    const x = tensor(device, [1, 2, -3, 0.5, 7]);
    const y = device.alloc([5], FP32);
    const z = device.alloc([5], FP32);
    device.run(affine, { factor: 0.5 }, [x], [y]);
    device.run(affine, { factor: 3 }, [y], [z]);
    device.run(add, {}, [x, z], [y]);
    expect([...(await device.read(y))]).toEqual([1, 2, -3, 0.5, 7].map((v) => v + (v * 0.5 + 1) * 3 + 1));
    for (const t of [x, y, z]) device.free(t);
  });

  test('runs several passes through temporaries, and loops of any length', async () => {
    const columns = 1500; // gpu.js cuts loops at 1,000 unless told
    const x = tensor(device, new Float32Array(3 * columns).fill(2), [3, columns]);
    const y = device.alloc([3], FP32);
    device.run(sumOfSquares, {}, [x], [y]);
    expect([...(await device.read(y))]).toEqual([6000, 6000, 6000]);
    for (const t of [x, y]) device.free(t);
  });

  test('runs two-dimensional passes, several components, and tables', async () => {
    const x = tensor(device, [1, 2, 3, 4, 5, 6], [2, 3]);
    const y = device.alloc([3, 2], FP32);
    const z = device.alloc([24], FP32);
    device.run(transpose, {}, [x], [y]);
    device.run(spread, {}, [x], [z]);
    expect([...(await device.read(y))]).toEqual([1, 4, 2, 5, 3, 6]);
    expect([...(await device.read(z))]).toEqual(
      [1, 2, 3, 4, 5, 6].flatMap((v, i) => [v, 2 * v, 3 * v, [0.5, 0.25, 8][i % 3]!]),
    );
    for (const t of [x, y, z]) device.free(t);
  });

  test('rounds to BF16, ties to even', async () => {
    const values = bf16Cases();
    const x = tensor(device, values);
    const zero = tensor(device, new Float32Array(values.length));
    const y = device.alloc([values.length], BF16);
    device.run(add, {}, [x, zero], [y]);
    const expected = values.map((v) => round(BF16, v, 'nearest-even', 'special'));
    expect(await device.read(y)).toEqual(Float32Array.from(expected));
    for (const t of [x, zero, y]) device.free(t);
  });

  test('gives the bits of counterRandom, with one kernel for all streams', async () => {
    const length = 70_001;
    const x = device.alloc([length], FP32);
    const y = device.alloc([length], FP32);
    for (const [stream, high, low] of [
      [0, 0, 0],
      [70_000, 16_777_215, 54_321],
      [3, 12, 9_999_999],
    ] as const) {
      const seed = tensor(device, [high, low]);
      device.run(random, { stream }, [x, seed], [y]);
      const expected = Float32Array.from(
        { length },
        (_, i) => counterRandom(streamSeed(high, low, stream), i) / 256,
      );
      expect(await device.read(y)).toEqual(expected);
      device.free(seed);
    }
    for (const t of [x, y]) device.free(t);
  });

  test('keeps writes, runs and copies in order', async () => {
    const x = device.alloc([4], FP32);
    const y = device.alloc([4], FP32);
    const all = device.alloc([4, 4], FP32);
    for (let i = 0; i < 4; i++) {
      device.write(x, [i, i, i, i]);
      device.run(affine, { factor: 2 }, [x], [y]);
      device.copy(all, y, { to: 4 * i });
      if (i === 1) void device.flush();
    }
    device.write(x, [9, 9, 9, 9]);
    const early = device.read(x);
    device.write(x, [8, 8, 8, 8]);
    expect([...(await early)]).toEqual([9, 9, 9, 9]);
    expect([...(await device.read(x))]).toEqual([8, 8, 8, 8]);
    expect([...(await device.read(all))]).toEqual([1, 3, 5, 7].flatMap((v) => [v, v, v, v]));
    for (const t of [x, y, all]) device.free(t);
  });

  test('gives freed memory to the next tensor without mixing their values', async () => {
    const source = tensor(device, [1, 2, 3, 4]);
    const kept = device.alloc([4], FP32);
    const first = device.alloc([4], FP32);
    device.run(affine, { factor: 1 }, [source], [first]);
    device.copy(kept, first);
    device.free(first);
    const second = tensor(device, [5, 6, 7, 8]); // written while the first one's use is still recorded only
    expect([...(await device.read(kept))]).toEqual([2, 3, 4, 5]);
    expect([...(await device.read(second))]).toEqual([5, 6, 7, 8]);
    for (const t of [source, kept, second]) device.free(t);
  });

  test('copies regions, also within one tensor', async () => {
    const x = tensor(device, [0, 1, 2, 3, 4, 5]);
    const y = tensor(device, [9, 9, 9, 9]);
    device.copy(y, x, { from: 2, to: 1, length: 2 });
    device.copy(x, x, { from: 0, to: 3, length: 3 });
    expect([...(await device.read(y))]).toEqual([9, 2, 3, 9]);
    expect([...(await device.read(x))]).toEqual([0, 1, 2, 0, 1, 2]);
    expect(() => device.copy(y, x)).toThrow(/copy does not fit/);
    expect(() => device.copy(y, device.alloc([4], BF16))).toThrow(/bf16/);
  });

  test('compiles nothing the second time', async () => {
    const x = tensor(device, [1, 2, 3]);
    const y = device.alloc([3], FP32);
    let plans = 0;
    const counted = {
      ...affine,
      name: 'counted',
      passes(signature: Parameters<typeof affine.passes>[0]) {
        plans++;
        return affine.passes(signature);
      },
    };
    for (let i = 0; i < 5; i++) {
      device.run(counted, { factor: 2 }, [x], [y]);
      await device.read(y);
    }
    expect(plans).toBe(1);
    device.run(counted, { factor: 4 }, [x], [y]);
    expect([...(await device.read(y))]).toEqual([5, 9, 13]);
    expect(plans).toBe(2);
    for (const t of [x, y]) device.free(t);
  });

  test('counts memory', async () => {
    const fresh = await create();
    const a = fresh.alloc([10, 10], FP32);
    const b = fresh.alloc([50], BF16);
    expect(fresh.memory()).toEqual({ live: 600, peak: 600 });
    fresh.free(a);
    expect(fresh.memory()).toEqual({ live: 200, peak: 600 });
    const c = fresh.alloc([5, 100], FP32);
    const d = fresh.alloc([5], FP32);
    fresh.run(sumOfSquares, {}, [c], [d]);
    await fresh.flush();
    const rest = 200 + 2000 + 20;
    expect(fresh.memory()).toEqual({ live: rest, peak: rest + 2000 }); // the temporary of its first pass
    expect(() => fresh.free(a)).toThrow(OctavoError);
    expect(() => fresh.write(b, [1])).toThrow(/got 1 values, expected 50/);
    await fresh.destroy();
    expect(fresh.memory().live).toBe(0);
    expect(() => fresh.write(b, new Float32Array(50))).toThrow(OctavoError);
    await fresh.destroy();
  });

  test('refuses out as an input, wrong shapes, and strangers', async () => {
    const x = device.alloc([4], FP32);
    const other = await create();
    const y = other.alloc([4], FP32);
    expect(() => device.run(affine, { factor: 1 }, [x], [x])).toThrow(/one of the inputs/);
    expect(() => device.run(affine, { factor: 1 }, [x], [device.alloc([5], FP32)])).toThrow(/does not fit/);
    expect(() => device.run(affine, { factor: 1 }, [x], [y])).toThrow(/holds no memory/);
    await other.destroy();
  });

  test('names the pass that does not compile', async () => {
    const broken = madeUp('broken', ({ out }) => [
      {
        name: 'pass',
        kernel: function (this: Kernel, x: number[]) {
          return unknownHelper(x[this.thread.x]!);
        },
        constants: {},
        cells: elements(out),
        arguments: ['in0'],
      },
    ]);
    const fresh = await create();
    const x = fresh.alloc([4], FP32);
    const y = fresh.alloc([4], FP32);
    const attempt = async () => {
      fresh.run(broken, {}, [x], [y]);
      await fresh.read(y);
    };
    await expect(attempt()).rejects.toThrow(/\[kernels\] broken\/pass/);
    await fresh.destroy();
  });
});

declare function unknownHelper(x: number): number;

/** Values, ties and their neighbours over all exponents, also where BF16 is subnormal or overflows to infinity. */
function bf16Cases(): Float32Array {
  const cases: number[] = [0, 3.4028234663852886e38, 3.3895313892515355e38, 3.39e38];
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  for (let exponent = 1; exponent < 255; exponent += 1) {
    for (const mantissa of [
      0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x18000, 0x7f8000, 0x7f7fff, 0x7fffff, 0x2a8000,
    ]) {
      bits[0] = (exponent << 23) | mantissa;
      cases.push(float[0]!, -float[0]!);
    }
  }
  return Float32Array.from(cases);
}

it('rounds random values like the format does, in plain JavaScript too', async () => {
  const { roundBf16 } = await import('../src/gpujs/round-bf16.ts');
  for (const x of numbers(20_000)) {
    expect(roundBf16(x * 1e-3)).toBe(round(BF16, x * 1e-3, 'nearest-even', 'special'));
  }
});
