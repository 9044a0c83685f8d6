/** @file Memory, threads and errors of the device. */
import { createHash } from 'node:crypto';
import { BF16, E4M3FN, E5M2, FP16, FP32, OctavoError } from '@octavo/formats';
import type { Device, Tensor } from '@octavo/kernels';
import * as kernels from '@octavo/kernels';
import { afterEach, describe, expect, it } from 'vitest';
import { createArena, sizeClass } from '../src/arena.ts';
import { createSimdDevice, type SimdDeviceOptions } from '../src/index.ts';
import { normal } from './support.ts';

const devices: Device[] = [];
const make = async (options: SimdDeviceOptions = {}): Promise<Device> => {
  const device = await createSimdDevice(options);
  devices.push(device);
  return device;
};
afterEach(async () => {
  for (const device of devices.splice(0)) await device.destroy();
});

/** A layer's worth of operators, with results in several formats: a digest of their bits. */
async function layer(device: Device): Promise<string> {
  const scope = kernels.createScope(device);
  const tensor = (shape: readonly number[], seed: number, format = FP32): Tensor => {
    const t = scope.alloc(shape, format);
    const values = normal(kernels.elements(shape), seed);
    device.write(t, format === FP32 ? values : values.map((x) => Math.round(x * 4) / 4));
    return t;
  };
  const [T, D, F] = [130, 96, 200];
  const x = tensor([T, D], 1, BF16);
  const codes = scope.alloc([T, D], E4M3FN);
  const scale = scope.alloc([1, 1], FP32);
  const amax = scope.alloc([1, 1], FP32);
  const seed = scope.alloc([2], FP32);
  device.write(seed, [5, 6]);
  const whole = { blockRows: T, blockColumns: D };
  const how = { ...whole, rounding: 'stochastic', overflow: 'saturate', stream: 3 } as const;
  device.run(
    kernels.quantizeCurrent,
    { ...how, margin: 0, powerOfTwo: false },
    [x, seed],
    [codes, scale, amax],
  );
  const again = scope.alloc([T, D], E5M2);
  const statistics = scope.alloc([8], FP32);
  device.run(
    kernels.castWithStatistics,
    { ...how, max: E5M2.max, minSubnormal: E5M2.minSubnormal },
    [x, scale, seed],
    [again, amax, statistics],
  );
  const weight = tensor([2 * F, D], 2, E5M2);
  const gateUp = scope.alloc([T, 2 * F], BF16);
  const gemm = {
    transposeA: false,
    transposeB: true,
    aBlockRows: T,
    aBlockColumns: D,
    bBlockRows: 1,
    bBlockColumns: 1,
    scaledA: true,
    scaledB: false,
  };
  device.run(kernels.gemm, gemm, [codes, weight, scale], [gateUp]);
  const h = scope.alloc([T, F], BF16);
  device.run(kernels.swiglu, { perToken: false }, [gateUp], [h]);
  const heads = { batch: 2, sequence: 65, heads: 4, keyValueHeads: 2, headDim: 12 };
  const qkv = tensor([T, 96], 4);
  const o = scope.alloc([T, 48], FP32);
  const dqkv = scope.alloc([T, 96], FP32);
  device.run(kernels.attention, heads, [qkv], [o]);
  device.run(kernels.attentionGrad, heads, [qkv, o], [dqkv]);
  const total = scope.alloc([1], FP32);
  device.run(kernels.sumSquares, {}, [h], [total]);
  const columns = scope.alloc([F], FP32);
  device.run(kernels.sumColumns, {}, [h], [columns]);
  const w = [FP16, E4M3FN, E5M2].map((format) => [scope.alloc([T, D], format), scope.alloc([1], FP32)]);
  const old = [tensor([T, D], 6, FP16), tensor([T, D], 7, E4M3FN), tensor([T, D], 8, E5M2)].map((t, i) => {
    const s = scope.alloc([1], FP32);
    device.write(s, [i + 1]);
    return [t, s];
  });
  const hyper = scope.alloc([9], FP32);
  device.write(hyper, [0.01, 0.9, 0.95, 1e-8, 0.1, 1, 0.1, 0.05, 2]);
  const adam = {
    decays: true,
    masterRounding: 'nearest-even',
    momentRounding: 'stochastic',
    powerOfTwo: true,
    bounded: true,
    stream: 0,
  } as const;
  device.run(
    kernels.adamw,
    adam,
    [...old.flat(), tensor([T, D], 9), hyper, seed] as Tensor[],
    w.flat() as Tensor[],
  );
  const results = await Promise.all(
    [codes, again, statistics, gateUp, h, o, dqkv, total, columns, ...w.flat()].map((t) => device.read(t!)),
  );
  scope.release();
  const hash = createHash('sha256');
  for (const values of results) hash.update(new Uint8Array(values.buffer));
  return hash.digest('hex');
}

