/** @file Launches of AdamW: its parts, all of it in one pass, and how many of its updates are lost. */
import { encode } from '@octavo/formats';
import type {
  AdamwAttributes,
  CountLostAttributes,
  DecayAttributes,
  Moment2Attributes,
} from '@octavo/kernels';
import { floatBits } from '../format-description.ts';
import * as kernel from '../generated/kernels.ts';
import { FP32_KIND, MAXIMA_BYTES } from '../numbers.ts';
import { place } from '../stored.ts';
import type { Launch } from './launch.ts';
import { chunks, places, roundingNumber, runFlat } from './parameters.ts';

const moment =
  (which: 1 | 2): Launch<Partial<Moment2Attributes>> =>
  (engine, { bounded = false }, [m, g, hyper, first], [out]) => {
    const more = [which, Number(bounded), ...place(engine, first)];
    runFlat(engine, kernel.ADAM_MOMENT, [m, g, hyper, out], out.length, ...more);
  };

export const adamMoment1 = moment(1);
export const adamMoment2 = moment(2);

export const adamWeight: Launch<DecayAttributes> = (engine, { decays }, inputs, [out]) =>
  runFlat(engine, kernel.ADAM_WEIGHT, [...inputs, out], out.length, Number(decays));

/** New states are computed twice where they can be the largest, for the scales, and once where not: cheaper than to keep them. */
export const adamw: Launch<AdamwAttributes> = (engine, attributes, inputs, outs) => {
  const [w, wScale, m, mScale, v, vScale, g, hyper, seed] = inputs;
  const [newW, newWScale, newM, newMScale, newV, newVScale] = outs;
  const states = [newW, newM!, newV!];
  const addresses = (tensors: typeof inputs) => tensors.map(({ address }) => address);
  const tasks = chunks(newW.length);
  const plain = states.every(({ kind }) => kind === FP32_KIND);
  const maxima = engine.workspace(MAXIMA_BYTES);
  engine.words().fill(0, maxima / 4, (maxima + MAXIMA_BYTES) / 4);
  const parameters = [
    ...places(engine, [w, m, v, g]),
    ...addresses([hyper!, wScale!, mScale!, vScale!]),
    ...places(engine, states),
    ...addresses([newWScale!, newMScale!, newVScale!]),
    newW.length,
    Number(attributes.decays),
    roundingNumber(attributes.masterRounding),
    roundingNumber(attributes.momentRounding),
    Number(attributes.powerOfTwo),
    seed?.address ?? 0,
    attributes.stream,
    maxima,
    ...states.map(({ format }) => floatBits(format.max)),
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
    ...places(engine, [w, m, g, stored]),
    ...[hyper, wScale, storedScale].map((tensor) => tensor!.address),
    w!.length,
    Number(attributes.decays),
    roundingNumber(attributes.masterRounding),
    seed?.address ?? 0,
    attributes.stream,
    counts,
  ]);
  const each = engine.floats().subarray(counts / 4, counts / 4 + tasks);
  engine.floats()[lost.address / 4] = each.reduce((sum, count) => sum + count, 0);
};
