/** @file The gradient of causal, grouped-query attention; the probabilities are computed anew. */
import { defineOperator, type Pass } from '../operator.ts';
import {
  type AttentionAttributes,
  addScaled,
  attentionScale,
  checkAttention,
  dot,
  offsetsOf,
  probabilities,
} from './attention-layout.ts';
import { attentionConstants, probabilityPasses } from './attention-passes.ts';
import { checkInputs, checkMatrix } from './check.ts';
import { packedWidth } from './heads.ts';
import type { Kernel } from './kernel.ts';

const { fround } = Math;

/**
 * dqkv `[B S, (H + 2 KV) hd]` of qkv (alike) and dout `[B S, H hd]`.
 *
 * With dp_ij = dout_i · v_j and ds_ij = p_ij (dp_ij − Σ_j p_ij dp_ij) / √hd: dq_i = Σ_j ds_ij k_j,
 * dk_j = Σ_h Σ_i ds_ij q_i, dv_j = Σ_h Σ_i p_ij dout_i, h over the query heads that share key head and value head.
 */
export const attentionGrad = defineOperator<AttentionAttributes>({
  name: 'attentionGrad',
  shape(attributes, inputs) {
    checkInputs('attentionGrad', inputs, 2);
    const rows = checkAttention('attentionGrad', attributes, inputs[0]!);
    checkMatrix('attentionGrad', 'dout', inputs[1]!, rows, attributes.heads * attributes.headDim);
    return inputs[0]!;
  },
  reference(attributes, [qkv, dout], out) {
    const { batch, sequence, heads, headDim } = attributes;
    const scale = attentionScale(headDim);
    const p = new Float32Array(sequence);
    const dp = new Float32Array(sequence);
    const x = qkv!.data;
    out.data.fill(0);
    for (let b = 0; b < batch; b++) {
      for (let h = 0; h < heads; h++) {
        const { width, query, key, value } = offsetsOf(attributes, h);
        for (let i = 0; i < sequence; i++) {
          probabilities(attributes, qkv!, b, h, i, p);
          const token = b * sequence + i;
          const upstream = token * heads * headDim + query;
          let mean = fround(0);
          for (let j = 0; j <= i; j++) {
            const at = (b * sequence + j) * width;
            dp[j] = dot(dout!.data, upstream, x, at + value, headDim);
            mean = fround(mean + fround(p[j]! * dp[j]!));
          }
          for (let j = 0; j <= i; j++) {
            const at = (b * sequence + j) * width;
            const ds = fround(fround(p[j]! * fround(dp[j]! - mean)) * scale);
            addScaled(out.data, token * width + query, ds, x, at + key, headDim);
            addScaled(out.data, at + key, ds, x, token * width + query, headDim);
            addScaled(out.data, at + value, p[j]!, dout!.data, upstream, headDim);
          }
        }
      }
    }
  },
  passes({ attributes }) {
    const { batch, sequence, heads, headDim, keyValueHeads } = attributes;
    const rows = batch * sequence * heads;
    const constants = attentionConstants(attributes);
    const square = { cells: rows * sequence, columns: sequence } as const;
    const passes: readonly Pass[] = [
      ...probabilityPasses(attributes),
      {
        ...square,
        name: 'probability-gradients',
        kernel: probabilityGradients,
        constants,
        arguments: ['in0', 'in1'],
        loop: headDim,
      },
      {
        name: 'row-means',
        kernel: rowMeans,
        constants: { sequence },
        cells: rows,
        arguments: ['t2', 't3'],
        loop: sequence,
      },
      {
        ...square,
        name: 'score-gradients',
        kernel: scoreGradients,
        constants: { sequence, scale: attentionScale(headDim) },
        floats: ['scale'],
        arguments: ['t2', 't3', 't4'],
      },
      {
        name: 'gradients',
        kernel: gradients,
        constants: { ...constants, columns: packedWidth(attributes), keyValueWidth: keyValueHeads * headDim },
        cells: batch * sequence * packedWidth(attributes),
        columns: packedWidth(attributes),
        arguments: ['in0', 'in1', 't2', 't5'],
        loop: Math.max(sequence, heads),
        round: true,
      },
    ];
    return passes;
  },
});

