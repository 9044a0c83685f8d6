/** @file How gradients travel between ranks: in float32, BF16, or FP8 under a scale that all ranks have agreed on. */
import { BF16, E5M2, encodeArray, type Format, OctavoError, valuesOf } from '@octavo/formats';
import type { Communicator } from '@octavo/mpi';
import { scaleFromAmax } from '@octavo/scaling';

export const WIRES = ['float32', 'bf16', 'fp8'] as const;

/** What a gradient's elements are on their way: 4, 2 or 1 bytes. Sums are in float32 all the same. */
export type WireName = (typeof WIRES)[number];

export interface Wire {
  /** Of an element. */
  readonly bytes: number;
  /** What values are multiplied by before they are sent: the same on all ranks, from the largest of all. */
  scaleOf(group: Communicator, values: Float32Array): Promise<number>;
  encode(values: Float32Array, scale: number): Uint8Array;
  /** As many values as `into` has. */
  decode(bytes: Uint8Array, scale: number, into: Float32Array): void;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const float32: Wire = {
  bytes: 4,
  scaleOf: async () => 1,
  encode: bytesOf,
  decode: (bytes, _, into) => bytesOf(into).set(bytes),
};

const bf16: Wire = {
  bytes: 2,
  scaleOf: async () => 1,
  encode: (values) => bytesOf(encodeArray(BF16, values, undefined, { overflow: 'special' })),
  decode(bytes, _, into) {
    const codes = new Uint16Array(bytes.buffer, bytes.byteOffset, into.length);
    const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
    for (let i = 0; i < codes.length; i++) bits[i] = codes[i]! << 16;
  },
};

/**
 * E5M2: the gradients of a bucket reach over more powers of two than E4M3 has, and what is lost of a small one is lost to
 * Adam, which does not care how small it is.
 */
const FP8: Format = E5M2;

const fp8: Wire = {
  bytes: 1,
  async scaleOf(group, values) {
    let largest = 0;
    for (const value of values) if (!(Math.abs(value) <= largest)) largest = Math.abs(value);
    const agreed = Float32Array.of(largest);
    await group.allReduce(agreed, 'max');
    return Number.isFinite(agreed[0]) ? scaleFromAmax(agreed[0]!, FP8.max) : Number.NaN;
  },
  encode: (values, scale) =>
    Number.isNaN(scale)
      ? new Uint8Array(values.length)
      : bytesOf(encodeArray(FP8, values, undefined, { scale })),
  decode(codes, scale, into) {
    const table = decodedBy(scale);
    for (let i = 0; i < codes.length; i++) into[i] = table[codes[i]!]!;
  },
};

const decodedBy = (scale: number): Float32Array => Float32Array.from(valuesOf(FP8), (value) => value / scale);

export const wires: Readonly<Record<WireName, Wire>> = { float32, bf16, fp8 };

/** A sum that does not depend on the number of ranks is of what the ranks have, not of what rounding leaves of it. */
export function checkWire(wire: WireName, deterministic: boolean): void {
  if (!deterministic || wire === 'float32') return;
  throw new OctavoError(
    `[run] --deterministic: got --exchange ${wire}, expected float32: rounded parts have other sums on another number of ranks`,
    { exitCode: 2 },
  );
}
