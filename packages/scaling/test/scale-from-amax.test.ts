/** @file The scale against exact arithmetic in big integers, at powers of two and beside them, and against the operator. */
import { decode, E2M1, E4M3, E4M3FN, E5M2, E8M0, FP16, round } from '@octavo/formats';
import { describe, expect, test } from 'vitest';
import { scaleFromAmax as operator } from '../../kernels/src/operators/scale-from-amax.ts';
import { e8m0Codes, e8m0Scale, scaleFromAmax, scalesFromE8m0 } from '../src/index.ts';

const FORMATS = [E4M3FN, E4M3, E5M2, E2M1, FP16];

/** A float32 as m · 2^e with integers. */
function parts(x: number): [bigint, number] {
  let e = 0;
  while (!Number.isInteger(x)) {
    x *= 2;
    e--;
  }
  return [BigInt(x), e];
}

/** ⌊log2 (a / b)⌋ of positive float32 numbers, in integers. */
function floorLog2Ratio(a: number, b: number): number {
  const [ma, ea] = parts(a);
  const [mb, eb] = parts(b);
  const atLeast = (k: number) => {
    // a ≥ b · 2^k
    const shift = ea - eb - k;
    return shift >= 0 ? ma << BigInt(shift) >= mb : ma >= mb << BigInt(-shift);
  };
  let k = Math.floor(Math.log2(a) - Math.log2(b)) - 2;
  while (atLeast(k + 1)) k++;
  return k;
}

const value = new Float32Array(1);
const bits = new Uint32Array(value.buffer);

/** Normal float32 numbers: all powers of two and formats' maxima times powers of two, the neighbours of each, and others. */
function amaxes(): number[] {
  const all: number[] = [];
  for (let e = -126; e < 120; e++) {
    for (const factor of [1, 1.75, 1.5, 1.875, (2 ** 11 - 1) / 2 ** 10, 4 / 3]) {
      value[0] = factor * 2 ** e;
      const at = bits[0]!;
      for (const step of [-1, 0, 1]) {
        bits[0] = at + step;
        all.push(value[0]);
      }
    }
  }
  return all.filter((x) => x >= 2 ** -126);
}

describe.each(FORMATS)('$name', ({ max }) => {
  test('powers of two are ⌊log2⌋ exactly: amax never passes max, and would with one more', () => {
    for (const amax of amaxes()) {
      const expected = 2 ** Math.min(127, Math.max(-126, floorLog2Ratio(max, amax)));
      const scale = scaleFromAmax(amax, max, 0, true);
      if (scale !== expected) expect([amax, scale]).toEqual([amax, expected]);
      if (scale < 2 ** 127 && scale > 2 ** -126 && !(amax * scale <= max && amax * scale * 2 > max))
        expect(amax).toBeNaN();
    }
  });

  test('otherwise the float32 quotient, which takes amax to max', () => {
    for (const amax of amaxes()) {
      const scale = scaleFromAmax(amax, max);
      const expected = Math.min((2 - 2 ** -23) * 2 ** 127, Math.max(2 ** -126, Math.fround(max / amax)));
      if (scale !== expected) expect([amax, scale]).toEqual([amax, expected]);
    }
  });

  test('margin is so many powers of two', () => {
    for (const margin of [1, 3, -2]) {
      expect(scaleFromAmax(1, max, margin)).toBe(max / 2 ** margin);
      expect(scaleFromAmax(0.75, max, margin, true)).toBe(scaleFromAmax(0.75, max, 0, true) / 2 ** margin);
    }
  });

  test('bit for bit the operator of @octavo/kernels', () => {
    const data = Float32Array.from([
      ...amaxes(),
      0,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** -149,
      2 ** -130,
      3.4028234663852886e38,
      2 ** 127,
    ]);
    const shape = [data.length];
    for (const margin of [0, 2, 0.5, 30]) {
      for (const powerOfTwo of [false, true]) {
        const out = { shape, format: E4M3FN, data: new Float32Array(data.length) };
        operator.reference({ max, margin, powerOfTwo }, [{ shape, format: E4M3FN, data }], out);
        expect(data.map((amax) => scaleFromAmax(amax, max, margin, powerOfTwo))).toEqual(out.data);
      }
    }
  });
});

test('no maximum, no scale: 1', () => {
  for (const amax of [0, -0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e39, 1e-60]) {
    expect(scaleFromAmax(amax, 448)).toBe(1);
    expect(scaleFromAmax(amax, 448, 0, true)).toBe(1);
  }
});

test('always a finite, normal float32', () => {
  for (const amax of [2 ** -149, 2 ** -126, 3.4028234663852886e38]) {
    for (const margin of [-64, 0, 64]) {
      for (const powerOfTwo of [false, true]) {
        const scale = scaleFromAmax(amax, 57344, margin, powerOfTwo);
        expect(Math.fround(scale)).toBe(scale);
        expect(scale >= 2 ** -126 && scale < 2 ** 128).toBe(true);
      }
    }
  }
});

describe('e8m0', () => {
  test('no element of a block overflows, and the largest uses the top binade', () => {
    for (const format of [E4M3FN, E5M2, E2M1]) {
      for (const amax of amaxes()) {
        const scale = e8m0Scale(amax, format.max);
        if (!(amax * scale <= format.max)) expect(amax * scale).toBeLessThanOrEqual(format.max);
        if (round(format, amax * scale, 'nearest-even', 'special') > format.max) expect(amax).toBeNaN();
        if (scale < 2 ** 127 && scale > 2 ** -126) expect(amax * scale).toBeGreaterThan(format.max / 2);
      }
    }
  });

  test('codes are those of the dequantising multiplier, there and back', () => {
    const scales = Float32Array.from({ length: 254 }, (_, i) => 2 ** (i - 126));
    const codes = e8m0Codes(scales);
    codes.forEach((code, i) => {
      expect(decode(E8M0, code)).toBe(1 / scales[i]!);
    });
    expect(scalesFromE8m0(codes)).toEqual(scales);
    expect([...e8m0Codes([1, 2, 0.5])]).toEqual([127, 126, 128]);
  });

  test('refusals', () => {
    for (const scale of [0, 3, -2, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => e8m0Codes([scale])).toThrow('expected a power of two');
    }
    expect(() => scalesFromE8m0(Uint8Array.of(255))).toThrow('NaN');
  });
});
