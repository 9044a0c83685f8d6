/** @file Containers of codes: the smallest unsigned typed array that holds one code an element, and nibbles, two to a byte. */
import { OctavoError } from './error.ts';
import type { Format } from './format.ts';

/** `Uint8Array` for formats of 8 bits and fewer (E2M1: one code a byte), `Uint16Array` for 16, `Uint32Array` for FP32. */
export type Codes = Uint8Array | Uint16Array | Uint32Array;

const containers = { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array } as const;

const containerBits = ({ bits }: Format) => (bits <= 8 ? 8 : bits <= 16 ? 16 : 32);

/** Zeroed room for `length` codes. */
export const createCodes = (format: Format, length: number): Codes =>
  new containers[containerBits(format)](length);

/** Throws unless `codes` is the container that `format` takes. */
export const checkCodes = (format: Format, codes: Codes): void =>
  checkArray(codes, `Uint${containerBits(format)}Array`, `${format.name} codes`);

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

/** Two four-bit codes in a byte, the first in the low half, as ONNX and MX files store E2M1:
 * `bytes[i] = codes[2i] | codes[2i+1] << 4`; an odd last code stands alone in the low half. Throws on a code above 15. */
export function packNibbles(
  codes: Uint8Array,
  target: Uint8Array = new Uint8Array(Math.ceil(codes.length / 2)),
): Uint8Array {
  checkArray(codes, 'Uint8Array', 'nibbles');
  checkArray(target, 'Uint8Array', 'target of bytes');
  checkLength(Math.ceil(codes.length / 2), target.length);
  const wrong = codes.findIndex((code) => code > 15);
  if (wrong >= 0)
    throw new OctavoError(`[formats] nibble at ${wrong}: got ${codes[wrong]}, expected at most 15`);
  for (let i = 0; i < target.length; i++) {
    const high = 2 * i + 1 < codes.length ? codes[2 * i + 1]! : 0;
    target[i] = codes[2 * i]! | (high << 4);
  }
  return target;
}

/** The codes of `packNibbles`. `length` (default: two a byte) may leave out the last half byte. */
export function unpackNibbles(
  bytes: Uint8Array,
  length: number = bytes.length * 2,
  target: Uint8Array = new Uint8Array(length),
): Uint8Array {
  checkArray(bytes, 'Uint8Array', 'bytes of nibbles');
  checkArray(target, 'Uint8Array', 'target of nibbles');
  if (Math.ceil(length / 2) !== bytes.length) {
    throw new OctavoError(
      `[formats] nibbles: got ${bytes.length} bytes for ${length} codes, expected ${Math.ceil(length / 2)} bytes`,
    );
  }
  checkLength(length, target.length);
  for (let i = 0; i < length; i++) target[i] = (bytes[i >> 1]! >> ((i & 1) * 4)) & 15;
  return target;
}
