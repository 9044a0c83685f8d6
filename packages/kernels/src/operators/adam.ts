/**
 * @file AdamW (Loshchilov and Hutter, arXiv 1711.05101) as three operators: two moments, then the weights.
 *
 * `hyper` is FP32 `[9]`: learning rate, beta1, beta2, epsilon, decay, gradient scale (the clipping factor),
 * 1 − beta1^t, 1 − beta2^t, and the bound of `adamMoment2`.
 */
import { defineOperator } from '../operator.ts';
import { checkElements, checkInputs } from './check.ts';
import type { NoAttributes } from './elementwise.ts';
import type { Kernel } from './kernel.ts';
import { elementPass } from './pass.ts';

const { fround } = Math;

/** Elements of `hyper`. */
export const HYPER_LENGTH = 9;

/** m' = β1 m + (1 − β1) (g · gradScale): m, g of one shape, hyper. */
export const adamMoment1 = defineOperator<NoAttributes>({
  name: 'adamMoment1',
  shape(_, inputs) {
    checkInputs('adamMoment1', inputs, 3);
    checkElements('adamMoment1', 'gradient', inputs[1]!, inputs[0]!);
    checkElements('adamMoment1', 'hyper', inputs[2]!, [HYPER_LENGTH]);
    return inputs[0]!;
  },
  reference(_, [m, g, hyper], out) {
    const beta = hyper!.data[1]!;
    const rest = fround(1 - beta);
    const gradScale = hyper!.data[5]!;
    for (let i = 0; i < out.data.length; i++) {
      out.data[i] = fround(beta * m!.data[i]!) + fround(rest * fround(g!.data[i]! * gradScale));
    }
  },
  passes: (call) => [elementPass(call, 'moment1', moment1)],
});

export type Moment2Attributes = {
  /** Raise what has been lost of v, as seen by m, the fourth input. */
  readonly bounded: boolean;
};

/**
 * v' = β2 u + (1 − β2) (g · gradScale)²: v, g of one shape, hyper, and m, the first moment before this update, if
 * `bounded`. u = v, or where moments are kept in few bits u = max(v, (bound · m)²): by Cauchy and Schwarz no gradients give
 * moments with v < (bound · m)², if bound = √((1 − β2) (1 − r) / (1 − r^(t−1))) / (1 − β1) with r = β1² / β2, so that
 * what lies below was lost in storage. The new moments then keep to the bound of t, whatever was stored:
 * (β1 m + (1 − β1) g)² ≤ (r / bound² + (1 − β1)² / (1 − β2)) (β2 u + (1 − β2) g²).
 */
export const adamMoment2 = defineOperator<Moment2Attributes>({
  name: 'adamMoment2',
  shape({ bounded }, inputs) {
    checkInputs('adamMoment2', inputs, bounded ? 4 : 3);
    checkElements('adamMoment2', 'gradient', inputs[1]!, inputs[0]!);
    checkElements('adamMoment2', 'hyper', inputs[2]!, [HYPER_LENGTH]);
    if (bounded) checkElements('adamMoment2', 'first moment', inputs[3]!, inputs[0]!);
    return inputs[0]!;
  },
  reference({ bounded }, [v, g, hyper, m], out) {
    const beta = hyper!.data[2]!;
    const rest = fround(1 - beta);
    const gradScale = hyper!.data[5]!;
    const bound = hyper!.data[8]!;
    for (let i = 0; i < out.data.length; i++) {
      const gradient = fround(g!.data[i]! * gradScale);
      let old = v!.data[i]!;
      if (bounded) {
        const root = fround(bound * m!.data[i]!);
        const least = fround(root * root);
        if (least > old) old = least;
      }
      out.data[i] = fround(beta * old) + fround(rest * fround(gradient * gradient));
    }
  },
  passes: (call) => [elementPass(call, 'moment2', call.attributes.bounded ? boundedMoment2 : moment2)],
});

export type DecayAttributes = {
  /** Apply hyper's decay; false for norm gains. */
  readonly decays: boolean;
};

/**
 * w' = w − lr (m / (1 − β1^t) / (√(v / (1 − β2^t)) + ε) + decay · w), the last term if `decays`:
 * w, m, v of one shape, hyper.
 */
export const adamWeight = defineOperator<DecayAttributes>({
  name: 'adamWeight',
  shape(_, inputs) {
    checkInputs('adamWeight', inputs, 4);
    checkElements('adamWeight', 'moment 1', inputs[1]!, inputs[0]!);
    checkElements('adamWeight', 'moment 2', inputs[2]!, inputs[0]!);
    checkElements('adamWeight', 'hyper', inputs[3]!, [HYPER_LENGTH]);
    return inputs[0]!;
  },
  reference({ decays }, [w, m, v, hyper], out) {
    const [rate, , , epsilon, decay, , correction1, correction2] = hyper!.data as unknown as number[];
    for (let i = 0; i < out.data.length; i++) {
      const first = fround(m!.data[i]! / correction1!);
      const second = fround(Math.sqrt(fround(v!.data[i]! / correction2!)));
      let step = fround(first / fround(second + epsilon!));
      if (decays) step = fround(step + fround(decay! * w!.data[i]!));
      out.data[i] = w!.data[i]! - fround(rate! * step);
    }
  },
  passes: (call) => [
    elementPass(call, 'weight', weight, { constants: { decays: Number(call.attributes.decays) } }),
  ],
});

function moment1(this: Kernel, m: number[], g: number[], hyper: number[]): number {
  return hyper[1]! * m[this.thread.x]! + (1 - hyper[1]!) * (g[this.thread.x]! * hyper[5]!);
}

function moment2(this: Kernel, v: number[], g: number[], hyper: number[]): number {
  const gradient = g[this.thread.x]! * hyper[5]!;
  return hyper[2]! * v[this.thread.x]! + (1 - hyper[2]!) * (gradient * gradient);
}

function boundedMoment2(this: Kernel, v: number[], g: number[], hyper: number[], m: number[]): number {
  const gradient = g[this.thread.x]! * hyper[5]!;
  const root = hyper[8]! * m[this.thread.x]!;
  let old = v[this.thread.x]!;
  if (root * root > old) {
    old = root * root;
  }
  return hyper[2]! * old + (1 - hyper[2]!) * (gradient * gradient);
}

function weight(this: Kernel<'decays'>, w: number[], m: number[], v: number[], hyper: number[]): number {
  let step = m[this.thread.x]! / hyper[6]! / (Math.sqrt(v[this.thread.x]! / hyper[7]!) + hyper[3]!);
  if (this.constants.decays > 0) {
    step = step + hyper[4]! * w[this.thread.x]!;
  }
  return w[this.thread.x]! - hyper[0]! * step;
}
