/** @file Arrays of codes to arrays of numbers. */
import { type Codes, checkArray, checkCodes, checkLength, checkScale } from './codes.ts';
import { decodeTable } from './decode.ts';
import { OctavoError } from './error.ts';
import type { Format } from './format.ts';

export interface DecodeArrayOptions {
  /** The scale that multiplied before the cast; divides here, in float32. Default 1. */
  readonly scale?: number | undefined;
}

/**
 * `target[i] = fround(decode(format, codes[i]) / scale)`, written to `target` where there is one (as long as `codes`),
 * else to a new array. Returns the values.
 */
export function decodeArray(
  format: Format,
  codes: Codes,
  target: Float32Array = new Float32Array(codes.length),
  options: DecodeArrayOptions = {},
): Float32Array {
  checkCodes(format, codes);
  checkArray(target, 'Float32Array', 'target of values');
  checkLength(codes.length, target.length);
  const scale = checkScale(options.scale ?? 1);
  if (format.bits <= 8) {
    lookUpBytes(format, codes, target, scale);
    return target;
  }
  if (format.bits === 32) copyBits(codes, target, 0);
  else if (format.exponentBits === 8) copyBits(codes, target, 16);
  else lookUp(decodeTable(format), codes, target);
  if (scale !== 1) for (let i = 0; i < target.length; i++) target[i] = target[i]! / scale;
  return target;
}

/** Divides the table, not the elements: the same quotients. */
function lookUpBytes(format: Format, codes: Codes, target: Float32Array, scale: number): void {
  const table = decodeTable(format).map((value) => value / scale);
  if (format.bits < 8) checkRange(format, codes);
  lookUp(table, codes, target);
}

function lookUp(table: Float32Array, codes: Codes, target: Float32Array): void {
  for (let i = 0; i < codes.length; i++) target[i] = table[codes[i]!]!;
}

/** FP32's codes are the bits of a float32; BF16's their upper half. */
function copyBits(codes: Codes, target: Float32Array, shift: number): void {
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < codes.length; i++) bits[i] = codes[i]! << shift;
}

function checkRange(format: Format, codes: Codes): void {
  let seen = 0;
  for (let i = 0; i < codes.length; i++) seen |= codes[i]!;
  if (seen >= 2 ** format.bits) {
    const at = codes.findIndex((code: number) => code >= 2 ** format.bits);
    throw new OctavoError(
      `[formats] ${format.name} code at ${at}: got ${codes[at]}, expected at most ${2 ** format.bits - 1} (one code a byte; unpackNibbles splits pairs)`,
    );
  }
}