describe('threads', () => {
  it('give the same bits whatever their number', async () => {
    for (const instructionSet of ['simd128', 'relaxed-simd'] as const) {
      const one = await layer(await make({ threads: 1, instructionSet }));
      for (const threads of [2, 3, 5]) {
        const device = await make({ threads, instructionSet });
        for (let run = 0; run < 3; run++) expect(await layer(device)).toBe(one);
      }
    }
  });

  it('are not started where memory cannot be shared, with the same bits', async () => {
    const wanted = await layer(await make({ threads: 2 }));
    const shared = globalThis.SharedArrayBuffer;
    try {
      Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
      const device = await make({ threads: 2 });
      expect(device.description).toContain('1 thread');
      expect(await layer(device)).toBe(wanted);
    } finally {
      globalThis.SharedArrayBuffer = shared;
    }
  });

  it('describe themselves', async () => {
    const device = await make({ threads: 2 });
    expect(device.name).toBe('simd');
    expect(device.description).toMatch(/(relaxed-simd|simd128), 2 threads/);
  });

  it('must be a whole number', async () => {
    await expect(createSimdDevice({ threads: 0 })).rejects.toThrow('threads: got 0');
    await expect(createSimdDevice({ threads: 1.5 })).rejects.toThrow(OctavoError);
  });
});

describe('memory', () => {
  it('of repeated steps is that of the first', async () => {
    const device = await make({ threads: 2 });
    await layer(device);
    const { peak } = device.memory();
    // sizes that nothing else has come from the end of what is in use
    const end = (elements: number): number => {
      const tensor = device.alloc([elements], FP32) as Tensor & { readonly address: number };
      device.free(tensor);
      return tensor.address;
    };
    const first = end(2 ** 21);
    for (let step = 0; step < 5; step++) await layer(device);
    expect(end(2 ** 22)).toBe(first + sizeClass(2 ** 23));
    expect(device.memory()).toEqual({ live: 0, peak: Math.max(peak, 2 ** 24) });
  });

  it('holds eight-bit formats in bytes', async () => {
    const device = await make({ threads: 1 });
    const tensors = [FP32, BF16, FP16, E4M3FN].map((format) => device.alloc([10, 100], format));
    expect(device.memory().live).toBe(4000 + 2000 + 2000 + 1000);
    for (const tensor of tensors) device.free(tensor);
    expect(device.memory()).toEqual({ live: 0, peak: 9000 });
  });

  it('ends with an error that says so', async () => {
    const device = await make({ threads: 1 });
    const kept: Tensor[] = [];
    expect(() => {
      for (let i = 0; i < 6; i++) kept.push(device.alloc([2 ** 28], FP32));
    }).toThrow(/\[simd\] memory: got a request for 1073741824 bytes .* expected at most 4 GiB/);
    expect(kept.length).toBeGreaterThanOrEqual(2);
    for (const tensor of kept) device.free(tensor);
    device.free(device.alloc([2 ** 28], FP32));
  });

  it('is refused to tensors that are freed or foreign', async () => {
    const [a, b] = [await make({ threads: 1 }), await make({ threads: 1 })];
    const t = a.alloc([4], FP32);
    expect(() => b.write(t, [1, 2, 3, 4])).toThrow('holds no memory');
    a.free(t);
    expect(() => a.free(t)).toThrow('holds no memory');
  });
});

describe('arena', () => {
  const memory = (pages: number, most: number) => {
    let buffer = new ArrayBuffer(pages * 65536);
    return {
      get buffer() {
        return buffer;
      },
      grow(more: number) {
        if (pages + more > most) throw new RangeError('no more');
        pages += more;
        buffer = new ArrayBuffer(pages * 65536);
        return pages - more;
      },
    };
  };

  it('rounds sizes up by at most an eighth, in multiples of 64', () => {
    for (let bytes = 1; bytes < 100000; bytes += 97) {
      expect(sizeClass(bytes)).toBeGreaterThanOrEqual(bytes);
      expect(sizeClass(bytes) % 64).toBe(0);
      expect(sizeClass(bytes)).toBeLessThanOrEqual(Math.max(bytes * 1.125 + 1, bytes + 64));
      expect(sizeClass(sizeClass(bytes))).toBe(sizeClass(bytes));
    }
  });

  it('gives a freed piece to the next of its size, and joins neighbours before it gives up', () => {
    const arena = createArena(memory(2, 4), 4096);
    const pieces = Array.from({ length: 6 }, () => arena.take(40000));
    expect(new Set(pieces).size).toBe(6);
    arena.give(pieces[2]!, 40000);
    expect(arena.take(40000)).toBe(pieces[2]);
    expect(() => arena.take(100000)).toThrow('memory');
    for (const piece of pieces) arena.give(piece, 40000);
    const large = arena.take(200000);
    expect(large).toBe(4096);
    expect(() => arena.take(100000)).toThrow('memory');
    arena.give(large, 200000);
    expect(arena.take(100000)).toBe(4096);
  });
});
