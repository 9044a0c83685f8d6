/** @file Random numbers that depend on (seed, what they are for, index) only. */
import { counterRandom, streamSeed } from '@octavo/formats';

/** What a stream of random numbers is for. */
export const streams = {
  weights: 11,
  windows: 12,
  rare: 13,
  place: 14,
  direction: 15,
  shuffle: 16,
  nudge: 17,
} as const;

/** An integer from 0 up to, not including, `below`. */
export const randomInteger = (seed: number, stream: number, index: number, below: number): number =>
  Math.floor((counterRandom(streamSeed(seed, 0, stream), index) / 2 ** 32) * below);

/** Standard normal numbers, by Box and Muller. */
export function randomNormals(seed: number, stream: number, count: number): Float64Array {
  const key = streamSeed(seed, 0, stream);
  return Float64Array.from({ length: count }, (_, i) => {
    const u = (counterRandom(key, 2 * i) + 1) / 2 ** 32;
    return Math.sqrt(-2 * Math.log(u)) * Math.cos((2 * Math.PI * counterRandom(key, 2 * i + 1)) / 2 ** 32);
  });
}

/** A direction, uniform on the sphere. */
export function randomUnit(seed: number, stream: number, count: number): Float64Array {
  const normals = randomNormals(seed, stream, count);
  const norm = Math.hypot(...normals);
  return normals.map((v) => v / norm);
}
