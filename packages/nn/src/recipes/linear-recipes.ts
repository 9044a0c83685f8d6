/** @file Building blocks of the named recipes: casts, and linear layers made of them. */
import type { Rounding } from '@octavo/formats';
import { current, delayed, type Granularity, type Policy } from '@octavo/scaling';
import type { CastRecipe, LinearRecipe, OptimizerRecipe } from '../recipe.ts';

const TENSOR: Granularity = { kind: 'tensor' };

/** Delayed scaling as in `PROTOCOL`-size studies: maximum of the last 16 steps, the first step by its own maximum. */
export const DELAYED_16: Policy = delayed({ history: 16 });

export const castTo = (
  format: string,
  policy: Policy,
  granularity: Granularity = TENSOR,
  rounding: Rounding = 'nearest-even',
): CastRecipe => ({ format, policy, granularity, rounding, overflow: 'saturate' });

/** All three products in the format of the activations. */
export const UNQUANTIZED: LinearRecipe = {
  output: { input: null, weight: null },
  gradInput: { grad: null, weight: null },
  gradWeight: { grad: null, input: null },
};

/** One cast an operand, shared by all products that use it: NVIDIA's HYBRID when input and weight are E4M3, grad E5M2. */
export const hybrid = (operand: CastRecipe, grad: CastRecipe): LinearRecipe => ({
  output: { input: operand, weight: operand },
  gradInput: { grad, weight: operand },
  gradWeight: { grad, input: operand },
});

/** Forward in one format, both backward products in another, as the paper's code does it: operands are cast twice. */
export const forwardBackward = (
  forward: CastRecipe,
  backward: CastRecipe,
  grad: CastRecipe,
): LinearRecipe => ({
  output: { input: forward, weight: forward },
  gradInput: { grad, weight: backward },
  gradWeight: { grad, input: backward },
});

/**
 * Scales along each product's contraction axis, so operands of the weight gradient are cast a second time, down the
 * tokens. Current maxima, powers of two.
 */
export const blockwise = (
  along: Granularity,
  down: Granularity,
  weight: { along: Granularity; down: Granularity },
): LinearRecipe => {
  const cast = (granularity: Granularity) => castTo('e4m3fn', current({ powerOfTwo: true }), granularity);
  return {
    output: { input: cast(along), weight: cast(weight.along) },
    gradInput: { grad: cast(along), weight: cast(weight.down) },
    gradWeight: { grad: cast(down), input: cast(down) },
  };
};

export const FP32_ADAM: OptimizerRecipe = {
  master: 'fp32',
  moment1: 'fp32',
  moment2: 'fp32',
  masterRounding: 'nearest-even',
  rounding: 'nearest-even',
  powerOfTwo: false,
  moment2Rule: 'bounded',
};

/** The paper's formats: FP16 master weights, first moment E4M3, second E5M2. Four bytes a parameter. */
export const FP8_ADAM: OptimizerRecipe = { ...FP32_ADAM, master: 'fp16', moment1: 'e4m3fn', moment2: 'e5m2' };
