/** @file The factors of Smooth-SwiGLU (arXiv 2409.12517): per token the largest |up|, per channel a power of two. */
import { defineOperator } from '../operator.ts';
import { matrixShape } from '../tensor.ts';
import { checkInputs } from './check.ts';
import type { NoAttributes } from './elementwise.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';
import { LARGEST, LARGEST_POWER, powerOfTwoBelow, SMALLEST_NORMAL } from './power-of-two.ts';
import { halfWidth } from './swiglu.ts';

/** t = max |up| over a token's columns, 1 where it is 0, NaN where there is one: gateUp `[T, 2F]` → `[T, 1]`. */
export const tokenAmax = defineOperator<NoAttributes>({
  name: 'tokenAmax',
  shape(_, inputs) {
    checkInputs('tokenAmax', inputs, 1);
    halfWidth('tokenAmax', inputs[0]!);
    return [matrixShape(inputs[0]!)[0], 1];
  },
  reference(_, [gateUp], out) {
    const [rows, both] = matrixShape(gateUp!.shape);
    for (let r = 0; r < rows; r++) {
      let largest = 0;
      for (let i = r * both + both / 2; i < (r + 1) * both; i++) {
        const value = Math.abs(gateUp!.data[i]!);
        if (value > largest || !(value >= 0)) largest = value;
      }
      out.data[r] = largest === 0 ? 1 : largest;
    }
  },
  passes(call) {
    const width = matrixShape(call.inputs[0]!)[1] / 2;
    return [elementPass(call, 'rows', rowMaximum, { constants: { width }, loop: width })];
  },
});

/** s = 2^−⌈log2 a⌉, 1 where a is 0 (or not finite): amax of any shape → the same. Within float32's normal powers of two. */
export const smoothScale = defineOperator<NoAttributes>({
  name: 'smoothScale',
  shape(_, inputs) {
    checkInputs('smoothScale', inputs, 1);
    return inputs[0]!;
  },
  reference(_, [amax], out) {
    for (let i = 0; i < out.data.length; i++) out.data[i] = smoothed(amax!.data[i]!);
  },
  passes: (call) => [elementPass(call, 'power', smoothPower, { functions: [powerOfTwoBelow] })],
});

function smoothed(a: number): number {
  if (!(a > 0 && a <= LARGEST)) return 1;
  if (a < SMALLEST_NORMAL) return 2 ** 126;
  const below = powerOfTwoBelow(a);
  if (a === below) return 1 / below;
  return below === LARGEST_POWER ? SMALLEST_NORMAL : 0.5 / below;
}

function rowMaximum(this: Kernel<'width'>, gateUp: number[]): number {
  let largest = 0;
  for (let j = 0; j < this.constants.width; j += 1) {
    const value = Math.abs(gateUp[(this.thread.x * 2 + 1) * this.constants.width + j]!);
    if (value > largest || !(value >= 0)) largest = value;
  }
  if (largest === 0) largest = 1;
  return largest;
}

function smoothPower(this: Kernel, amax: number[]): number {
  const a = amax[this.thread.x]!;
  let s = 1;
  if (a > 0 && a <= 3.4028234663852886e38) {
    const below = powerOfTwoBelow(Math.max(a, 1.1754943508222875e-38));
    s = 1 / below;
    if (a > below) s = 0.5 / below;
    s = Math.max(s, 1.1754943508222875e-38);
  }
  return s;
}
