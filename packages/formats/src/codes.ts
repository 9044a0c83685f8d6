/** @file Containers of codes: the smallest unsigned typed array that holds one code an element. */
import { OctavoError } from './error.ts';
import type { Format } from './format.ts';

/** `Uint8Array` for formats of 8 bits and fewer (E2M1: one code a byte), `Uint16Array` for 16, `Uint32Array` for FP32. */
export type Codes = Uint8Array | Uint16Array | Uint32Array;

/** Zeroed room for `length` codes. */
export function createCodes(format: Format, length: number): Codes {
  if (format.bits <= 8) return new Uint8Array(length);
  return format.bits <= 16 ? new Uint16Array(length) : new Uint32Array(length);
}

/** Throws unless `codes` is the container that `format` takes. */
export function checkCodes(format: Format, codes: Codes): void {
  const expected = format.bits <= 8 ? 1 : format.bits <= 16 ? 2 : 4;
  if (codes.BYTES_PER_ELEMENT !== expected) {
    throw new OctavoError(
      `[formats] ${format.name} codes: got a ${codes.constructor.name}, expected a Uint${expected * 8}Array`,
    );
  }
}

/** Throws unless source and target have as many elements. */
export function checkLength(source: number, target: number): void {
  if (source !== target) {
    throw new OctavoError(
      `[formats] target: got ${target} elements, expected ${source}, as many as the source has`,
    );
  }
}

/** A scale as float32. Throws unless it is positive and finite there. */
export function checkScale(scale: number): number {
  const rounded = Math.fround(scale);
  if (rounded > 0 && rounded < Number.POSITIVE_INFINITY) return rounded;
  throw new OctavoError(
    `[formats] scale: got ${scale}, expected a positive number that is finite in float32`,
  );
}
