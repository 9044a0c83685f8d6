/** @file Launches of the operators that work element by element, and of AdamW. */
import { encode } from '@octavo/formats';
import {
  type AdamwAttributes,
  type CountLostAttributes,
  type DecayAttributes,
  type Moment2Attributes,
  matrixShape,
  type NoAttributes,
} from '@octavo/kernels';
import { floatBits } from '../format-description.ts';
import * as kernel from '../operator-numbers.ts';
import { chunks, place, rowsPerTask } from '../stored.ts';
import { roundingNumber, sumOf } from './casts.ts';
import type { Launch } from './launch.ts';

const elementwise =
  (which: number): Launch<NoAttributes> =>
  (engine, _, [a, b], [out]) =>
    engine.run(kernel.ELEMENTWISE, chunks(out.length), 0, [
      ...place(engine, a),
      ...place(engine, b),
      ...place(engine, out),
      out.length,
      which,
    ]);

export const add = elementwise(0);
export const subtract = elementwise(1);
export const multiply = elementwise(2);

/** Rows times factors; `more` is what else the kernel is told. */
const byRows =
  (number: kernel.OperatorNumber, ...more: readonly number[]): Launch<NoAttributes> =>
  (engine, _, [x, s], [out]) => {
    const [rows, columns] = matrixShape(x!.shape);
    const each = rowsPerTask(columns);
    engine.run(number, Math.ceil(rows / each), 0, [
      ...place(engine, x),
      ...place(engine, s),
      ...place(engine, out),
      rows,
      columns,
      each,
      ...more,
    ]);
  };

export const scaleRows = byRows(kernel.SCALE_ROWS, 1);
/** One factor for all rows. */
export const scaleBy = byRows(kernel.SCALE_ROWS, 0);
export const scaleColumns = byRows(kernel.SCALE_COLUMNS);

const moment =
  (which: 1 | 2): Launch<Partial<Moment2Attributes>> =>
  (engine, { bounded }, [m, g, hyper, first], [out]) =>
    engine.run(kernel.ADAM_MOMENT, chunks(out.length), 0, [
      ...place(engine, m),
      ...place(engine, g),
      ...place(engine, hyper),
      ...place(engine, out),
      out.length,
      which,
      Number(bounded ?? false),
      ...place(engine, first),
    ]);

export const adamMoment1 = moment(1);
export const adamMoment2 = moment(2);

export const adamWeight: Launch<DecayAttributes> = (engine, { decays }, [w, m, v, hyper], [out]) =>
  engine.run(kernel.ADAM_WEIGHT, chunks(out.length), 0, [
    ...place(engine, w),
    ...place(engine, m),
    ...place(engine, v),
    ...place(engine, hyper),
    ...place(engine, out),
    out.length,
    Number(decays),
  ]);

/** The new states are computed twice, once for their maxima and once to be stored: cheaper than to keep them. */
export const adamw: Launch<AdamwAttributes> = (engine, attributes, inputs, outs) => {
  const [w, wScale, m, mScale, v, vScale, g, hyper, seed] = inputs;
  const [newW, newWScale, newM, newMScale, newV, newVScale] = outs;
  const { length } = newW;
  const tasks = chunks(length);
  const plain = newW.kind === 0 && newM!.kind === 0 && newV!.kind === 0;
  const parameters = [
    ...place(engine, w),
    ...place(engine, m),
    ...place(engine, v),
    ...place(engine, g),
    hyper!.address,
    ...[wScale, mScale, vScale].map((scale) => scale!.address),
    ...place(engine, newW),
    ...place(engine, newM),
    ...place(engine, newV),
    ...[newWScale, newMScale, newVScale].map((scale) => scale!.address),
    length,
    Number(attributes.decays),
    roundingNumber(attributes.masterRounding),
    roundingNumber(attributes.momentRounding),
    Number(attributes.powerOfTwo),
    seed?.address ?? 0,
    attributes.stream,
    engine.workspace(tasks * 12),
    ...[newW, newM, newV].map((state) => floatBits(state!.format.max)),
    tasks,
    Number(attributes.bounded),
    encode(newV!.format, newV!.format.minSubnormal),
    Number(plain),
  ];
  // states that need no scale are only looked at, while they are stored
  if (plain) engine.run(kernel.ADAMW_STORE, tasks, 0, parameters);
  else engine.run(kernel.ADAMW_MAXIMA, tasks, 0, parameters);
  engine.run(kernel.ADAMW_SCALES, 1, 0, parameters);
  if (!plain) engine.run(kernel.ADAMW_STORE, tasks, 0, parameters);
};

/** In one pass over codes; whole numbers, added here. */
export const countLost: Launch<CountLostAttributes> = (engine, attributes, inputs, [lost]) => {
  const [w, wScale, m, g, hyper, stored, storedScale, seed] = inputs;
  const tasks = chunks(w!.length);
  const counts = engine.workspace(tasks * 4);
  engine.run(kernel.LOST_UPDATES, tasks, 0, [
    ...place(engine, w),
    ...place(engine, m),
    ...place(engine, g),
    ...place(engine, stored),
    hyper!.address,
    wScale!.address,
    storedScale!.address,
    w!.length,
    Number(attributes.decays),
    roundingNumber(attributes.masterRounding),
    seed?.address ?? 0,
    attributes.stream,
    counts,
  ]);
  const floats = engine.floats();
  let count = 0;
  for (let task = 0; task < tasks; task++) count += floats[counts / 4 + task]!;
  floats[lost.address / 4] = count;
};

export const sum: Launch<NoAttributes> = (engine, _, [x], [out]) => sumOf(engine, x!, out, false);
export const sumSquares: Launch<NoAttributes> = (engine, _, [x], [out]) => sumOf(engine, x!, out, true);
