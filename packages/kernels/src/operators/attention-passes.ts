/**
 * @file The probabilities of attention on gpu.js: scores, then maximum and sum of each row, then the quotients.
 *
 * Row y of the temporaries is token · heads + head; column j is a key of the same sequence. One kernel that recomputed
 * them would be tens of times slower.
 */
import { OctavoError } from '@octavo/formats';
import type { Pass } from '../operator.ts';
import { type AttentionAttributes, attentionScale } from './attention-layout.ts';
import { packedWidth } from './heads.ts';
import type { Kernel } from './kernel.ts';

/** Above this many elements float32 can no longer count them. */
const LARGEST_INDEX = 2 ** 24;

/** Constants of all kernels on packed rows. */
export function attentionConstants(attributes: AttentionAttributes): Readonly<Record<string, number>> {
  const { heads, keyValueHeads, headDim, sequence } = attributes;
  return {
    heads,
    headDim,
    sequence,
    group: heads / keyValueHeads,
    width: packedWidth(attributes),
    keys: heads * headDim,
    values: (heads + keyValueHeads) * headDim,
  };
}

/** Three passes; t2 holds the probabilities `[B S H, S]`, 0 above the diagonal. */
export function probabilityPasses(attributes: AttentionAttributes): readonly Pass[] {
  const { batch, sequence, heads, headDim } = attributes;
  const rows = batch * sequence * heads;
  if (rows * sequence > LARGEST_INDEX) {
    throw new OctavoError(
      `[kernels] attention: probabilities: got ${batch} · ${heads} · ${sequence}² = ${rows * sequence} elements, expected at most ${LARGEST_INDEX} on gpu.js; use smaller micro-batches or shorter sequences`,
    );
  }
  return [
    {
      name: 'scores',
      kernel: scores,
      constants: { ...attentionConstants(attributes), scale: attentionScale(headDim) },
      floats: ['scale'],
      cells: rows * sequence,
      columns: sequence,
      arguments: ['in0'],
      loop: headDim,
    },
    {
      name: 'rows',
      kernel: rowStatistics,
      constants: { heads, sequence },
      cells: rows,
      components: 2,
      arguments: ['t0'],
      loop: sequence,
    },
    {
      name: 'probabilities',
      kernel: quotients,
      constants: { heads, sequence },
      cells: rows * sequence,
      columns: sequence,
      arguments: ['t0', 't1'],
    },
  ];
}

function scores(
  this: Kernel<'heads' | 'sequence' | 'group' | 'width' | 'headDim' | 'keys' | 'scale'>,
  qkv: number[],
): number {
  const t = Math.floor((this.thread.y + 0.5) / this.constants.heads);
  const i = t - Math.floor((t + 0.5) / this.constants.sequence) * this.constants.sequence;
  let sum = 0;
  if (this.thread.x <= i) {
    const head = this.thread.y - t * this.constants.heads;
    const keyHead = Math.floor((head + 0.5) / this.constants.group);
    const q = t * this.constants.width + head * this.constants.headDim;
    const k =
      (t - i + this.thread.x) * this.constants.width + this.constants.keys + keyHead * this.constants.headDim;
    for (let d = 0; d < this.constants.headDim; d += 1) {
      sum = sum + qkv[q + d]! * qkv[k + d]!;
    }
    sum = sum * this.constants.scale;
  }
  return sum;
}

/** Largest score of a row up to the diagonal, and Σ e^(score − largest). */
function rowStatistics(this: Kernel<'heads' | 'sequence'>, scores: number[]): number[] {
  const t = Math.floor((this.thread.x + 0.5) / this.constants.heads);
  const i = t - Math.floor((t + 0.5) / this.constants.sequence) * this.constants.sequence;
  let largest = scores[this.thread.x * this.constants.sequence]!;
  for (let j = 0; j < this.constants.sequence; j += 1) {
    if (j <= i) {
      const value = scores[this.thread.x * this.constants.sequence + j]!;
      if (value > largest) largest = value;
    }
  }
  let sum = 0;
  for (let j = 0; j < this.constants.sequence; j += 1) {
    if (j <= i) {
      sum = sum + Math.exp(scores[this.thread.x * this.constants.sequence + j]! - largest);
    }
  }
  return [largest, sum];
}

function quotients(this: Kernel<'heads' | 'sequence'>, scores: number[], rows: number[]): number {
  const t = Math.floor((this.thread.y + 0.5) / this.constants.heads);
  const i = t - Math.floor((t + 0.5) / this.constants.sequence) * this.constants.sequence;
  let p = 0;
  if (this.thread.x <= i) {
    p =
      Math.exp(scores[this.thread.y * this.constants.sequence + this.thread.x]! - rows[this.thread.y * 2]!) /
      rows[this.thread.y * 2 + 1]!;
  }
  return p;
}
