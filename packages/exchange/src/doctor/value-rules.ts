/** @file What only the values show: scales that are zero or not finite, scales the wrong way round, codes that are NaN. */
import type { ListedEntry } from '@octavo/store';
import { numbersOf } from '../quantize/matrix.ts';
import { type Finding, finding, ofTensor } from './finding.ts';
import { inputScalesIn, isFloat8, type Patient, type Rule, scalesIn } from './folder.ts';
import { inverted } from './mends.ts';
import { inWords, isFloat, readingsOf } from './reading.ts';

/** Scales that are no scales, of weights and of activations. */
export const values: Rule = async (patient) => {
  const found: Finding[] = [];
  for (const { scale } of [...scalesIn(patient), ...inputScalesIn(patient)]) {
    if (!isFloat(scale.dtype) && !/^(U8|F8_E8M0)$/.test(scale.dtype)) continue;
    const numbers = numbersOf(await patient.read(scale.name));
    const bad = numbers.findIndex((value) => !(value > 0) || !Number.isFinite(value));
    if (bad < 0) continue;
    const what = `got ${numbers[bad]} at ${bad}, expected positive numbers`;
    const mend = 'quantise the weight again: what it scaled is lost';
    found.push(finding('scale-value', scale.name, what, mend));
  }
  return found;
};

/** Scales that divide, as the weights' size proves: every loader multiplies by them. */
export const inverses: Rule = async (patient) =>
  [...(await readingsOf(patient))]
    .filter(([, { way }]) => way === 'divide')
    .map(([name, reading]) =>
      ofTensor(
        'scale-inverse',
        name,
        `its values divide (${inWords(reading)}), and loaders multiply`,
        'store the reciprocals',
        inverted,
      ),
    );

/** Bytes that are looked through at a time. */
const STRETCH = 2 ** 22;

/** The codes of NaN, by the type of the weights. */
const NAN_CODES: Readonly<Record<string, readonly number[]>> = {
  F8_E4M3: [0x7f, 0xff],
  F8_E5M2: [0x7d, 0x7e, 0x7f, 0xfd, 0xfe, 0xff],
  F8_E4M3FNUZ: [0x80],
  F8_E5M2FNUZ: [0x80],
};

/** Codes of NaN among the weights. */
export const codes: Rule = async (patient) => {
  const found: Finding[] = [];
  for (const tensor of patient.tensors.values()) {
    const at = isFloat8(tensor) ? await firstOf(NAN_CODES[tensor.dtype] ?? [], tensor, patient) : null;
    if (at !== null)
      found.push(
        finding('weight-value', tensor.name, `got NaN at ${at}`, 'quantise it again: its value is lost'),
      );
  }
  return found;
};

async function firstOf(
  wanted: readonly number[],
  { name, byteLength }: ListedEntry,
  patient: Patient,
): Promise<number | null> {
  for (let from = 0; from < byteLength; from += STRETCH) {
    const bytes = Buffer.from(await patient.readRange(name, from, Math.min(byteLength, from + STRETCH)));
    const places = wanted.map((code) => bytes.indexOf(code)).filter((at) => at >= 0);
    if (places.length > 0) return from + Math.min(...places);
  }
  return null;
}
