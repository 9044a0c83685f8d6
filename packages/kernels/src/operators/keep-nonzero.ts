/** @file Codes in which nothing that was there has vanished. */
import { defineOperator } from '../operator.ts';
import { checkElements, checkInputs } from './check.ts';
import type { NoAttributes } from './elementwise.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';

/**
 * The codes of a cast, and x, of which they are the codes, of one shape: a code of zero whose x is not zero becomes the
 * smallest value of the codes' format, with the sign of x. `out` is of that format.
 */
export const keepNonzero = defineOperator<NoAttributes>({
  name: 'keepNonzero',
  rounds: true,
  shape(_, inputs) {
    checkInputs('keepNonzero', inputs, 2);
    checkElements('keepNonzero', 'x', inputs[1]!, inputs[0]!);
    return inputs[0]!;
  },
  reference(_, [codes, x], out) {
    const smallest = out.format.minSubnormal;
    for (let i = 0; i < out.data.length; i++) {
      const code = codes!.data[i]!;
      out.data[i] = code === 0 && x!.data[i] !== 0 ? Math.sign(x!.data[i]!) * smallest : code;
    }
  },
  passes(call) {
    const constants = { smallest: call.outFormat.minSubnormal };
    return [elementPass(call, 'keepNonzero', kernel, { constants, floats: ['smallest'], round: false })];
  },
});

function kernel(this: Kernel<'smallest'>, codes: number[], x: number[]): number {
  let code = codes[this.thread.x]!;
  if (code === 0) {
    if (x[this.thread.x]! > 0) {
      code = this.constants.smallest;
    }
    if (x[this.thread.x]! < 0) {
      code = -this.constants.smallest;
    }
  }
  return code;
}
