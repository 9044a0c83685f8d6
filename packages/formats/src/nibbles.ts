/** @file Two four-bit codes in a byte, the first in the low half, as ONNX and MX files store E2M1. */
import { checkArray, checkLength } from './codes.ts';
import { OctavoError } from './error.ts';

/** `bytes[i] = codes[2i] | codes[2i+1] << 4`; an odd last code stands alone in the low half. Throws on a code above 15. */
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
