/** @file What is said of the formats, held to the figures. Every value is one seed's. */
import { mean, median } from '../engine/numbers.ts';
import { distinct, where } from '../engine/rows.ts';
import { atLeast, atMost, held, type Statement } from '../engine/statements.ts';
import type { Claim } from '../engine/study.ts';
import type { Cast } from './casts.ts';
import { asInThePaper, type CastRow, largest, least, twins } from './results.ts';

type Said = Statement<readonly CastRow[]>;
type Rows = readonly CastRow[];
type Fold = (values: readonly number[]) => number;
type Pick = (rows: Rows) => Rows;
type Figure = 'sqnr' | 'rowSqnr' | 'clipped' | 'underflowed';

/** A number from each seed's rows. */
const eachSeed =
  (figure: (rows: Rows) => number): Said['values'] =>
  (rows) =>
    distinct(rows, 'seed').map((seed) => figure(where(rows, { seed })));

const rowsWith =
  (wanted: Partial<CastRow>): Pick =>
  (rows) =>
    where(rows, wanted);
const paperCasts =
  (wanted: Partial<CastRow>): Pick =>
  (rows) =>
    asInThePaper(where(rows, wanted));

/** Of each seed: `fold` over a figure of the rows. */
const of = (fold: Fold, pick: Pick, figure: Figure): Said['values'] =>
  eachSeed((rows) => fold(pick(rows).map((row) => row[figure])));

/** Of each seed: `fold` over what the rows have more than the same tensors cast in `other`'s way. */
const over = (fold: Fold, pick: Pick, other: Partial<Cast>, figure: Figure): Said['values'] =>
  eachSeed((rows) => fold(twins(pick(rows), rows, other).map(([row, twin]) => row[figure] - twin[figure])));

const FORWARD = 'inputs and weights in E4M3, gradients in E5M2';
const RANGE = 'gradients in E5M2, for its range';
const TENSOR = { granularity: 'tensor', policy: 'current' } as const;
const flushed = (rows: Rows, format: string): number =>
  mean(where(rows, { ...TENSOR, format, operand: 'grad' }).map(({ underflowed }) => underflowed));

/** Of a model that nothing was planted in. */
const healthy: readonly Said[] = [
  {
    text: 'inputs and weights, one current scale a tensor: E4M3 keeps at least 4 dB more than E5M2 (least of all tensors)',
    paper: FORWARD,
    values: over(
      least,
      (rows) => where(rows, { ...TENSOR, format: 'e4m3fn' }).filter(({ operand }) => operand !== 'grad'),
      { format: 'e5m2' },
      'sqnr',
    ),
    holds: atLeast(4),
  },
  {
    text: 'gradients, one current scale a tensor: E4M3 flushes at least 10 times as much to zero as E5M2 (ratio of the means)',
    paper: RANGE,
    values: eachSeed((rows) => flushed(rows, 'e4m3fn') / flushed(rows, 'e5m2')),
    holds: atLeast(10),
  },
  {
    text: 'gradients, one current scale a tensor: E5M2 keeps at least as many dB as E4M3 (median of all tensors)',
    paper: RANGE,
    values: over(
      median,
      rowsWith({ ...TENSOR, format: 'e5m2', operand: 'grad' }),
      { format: 'e4m3fn' },
      'sqnr',
    ),
    holds: atLeast(0),
  },
  {
    text: 'gradients, scale 1: even E5M2 flushes at least a tenth to zero (mean)',
    paper: 'the first step runs at scale 1',
    values: of(mean, rowsWith({ operand: 'grad', format: 'e5m2', policy: 'fixed' }), 'underflowed'),
    holds: atLeast(0.1),
  },
  {
    text: 'a delayed scale costs at most 1 dB against a current one (largest of all tensors, median row)',
    values: over(largest, paperCasts(TENSOR), { policy: 'delayed' }, 'rowSqnr'),
    holds: atMost(1), // where values lie between two powers of two alone moves an SQNR by about that
  },
  {
    text: 'a scale rounded to a power of two costs at most 1 dB (largest of all tensors, one current scale each)',
    paper: 'scales are powers of two',
    values: over(largest, paperCasts(TENSOR), { policy: 'current-p2' }, 'sqnr'),
    holds: atMost(1), // where values lie between two powers of two alone moves an SQNR by about that
  },
  {
    text: 'finer scales than one a tensor gain at most 1 dB (E4M3, 128×128 blocks, median of all tensors)',
    values: over(
      median,
      rowsWith({ format: 'e4m3fn', granularity: '128x128', policy: 'current' }),
      { granularity: 'tensor' },
      'sqnr',
    ),
    holds: atMost(1),
  },
  {
    text: 'MX, scale rounded up: nothing is clipped (largest share of all tensors and formats)',
    values: of(largest, rowsWith({ granularity: 'mx32', policy: 'current-p2' }), 'clipped'),
    holds: atMost(0),
  },
  {
    text: 'MX, scale as in its specification: E4M3 clips at least 0.1 % (mean of all tensors)',
    values: of(mean, rowsWith({ format: 'e4m3fn', policy: 'mx-spec' }), 'clipped'),
    holds: atLeast(0.001),
  },
];

