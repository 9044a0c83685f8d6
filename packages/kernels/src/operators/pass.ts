/** @file The pass that most operators are, or end with. */
import type { KernelSource, Pass, Signature } from '../operator.ts';
import { elements } from '../tensor.ts';

type Call = Pick<Signature<never>, 'inputs' | 'out'>;

/** One thread an element of the output, which is rounded to its format; `rest` is what differs. All inputs are arguments. */
export const elementPass = (
  { inputs, out }: Call,
  name: string,
  kernel: KernelSource,
  rest: Partial<Pass> = {},
): Pass => ({
  name,
  kernel,
  constants: {},
  cells: elements(out),
  arguments: inputs.map((_, i) => `in${i}` as const),
  round: true,
  ...rest,
});

/** The same of a matrix so wide: a kernel finds row and column of its element in `thread`, and `columns` in `constants`. */
export const cellPass = (
  call: Call,
  name: string,
  kernel: KernelSource,
  columns: number,
  rest: Partial<Pass> = {},
): Pass => elementPass(call, name, kernel, { ...rest, columns, constants: { columns, ...rest.constants } });
