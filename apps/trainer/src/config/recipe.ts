/** @file The recipe that a configuration means. */
import { OctavoError } from '@octavo/formats';
import { extendRecipe, type Recipe, recipeOf, recipes } from '@octavo/nn';
import type { Config } from './schema.ts';
import { didYouMean } from './suggest.ts';

/** A named recipe, or an extended one that has turned out whole. */
export function resolveRecipe(recipe: NonNullable<Config['recipe']>): Recipe {
  if (typeof recipe !== 'string') return extendRecipe(recipe);
  if (Object.hasOwn(recipes, recipe)) return recipeOf(recipe);
  const names = Object.keys(recipes);
  throw new OctavoError(
    `[config] unknown recipe: got "${recipe}"${didYouMean(recipe, names)}, expected one of ${names.join(', ')}`,
    { exitCode: 2 },
  );
}
