/** @file Casts, bit by bit, against the array codecs of @octavo/formats. */
import {
  BF16,
  counterRandom,
  createCodes,
  decodeArray,
  E4M3,
  E4M3FN,
  E5M2,
  encodeArray,
  type Format,
  FP16,
  FP32,
  formats,
  round,
  streamSeed,
  valuesOf,
} from '@octavo/formats';
import { cast, createReferenceDevice, createScope, type Device, dequantize } from '@octavo/kernels';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimdDevice } from '../src/index.ts';

const LENGTH = 2 ** 18 + 5;
const HOWS = (['nearest-even', 'toward-zero', 'stochastic'] as const).flatMap((rounding) =>
  (['saturate', 'special'] as const).map((overflow) => ({ rounding, overflow })),
);

type How = (typeof HOWS)[number];

/** Half of the patterns any of 2^32, half within and around the exponents that the format has; every tie's neighbourhood. */
function patterns(format: Format, seed: number): Float32Array {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
  const bits = new Uint32Array(LENGTH);
  const low = Math.max(0, 127 - format.bias - format.mantissaBits - 3);
  const high = Math.min(255, Math.ceil(Math.log2(format.max)) + 129);
  for (let i = 0; i < LENGTH; i++) {
    const any = (next() & 0xffff0000) | (next() >>> 16);
    if (i & 1) bits[i] = any;
    else {
      const exponent = low + ((next() >>> 8) % (high - low + 1));
      // few mantissa bits: ties and exact values are common
      const mantissa =
        i & 2 ? any & 0x7fffff : any & (0x7fffff << (23 - format.mantissaBits - 1 - (i & 4 ? 0 : 2)));
      bits[i] = (any & 0x80000000) | (exponent << 23) | (mantissa & 0x7fffff);
    }
  }
  return new Float32Array(bits.buffer);
}

/** Numbers that are normal in the format, once scaled, and zeros, sometimes something smaller: what casts are made for. */
function ordinary(format: Format, seed: number, subnormals: boolean): Float32Array {
  let state = seed >>> 0;
  const low = 127 - format.bias + 2;
  const high = Math.floor(Math.log2(format.max)) + 128;
  const bits = new Uint32Array(LENGTH >> 3);
  for (let i = 0; i < bits.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const exponent =
      subnormals && i % 29 === 0 ? low - 2 - (i % 5) : low + ((state >>> 9) % (high - low + 1));
    bits[i] =
      i % 23
        ? (exponent << 23) | (state & 0x80000000) | (Math.imul(state, 0x9e3779b1) >>> 9)
        : state & 0x80000000;
  }
  return new Float32Array(bits.buffer);
}

const bitsOf = (values: Float32Array): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length);

