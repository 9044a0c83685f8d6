/** @file Sums, differences and products of equal shapes. */
import { defineOperator, type Operator } from '../operator.ts';
import { checkElements, checkInputs } from './check.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';

export type NoAttributes = Record<string, never>;

function addKernel(this: Kernel, a: number[], b: number[]): number {
  return a[this.thread.x]! + b[this.thread.x]!;
}

function subtractKernel(this: Kernel, a: number[], b: number[]): number {
  return a[this.thread.x]! - b[this.thread.x]!;
}

function multiplyKernel(this: Kernel, a: number[], b: number[]): number {
  return a[this.thread.x]! * b[this.thread.x]!;
}

function elementwise(
  name: string,
  compute: (a: Float32Array, b: Float32Array, out: Float32Array) => void,
  kernel: typeof addKernel,
): Operator<NoAttributes> {
  return defineOperator<NoAttributes>({
    name,
    shape(_, inputs) {
      checkInputs(name, inputs, 2);
      checkElements(name, 'second input', inputs[1]!, inputs[0]!);
      return inputs[0]!;
    },
    reference(_, [a, b], out) {
      compute(a!.data, b!.data, out.data);
    },
    passes: (call) => [elementPass(call, name, kernel)],
  });
}

/** a + b, element by element. */
export const add = elementwise(
  'add',
  (a, b, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i]! + b[i]!;
  },
  addKernel,
);

/** a − b, element by element. */
export const subtract = elementwise(
  'subtract',
  (a, b, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i]! - b[i]!;
  },
  subtractKernel,
);

/** a · b, element by element. */
export const multiply = elementwise(
  'multiply',
  (a, b, out) => {
    for (let i = 0; i < out.length; i++) out[i] = a[i]! * b[i]!;
  },
  multiplyKernel,
);
