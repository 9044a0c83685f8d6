/**
 * @file Float32 values as integers of the same order, so that any MPI compares them alike: MPI's maximum of floats is free to
 * lose a NaN, one of integers is exact.
 */

/** The bits of magnitude, which turn round for negative values. */
const MAGNITUDE = 0x7fffffff;

/** Below infinity's successor: every NaN becomes this one, the largest of all. */
const NAN = 0x7fc00000;

const turned = (bits: number): number => (bits < 0 ? bits ^ MAGNITUDE : bits);

/** Integers ordered as the values are, with NaN above infinity. */
export function toOrdered(values: Float32Array): Int32Array {
  const bits = new Int32Array(values.length);
  const floats = new Float32Array(bits.buffer);
  floats.set(values);
  for (let i = 0; i < bits.length; i++) bits[i] = Number.isNaN(floats[i]!) ? NAN : turned(bits[i]!);
  return bits;
}

/** The values again, into `to`. */
export function fromOrdered(ordered: Int32Array, to: Float32Array): void {
  to.set(new Float32Array(Int32Array.from(ordered, turned).buffer));
}