describe.each([1, 2])('casts with %i threads', (threads) => {
  let device: Device;
  beforeAll(async () => {
    device = await createSimdDevice({ threads });
  });
  afterAll(() => device.destroy());

  async function compare(format: Format, source: Format, values: Float32Array, scale: number, how: How) {
    const { length } = values;
    const [x, s, seed, out] = [
      device.alloc([length], source),
      device.alloc([1, 1], FP32),
      device.alloc([2], FP32),
      device.alloc([length], format),
    ];
    device.write(x, values);
    device.write(s, [scale]);
    device.write(seed, [16777215, 12345]);
    const block = { blockRows: 1, blockColumns: length };
    const inputs = how.rounding === 'stochastic' ? [x, s, seed] : [x, s];
    device.run(cast, { ...block, ...how, stream: 99 }, inputs, [out]);
    const actual = bitsOf(await device.read(out));
    for (const tensor of [x, s, seed, out]) device.free(tensor);

    const codes = encodeArray(format, values, createCodes(format, length), {
      ...how,
      scale,
      seed: streamSeed(16777215, 12345, 99),
    });
    const wanted = bitsOf(decodeArray(format, codes));
    const at = actual.findIndex((bits, i) => bits !== wanted[i]);
    if (at >= 0) {
      const show = (bits: number) => bits.toString(16);
      expect.fail(
        `${format.name} ${how.rounding} ${how.overflow}: ${values[at]} (${show(bitsOf(values)[at]!)}) gave ${show(actual[at]!)}, expected ${show(wanted[at]!)}`,
      );
    }
  }

  it.each(Object.values(formats))('$name: more than a million patterns', { tags: 'slow' }, async (format) => {
    for (const [n, how] of HOWS.entries()) {
      await compare(format, FP32, patterns(format, n + 1), n % 2 ? 1 : 0.71875, how);
    }
  });

  it.each(Object.values(formats))('$name: ordinary numbers, from FP32 and BF16', async (format) => {
    for (const [n, how] of HOWS.entries()) {
      for (const subnormals of [false, true]) {
        const values = ordinary(format, n + 7, subnormals);
        await compare(format, FP32, values, 0.71875, how);
        await compare(
          format,
          BF16,
          values.map((v) => round(BF16, v)),
          0.71875,
          how,
        );
      }
    }
  });

  it.each([E4M3FN, E4M3, E5M2])(
    '$name: stochastic, where the fraction meets the random number',
    async (format) => {
      const dropped = 23 - format.mantissaBits;
      const seed = streamSeed(16777215, 12345, 99);
      const bits = Uint32Array.from({ length: 4096 }, (_, i) => {
        const fraction = (counterRandom(seed, i) >>> (32 - dropped)) + (i % 3) - 1;
        return (127 << 23) | ((i & 1) << dropped) | Math.min(Math.max(fraction, 0), 2 ** dropped - 1);
      });
      const how = { rounding: 'stochastic', overflow: 'saturate' } as const;
      await compare(format, FP32, new Float32Array(bits.buffer), 1, how);
    },
  );

  it.each(Object.values(formats).filter((f) => f.bits <= 8))(
    '$name: every code back, over scales of all sizes',
    async (format) => {
      const all = [...valuesOf(format)];
      // first without what is not finite, then with it in places of all kinds
      const finite = all.filter(Number.isFinite);
      const values = Float32Array.from([...finite, ...finite, ...all, ...finite.slice(3, 40), ...all]);
      const block = { blockRows: 1, blockColumns: values.length };
      for (const scale of [
        1,
        0.75,
        3,
        2 ** 100 / 3,
        2 ** -100 / 3,
        3e38,
        1e-38,
        -7,
        0,
        Infinity,
        Number.NaN,
      ]) {
        for (const target of [FP32, BF16]) {
          const [wanted, actual] = await Promise.all(
            [createReferenceDevice(), device].map(async (on) => {
              const scope = createScope(on);
              const codes = scope.alloc([values.length], format);
              const scales = scope.alloc([1, 1], FP32);
              const out = scope.alloc([values.length], target);
              on.write(codes, values);
              on.write(scales, [scale]);
              on.run(dequantize, block, [codes, scales], [out]);
              const result = await on.read(out);
              scope.release();
              return result;
            }),
          );
          expect(actual, `${target.name}, scale ${scale}`).toEqual(wanted);
        }
      }
    },
  );

  it.each([BF16, FP16])('$name: all 65536 codes back', async (format) => {
    const values = valuesOf(format);
    const [x, scale] = [device.alloc([values.length], format), device.alloc([1, 1], FP32)];
    const out = device.alloc([values.length], FP32);
    device.write(x, values);
    device.write(scale, [1]);
    const how = { rounding: 'nearest-even', overflow: 'special', stream: 0 } as const;
    device.run(cast, { ...how, blockRows: 1, blockColumns: values.length }, [x, scale], [out]);
    expect(await device.read(out)).toEqual(values);
    for (const tensor of [x, scale, out]) device.free(tensor);
  });
});
