/** @file The recipe that a configuration means. */
import { extendRecipe, type Recipe, type RecipeExtension, recipeOf } from '@octavo/nn';
import type { Config } from './schema.ts';

export function resolveRecipe(recipe: NonNullable<Config['recipe']>): Recipe {
  if (typeof recipe === 'string') return recipeOf(recipe);
  return extendRecipe(recipe as RecipeExtension);
}
