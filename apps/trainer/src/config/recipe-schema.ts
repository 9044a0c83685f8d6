/** @file A precision recipe in a configuration: a name, or another recipe with parts replaced. Its judge is `@octavo/nn`. */
import { OctavoError } from '@octavo/formats';
import {
  extendRecipe,
  type Recipe,
  type RecipeExtension,
  recipeOf,
  recipes,
  validateRecipe,
} from '@octavo/nn';
import { z } from 'zod';
import { didYouMean } from './suggest.ts';

export const recipeSchema = z.custom<string | RecipeExtension>().superRefine((value: unknown, context) => {
  judged(context, () => {
    if (typeof value === 'string') return recipeOf(value);
    if (typeof value === 'object' && value !== null) return extendRecipe(value as RecipeExtension);
    const message = `one of ${Object.keys(recipes).join(', ')}, or an object that extends one`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
});

/** A recipe with every part, as a run keeps it. */
export const recipeShape = z
  .unknown()
  .transform((value, context) => judged(context, () => validateRecipe(value)));

/** What the judge says, as an issue of the schema; a word that it does not know, with the one that may be meant. */
function judged(context: z.core.$RefinementCtx, judge: () => Recipe): Recipe {
  try {
    return judge();
  } catch (error) {
    if (!OctavoError.is(error) || !error.fault) throw error;
    const { path: keys, got, expected, choices = [], unknownKey } = error.fault;
    const path = keys === '' ? [] : keys.split('.');
    const meant = didYouMean(unknownKey ?? got.replace(/^"|"$/g, ''), choices);
    if (unknownKey === undefined)
      context.addIssue({ code: 'custom', path, message: `${expected}${meant}`, params: { got } });
    else {
      const message = `unknown key "${unknownKey}"${meant}, expected ${expected}`;
      context.addIssue({ code: 'unrecognized_keys', keys: [unknownKey], path, message });
    }
    return z.NEVER;
  }
}
