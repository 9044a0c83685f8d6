/** @file Deterministic test data: the same numbers on every machine. */
import { counterRandom, type Format, FP32, round, valuesOf } from '@octavo/formats';
import { elements, type Shape } from '../tensor.ts';
import type { Input } from './case.ts';

/** Uniform numbers in [0, 1). */
export const uniform = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => counterRandom(seed * 7919 + 17, i) / 2 ** 32);

/** Numbers of roughly normal distribution with standard deviation `spread`. */
export function normal(length: number, seed: number, spread = 1): Float32Array {
  const parts = [0, 1, 2].map((part) => uniform(length, seed * 3 + part));
  return parts[0]!.map((u, i) => (u + parts[1]![i]! + parts[2]![i]! - 1.5) * 2 * spread);
}

/** Numbers of both signs over many powers of two, from 2^-low to 2^high. */
export function wide(length: number, seed: number, low = 20, high = 20): Float32Array {
  const exponents = uniform(length, seed + 1000);
  return normal(length, seed).map((x, i) => x * 2 ** Math.floor(exponents[i]! * (low + high + 1) - low));
}

/** Positive powers of two around 1, or such times a number in [1, 2). */
export function scales(length: number, seed: number, powerOfTwo: boolean): Float32Array {
  const u = uniform(length, seed + 2000);
  return u.map((v) => (powerOfTwo ? 1 : 1 + v) * 2 ** Math.floor(((v * 8191) % 7) - 3));
}

export const integers = (length: number, seed: number, below: number): Float32Array =>
  uniform(length, seed + 3000).map((u) => Math.floor(u * below));

/** An input whose values are rounded to its format. */
export function input(shape: Shape, values: Float32Array, format: Format = FP32): Input {
  if (values.length !== elements(shape)) throw new Error(`test data: ${values.length} values for [${shape}]`);
  return { shape, format, values: format === FP32 ? values : values.map((v) => round(format, v)) };
}

/** An FP32 input of one axis. */
export const vector = (values: ArrayLike<number>): Input => input([values.length], Float32Array.from(values));

/** A normal input. */
export const normalInput = (shape: Shape, seed: number, format: Format = FP32, spread = 1): Input =>
  input(shape, normal(elements(shape), seed, spread), format);

/** The finite values of a format, every one up to 16 bits, else a selection. */
export function valuesIn(format: Format): Float32Array {
  if (format.bits <= 16) return valuesOf(format).filter((v) => Number.isFinite(v));
  return Float32Array.of(0, 1, -1, 0.1, 3.4028234663852886e38, -1.1754943508222875e-38, 16777215, 1e-30);
}

/**
 * What a cast may stumble over: for every power of two of a format, values, middles and their float32 neighbours, then
 * what lies beyond its largest value.
 */
export function castEdges(format: Format): Float32Array {
  const edges: number[] = [];
  const bits = new Int32Array(1);
  const float = new Float32Array(bits.buffer);
  const around = (x: number) => {
    float[0] = x;
    if (x === 0 || !Number.isFinite(float[0])) return;
    for (const change of [-1, 0, 1]) {
      float[0] = x;
      bits[0] = bits[0]! + change;
      edges.push(float[0]!, -float[0]!);
    }
  };
  const step = 2 ** -format.mantissaBits;
  const lowest = Math.max(format.minSubnormal / 4, 2 ** -120);
  for (let power = lowest; power <= Math.min(format.max * 4, 2 ** 120); power *= 2) {
    for (const m of [1, 1 + step / 2, 1 + step, 1 + 1.5 * step, 2 - step / 2, 1.3]) around(power * m);
  }
  for (let k = 1; k < 8; k++) around(format.minSubnormal * k * 0.5);
  for (const factor of [1, 1 + step / 4, 1 + step / 2, 1 + step, 2, 16]) around(format.max * factor);
  const smallest = 2 ** -118; // smaller numbers are another case
  return Float32Array.from(edges.filter((x) => Math.abs(x) >= smallest));
}
