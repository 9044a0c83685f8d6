/** @file What is said of the formats, held to the figures. Every value is one seed's. */

import { mean, median } from '../engine/numbers.ts';
import { claim } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import type { CastRow } from './results.ts';
import { asInThePaper, differences, largest, least, select } from './select.ts';

interface Statement {
  readonly text: string;
  readonly paper?: string;
  /** One seed's figure. */
  readonly value: (rows: readonly CastRow[]) => number;
  readonly holds: (value: number) => boolean;
}

const forwardFormat = 'inputs and weights in E4M3, gradients in E5M2';
const TENSOR = { granularity: 'tensor', policy: 'current' } as const;
const sqnr = (row: CastRow) => row.sqnr;
const rowSqnr = (row: CastRow) => row.rowSqnr;
const notGrad = ({ operand }: CastRow) => operand !== 'grad';

/** Of a model that nothing was planted in. */
const healthy: readonly Statement[] = [
  {
    text: 'inputs and weights, one current scale a tensor: E4M3 keeps at least 4 dB more than E5M2 (least of all tensors)',
    paper: forwardFormat,
    value: (rows) =>
      least(
        differences(
          select(rows, { ...TENSOR, format: 'e4m3fn' }).filter(notGrad),
          rows,
          { format: 'e5m2' },
          sqnr,
        ),
      ),
    holds: (dB) => dB >= 4,
  },
  {
    text: 'gradients, one current scale a tensor: E4M3 flushes at least 10 times as much to zero as E5M2 (ratio of the means)',
    paper: 'gradients in E5M2, for its range',
    value: (rows) => flushed(rows, 'e4m3fn') / flushed(rows, 'e5m2'),
    holds: (ratio) => ratio >= 10,
  },
  {
    text: 'gradients, one current scale a tensor: E5M2 keeps at least as many dB as E4M3 (median of all tensors)',
    paper: 'gradients in E5M2, for its range',
    value: (rows) =>
      median(
        differences(
          select(rows, { ...TENSOR, format: 'e5m2', operand: 'grad' }),
          rows,
          { format: 'e4m3fn' },
          sqnr,
        ),
      ),
    holds: (dB) => dB >= 0,
  },
  {
    text: 'gradients, scale 1: even E5M2 flushes at least a tenth to zero (mean)',
    paper: 'the first step runs at scale 1',
    value: (rows) =>
      mean(
        select(rows, { operand: 'grad', format: 'e5m2', policy: 'fixed' }).map(
          ({ underflowed }) => underflowed,
        ),
      ),
    holds: (share) => share >= 0.1,
  },
  {
    text: 'a delayed scale costs at most 1 dB against a current one (largest of all tensors, median row)',
    value: (rows) =>
      largest(differences(asInThePaper(select(rows, TENSOR)), rows, { policy: 'delayed' }, rowSqnr)),
    holds: (dB) => dB <= 1, // where values lie between two powers of two alone moves an SQNR by about that
  },
  {
    text: 'a scale rounded to a power of two costs at most 1 dB (largest of all tensors, one current scale each)',
    paper: 'scales are powers of two',
    value: (rows) =>
      largest(differences(asInThePaper(select(rows, TENSOR)), rows, { policy: 'current-p2' }, sqnr)),
    holds: (dB) => dB <= 1, // where values lie between two powers of two alone moves an SQNR by about that
  },
  {
    text: 'finer scales than one a tensor gain at most 1 dB (E4M3, 128×128 blocks, median of all tensors)',
    value: (rows) =>
      median(
        differences(
          select(rows, { format: 'e4m3fn', granularity: '128x128', policy: 'current' }),
          rows,
          { granularity: 'tensor' },
          sqnr,
        ),
      ),
    holds: (dB) => dB <= 1,
  },
  {
    text: 'MX, scale rounded up: nothing is clipped (largest share of all tensors and formats)',
    value: (rows) =>
      largest(select(rows, { granularity: 'mx32', policy: 'current-p2' }).map(({ clipped }) => clipped)),
    holds: (share) => share === 0,
  },
  {
    text: 'MX, scale as in its specification: E4M3 clips at least 0.1 % (mean of all tensors)',
    value: (rows) =>
      mean(select(rows, { format: 'e4m3fn', policy: 'mx-spec' }).map(({ clipped }) => clipped)),
    holds: (share) => share >= 0.001,
  },
];

