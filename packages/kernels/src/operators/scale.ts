/** @file Products with one number, with one a row, or with one a column. */
import { defineOperator } from '../operator.ts';
import { elements, matrixShape } from '../tensor.ts';
import { checkElements, checkInputs } from './check.ts';
import type { NoAttributes } from './elementwise.ts';
import type { Kernel } from './kernel.ts';

function scaleByKernel(this: Kernel, x: number[], s: number[]): number {
  return x[this.thread.x]! * s[0]!;
}

function scaleRowsKernel(this: Kernel<'columns'>, x: number[], s: number[]): number {
  return x[this.thread.y * this.constants.columns + this.thread.x]! * s[this.thread.y]!;
}

function scaleColumnsKernel(this: Kernel<'columns'>, x: number[], s: number[]): number {
  return x[this.thread.y * this.constants.columns + this.thread.x]! * s[this.thread.x]!;
}

/** x · s[0]: x of any shape, s `[1]`. */
export const scaleBy = defineOperator<NoAttributes>({
  name: 'scaleBy',
  shape(_, inputs) {
    checkInputs('scaleBy', inputs, 2);
    checkElements('scaleBy', 'factor', inputs[1]!, [1]);
    return inputs[0]!;
  },
  reference(_, [x, s], out) {
    const factor = s!.data[0]!;
    for (let i = 0; i < out.data.length; i++) out.data[i] = x!.data[i]! * factor;
  },
  passes: ({ out }) => [
    {
      name: 'scale',
      kernel: scaleByKernel,
      constants: {},
      cells: elements(out),
      arguments: ['in0', 'in1'],
      round: true,
    },
  ],
});

/** x[r, c] · s[r]: x `[R, C]`, s `[R]`. */
export const scaleRows = defineOperator<NoAttributes>({
  name: 'scaleRows',
  shape(_, inputs) {
    checkInputs('scaleRows', inputs, 2);
    checkElements('scaleRows', 'factors', inputs[1]!, [matrixShape(inputs[0]!)[0]]);
    return inputs[0]!;
  },
  reference(_, [x, s], out) {
    const [rows, columns] = matrixShape(x!.shape);
    for (let r = 0; r < rows; r++) {
      for (let i = r * columns; i < (r + 1) * columns; i++) out.data[i] = x!.data[i]! * s!.data[r]!;
    }
  },
  passes: ({ inputs: [x], out }) => [
    {
      name: 'scale',
      kernel: scaleRowsKernel,
      constants: { columns: matrixShape(x!)[1] },
      cells: elements(out),
      columns: matrixShape(x!)[1],
      arguments: ['in0', 'in1'],
      round: true,
    },
  ],
});

/** x[r, c] · s[c]: x `[R, C]`, s `[C]`. */
export const scaleColumns = defineOperator<NoAttributes>({
  name: 'scaleColumns',
  shape(_, inputs) {
    checkInputs('scaleColumns', inputs, 2);
    checkElements('scaleColumns', 'factors', inputs[1]!, [matrixShape(inputs[0]!)[1]]);
    return inputs[0]!;
  },
  reference(_, [x, s], out) {
    const columns = matrixShape(x!.shape)[1];
    for (let i = 0; i < out.data.length; i++) out.data[i] = x!.data[i]! * s!.data[i % columns]!;
  },
  passes: ({ inputs: [x], out }) => [
    {
      name: 'scale',
      kernel: scaleColumnsKernel,
      constants: { columns: matrixShape(x!)[1] },
      cells: elements(out),
      columns: matrixShape(x!)[1],
      arguments: ['in0', 'in1'],
      round: true,
    },
  ],
});