/** dout_i · v_j for j ≤ i. */
function probabilityGradients(
  this: Kernel<'heads' | 'sequence' | 'keys' | 'headDim' | 'width' | 'values' | 'group'>,
  qkv: number[],
  dout: number[],
): number {
  const t = Math.floor((this.thread.y + 0.5) / this.constants.heads);
  const i = t - Math.floor((t + 0.5) / this.constants.sequence) * this.constants.sequence;
  let sum = 0;
  if (this.thread.x <= i) {
    const head = this.thread.y - t * this.constants.heads;
    const o = t * this.constants.keys + head * this.constants.headDim;
    const v =
      (t - i + this.thread.x) * this.constants.width +
      this.constants.values +
      Math.floor((head + 0.5) / this.constants.group) * this.constants.headDim;
    for (let d = 0; d < this.constants.headDim; d += 1) {
      sum = sum + dout[o + d]! * qkv[v + d]!;
    }
  }
  return sum;
}

function rowMeans(this: Kernel<'sequence'>, p: number[], dp: number[]): number {
  let sum = 0;
  for (let j = 0; j < this.constants.sequence; j += 1) {
    sum =
      sum +
      p[this.thread.x * this.constants.sequence + j]! * dp[this.thread.x * this.constants.sequence + j]!;
  }
  return sum;
}

function scoreGradients(
  this: Kernel<'sequence' | 'scale'>,
  p: number[],
  dp: number[],
  means: number[],
): number {
  return (
    p[this.thread.y * this.constants.sequence + this.thread.x]! *
    (dp[this.thread.y * this.constants.sequence + this.thread.x]! - means[this.thread.y]!) *
    this.constants.scale
  );
}

/** One element of dq, dk or dv, by its column. */
function gradients(
  this: Kernel<'sequence' | 'keys' | 'headDim' | 'width' | 'group' | 'heads' | 'values'>,
  qkv: number[],
  dout: number[],
  p: number[],
  ds: number[],
): number {
  const first = Math.floor((this.thread.y + 0.5) / this.constants.sequence) * this.constants.sequence;
  const j = this.thread.y - first;
  let sum = 0;
  if (this.thread.x < this.constants.keys) {
    const head = Math.floor((this.thread.x + 0.5) / this.constants.headDim);
    const d = this.thread.x - head * this.constants.headDim;
    const k =
      first * this.constants.width +
      this.constants.keys +
      Math.floor((head + 0.5) / this.constants.group) * this.constants.headDim +
      d;
    const row = (this.thread.y * this.constants.heads + head) * this.constants.sequence;
    for (let i = 0; i < this.constants.sequence; i += 1) {
      if (i <= j) {
        sum = sum + ds[row + i]! * qkv[k + i * this.constants.width]!;
      }
    }
  } else if (this.thread.x < this.constants.values) {
    const keyHead = Math.floor((this.thread.x - this.constants.keys + 0.5) / this.constants.headDim);
    const d = this.thread.x - this.constants.keys - keyHead * this.constants.headDim;
    for (let h = 0; h < this.constants.group; h += 1) {
      const head = keyHead * this.constants.group + h;
      for (let i = 0; i < this.constants.sequence; i += 1) {
        if (i >= j) {
          const t = first + i;
          sum =
            sum +
            ds[(t * this.constants.heads + head) * this.constants.sequence + j]! *
              qkv[t * this.constants.width + head * this.constants.headDim + d]!;
        }
      }
    }
  } else {
    const valueHead = Math.floor((this.thread.x - this.constants.values + 0.5) / this.constants.headDim);
    const d = this.thread.x - this.constants.values - valueHead * this.constants.headDim;
    for (let h = 0; h < this.constants.group; h += 1) {
      const head = valueHead * this.constants.group + h;
      for (let i = 0; i < this.constants.sequence; i += 1) {
        if (i >= j) {
          const t = first + i;
          sum =
            sum +
            p[(t * this.constants.heads + head) * this.constants.sequence + j]! *
              dout[t * this.constants.keys + head * this.constants.headDim + d]!;
        }
      }
    }
  }
  return sum;
}
