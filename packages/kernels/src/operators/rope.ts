/** @file Rotary position embedding (Su et al., arXiv 2104.09864) on packed rows, halves of a head paired as in Hugging Face's Llama. */
import { OctavoError } from '@octavo/formats';
import { defineOperator } from '../operator.ts';
import { matrixShape } from '../tensor.ts';
import { checkElements, checkInputs, mismatch } from './check.ts';
import { checkHeads, type HeadAttributes, packedWidth } from './heads.ts';
import type { Kernel } from './kernel.ts';
import { cellPass } from './pass.ts';

export type RopeAttributes = HeadAttributes & {
  /** Rotate backwards: the gradient. */
  readonly inverse: boolean;
};

/**
 * Rotates q and k, copies v: qkv `[T, (H + 2 KV) hd]`, cos and sin `[P, hd / 2]`, positions `[T]` → the shape of qkv.
 * With θ = position's angle d: y[d] = x[d] cos θ − x[d + hd/2] sin θ, y[d + hd/2] = x[d + hd/2] cos θ + x[d] sin θ.
 */
export const rope = defineOperator<RopeAttributes>({
  name: 'rope',
  shape(attributes, inputs) {
    checkInputs('rope', inputs, 4);
    const [qkv, cos, sin, positions] = inputs;
    const rows = checkHeads('rope', attributes, qkv!);
    const half = attributes.headDim / 2;
    if (!Number.isInteger(half)) mismatch('rope', 'headDim', `${attributes.headDim}`, 'an even number');
    if (matrixShape(cos!)[1] !== half) mismatch('rope', 'cos', cos!, `rows of ${half}, half of headDim`);
    checkElements('rope', 'sin', sin!, cos!);
    checkElements('rope', 'positions', positions!, [rows]);
    return qkv!;
  },
  reference(attributes, [qkv, cos, sin, positions], out) {
    const { heads, keyValueHeads, headDim, inverse } = attributes;
    const { fround } = Math;
    const [rows, width] = matrixShape(qkv!.shape);
    const half = headDim / 2;
    const sign = inverse ? -1 : 1;
    const x = qkv!.data;
    out.data.set(x);
    for (let t = 0; t < rows; t++) {
      const angles = positions!.data[t]! * half;
      for (let h = 0; h < heads + keyValueHeads; h++) {
        const start = t * width + h * headDim;
        for (let d = 0; d < half; d++) {
          const c = cos!.data[angles + d]!;
          const s = sign * sin!.data[angles + d]!;
          const first = x[start + d]!;
          const second = x[start + d + half]!;
          out.data[start + d] = fround(first * c) - fround(second * s);
          out.data[start + d + half] = fround(second * c) + fround(first * s);
        }
      }
    }
  },
  passes(call) {
    const { heads, keyValueHeads, headDim, inverse } = call.attributes;
    const columns = packedWidth(call.attributes);
    const rotated = (heads + keyValueHeads) * headDim;
    const constants = { rotated, headDim, half: headDim / 2, sign: inverse ? -1 : 1 };
    return [cellPass(call, 'rotate', rotate, columns, { constants, floats: ['sign'] })];
  },
});

/**
 * cos and sin of position · θ^(−2d / headDim) for positions 0 … count − 1: `[count, headDim / 2]` each. `scaled` gives
 * another frequency in place of each θ^(−2d / headDim), in radians a position.
 */
export function ropeTables(
  count: number,
  headDim: number,
  theta: number,
  scaled: (frequency: number) => number = (frequency) => frequency,
): { readonly cos: Float32Array; readonly sin: Float32Array } {
  if (headDim % 2 !== 0) {
    throw new OctavoError(`[kernels] ropeTables: headDim: got ${headDim}, expected an even number`);
  }
  const half = headDim / 2;
  const cos = new Float32Array(count * half);
  const sin = new Float32Array(count * half);
  const frequencies = Array.from({ length: half }, (_, d) => scaled(theta ** ((-2 * d) / headDim)));
  for (let p = 0; p < count; p++) {
    for (let d = 0; d < half; d++) {
      const angle = p * frequencies[d]!;
      cos[p * half + d] = Math.cos(angle);
      sin[p * half + d] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

function rotate(
  this: Kernel<'columns' | 'rotated' | 'headDim' | 'half' | 'sign'>,
  qkv: number[],
  cos: number[],
  sin: number[],
  positions: number[],
): number {
  let result = qkv[this.thread.y * this.constants.columns + this.thread.x]!;
  if (this.thread.x < this.constants.rotated) {
    const head = Math.floor((this.thread.x + 0.5) / this.constants.headDim);
    const d = this.thread.x - head * this.constants.headDim;
    const angles = positions[this.thread.y]! * this.constants.half;
    if (d < this.constants.half) {
      result =
        result * cos[angles + d]! -
        qkv[this.thread.y * this.constants.columns + this.thread.x + this.constants.half]! *
          (this.constants.sign * sin[angles + d]!);
    } else {
      result =
        result * cos[angles + d - this.constants.half]! +
        qkv[this.thread.y * this.constants.columns + this.thread.x - this.constants.half]! *
          (this.constants.sign * sin[angles + d - this.constants.half]!);
    }
  }
  return result;
}
