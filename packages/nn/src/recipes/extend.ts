/** @file A recipe of one's own: another one with parts replaced, checked as a whole. */
import { checkKeys } from '@octavo/scaling';
import type { LinearName, LinearRecipe, Recipe } from '../recipe.ts';
import { differencesFrom } from './differences.ts';
import { recipeNamed } from './index.ts';
import { checkRecipe, naming } from './validate.ts';

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> | null }
    : T;

/** Parts of a recipe, and the name of the one that fills in the rest. Null puts an operand back to 16 bits. */
export type RecipeExtension = { readonly extends: string } & DeepPartial<Omit<Recipe, 'overrides'>> & {
    readonly overrides?: Readonly<Partial<Record<LinearName, DeepPartial<LinearRecipe> | null>>>;
  };

/**
 * The extended recipe, valid as a whole; an `OctavoError` (exit code 2) says which part is not. Its summary is its own:
 * where `given` has none, what it changes. A policy or granularity of another kind than the extended recipe has at that
 * place stands alone; one of the same kind changes only what it says.
 */
export const extendRecipe = (given: RecipeExtension): Recipe =>
  naming(() => {
    const { extends: name, ...parts } = checkKeys(given, '');
    const base = recipeNamed(name, 'extends');
    const recipe = checkRecipe(merge(base, { name: `${base.name}-custom`, ...parts }));
    return {
      ...recipe,
      summary: parts.summary === undefined ? differencesFrom(base, recipe) : recipe.summary,
    };
  });

function merge(base: unknown, parts: unknown): unknown {
  if (parts === undefined) return base;
  if (!isRecord(base) || !isRecord(parts)) return parts;
  if ('kind' in parts && parts.kind !== base.kind) return parts;
  const keys = new Set([...Object.keys(base), ...Object.keys(parts)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(base[key], parts[key])]));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
