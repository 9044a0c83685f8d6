/** @file Causal, grouped-query attention (Vaswani et al., arXiv 1706.03762; Ainslie et al., arXiv 2305.13245). */
import { defineOperator } from '../operator.ts';
import {
  type AttentionAttributes,
  addScaled,
  checkAttention,
  offsetsOf,
  probabilities,
} from './attention-layout.ts';
import { attentionConstants, probabilityPasses } from './attention-passes.ts';
import { checkInputs } from './check.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';

/**
 * o_i = Σ_{j ≤ i} p_ij v_j, p_i = softmax_j (q_i · k_j / √hd), head by head, sequence by sequence:
 * qkv `[B S, (H + 2 KV) hd]` → `[B S, H hd]`.
 */
export const attention = defineOperator<AttentionAttributes>({
  name: 'attention',
  shape(attributes, inputs) {
    checkInputs('attention', inputs, 1);
    const rows = checkAttention('attention', attributes, inputs[0]!);
    return [rows, attributes.heads * attributes.headDim];
  },
  reference(attributes, [qkv], out) {
    const { batch, sequence, heads, headDim } = attributes;
    const row = new Float32Array(sequence);
    out.data.fill(0);
    for (let b = 0; b < batch; b++) {
      for (let h = 0; h < heads; h++) {
        const { width, value, query } = offsetsOf(attributes, h);
        for (let i = 0; i < sequence; i++) {
          probabilities(attributes, qkv!, b, h, i, row);
          const to = (b * sequence + i) * heads * headDim + query;
          for (let j = 0; j <= i; j++) {
            addScaled(out.data, to, row[j]!, qkv!.data, (b * sequence + j) * width + value, headDim);
          }
        }
      }
    }
  },
  passes(call) {
    const { sequence, heads, headDim } = call.attributes;
    const rest = {
      constants: attentionConstants(call.attributes),
      columns: heads * headDim,
      arguments: ['in0', 't2'] as const,
      loop: sequence,
    };
    return [...probabilityPasses(call.attributes), elementPass(call, 'values', weightedValues, rest)];
  },
});

function weightedValues(
  this: Kernel<'sequence' | 'headDim' | 'width' | 'values' | 'group' | 'heads'>,
  qkv: number[],
  p: number[],
): number {
  const first = Math.floor((this.thread.y + 0.5) / this.constants.sequence) * this.constants.sequence;
  const head = Math.floor((this.thread.x + 0.5) / this.constants.headDim);
  const d = this.thread.x - head * this.constants.headDim;
  const v =
    first * this.constants.width +
    this.constants.values +
    Math.floor((head + 0.5) / this.constants.group) * this.constants.headDim +
    d;
  const row = (this.thread.y * this.constants.heads + head) * this.constants.sequence;
  let sum = 0;
  for (let j = 0; j < this.constants.sequence; j += 1) {
    if (first + j <= this.thread.y) {
      sum = sum + p[row + j]! * qkv[v + j * this.constants.width]!;
    }
  }
  return sum;
}
