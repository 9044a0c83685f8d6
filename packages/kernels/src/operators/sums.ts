/** @file Sums of whole tensors and of columns. */
import { defineOperator } from '../operator.ts';
import { elements, matrixShape } from '../tensor.ts';
import { checkInputs } from './check.ts';
import type { NoAttributes } from './elementwise.ts';
import type { Kernel } from './kernel.ts';
import { lanePasses, orderedSum } from './lanes.ts';
import { elementPass } from './pass.ts';

function squareKernel(this: Kernel, x: number[]): number {
  return x[this.thread.x]! * x[this.thread.x]!;
}

function sumColumnsKernel(this: Kernel<'rows' | 'columns'>, x: number[]): number {
  let sum = 0;
  for (let r = 0; r < this.constants.rows; r += 1) {
    sum = sum + x[r * this.constants.columns + this.thread.x]!;
  }
  return sum;
}

/** Σ x → `[1]`, in the order of the lanes (see lanes.ts). */
export const sum = defineOperator<NoAttributes>({
  name: 'sum',
  shape(_, inputs) {
    checkInputs('sum', inputs, 1);
    return [1];
  },
  reference(_, [x], out) {
    out.data[0] = orderedSum(x!.data);
  },
  passes: ({ inputs: [x] }) => lanePasses('sum', elements(x!), 'in0', 0),
});

/** Σ x² → `[1]`, in the order of the lanes. */
export const sumSquares = defineOperator<NoAttributes>({
  name: 'sumSquares',
  shape(_, inputs) {
    checkInputs('sumSquares', inputs, 1);
    return [1];
  },
  reference(_, [x], out) {
    out.data[0] = orderedSum(x!.data.map((v) => v * v));
  },
  passes: ({ inputs: [x] }) => [
    { name: 'squares', kernel: squareKernel, constants: {}, cells: elements(x!), arguments: ['in0'] },
    ...lanePasses('sum', elements(x!), 't0', 1),
  ],
});

/** Σ over rows of x `[R, C]` → `[C]`, row after row. */
export const sumColumns = defineOperator<NoAttributes>({
  name: 'sumColumns',
  shape(_, inputs) {
    checkInputs('sumColumns', inputs, 1);
    return [matrixShape(inputs[0]!)[1]];
  },
  reference(_, [x], out) {
    const [rows, columns] = matrixShape(x!.shape);
    const sums = out.data.fill(0);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) sums[c] = sums[c]! + x!.data[r * columns + c]!;
    }
  },
  passes(call) {
    const [rows, columns] = matrixShape(call.inputs[0]!);
    return [elementPass(call, 'columns', sumColumnsKernel, { constants: { rows, columns }, loop: rows })];
  },
});
