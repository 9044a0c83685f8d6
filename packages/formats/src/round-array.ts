/** @file What a cast leaves of an array: there and back. */
import { createCodes } from './codes.ts';
import { decodeArray } from './decode-array.ts';
import { type EncodeArrayOptions, encodeArray } from './encode-array.ts';
import type { Format } from './format.ts';

/**
 * The values that come back from a cast: `decode(encode(source · scale)) / scale`; with no scale,
 * `round(format, source[i], …)`. `target` may be the source itself, where that is a Float32Array.
 */
export function roundArray(
  format: Format,
  source: ArrayLike<number>,
  target: Float32Array = new Float32Array(source.length),
  options: EncodeArrayOptions = {},
): Float32Array {
  const codes = encodeArray(format, source, createCodes(format, source.length), options);
  return decodeArray(format, codes, target, { scale: options.scale });
}
