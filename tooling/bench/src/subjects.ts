/** @file Who takes part in which comparison, and with what. */
import type { Contender } from './contender.ts';

/** `from`: the contender's key in the catalog. `kind`: a recipe; of decoding, where another word follows, what keys and values are kept in. */
export interface Subject {
  readonly from: string;
  readonly kind: string;
  /** For people. */
  readonly label: string;
  /** Of a column, where subjects are columns. */
  readonly key: string;
}

const subject = (from: string, kind: string, label = kind, key = kind): Subject => ({
  from,
  kind,
  label,
  key,
});

const recipes = (from: string): Subject[] =>
  [['fp32', 'float32'], ['bf16'], ['fp8-full']].map(([kind, label]) => subject(from, kind!, label));

/** What each part of the bench compares; `gemm` takes every contender. */
export const subjects: Readonly<Record<'products' | 'step' | 'decode', readonly Subject[]>> = {
  products: [
    subject('pytorch', 'bf16', 'oneDNN alone', 'alone'),
    subject('octavoOnednn', 'bf16', 'Octavo, BF16'),
    subject('octavoOnednn', 'fp8', 'Octavo, FP8'),
  ],
  step: [
    ...['octavo', 'octavoBefore', 'octavoBlas', 'octavoOnednn'].flatMap(recipes),
    subject('pytorch', 'fp32', 'float32'),
    subject('pytorch', 'bf16', 'BF16'),
    subject('pytorch', 'fp32 compiled', 'float32, compiled'),
    subject('pytorch', 'bf16 compiled', 'BF16, compiled'),
  ],
  decode: [
    ...['octavo', 'octavoOnednn'].flatMap((from) => [
      subject(from, 'fp32', 'float32'),
      subject(from, 'bf16'),
      subject(from, 'fp8'),
      subject(from, 'fp8 fp8', 'fp8, keys and values in FP8'),
    ]),
    subject('llamaCpp', 'fp32', 'float32'),
    subject('llamaCpp', 'bf16', 'BF16'),
    subject('llamaCpp', 'q8_0', 'Q8_0'),
    subject('pytorch', 'fp32', 'float32'),
    subject('pytorch', 'bf16', 'BF16'),
  ],
};

/** Those whose contender is there. */
export const present = (
  of: readonly Subject[],
  running: ReadonlyMap<string, Contender>,
): (Subject & { readonly contender: Contender })[] =>
  of.flatMap((one) => {
    const contender = running.get(one.from);
    return contender ? [{ ...one, contender }] : [];
  });
