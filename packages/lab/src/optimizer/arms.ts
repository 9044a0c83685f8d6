/** @file The study's optimizers: formats of master weights and moments, rounding, and the kind of scale. */
import { recipeOf as named, type OptimizerRecipe, type Recipe } from '@octavo/nn';

/** An optimizer by the study's name for it: FIRST-SECOND, then what else differs, e.g. `e4m3-e5m2-fp16`. */
export interface Optimizer {
  readonly name: string;
  /** For people: the moments' formats. */
  readonly pair: string;
  readonly variant: Variant;
  readonly recipe: OptimizerRecipe;
}

export const variants = [
  'plain',
  'bounded',
  'fp16',
  'fp16stochastic',
  'stochastic',
  'powers',
  'early',
] as const;
/**
 * `plain`: FP32 master weights, scale max / amax, rounding to nearest, and the paper's rule for second moments (none). The
 * others differ in one thing each: second moments bounded by the first (ours), FP16 master weights with a scale (the
 * paper's), the same rounded stochastically, stochastic rounding of the moments, scales rounded down to powers of two,
 * moments rounded before they make the update instead of after it.
 */
export type Variant = (typeof variants)[number];

/** FP32 moments and master weights: what all others are compared with. */
export const BASELINE = 'fp32';
/** The baseline again, from weights moved by about one rounding to BF16: what a gap must exceed to mean anything. */
export const NUDGED = 'fp32-nudged';
/** The paper's pair, and the four of them. */
export const PAPER_PAIR = 'e4m3-e5m2';
export const pairs = [PAPER_PAIR, 'e5m2-e5m2', 'e4m3-e4m3', 'e5m2-e4m3'] as const;

const formats: Readonly<Record<string, string>> = { e4m3: 'e4m3fn', e5m2: 'e5m2' };
const fp32 = named('fp32').optimizer;

export function optimizerOf(name: string): Optimizer {
  if (name === BASELINE || name === NUDGED)
    return { name, pair: name === NUDGED ? 'FP32, start nudged' : 'FP32', variant: 'plain', recipe: fp32 };
  const [first, second, variant = 'plain'] = name.split('-') as [string, string, Variant?];
  return {
    name,
    pair: `m ${first.toUpperCase()}, v ${second.toUpperCase()}`,
    variant,
    recipe: {
      master: variant.startsWith('fp16') ? 'fp16' : 'fp32',
      moment1: formats[first]!,
      moment2: formats[second]!,
      masterRounding: variant === 'fp16stochastic' ? 'stochastic' : 'nearest-even',
      rounding: variant === 'stochastic' ? 'stochastic' : 'nearest-even',
      powerOfTwo: variant === 'powers',
      moment2Rule: variant === 'bounded' ? 'bounded' : 'plain',
    },
  };
}

const additions: Readonly<Record<Variant, string>> = {
  plain: '',
  bounded: ', bounded',
  fp16: ', FP16 master',
  fp16stochastic: ', FP16 master rounded stochastically',
  stochastic: ', stochastic',
  powers: ', power-of-two scale',
  early: ', rounded before the update',
};
/** For people, e.g. `m E4M3, v E5M2, FP16 master`. */
export const titleOf = (name: string): string => {
  const { pair, variant } = optimizerOf(name);
  return `${pair}${additions[variant]}`;
};

/** No FP8 in the linear layers, so that nothing but the optimizer differs. */
export const recipeOf = (name: string, activations: Recipe['activations']): Recipe => ({
  ...named('bf16'),
  name: `bf16, Adam ${name}`,
  activations,
  optimizer: optimizerOf(name).recipe,
});
