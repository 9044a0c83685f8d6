/** @file From the largest magnitude to the scale that a cast multiplies by. */
import { defineOperator } from '../operator.ts';
import { checkInputs } from './check.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';
import { LARGEST, LARGEST_POWER, powerOfTwoBelow, SMALLEST_NORMAL } from './power-of-two.ts';

export type ScaleAttributes = {
  /** Largest value of the format. */
  readonly max: number;
  /** Powers of two kept free above amax. */
  readonly margin: number;
  /** Round the scale down to a power of two. */
  readonly powerOfTwo: boolean;
};

/**
 * s = max / (amax · 2^margin), or 2^⌊log2 s⌋: amax of any shape → the same.
 * 1 where amax is 0 or not finite; never outside the finite, normal float32 numbers. amax · 2^margin must be a float32:
 * where it overflows, devices differ.
 */
export const scaleFromAmax = defineOperator<ScaleAttributes>({
  name: 'scaleFromAmax',
  shape(_, inputs) {
    checkInputs('scaleFromAmax', inputs, 1);
    return inputs[0]!;
  },
  reference({ max, margin, powerOfTwo }, [amax], out) {
    const above = Math.fround(2 ** margin);
    for (let i = 0; i < out.data.length; i++) {
      const a = amax!.data[i]!;
      if (!(a > 0 && a <= LARGEST)) {
        out.data[i] = 1;
        continue;
      }
      const quotient = Math.fround(Math.fround(max) / Math.fround(a * above));
      const s = Math.min(LARGEST, Math.max(SMALLEST_NORMAL, quotient));
      out.data[i] = powerOfTwo ? Math.min(LARGEST_POWER, powerOfTwoBelow(s)) : s;
    }
  },
  passes(call) {
    const { max, margin, powerOfTwo } = call.attributes;
    const rest = { constants: { max, above: 2 ** margin }, floats: ['max', 'above'] };
    if (!powerOfTwo) return [elementPass(call, 'scale', scale, rest)];
    return [elementPass(call, 'scale', scalePower, { ...rest, functions: [powerOfTwoBelow] })];
  },
});

function scale(this: Kernel<'max' | 'above'>, amax: number[]): number {
  let s = 1;
  if (amax[this.thread.x]! > 0 && amax[this.thread.x]! <= 3.4028234663852886e38) {
    s = this.constants.max / (amax[this.thread.x]! * this.constants.above);
    s = Math.min(3.4028234663852886e38, Math.max(1.1754943508222875e-38, s));
  }
  return s;
}

function scalePower(this: Kernel<'max' | 'above'>, amax: number[]): number {
  let s = 1;
  if (amax[this.thread.x]! > 0 && amax[this.thread.x]! <= 3.4028234663852886e38) {
    s = this.constants.max / (amax[this.thread.x]! * this.constants.above);
    s = powerOfTwoBelow(Math.min(3.4028234663852886e38, Math.max(1.1754943508222875e-38, s)));
  }
  return s;
}
