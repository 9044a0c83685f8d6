/** @file Whether a scale multiplies or divides, whatever its name says: the sizes of the weights under each reading prove it. */
import { decodeSafetensors, type SafetensorsType } from '@octavo/store';
import { numbersOf } from '../quantize/matrix.ts';
import { isFloat8, type Patient, type ScalePair, scalesIn } from './folder.ts';

/** Codes that are looked at of a matrix. */
const SAMPLE = 2 ** 16;

/** How far a matrix's gain, rms · √columns (about 1 as matrices begin and are trained), may lie from 1 and be believed. */
const BELIEVED = Math.log(300);

/** Beside the same matrix of other layers a factor of 10 is believed, and one of 100 is not. */
const ALIKE = Math.log(10);

export interface Reading {
  /** Null: a scale near 1, where both readings are likely. */
  readonly way: 'multiply' | 'divide' | null;
  /** The middle of the scale's numbers, and the weights' rms under each reading. */
  readonly middle: number;
  readonly multiplied: number;
  readonly divided: number;
}

/** Of every scale whose numbers are positive and whose weight has codes, by its name. */
export async function readingsOf(patient: Patient): Promise<ReadonlyMap<string, Reading>> {
  const sizes = new Map<string, Size>();
  for (const pair of scalesIn(patient)) {
    const size = await sizeOf(patient, pair);
    if (size) sizes.set(pair.name, size);
  }
  return new Map([...sizes].map(([name, size]) => [name, read(size, alikeTo(name, sizes))]));
}

/** log rms · √columns of the codes, and log of the scale's middle. */
interface Size {
  readonly codes: number;
  readonly scale: number;
  readonly columns: number;
}

async function sizeOf(patient: Patient, { name, scale, weight }: ScalePair): Promise<Size | null> {
  if (weight === undefined || !isFloat8(weight) || !isFloat(scale.dtype)) return null;
  const numbers = numbersOf(await patient.read(name));
  if (numbers.length === 0 || numbers.some((value) => !(value > 0) || !Number.isFinite(value))) return null;
  const end = Math.min(SAMPLE, weight.byteLength);
  const codes = decodeSafetensors(
    weight.dtype as SafetensorsType,
    await patient.readRange(weight.name, 0, end),
  );
  const rms = rootMeanSquare(codes);
  if (rms === 0) return null;
  const middle = numbers.reduce((sum, value) => sum + Math.log(value), 0) / numbers.length;
  return { codes: Math.log(rms), scale: middle, columns: Math.log(weight.shape[1] ?? 1) / 2 };
}

export const isFloat = (dtype: string): boolean => /^(F32|BF16|F16|F64)$/.test(dtype);

function read({ codes, scale, columns }: Size, likely: number | null): Reading {
  const [multiplied, divided] = [codes + scale, codes - scale];
  const believes = (one: number, other: number): boolean => {
    const [near, far] = [Math.abs(one + columns), Math.abs(other + columns)];
    if (near < BELIEVED && far > BELIEVED) return true;
    if (likely === null) return false;
    return Math.abs(one + columns - likely) < ALIKE && Math.abs(other + columns - likely) > 2 * ALIKE;
  };
  const way = believes(multiplied, divided) ? 'multiply' : believes(divided, multiplied) ? 'divide' : null;
  return { way, middle: Math.exp(scale), multiplied: Math.exp(multiplied), divided: Math.exp(divided) };
}

/** The middle gain of the same matrix in other layers, multiplied, where that can be believed. */
function alikeTo(name: string, sizes: ReadonlyMap<string, Size>): number | null {
  const kind = kindOf(name);
  const gains = [...sizes]
    .filter(([other]) => other !== name && kindOf(other) === kind)
    .map(([, { codes, scale, columns }]) => codes + scale + columns)
    .sort((a, b) => a - b);
  const middle = gains[Math.floor(gains.length / 2)];
  return middle !== undefined && Math.abs(middle) < BELIEVED ? middle : null;
}

const kindOf = (name: string): string => name.replace(/\.\d+\./, '.*.').replace(/\.[a-z_]*scale[a-z_]*$/, '');

const rootMeanSquare = (numbers: Float32Array | Float64Array): number => {
  let [sum, count] = [0, 0];
  for (const value of numbers)
    if (Number.isFinite(value)) {
      sum += value * value;
      count++;
    }
  return Math.sqrt(sum / Math.max(1, count));
};

/** For people. */
export const inWords = ({ middle, multiplied, divided }: Reading): string =>
  `about ${middle.toPrecision(3)}: multiplied, the weights’ rms is ${multiplied.toPrecision(3)}, divided ${divided.toPrecision(3)}`;
