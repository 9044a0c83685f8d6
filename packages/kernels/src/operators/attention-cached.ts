/** @file Attention of one new token to the keys and values kept of those before it, for generation. */
import { defineOperator } from '../operator.ts';
import { addScaled, attentionScale, dot, offsetsOf, softmax } from './attention-layout.ts';
import { checkElements, checkInputs, mismatch } from './check.ts';
import { checkHeads, type HeadAttributes, packedWidth } from './heads.ts';
import type { Kernel } from './kernel.ts';

export type CachedAttributes = HeadAttributes & {
  /** Rows of the cache. */
  readonly capacity: number;
};

/**
 * qkv `[1, (H + 2 KV) hd]`, cache `[capacity, 2 KV hd]` (rows `[k heads | v heads]`, the new token's included),
 * position `[1]` → `[1, H hd]`: attention of the token at `position` to cache rows 0 … position.
 */
export const attentionCached = defineOperator<CachedAttributes>({
  name: 'attentionCached',
  shape(attributes, inputs) {
    checkInputs('attentionCached', inputs, 3);
    const { heads, keyValueHeads, headDim, capacity } = attributes;
    const rows = checkHeads('attentionCached', attributes, inputs[0]!);
    if (rows !== 1) mismatch('attentionCached', 'qkv', inputs[0]!, 'one row');
    checkElements('attentionCached', 'cache', inputs[1]!, [capacity, 2 * keyValueHeads * headDim]);
    checkElements('attentionCached', 'position', inputs[2]!, [1]);
    return [1, heads * headDim];
  },
  reference(attributes, [qkv, cache, position], out) {
    const { heads, keyValueHeads, headDim, capacity } = attributes;
    const last = position!.data[0]!;
    if (!(Number.isInteger(last) && last >= 0 && last < capacity)) {
      mismatch('attentionCached', 'position', `${last}`, `an integer from 0 to ${capacity - 1}`);
    }
    const row = new Float32Array(capacity);
    const scale = attentionScale(headDim);
    const width = 2 * keyValueHeads * headDim;
    out.data.fill(0);
    for (let h = 0; h < heads; h++) {
      const { query, key, value } = offsetsOf(attributes, h);
      const queries = heads * headDim;
      for (let j = 0; j <= last; j++) {
        row[j] = dot(qkv!.data, query, cache!.data, j * width + key - queries, headDim) * scale;
      }
      softmax(row, last + 1);
      for (let j = 0; j <= last; j++) {
        addScaled(out.data, query, row[j]!, cache!.data, j * width + value - queries, headDim);
      }
    }
  },
  passes({ attributes }) {
    const { heads, keyValueHeads, headDim, capacity } = attributes;
    const shared = {
      capacity,
      headDim,
      group: heads / keyValueHeads,
      width: 2 * keyValueHeads * headDim,
      values: keyValueHeads * headDim,
    };
    const square = { cells: heads * capacity, columns: capacity } as const;
    return [
      {
        ...square,
        name: 'scores',
        kernel: scores,
        constants: { ...shared, scale: attentionScale(headDim), columns: packedWidth(attributes) },
        floats: ['scale'],
        arguments: ['in0', 'in1', 'in2'],
        loop: headDim,
      },
      {
        name: 'rows',
        kernel: rowStatistics,
        constants: { capacity },
        cells: heads,
        components: 2,
        arguments: ['t0', 'in2'],
        loop: capacity,
      },
      {
        ...square,
        name: 'probabilities',
        kernel: quotients,
        constants: { capacity },
        arguments: ['t0', 't1', 'in2'],
      },
      {
        name: 'values',
        kernel: weightedValues,
        constants: shared,
        cells: heads * headDim,
        arguments: ['in1', 't2', 'in2'],
        loop: capacity,
        round: true,
      },
    ];
  },
});

function scores(
  this: Kernel<'group' | 'width' | 'headDim' | 'scale'>,
  qkv: number[],
  cache: number[],
  position: number[],
): number {
  let sum = 0;
  if (this.thread.x <= position[0]!) {
    const keyHead = Math.floor((this.thread.y + 0.5) / this.constants.group);
    const k = this.thread.x * this.constants.width + keyHead * this.constants.headDim;
    for (let d = 0; d < this.constants.headDim; d += 1) {
      sum = sum + qkv[this.thread.y * this.constants.headDim + d]! * cache[k + d]!;
    }
    sum = sum * this.constants.scale;
  }
  return sum;
}

function rowStatistics(this: Kernel<'capacity'>, scores: number[], position: number[]): number[] {
  let largest = scores[this.thread.x * this.constants.capacity]!;
  for (let j = 0; j < this.constants.capacity; j += 1) {
    if (j <= position[0]!) {
      const value = scores[this.thread.x * this.constants.capacity + j]!;
      if (value > largest) largest = value;
    }
  }
  let sum = 0;
  for (let j = 0; j < this.constants.capacity; j += 1) {
    if (j <= position[0]!) {
      sum = sum + Math.exp(scores[this.thread.x * this.constants.capacity + j]! - largest);
    }
  }
  return [largest, sum];
}

function quotients(this: Kernel<'capacity'>, scores: number[], rows: number[], position: number[]): number {
  let p = 0;
  if (this.thread.x <= position[0]!) {
    p =
      Math.exp(scores[this.thread.y * this.constants.capacity + this.thread.x]! - rows[this.thread.y * 2]!) /
      rows[this.thread.y * 2 + 1]!;
  }
  return p;
}

function weightedValues(
  this: Kernel<'headDim' | 'values' | 'group' | 'capacity' | 'width'>,
  cache: number[],
  p: number[],
  position: number[],
): number {
  const head = Math.floor((this.thread.x + 0.5) / this.constants.headDim);
  const d = this.thread.x - head * this.constants.headDim;
  const v =
    this.constants.values + Math.floor((head + 0.5) / this.constants.group) * this.constants.headDim + d;
  let sum = 0;
  for (let j = 0; j < this.constants.capacity; j += 1) {
    if (j <= position[0]!) {
      sum = sum + p[head * this.constants.capacity + j]! * cache[v + j * this.constants.width]!;
    }
  }
  return sum;
}
