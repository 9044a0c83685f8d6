/** @file What only the values show: scales that are zero or not finite, and scales the wrong way round. */
import { decodeSafetensors, type SafetensorsType } from '@octavo/store';
import { numbersOf } from '../quantize/matrix.ts';
import type { Finding } from './finding.ts';
import { isFloat8, type Rule, scalesIn } from './folder.ts';

/** Codes that are looked at of a matrix. */
const SAMPLE = 2 ** 16;

/** How far a matrix's gain, rms · √columns (about 1 as matrices begin and are trained), may lie from 1 and be believed. */
const BELIEVED = 300;

export const values: Rule = async ({ shards, tensors }) => {
  const found: Finding[] = [];
  const fileOf = (name: string) => shards.get(tensors.get(name)!.shard)!;
  for (const { name, scale, weight } of scalesIn({ tensors })) {
    if (!/^(B?F\d|U8)/.test(scale.dtype)) continue;
    const numbers = numbersOf(await fileOf(name).read(name));
    const bad = numbers.findIndex((value) => !(value > 0) || !Number.isFinite(value));
    if (bad >= 0) {
      found.push({
        ...{
          kind: 'scale-value',
          where: name,
          what: `got ${numbers[bad]} at ${bad}, expected positive numbers`,
        },
        ...{ mend: 'quantise the weight again: what it scaled is lost', fix: null },
      });
      continue;
    }
    if (weight === undefined || !isFloat8(weight) || scale.dtype === 'U8') continue;
    const codes = await fileOf(weight.name).readRange(weight.name, 0, Math.min(SAMPLE, weight.byteLength));
    const rms = rootMeanSquare(decodeSafetensors(weight.dtype as SafetensorsType, codes));
    const middle = Math.exp(numbers.reduce((sum, value) => sum + Math.log(value), 0) / numbers.length);
    const gain = (factor: number): number =>
      Math.abs(Math.log(rms * factor * Math.sqrt(weight.shape[1] ?? 1)));
    if (rms > 0 && gain(middle) > Math.log(BELIEVED) && gain(1 / middle) < Math.log(BELIEVED))
      found.push({
        ...{ kind: 'scale-inverse', where: name },
        what: `its values (about ${middle.toPrecision(3)}) divide: multiplied, the weights' rms would be ${(rms * middle).toPrecision(3)}, divided it is ${(rms / middle).toPrecision(3)}`,
        ...{ mend: 'store the reciprocals', fix: { of: 'tensor', name, to: { inverse: true } } },
      });
  }
  return found;
};

const rootMeanSquare = (numbers: Float32Array | Float64Array): number => {
  let [sum, count] = [0, 0];
  for (const value of numbers)
    if (Number.isFinite(value)) {
      sum += value * value;
      count++;
    }
  return Math.sqrt(sum / Math.max(1, count));
};
