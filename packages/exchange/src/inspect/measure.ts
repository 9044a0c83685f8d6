/** @file One matrix, read twice by stretches: what its values are like, and what a cast would leave of them. */
import { roundArray } from '@octavo/formats';
import {
  type BlockShape,
  blockOf,
  CLIPS_ABOVE,
  initState,
  observe,
  type ScalingState,
  scaleGrid,
} from '@octavo/scaling';
import { eachRun } from './blocks.ts';
import { type InspectedCast, scalesFor } from './cast.ts';
import { stretches, type Values } from './tensors.ts';

/** What values are like; all but the counts over finite ones, sums in float64. */
export interface Survey {
  readonly elements: number;
  /** Largest |x|; 0 where there is none. */
  readonly amax: number;
  /** Smallest |x| other than 0; 0 where there is none. */
  readonly smallest: number;
  /** √E[x²]. */
  readonly rms: number;
  /** E[x⁴] / E[x²]², uncentred: 3 for a normal distribution; null where all is zero. */
  readonly kurtosis: number | null;
  /** log2 (amax / smallest), in bits; null where all is zero. */
  readonly dynamicRange: number | null;
  readonly zeros: number;
  readonly nans: number;
  readonly infinities: number;
}

/** What the cast does to the finite values: x̂ = decode(encode(x · scale)) / scale, in float32 as `quantize` has it. */
export interface CastLoss {
  /** 10 log10 (Σ x² / Σ (x − x̂)²) in decibels; `Infinity` where nothing is lost. */
  readonly sqnr: number;
  /** Mean of (x − x̂)². */
  readonly mse: number;
  /** Elements with |x · scale| beyond the format's largest value. */
  readonly clipped: number;
  /** Elements other than 0 that became 0. */
  readonly underflowed: number;
  /** The scale, multiplying before the cast, where there is one; null of several. */
  readonly scale: number | null;
  /** How many scales there are. */
  readonly scales: number;
}

export interface Measured extends Survey {
  readonly cast: CastLoss;
}

/** Extremes and counts, and the largest finite |x| of every block. */
interface Extremes extends Pick<Survey, 'amax' | 'smallest' | 'zeros' | 'nans' | 'infinities'> {
  readonly blockAmax: Float32Array;
}

async function extremesOf(values: Values, block: BlockShape): Promise<Extremes> {
  const [down, across] = scaleGrid(block, values.rows, values.columns);
  const blockAmax = new Float64Array(down * across);
  let [smallest, zeros, nans, infinities] = [Number.POSITIVE_INFINITY, 0, 0, 0];
  await stretches(values, (x, begin) =>
    eachRun(block, values, [begin, begin + x.length], (from, to, at) => {
      // Variables of the outer function are slow to change: a run has its own.
      let most = blockAmax[at]!;
      let least = smallest;
      let none = 0;
      let nan = 0;
      let infinite = 0;
      for (let i = from; i < to; i++) {
        const size = Math.abs(x[i]!);
        if (size === 0) none++;
        else if (size < Number.POSITIVE_INFINITY) {
          if (size > most) most = size;
          if (size < least) least = size;
        } else if (size === Number.POSITIVE_INFINITY) infinite++;
        else nan++;
      }
      blockAmax[at] = most;
      smallest = least;
      zeros += none;
      nans += nan;
      infinities += infinite;
    }),
  );
  const amax = blockAmax.reduce((a, b) => Math.max(a, b), 0);
  return {
    ...{ amax, smallest: amax === 0 ? 0 : smallest, zeros, nans, infinities },
    blockAmax: Float32Array.from(blockAmax),
  };
}

/**
 * Reads `values` twice. Non-finite elements are counted and otherwise left out, also of the maxima that scales come from.
 * `history`, oldest first, is what a delayed scale for the whole tensor goes by; without any it comes from the tensor itself.
 */
export async function measure(
  values: Values,
  cast: InspectedCast,
  history: readonly number[] = [],
): Promise<Measured> {
  const { format } = cast;
  const elements = values.rows * values.columns;
  const block = blockOf(cast.granularity, values.rows, values.columns);
  const { blockAmax, ...extremes } = await extremesOf(values, block);
  const own = scalesFor(cast, blockAmax, remembered(cast, history));
  const limit = format.max * CLIPS_ABOVE;
  // Powers are taken of x · unit, |x · unit| ≤ 1, so that they stay within float64 whatever the tensor's are.
  const unit = powerOfTwoFor(extremes.amax);
  let [squares, fourths, noise, clipped, underflowed] = [0, 0, 0, 0, 0];
  let scaled: Float32Array | Float64Array = new Float32Array(0);
  let back = new Float32Array(0);
  await stretches(values, (x, begin) => {
    if (scaled.length !== x.length) {
      scaled = new (x instanceof Float32Array ? Float32Array : Float64Array)(x.length);
      back = new Float32Array(x.length);
    }
    const runs = (visit: (from: number, to: number, at: number) => void): void =>
      eachRun(block, values, [begin, begin + x.length], visit);
    runs((from, to, at) => {
      const scale = own[at]!;
      for (let i = from; i < to; i++) scaled[i] = x[i]! * scale;
    });
    roundArray(format, scaled, back);
    let [partSquares, partFourths, partNoise] = [0, 0, 0]; // long sums lose less in parts
    runs((from, to, at) => {
      const scale = own[at]!;
      let ofSquares = 0;
      let ofFourths = 0;
      let ofNoise = 0;
      let beyond = 0;
      let lost = 0;
      for (let i = from; i < to; i++) {
        const value = x[i]!;
        if (!Number.isFinite(value)) continue;
        if (Math.abs(scaled[i]!) > limit) beyond++;
        if (back[i] === 0 && value !== 0) lost++;
        const part = value * unit;
        const square = part * part;
        const error = (value - Math.fround(back[i]! / scale)) * unit;
        ofSquares += square;
        ofFourths += square * square;
        ofNoise += error * error;
      }
      partSquares += ofSquares;
      partFourths += ofFourths;
      partNoise += ofNoise;
      clipped += beyond;
      underflowed += lost;
    });
    squares += partSquares;
    fourths += partFourths;
    noise += partNoise;
  });
  const finite = elements - extremes.nans - extremes.infinities;
  const { amax, smallest } = extremes;
  return {
    elements,
    ...extremes,
    rms: finite === 0 ? 0 : Math.sqrt(squares / finite) / unit,
    kurtosis: squares > 0 ? (fourths * finite) / (squares * squares) : null,
    dynamicRange: amax > 0 ? Math.log2(amax) - Math.log2(smallest) : null,
    cast: {
      sqnr: noise === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10(squares / noise),
      mse: finite === 0 ? 0 : noise / finite / unit / unit,
      ...{ clipped, underflowed, scales: own.length, scale: own.length === 1 ? own[0]! : null },
    },
  };
}

/** The state of a delayed policy that has seen these maxima; null where there are none. */
const remembered = ({ rule, granularity }: InspectedCast, history: readonly number[]): ScalingState | null =>
  rule.kind === 'delayed' && granularity.kind === 'tensor' && history.length > 0
    ? history.reduce((state, amax) => observe(rule, state, [amax]), initState(rule, 1))
    : null;

/** 2^-⌈log2 amax⌉, at most 2^1000; 1 of zero. */
const powerOfTwoFor = (amax: number): number =>
  amax > 0 ? 2 ** -Math.max(-1000, Math.min(1000, Math.ceil(Math.log2(amax)))) : 1;
