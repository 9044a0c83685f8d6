/** @file Products with one number, with one a row, or with one a column. */
import { defineOperator, type Operator, type Pass, type Signature } from '../operator.ts';
import { matrixShape } from '../tensor.ts';
import { checkElements, checkInputs } from './check.ts';
import type { NoAttributes } from './elementwise.ts';
import type { Kernel } from './kernel.ts';
import { cellPass, elementPass } from './pass.ts';

function scaleByKernel(this: Kernel, x: number[], s: number[]): number {
  return x[this.thread.x]! * s[0]!;
}

function scaleRowsKernel(this: Kernel<'columns'>, x: number[], s: number[]): number {
  return x[this.thread.y * this.constants.columns + this.thread.x]! * s[this.thread.y]!;
}

function scaleColumnsKernel(this: Kernel<'columns'>, x: number[], s: number[]): number {
  return x[this.thread.y * this.constants.columns + this.thread.x]! * s[this.thread.x]!;
}

const columnsOf = ({ inputs }: Signature<NoAttributes>): number => matrixShape(inputs[0]!)[1];

/** `factors`: how many there are for `[rows, columns]`; `factorOf`: the place of an element's. */
function scaling(
  name: string,
  factors: (rows: number, columns: number) => number,
  factorOf: (i: number, columns: number) => number,
  pass: (call: Signature<NoAttributes>) => Pass,
): Operator<NoAttributes> {
  return defineOperator<NoAttributes>({
    name,
    shape(_, inputs) {
      checkInputs(name, inputs, 2);
      checkElements(name, 'factors', inputs[1]!, [factors(...matrixShape(inputs[0]!))]);
      return inputs[0]!;
    },
    reference(_, [x, s], out) {
      const [, columns] = matrixShape(x!.shape);
      for (let i = 0; i < out.data.length; i++) out.data[i] = x!.data[i]! * s!.data[factorOf(i, columns)]!;
    },
    passes: (call) => [pass(call)],
  });
}

/** x · s[0]: x of any shape, s `[1]`. */
export const scaleBy = scaling(
  'scaleBy',
  () => 1,
  () => 0,
  (call) => elementPass(call, 'scale', scaleByKernel),
);

/** x[r, c] · s[r]: x `[R, C]`, s `[R]`. */
export const scaleRows = scaling(
  'scaleRows',
  (rows) => rows,
  (i, columns) => Math.floor(i / columns),
  (call) => cellPass(call, 'scale', scaleRowsKernel, columnsOf(call)),
);

/** x[r, c] · s[c]: x `[R, C]`, s `[C]`. */
export const scaleColumns = scaling(
  'scaleColumns',
  (_, columns) => columns,
  (i, columns) => i % columns,
  (call) => cellPass(call, 'scale', scaleColumnsKernel, columnsOf(call)),
);
