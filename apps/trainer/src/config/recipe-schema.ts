/** @file A precision recipe in a configuration: a name, or another recipe with parts replaced. Its judge is `@octavo/nn`. */
import { extendRecipe, type RecipeExtension, recipeOf, recipes } from '@octavo/nn';
import { judged } from '@octavo/trainer/record';
import { z } from 'zod';
import { didYouMean } from './suggest.ts';

export const recipeSchema = z.custom<string | RecipeExtension>().superRefine((value: unknown, context) => {
  judged(
    context,
    () => {
      if (typeof value === 'string') return recipeOf(value);
      if (typeof value === 'object' && value !== null) return extendRecipe(value as RecipeExtension);
      const message = `one of ${Object.keys(recipes).join(', ')}, or an object that extends one`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    },
    didYouMean,
  );
});
