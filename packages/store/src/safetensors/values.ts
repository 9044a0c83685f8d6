/** @file The float types of safetensors as numbers and back. */
import {
  BF16,
  createCodes,
  decodeArray,
  E2M1,
  E4M3FN,
  E4M3FNUZ,
  E5M2,
  E5M2FNUZ,
  E8M0,
  encodeArray,
  type Format,
  FP16,
  FP32,
  OctavoError,
  quoted,
} from '@octavo/formats';
import type { SafetensorsType } from './header.ts';

const six = { bits: 6, signed: true, hasInfinity: false, hasSubnormals: true } as const;
const mx = {
  ...six,
  hasNegativeZero: true,
  nan: 'none',
  source: 'OCP Microscaling Formats (MX) 1.0',
} as const;

/** The number format of each float type but F64, which JavaScript has itself. */
export const safetensorsFormats: Readonly<Partial<Record<SafetensorsType, Format>>> = Object.freeze({
  F4: E2M1,
  F6_E2M3: Object.freeze({
    ...{ name: 'e2m3', exponentBits: 2, mantissaBits: 3, bias: 1, max: 7.5 },
    ...{ minNormal: 1, minSubnormal: 2 ** -3, ...mx },
  }),
  F6_E3M2: Object.freeze({
    ...{ name: 'e3m2', exponentBits: 3, mantissaBits: 2, bias: 3, max: 28 },
    ...{ minNormal: 2 ** -2, minSubnormal: 2 ** -4, ...mx },
  }),
  F8_E4M3: E4M3FN,
  F8_E5M2: E5M2,
  F8_E8M0: E8M0,
  F8_E4M3FNUZ: E4M3FNUZ,
  F8_E5M2FNUZ: E5M2FNUZ,
  F16: FP16,
  BF16,
  F32: FP32,
});

/**
 * The numbers in a tensor's bytes: float32, which every type but F64 fits into exactly, or float64. Elements of less than a
 * byte follow each other from a byte's lowest bit up. Throws an `OctavoError` (exit code 2) for a type that is no float.
 */
export function decodeSafetensors(
  dtype: SafetensorsType,
  data: Uint8Array<ArrayBuffer>,
): Float32Array | Float64Array {
  if (dtype === 'F64') return new Float64Array(aligned(data, 8));
  const format = formatOf(dtype);
  if (format.bits < 8) return decodeArray(format, unpack(data, format.bits));
  if (format.bits === 8) return decodeArray(format, data);
  if (format.bits === 16) return decodeArray(format, new Uint16Array(aligned(data, 2)));
  return new Float32Array(aligned(data, 4));
}

/**
 * A tensor's bytes: numbers rounded to the nearest, ties to even, once; those beyond the largest become infinite, or the
 * largest in a type without infinity. Throws an `OctavoError` (exit code 2) for a type that is no float.
 */
export function encodeSafetensors(dtype: SafetensorsType, values: ArrayLike<number>): Uint8Array {
  if (dtype === 'F64') return new Uint8Array(Float64Array.from(values).buffer);
  if (dtype === 'F32') return new Uint8Array(Float32Array.from(values).buffer);
  const format = formatOf(dtype);
  const overflow = format.hasInfinity ? 'special' : 'saturate';
  const codes = encodeArray(format, values, createCodes(format, values.length), { overflow });
  if (format.bits < 8) return pack(codes, format.bits);
  return new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength);
}

function formatOf(dtype: SafetensorsType): Format {
  const format = safetensorsFormats[dtype];
  if (format) return format;
  throw new OctavoError(
    `[store] ${quoted(dtype)} is no float type of safetensors, expected one of ${[...Object.keys(safetensorsFormats), 'F64'].join(', ')}`,
    { exitCode: 2 },
  );
}

/** Memory of whole elements that begins where an array of them may. */
const aligned = (data: Uint8Array<ArrayBuffer>, bytes: number): ArrayBuffer =>
  data.byteOffset === 0 && data.byteLength === data.buffer.byteLength && data.byteLength % bytes === 0
    ? data.buffer
    : data.slice(0, data.byteLength - (data.byteLength % bytes)).buffer;

/** Codes of `bits` each out of a stream of bits, lowest first. */
function unpack(bytes: Uint8Array, bits: number): Uint8Array {
  const codes = new Uint8Array(Math.floor((8 * bytes.length) / bits));
  for (let i = 0; i < codes.length; i++) {
    const at = i * bits;
    const pair = bytes[at >> 3]! | ((bytes[(at >> 3) + 1] ?? 0) << 8);
    codes[i] = (pair >> (at & 7)) & (2 ** bits - 1);
  }
  return codes;
}

/** `unpack` undone; the last byte may end in zeros. */
function pack(codes: ArrayLike<number>, bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((codes.length * bits) / 8));
  for (let i = 0; i < codes.length; i++) {
    const at = i * bits;
    const pair = codes[i]! << (at & 7);
    bytes[at >> 3]! |= pair & 255;
    if (pair > 255) bytes[(at >> 3) + 1]! |= pair >> 8;
  }
  return bytes;
}
