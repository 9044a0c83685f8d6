/** @file Arrays of numbers to arrays of codes. */
import { type Codes, checkCodes, checkLength, checkScale, createCodes, isFloat32Array } from './codes.ts';
import { counterRandom } from './counter-random.ts';
import { encode } from './encode.ts';
import { encodeBits, encodeTable } from './encode-bits.ts';
import { OctavoError } from './error.ts';
import type { Format } from './format.ts';
import type { Overflow, Rounding } from './round.ts';

export interface EncodeArrayOptions {
  /** Multiplies before the cast: in float32 a Float32Array, else in float64. Taken as float32, positive and finite. Default 1. */
  readonly scale?: number | undefined;
  /** Default `nearest-even`. */
  readonly rounding?: Rounding | undefined;
  /** Default `saturate`. */
  readonly overflow?: Overflow | undefined;
  /** Of stochastic rounding: element i draws `counterRandom(seed, offset + i)`. Default 0. */
  readonly seed?: number | undefined;
  /** Position of the first element in the random stream. Default 0. */
  readonly offset?: number | undefined;
}

/** Elements scaled at a time: 16 KiB, which stays in the first-level cache. */
const CHUNK = 4096;

/** What `encodeTable` is exact for: at most six significant bits. */
const TABLE_MANTISSA = 5;

/**
 * `target[i] = encode(format, fround(source[i] · scale), …)`, written to `target` where there is one (of the type
 * `createCodes` gives, as long as the source), else to a new array. Returns the codes. Numbers that are not in a
 * Float32Array keep their 53 bits until the cast, so that they too are rounded once (element by element, slower).
 * Throws where an element is no number.
 */
export function encodeArray<T extends Codes>(
  format: Format,
  source: ArrayLike<number>,
  target: T,
  options?: EncodeArrayOptions,
): T;
export function encodeArray(
  format: Format,
  source: ArrayLike<number>,
  target?: undefined,
  options?: EncodeArrayOptions,
): Codes;
export function encodeArray(
  format: Format,
  source: ArrayLike<number>,
  target: Codes = createCodes(format, source.length),
  options: EncodeArrayOptions = {},
): Codes {
  checkCodes(format, target);
  checkLength(source.length, target.length);
  const scale = checkScale(options.scale ?? 1);
  const offset = options.offset ?? 0;
  if (!isFloat32Array(source)) {
    encodeEach(format, source, scale, target, options, offset);
    return target;
  }
  if (scale === 1) {
    encodeChunk(format, source, target, options, offset);
    return target;
  }
  const scaled = new Float32Array(Math.min(CHUNK, source.length));
  for (let start = 0; start < source.length; start += CHUNK) {
    const length = Math.min(CHUNK, source.length - start);
    for (let i = 0; i < length; i++) scaled[i] = source[start + i]! * scale;
    encodeChunk(
      format,
      scaled.subarray(0, length),
      target.subarray(start, start + length),
      options,
      offset + start,
    );
  }
  return target;
}

function encodeChunk(
  format: Format,
  source: Float32Array,
  target: Codes,
  options: EncodeArrayOptions,
  offset: number,
): void {
  const { rounding = 'nearest-even', overflow = 'saturate', seed = 0 } = options;
  const bits = new Uint32Array(source.buffer, source.byteOffset, source.length);
  if (rounding !== 'stochastic' && format.bits <= 8 && format.mantissaBits <= TABLE_MANTISSA)
    lookUp(encodeTable(format, rounding, overflow), bits, target);
  else if (format.bits === 32) copyBits(format, bits, target, overflow);
  else if (format.signed) encodeBits(format, bits, target, rounding, overflow, seed, offset);
  else encodeEach(format, source, 1, target, options, offset);
}

function lookUp(table: Uint8Array, bits: Uint32Array, target: Codes): void {
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    target[i] = table[(b >>> 16) | (((b & 0xffff) + 0xffff) >>> 16)]!;
  }
}

/** FP32 is the source's own format: only what is not finite changes. */
function copyBits(format: Format, bits: Uint32Array, target: Codes, overflow: Overflow): void {
  const nan = encode(format, Number.NaN);
  const infinity = encode(format, Number.POSITIVE_INFINITY, { overflow });
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    const magnitude = b & 0x7fffffff;
    if (magnitude < 0x7f800000) target[i] = b;
    else target[i] = magnitude > 0x7f800000 ? nan : infinity | (b & 0x80000000);
  }
}

/** Element by element with `encode`: for float64 input, and for stochastic rounding to E8M0, where speed does not matter. */
function encodeEach(
  format: Format,
  source: ArrayLike<number>,
  scale: number,
  target: Codes,
  { rounding, overflow, seed = 0 }: EncodeArrayOptions,
  offset: number,
): void {
  for (let i = 0; i < source.length; i++) {
    const x: unknown = source[i];
    if (typeof x !== 'number')
      throw new OctavoError(`[formats] number to cast at ${i}: got ${typeof x}, expected a number`);
    const random = rounding === 'stochastic' ? counterRandom(seed, offset + i) : 0;
    target[i] = encode(format, x * scale, { rounding, overflow, random });
  }
}