/** SwiGLU's output, under each way of scaling. */
const OUTPUT = { site: 'down', operand: 'input' } as const;
const E4M3 = { ...OUTPUT, format: 'e4m3fn' } as const;
const DELAYED = { granularity: 'tensor', policy: 'delayed' } as const;
const CHANNEL = { granularity: 'channel', policy: 'current-p2' } as const;
const SMOOTHING = 'Smooth-SwiGLU, a scale per channel, restores convergence in FP8';
const isOutput = ({ site, operand }: CastRow): boolean => site === OUTPUT.site && operand === OUTPUT.operand;

/** Of a model with planted outliers. */
const aged: readonly Said[] = [
  {
    text: 'one delayed scale a tensor: the worst of SwiGLU’s outputs is at least 10 dB below all other tensors (median row)',
    paper: 'SwiGLU’s output is the tensor that FP8 breaks on',
    values: eachSeed((rows) => {
      const all = paperCasts(DELAYED)(rows);
      const worst = (those: Rows): number => least(those.map(({ rowSqnr }) => rowSqnr));
      return worst(all.filter((row) => !isOutput(row))) - worst(all.filter(isOutput));
    }),
    holds: atLeast(10),
  },
  {
    text: 'the rare byte’s step, delayed: clipping leaves at most 3 dB of SwiGLU’s output (whole tensor, best layer)',
    paper: 'a delayed scale overflows on a sporadic outlier',
    values: of(largest, rowsWith({ ...E4M3, ...DELAYED, batch: 'rare' }), 'sqnr'),
    holds: atMost(3),
  },
  {
    text: 'the step after, delayed: at least 90 % of SwiGLU’s output goes to zero (least of the layers)',
    paper: 'and then underflows',
    values: of(least, rowsWith({ ...E4M3, ...DELAYED, batch: 'after' }), 'underflowed'),
    holds: atLeast(0.9),
  },
  {
    text: 'and the whole tensor’s SQNR does not show it: at least 20 dB there (least of the layers)',
    values: of(least, rowsWith({ ...E4M3, ...DELAYED, batch: 'after' }), 'sqnr'),
    holds: atLeast(20),
  },
  {
    text: 'a power of two per channel leaves at least 15 dB of it (median row, least of layers and steps)',
    paper: SMOOTHING,
    values: of(least, rowsWith({ ...E4M3, ...CHANNEL }), 'rowSqnr'),
    holds: atLeast(15),
  },
  {
    text: 'and sends at most 1 % of it to zero (largest of layers and steps)',
    paper: SMOOTHING,
    values: of(largest, rowsWith({ ...E4M3, ...CHANNEL }), 'underflowed'),
    holds: atMost(0.01),
  },
  {
    text: 'E5M2 instead of E4M3 keeps at least 20 dB of it under the same delayed scale (median row, least of layers and steps)',
    values: of(least, rowsWith({ ...OUTPUT, ...DELAYED, format: 'e5m2' }), 'rowSqnr'),
    holds: atLeast(20),
  },
  {
    text: '1×128 blocks in E4M3 leave at least 30 dB of it (median row, least of layers and steps)',
    values: of(least, rowsWith({ ...E4M3, granularity: '1x128', policy: 'current' }), 'rowSqnr'),
    holds: atLeast(30),
  },
  {
    text: 'MX blocks in E4M3 leave at least 30 dB of it (median row, least of layers and steps)',
    values: of(least, rowsWith({ ...E4M3, granularity: 'mx32', policy: 'current-p2' }), 'rowSqnr'),
    holds: atLeast(30),
  },
];

/** The statements that the models in `rows` can be held to. */
export const claimsOf = (rows: Rows): Claim[] =>
  (['base', 'run', 'aged'] as const)
    .filter((model) => rows.some((row) => row.model === model))
    .flatMap((model) => {
      const said = (model === 'aged' ? aged : healthy).map((one) => ({
        ...one,
        text: `${model}: ${one.text}`,
      }));
      return held(said, where(rows, { model }));
    });
