/** @file The study's recipes: the named ones, `fp8` with E4M3 at 240, and all of them with casts that do not saturate. */
import { type CastRecipe, extendRecipe, type LinearRecipe, type Recipe, recipeOf } from '@octavo/nn';
import type { Policy } from '@octavo/scaling';

/** A recipe by the study's name for it. */
export function protocolRecipe(name: string, activations: Recipe['activations']): Recipe {
  const named = name === 'fp8-240' ? at240('fp8') : recipeOf(name);
  return { ...named, activations };
}

/** Input and weight in the IEEE-like E4M3, whose largest value is 240 (Gaudi 2). */
function at240(base: string): Recipe {
  const cast = { format: 'e4m3' };
  return extendRecipe({
    extends: base,
    name: `${base}-240`,
    summary: `${base} with E4M3 at 240, as on Gaudi 2`,
    linear: {
      output: { input: cast, weight: cast },
      gradInput: { weight: cast },
      gradWeight: { input: cast },
    },
  });
}

/** Every cast with `margin` bits kept free; those of inputs and weights overflow to NaN, those of gradients saturate. */
export function overflowing(recipe: Recipe, margin: number): Recipe {
  const changed = (cast: CastRecipe | null, overflow: CastRecipe['overflow']): CastRecipe | null =>
    cast && { ...cast, policy: withMargin(cast.policy, margin), overflow };
  const linear = ({ output, gradInput, gradWeight }: LinearRecipe): LinearRecipe => ({
    output: { input: changed(output.input, 'special'), weight: changed(output.weight, 'special') },
    gradInput: { grad: changed(gradInput.grad, 'saturate'), weight: changed(gradInput.weight, 'special') },
    gradWeight: { grad: changed(gradWeight.grad, 'saturate'), input: changed(gradWeight.input, 'special') },
  });
  return {
    ...recipe,
    name: `${recipe.name}-overflowing`,
    summary: `${recipe.name} whose inputs and weights overflow to NaN, ${margin} bits kept free`,
    linear: linear(recipe.linear),
    overrides: Object.fromEntries(Object.entries(recipe.overrides).map(([name, own]) => [name, linear(own)])),
  };
}

const withMargin = (policy: Policy, margin: number): Policy =>
  policy.kind === 'fixed' ? policy : { ...policy, margin };
