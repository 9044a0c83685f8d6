/** @file What a cast with many scales leaves of a matrix. */
import { formatOf, roundArray } from '@octavo/formats';
import {
  type BlockShape,
  blockAmax,
  blockOf,
  CLIPS_ABOVE,
  initState,
  mxSpecScale,
  observe,
  type Policy,
  type ScalingState,
  scaleGrid,
  scales,
} from '@octavo/scaling';
import { median } from '../engine/numbers.ts';
import { type Cast, type GranularityName, granularities, type PolicyName } from './casts.ts';

/** A row-major matrix as a linear layer's product takes it. */
export interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/** One cast of one matrix. */
export type Measured = Cast & ReturnType<typeof errors>;

/**
 * Casts `matrix` in every way of `casts`. `history` are the maxima that delayed policies have seen, oldest first;
 * without any, delayed scales come from the matrix itself.
 */
export function measure(
  { values, rows, columns }: Matrix,
  casts: readonly Cast[],
  policies: Readonly<Record<PolicyName, Policy | null>>,
  history: readonly number[],
): Measured[] {
  const scaled = new Float32Array(values.length);
  const rounded = new Float32Array(values.length);
  const blockOfScale = remembering((name: GranularityName) => {
    const block = blockOf(granularities[name], rows, columns);
    return { amax: blockAmax(values, rows, columns, block), at: scaleIndex(block, rows, columns) };
  });
  const delayedState = remembering((policy: Policy) =>
    history.reduce((state, amax) => observe(policy, state, [amax]), initState(policy, 1)),
  );
  const stateOf = (policy: Policy, slots: number): ScalingState =>
    policy.kind === 'delayed' ? delayedState(policy) : initState(policy, slots);
  return casts.map((cast) => {
    const format = formatOf(cast.format);
    const { amax, at } = blockOfScale(cast.granularity);
    const policy = policies[cast.policy];
    const own = policy
      ? scales(policy, stateOf(policy, amax.length), format, amax)
      : amax.map((a) => mxSpecScale(a, format.max));
    for (let i = 0; i < values.length; i++) scaled[i] = values[i]! * own[at[i]!]!;
    roundArray(format, scaled, rounded);
    const limit = format.max * CLIPS_ABOVE;
    return { ...cast, ...errors({ values, rows, columns }, scaled, rounded, own, at, limit) };
  });
}

/** For every element, which scale is its own. */
function scaleIndex(block: BlockShape, rows: number, columns: number): Uint32Array {
  const [, across] = scaleGrid(block, rows, columns);
  const at = new Uint32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      at[row * columns + column] = Math.floor(row / block.rows) * across + Math.floor(column / block.columns);
  return at;
}

/** Made once for each key. */
function remembering<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>();
  return (key) => {
    if (!made.has(key)) made.set(key, make(key));
    return made.get(key)!;
  };
}

function errors(
  { values, rows, columns }: Matrix,
  scaled: Float32Array,
  rounded: Float32Array,
  own: Float32Array,
  at: Uint32Array,
  limit: number,
) {
  let [signal, noise, clipped, underflowed] = [0, 0, 0, 0];
  const ofRows: number[] = [];
  for (let row = 0; row < rows; row++) {
    let [rowSignal, rowNoise] = [0, 0];
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      const x = values[i]!;
      const back = rounded[i]!;
      if (Math.abs(scaled[i]!) > limit) clipped++;
      if (back === 0 && x !== 0) underflowed++;
      const error = x - Math.fround(back / own[at[i]!]!);
      rowSignal += x * x;
      rowNoise += error * error;
    }
    signal += rowSignal;
    noise += rowNoise;
    if (rowSignal > 0) ofRows.push(decibels(rowSignal, rowNoise));
  }
  return {
    /** Decibels, over all elements; `Infinity` where nothing is lost. */
    sqnr: decibels(signal, noise),
    /** The same of every row by itself, the median: one huge element does not hide the loss of all others. */
    rowSqnr: ofRows.length > 0 ? median(ofRows) : Number.POSITIVE_INFINITY,
    /** Shares of all elements: beyond the largest value; not zero before and zero after. */
    clipped: clipped / values.length,
    underflowed: underflowed / values.length,
  };
}

const decibels = (signal: number, noise: number): number =>
  noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(signal / noise);
