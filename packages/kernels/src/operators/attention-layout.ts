/** @file What causal attention's operators share: attributes, checks, and one row of probabilities in plain code. */
import type { View } from '../operator.ts';
import type { Shape } from '../tensor.ts';
import { mismatch } from './check.ts';
import { checkHeads, type HeadAttributes, packedWidth } from './heads.ts';

export type AttentionAttributes = HeadAttributes & {
  /** Sequences, which do not see each other. */
  readonly batch: number;
  /** Tokens of each. */
  readonly sequence: number;
};

const { fround } = Math;

/** 1 / √headDim in float32. */
export const attentionScale = (headDim: number): number => fround(1 / Math.sqrt(headDim));

/** Throws unless qkv holds batch · sequence rows of the heads' width. */
export function checkAttention(operator: string, attributes: AttentionAttributes, qkv: Shape): number {
  const rows = checkHeads(operator, attributes, qkv);
  const { batch, sequence } = attributes;
  if (rows !== batch * sequence) {
    mismatch(operator, 'rows of qkv', `${rows}`, `${batch} · ${sequence}, batch · sequence`);
  }
  return rows;
}

/** Where the heads of a packed row lie. */
export function offsetsOf(attributes: HeadAttributes, head: number) {
  const { heads, keyValueHeads, headDim } = attributes;
  const keyValueHead = Math.floor(head / (heads / keyValueHeads));
  return {
    width: packedWidth(attributes),
    query: head * headDim,
    key: (heads + keyValueHead) * headDim,
    value: (heads + keyValueHeads + keyValueHead) * headDim,
  };
}

/** Turns the first `length` scores into probabilities, in place: e^(s − max) / Σ. */
export function softmax(scores: Float32Array, length: number): void {
  let largest = scores[0]!;
  for (let j = 1; j < length; j++) largest = Math.max(largest, scores[j]!);
  let sum = 0;
  for (let j = 0; j < length; j++) {
    scores[j] = Math.exp(fround(scores[j]! - largest));
    sum = fround(sum + scores[j]!);
  }
  for (let j = 0; j < length; j++) scores[j] = scores[j]! / sum;
}

/** Probabilities of query `i` of sequence `b` under `head` over keys 0 … i, into `row`. */
export function probabilities(
  attributes: AttentionAttributes,
  qkv: View,
  b: number,
  head: number,
  i: number,
  row: Float32Array,
): void {
  const { sequence, headDim } = attributes;
  const { width, query, key } = offsetsOf(attributes, head);
  const scale = attentionScale(headDim);
  const q = (b * sequence + i) * width + query;
  for (let j = 0; j <= i; j++) {
    row[j] = fround(dot(qkv.data, q, qkv.data, (b * sequence + j) * width + key, headDim) * scale);
  }
  softmax(row, i + 1);
}

/** Σ_d x[i + d] y[j + d], float32 step by step. */
export function dot(x: Float32Array, i: number, y: Float32Array, j: number, length: number): number {
  let sum = fround(0);
  for (let d = 0; d < length; d++) sum = fround(sum + fround(x[i + d]! * y[j + d]!));
  return sum;
}

/** out[i + d] += factor · x[j + d]. */
export function addScaled(
  out: Float32Array,
  i: number,
  factor: number,
  x: Float32Array,
  j: number,
  length: number,
): void {
  for (let d = 0; d < length; d++) out[i + d] = out[i + d]! + fround(factor * x[j + d]!);
}
