/** @file How aligned the gate and up rows of a SwiGLU weight are (arXiv 2409.12517, section 4). */
import { defineOperator } from '../operator.ts';
import { matrixShape } from '../tensor.ts';
import { checkInputs, mismatch } from './check.ts';
import type { NoAttributes } from './elementwise.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';

/** cos of gate row j and up row j, 0 where either is zero: gateUpWeight `[2F, D]` → `[F]`. */
export const channelCosine = defineOperator<NoAttributes>({
  name: 'channelCosine',
  shape(_, inputs) {
    checkInputs('channelCosine', inputs, 1);
    const [rows] = matrixShape(inputs[0]!);
    if (rows % 2 !== 0) {
      mismatch('channelCosine', 'weight', inputs[0]!, 'an even number of rows: gate, then up');
    }
    return [rows / 2];
  },
  reference(_, [weight], out) {
    const [rows, columns] = matrixShape(weight!.shape);
    const { fround } = Math;
    const w = weight!.data;
    for (let j = 0; j < rows / 2; j++) {
      let [dot, gates, ups] = [0, 0, 0];
      for (let d = 0; d < columns; d++) {
        const gate = w[j * columns + d]!;
        const up = w[(j + rows / 2) * columns + d]!;
        dot = fround(dot + fround(gate * up));
        gates = fround(gates + fround(gate * gate));
        ups = fround(ups + fround(up * up));
      }
      const norms = fround(fround(Math.sqrt(gates)) * fround(Math.sqrt(ups)));
      out.data[j] = norms > 0 ? dot / norms : 0;
    }
  },
  passes(call) {
    const [rows, columns] = matrixShape(call.inputs[0]!);
    const constants = { channels: rows / 2, columns };
    return [elementPass(call, 'cosine', cosine, { constants, loop: columns })];
  },
});

function cosine(this: Kernel<'columns' | 'channels'>, w: number[]): number {
  let dot = 0;
  let gates = 0;
  let ups = 0;
  for (let d = 0; d < this.constants.columns; d += 1) {
    const gate = w[this.thread.x * this.constants.columns + d]!;
    const up = w[(this.thread.x + this.constants.channels) * this.constants.columns + d]!;
    dot = dot + gate * up;
    gates = gates + gate * gate;
    ups = ups + up * up;
  }
  const norms = Math.sqrt(gates) * Math.sqrt(ups);
  let result = 0;
  if (norms > 0) result = dot / norms;
  return result;
}
