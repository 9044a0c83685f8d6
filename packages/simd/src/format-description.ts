/** @file Number formats as the kernels read them: sixteen words, then the values of the codes. */
import { encode, type Format, OctavoError, valuesOf } from '@octavo/formats';
import { BF16_KIND, BYTE_KIND, FORMAT_BYTES, FP16_KIND, FP32_KIND, TABLE_BYTES } from './numbers.ts';

export type Kind = typeof FP32_KIND | typeof BF16_KIND | typeof FP16_KIND | typeof BYTE_KIND;

const LAYOUTS: Readonly<Record<string, Kind>> = {
  '32-8-23': FP32_KIND,
  '16-8-7': BF16_KIND,
  '16-5-10': FP16_KIND,
};

/** How a format is stored. Throws on one of 9 to 32 bits that is neither FP32, BF16 nor FP16. */
export function kindOf(format: Format): Kind {
  if (format.bits <= 8) return BYTE_KIND;
  const kind = LAYOUTS[`${format.bits}-${format.exponentBits}-${format.mantissaBits}`];
  if (kind !== undefined) return kind;
  throw new OctavoError(
    `[simd] format: got ${format.name} of ${format.bits} bits, expected fp32, bf16, fp16 or at most 8 bits`,
  );
}

export const bytesOfKind = (kind: Kind): number => (kind === FP32_KIND ? 4 : kind === BYTE_KIND ? 1 : 2);

/** Bytes of a description: its words and the table. */
export const DESCRIPTION_BYTES = FORMAT_BYTES + TABLE_BYTES;

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The bits of a number as float32. */
export function floatBits(x: number): number {
  float[0] = x;
  return bits[0]!;
}

/** Writes a description (layout: assembly/encode.ts) at a word of memory. */
export function describe(format: Format, words: Int32Array, at: number): void {
  if (format.bits > 16) return;
  const code = (x: number, overflow: 'saturate' | 'special') => encode(format, x, { overflow });
  const sign = format.signed ? 2 ** (format.bits - 1) : 0;
  words.set(
    [
      format.mantissaBits,
      floatBits(format.minNormal),
      code(format.max, 'saturate'),
      sign,
      format.hasNegativeZero ? sign : 0,
      code(Number.NaN, 'saturate'),
      code(Number.POSITIVE_INFINITY, 'saturate'),
      code(Number.NEGATIVE_INFINITY, 'saturate'),
      code(Number.POSITIVE_INFINITY, 'special'),
      code(Number.NEGATIVE_INFINITY, 'special'),
      format.signed ? (format.exponentBits === 8 && format.bits === 16 ? 2 : 0) : 1,
      floatBits(format.max),
    ],
    at,
  );
  if (format.bits > 8) return;
  words.set(new Int32Array(valuesOf(format).buffer), at + FORMAT_BYTES / 4);
  words[at + FORMAT_BYTES / 4 + 256] = 0; // nothing is known of the table
}
