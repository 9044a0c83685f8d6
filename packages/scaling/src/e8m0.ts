/** @file The scales of MX blocks: powers of two, kept in eight bits. */
import { decode, E8M0, encode, OctavoError } from '@octavo/formats';
import { scaleFromAmax } from './scale-from-amax.ts';

/**
 * The scale of an MX block with elements of largest value `max`: 2^⌊log2 (max / amax)⌋.
 * The MX specification's 2^(⌊log2 amax⌋ - ⌊log2 max⌋), a dequantising scale, lets elements above `max` appear and
 * saturate; this is its reciprocal rounded the other way, so that none do.
 */
export const e8m0Scale = (amax: number, max: number): number => scaleFromAmax(amax, max, 0, true);

/**
 * The scale of the MX specification, 2^(⌊log2 max⌋ - ⌊log2 amax⌋): elements of up to 2 · 2^⌊log2 max⌋ appear, and those
 * above max saturate (OCP Microscaling Formats 1.0, section 6.3). 1 where amax is 0.
 */
export function mxSpecScale(amax: number, max: number): number {
  if (!(amax > 0)) return 1;
  const floor = (x: number) => scaleFromAmax(1, x, 0, true); // 2^⌊log2 x⌋
  return floor(max) / floor(amax);
}

/**
 * Scales as MX files keep them: the E8M0 code of 1 / scale, the multiplier that dequantises.
 * Throws on a scale that is not a power of two from 2^-127 to 2^127.
 */
export function e8m0Codes(scales: ArrayLike<number>): Uint8Array {
  return Uint8Array.from(scales, (scale) => {
    const code = encode(E8M0, 1 / scale);
    if (decode(E8M0, code) * scale === 1) return code;
    throw new OctavoError(`[scaling] E8M0 scale: got ${scale}, expected a power of two from 2^-127 to 2^127`);
  });
}

/** The scales, multiplying before the cast, of E8M0 codes. Throws on the code of NaN. */
export function scalesFromE8m0(codes: Uint8Array): Float32Array {
  return Float32Array.from(codes, (code) => {
    const multiplier = decode(E8M0, code);
    if (!Number.isNaN(multiplier)) return 1 / multiplier;
    throw new OctavoError('[scaling] E8M0 code: got 255, which is NaN, expected 0 to 254');
  });
}