const DOWN = { site: 'down', operand: 'input', format: 'e4m3fn' } as const;
const swiglu = 'SwiGLU’s output is the tensor that FP8 breaks on';
const smoothing = 'Smooth-SwiGLU, a scale per channel, restores convergence in FP8';

/** Of a model with planted outliers. */
const aged: readonly Statement[] = [
  {
    text: 'one delayed scale a tensor: the worst of SwiGLU’s outputs is at least 10 dB below all other tensors (median row)',
    paper: swiglu,
    value: (rows) => {
      const all = asInThePaper(select(rows, { granularity: 'tensor', policy: 'delayed' }));
      const isOutput = ({ site, operand }: CastRow) => site === DOWN.site && operand === DOWN.operand;
      return (
        least(all.filter((row) => !isOutput(row)).map(rowSqnr)) - least(all.filter(isOutput).map(rowSqnr))
      );
    },
    holds: (dB) => dB >= 10,
  },
  {
    text: 'the rare byte’s step, delayed: clipping leaves at most 3 dB of SwiGLU’s output (whole tensor, best layer)',
    paper: 'a delayed scale overflows on a sporadic outlier',
    value: (rows) =>
      largest(select(rows, { ...DOWN, granularity: 'tensor', policy: 'delayed', batch: 'rare' }).map(sqnr)),
    holds: (dB) => dB <= 3,
  },
  {
    text: 'the step after, delayed: at least 90 % of SwiGLU’s output goes to zero (least of the layers)',
    paper: 'and then underflows',
    value: (rows) =>
      least(
        select(rows, { ...DOWN, granularity: 'tensor', policy: 'delayed', batch: 'after' }).map(
          ({ underflowed }) => underflowed,
        ),
      ),
    holds: (share) => share >= 0.9,
  },
  {
    text: 'and the whole tensor’s SQNR does not show it: at least 20 dB there (least of the layers)',
    value: (rows) =>
      least(select(rows, { ...DOWN, granularity: 'tensor', policy: 'delayed', batch: 'after' }).map(sqnr)),
    holds: (dB) => dB >= 20,
  },
  {
    text: 'a power of two per channel leaves at least 15 dB of it (median row, least of layers and steps)',
    paper: smoothing,
    value: (rows) =>
      least(select(rows, { ...DOWN, granularity: 'channel', policy: 'current-p2' }).map(rowSqnr)),
    holds: (dB) => dB >= 15,
  },
  {
    text: 'and sends at most 1 % of it to zero (largest of layers and steps)',
    paper: smoothing,
    value: (rows) =>
      largest(
        select(rows, { ...DOWN, granularity: 'channel', policy: 'current-p2' }).map(
          ({ underflowed }) => underflowed,
        ),
      ),
    holds: (share) => share <= 0.01,
  },
  {
    text: 'E5M2 instead of E4M3 keeps at least 20 dB of it under the same delayed scale (median row, least of layers and steps)',
    value: (rows) =>
      least(select(rows, { ...DOWN, format: 'e5m2', granularity: 'tensor', policy: 'delayed' }).map(rowSqnr)),
    holds: (dB) => dB >= 20,
  },
  {
    text: '1×128 blocks in E4M3 leave at least 30 dB of it (median row, least of layers and steps)',
    value: (rows) => least(select(rows, { ...DOWN, granularity: '1x128', policy: 'current' }).map(rowSqnr)),
    holds: (dB) => dB >= 30,
  },
  {
    text: 'MX blocks in E4M3 leave at least 30 dB of it (median row, least of layers and steps)',
    value: (rows) => least(select(rows, { ...DOWN, granularity: 'mx32', policy: 'current-p2' }).map(rowSqnr)),
    holds: (dB) => dB >= 30,
  },
];

/** The statements that the models in `rows` can be held to. */
export function claimsOf(rows: readonly CastRow[]): Claim[] {
  return (['base', 'run', 'aged'] as const).flatMap((model) => {
    const own = select(rows, { model });
    const seeds = [...new Set(own.map(({ seed }) => seed))].map((seed) => select(own, { seed }));
    if (seeds.length === 0) return [];
    return (model === 'aged' ? aged : healthy).map(({ text, paper, value, holds }) =>
      claim(`${model}: ${text}`, seeds.map(value), holds, paper),
    );
  });
}

const flushed = (rows: readonly CastRow[], format: string): number =>
  mean(select(rows, { ...TENSOR, format, operand: 'grad' }).map(({ underflowed }) => underflowed));
