/** @file The named recipes. A new one is one more object. */
import { OctavoError, quoted } from '@octavo/formats';
import { current, delayed } from '@octavo/scaling';
import type { Recipe } from '../recipe.ts';
import {
  blockwise,
  castTo,
  DELAYED_16,
  FP8_ADAM,
  FP32_ADAM,
  forwardBackward,
  hybrid,
  UNQUANTIZED,
} from './linear-recipes.ts';

const fp32: Recipe = {
  name: 'fp32',
  summary: 'everything in float32: the baseline that all others are measured against',
  activations: 'fp32',
  linear: UNQUANTIZED,
  overrides: {},
  smoothSwiglu: 'none',
  optimizer: FP32_ADAM,
};

const bf16: Recipe = {
  ...fp32,
  name: 'bf16',
  summary: 'BF16 operands and activations, float32 sums',
  activations: 'bf16',
};

const fp8: Recipe = {
  ...bf16,
  name: 'fp8',
  summary: 'E4M3 forward, E5M2 gradients, delayed scaling, plain SwiGLU: the one that breaks',
  linear: hybrid(castTo('e4m3fn', DELAYED_16), castTo('e5m2', DELAYED_16)),
};

const fp8W3Bf16: Recipe = {
  ...fp8,
  name: 'fp8-w3-bf16',
  summary: "fp8, but the SwiGLU output, and with it down's three products, stay in BF16",
  overrides: { down: UNQUANTIZED },
};

const fp8Smooth: Recipe = {
  ...fp8,
  name: 'fp8-smooth',
  summary: "fp8 with Smooth-SwiGLU per channel, the paper's equation: undone inside down's product",
  smoothSwiglu: 'channel',
};

const fp8SmoothFolded: Recipe = {
  ...fp8,
  name: 'fp8-smooth-folded',
  summary:
    "fp8 with Smooth-SwiGLU per channel, undone in the cast of down's weight: what a matrix unit can run",
  smoothSwiglu: 'channel-folded',
};

const fp8SmoothToken: Recipe = {
  ...fp8,
  name: 'fp8-smooth-token',
  summary: "fp8 with Smooth-SwiGLU per token, as in the paper's code",
  smoothSwiglu: 'token',
};

const fp8Full: Recipe = {
  ...fp8Smooth,
  name: 'fp8-full',
  summary: "the paper's system: fp8-smooth, Adam's moments in FP8, FP16 master weights",
  optimizer: FP8_ADAM,
};

const ONE_BATCH = delayed({ history: 1, powerOfTwo: true, first: 'one' });

const fp8Authors: Recipe = {
  ...bf16,
  name: 'fp8-authors',
  summary:
    "the paper's code to the letter: E4M3 at 240, E5M2 backward, stochastic gradients, history of one batch",
  linear: forwardBackward(
    castTo('e4m3', ONE_BATCH),
    castTo('e5m2', ONE_BATCH),
    castTo('e5m2', ONE_BATCH, { kind: 'tensor' }, 'stochastic'),
  ),
  smoothSwiglu: 'token',
  optimizer: { ...FP8_ADAM, moment1: 'e4m3', moment2Rule: 'plain' },
};

const fp8Current: Recipe = {
  ...bf16,
  name: 'fp8-current',
  summary: 'E4M3 forward, E5M2 gradients, scales from the tensor itself (just in time)',
  linear: hybrid(castTo('e4m3fn', current({})), castTo('e5m2', current({}))),
};

const fp8Block: Recipe = {
  ...bf16,
  name: 'fp8-block',
  summary: 'E4M3 everywhere, current scales per 1×128 activations and 128×128 weights',
  linear: blockwise(
    { kind: 'block', rows: 1, columns: 128 },
    { kind: 'block', rows: 128, columns: 1 },
    { along: { kind: 'block', rows: 128, columns: 128 }, down: { kind: 'block', rows: 128, columns: 128 } },
  ),
};

const mxfp8: Recipe = {
  ...bf16,
  name: 'mxfp8',
  summary: 'E4M3 everywhere, 32-element blocks with power-of-two (E8M0) scales',
  linear: blockwise(
    { kind: 'mx', axis: 'row' },
    { kind: 'mx', axis: 'column' },
    { along: { kind: 'mx', axis: 'row' }, down: { kind: 'mx', axis: 'column' } },
  ),
};

export const recipes: Readonly<Record<string, Recipe>> = Object.freeze(
  Object.fromEntries(
    [
      fp32,
      bf16,
      fp8,
      fp8W3Bf16,
      fp8Smooth,
      fp8SmoothFolded,
      fp8SmoothToken,
      fp8Full,
      fp8Authors,
      fp8Current,
      fp8Block,
      mxfp8,
    ].map((r) => [r.name, r]),
  ),
);

/** The recipe of that name; an `OctavoError` (exit code 2) lists the names that exist. */
export const recipeOf = (name: string): Recipe => recipeNamed(name, '');

/** The same for a name from outside that stands at `path` of a recipe; '': it is the recipe. */
export function recipeNamed(name: unknown, path: string): Recipe {
  if (typeof name === 'string' && Object.hasOwn(recipes, name)) return recipes[name]!;
  const choices = Object.keys(recipes);
  const got = quoted(name);
  const expected = `one of ${choices.join(', ')}`;
  throw new OctavoError(`[nn] unknown recipe: got ${got}, expected ${expected}`, {
    ...{ exitCode: 2, fault: { path, got, expected, choices } },
  });
}
