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
  checkArray(codes, `Uint${format.bits <= 8 ? 8 : format.bits <= 16 ? 16 : 32}Array`, `${format.name} codes`);
}

/** Throws unless `array` is a typed array of that name (or a class that extends it, as Node's Buffer does). */
export function checkArray(array: unknown, expected: string, what: string): void {
  const got = typeName(array);
  if (got !== expected) throw new OctavoError(`[formats] ${what}: got ${got}, expected ${expected}`);
}

/** What an array is, whichever window or worker made it. */
const typeName = (value: unknown): string =>
  (ArrayBuffer.isView(value) && (value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag]) ||
  Object.prototype.toString.call(value).slice(8, -1);

export const isFloat32Array = (array: unknown): array is Float32Array => typeName(array) === 'Float32Array';

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
