/** @file How aligned the gate and up vectors of each SwiGLU channel are (arXiv 2409.12517, section 4), and what smoothing would do. */
import { blockOf } from '@octavo/scaling';
import { balancingScale } from '../fold-smooth.ts';
import { eachRun } from './blocks.ts';
import type { SwiGlu } from './gate-up.ts';
import type { CastLoss } from './measure.ts';
import { stretches, type Values } from './tensors.ts';

/** A channel counts as aligned from here, as in a run's statistics. */
export const ALIGNED = 0.9;

/** One SwiGLU; arrays have an element a channel. */
export interface SwiGluFindings {
  readonly place: string;
  readonly layer: number | null;
  readonly channels: number;
  /** cos of the channel's gate and up rows; 0 where either is zero, NaN where one is not finite. */
  readonly cosines: Float64Array;
  readonly gateNorms: Float64Array;
  readonly upNorms: Float64Array;
  /** Norms of down's columns; null without down. */
  readonly downNorms: Float64Array | null;
  /** Mean and largest |cos|, over channels where it is a number. */
  readonly cosineMean: number;
  readonly cosineMax: number;
  /** Channels with |cos| > `ALIGNED`. */
  readonly aligned: number;
  /** Channels by falling |cos|. */
  readonly order: Uint32Array;
  /** By `smoothingScales`, folded into up's rows and out of down's columns; null without down. */
  readonly smoothing: Smoothing | null;
}

export interface Smoothing {
  readonly scales: Float32Array;
  /** Decibels of the cast as the weights are, and as they would be. */
  readonly up: { readonly sqnr: number; readonly smoothed: number };
  readonly down: { readonly sqnr: number; readonly smoothed: number };
}

/** `lossOf` is what the cast leaves of a matrix. */
export async function alignmentOf(
  { gate, up, down, ...about }: SwiGlu,
  lossOf: (values: Values) => Promise<CastLoss>,
): Promise<SwiGluFindings> {
  const channels = gate.rows;
  const { dots, gateNorms, upNorms, upMaxima } = await rowsOfBoth(gate, up);
  const cosines = dots.map((dot, j) => {
    const norms = gateNorms[j]! * upNorms[j]!;
    return norms === 0 ? 0 : dot / norms;
  });
  const sizes = cosines.map(Math.abs).filter((size) => !Number.isNaN(size));
  const rank = (j: number): number => (Number.isNaN(cosines[j]!) ? -1 : Math.abs(cosines[j]!));
  const columns = down && (await columnsOf(down));
  const scales = columns && upMaxima.map((row, j) => balancingScale(row, columns.maxima[j]!));
  return {
    ...{ ...about, channels, cosines, gateNorms, upNorms, downNorms: columns?.norms ?? null },
    cosineMean: sizes.length === 0 ? 0 : sizes.reduce((a, b) => a + b, 0) / sizes.length,
    cosineMax: sizes.reduce((a, b) => Math.max(a, b), 0),
    aligned: sizes.filter((size) => size > ALIGNED).length,
    order: Uint32Array.from({ length: channels }, (_, j) => j).sort((a, b) => rank(b) - rank(a)),
    smoothing: down && scales && (await smoothed(up, down, scales, lossOf)),
  };
}

/** What is known of the rows of gate and up: inner products and norms, and the largest |x| of up's. */
async function rowsOfBoth(gate: Values, up: Values) {
  const block = blockOf({ kind: 'row' }, gate.rows, gate.columns);
  const [dots, gates, ups, upMaxima] = Array.from({ length: 4 }, () => new Float64Array(gate.rows));
  await stretches(gate, async (g, begin) => {
    const u = await up.read(begin, begin + g.length);
    eachRun(block, gate, [begin, begin + g.length], (from, to, row) => {
      let dot = 0;
      let gateSum = 0;
      let upSum = 0;
      let most = upMaxima![row]!;
      for (let i = from; i < to; i++) {
        const a = g[i]!;
        const b = u[i]!;
        dot += a * b;
        gateSum += a * a;
        upSum += b * b;
        most = Math.max(most, Math.abs(b));
      }
      dots![row] = dots![row]! + dot;
      gates![row] = gates![row]! + gateSum;
      ups![row] = ups![row]! + upSum;
      upMaxima![row] = most;
    });
  });
  return { dots: dots!, gateNorms: gates!.map(Math.sqrt), upNorms: ups!.map(Math.sqrt), upMaxima: upMaxima! };
}

/** Norm and largest |x| of every column. */
async function columnsOf(values: Values) {
  const { columns } = values;
  const [squares, maxima] = [new Float64Array(columns), new Float64Array(columns)];
  await stretches(values, (x, begin) => {
    let column = begin % columns;
    for (let i = 0; i < x.length; i++) {
      squares[column] = squares[column]! + x[i]! * x[i]!;
      maxima[column] = Math.max(maxima[column]!, Math.abs(x[i]!));
      if (++column === columns) column = 0;
    }
  });
  return { norms: squares.map(Math.sqrt), maxima };
}

/** The cast's losses of up and down, with and without scales folded in. */
async function smoothed(
  up: Values,
  down: Values,
  scales: Float64Array,
  lossOf: (values: Values) => Promise<CastLoss>,
): Promise<Smoothing> {
  const sqnr = async (values: Values): Promise<number> => (await lossOf(values)).sqnr;
  const inverse = scales.map((scale) => 1 / scale);
  return {
    scales: Float32Array.from(scales),
    up: { sqnr: await sqnr(up), smoothed: await sqnr(times(up, 'row', scales)) },
    down: { sqnr: await sqnr(down), smoothed: await sqnr(times(down, 'channel', inverse)) },
  };
}

/** With every row, or every column, multiplied by a power of two. */
const times = (values: Values, kind: 'row' | 'channel', scales: Float64Array): Values => ({
  ...values,
  async read(begin, end) {
    const x = await values.read(begin, end);
    const block = blockOf({ kind }, values.rows, values.columns);
    eachRun(block, values, [begin, end], (from, to, at) => {
      for (let i = from; i < to; i++) x[i] = x[i]! * scales[at]!;
    });
    return x;
  },
});
