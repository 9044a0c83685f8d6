/** @file The recipe that a configuration means. */
import { OctavoError } from '@octavo/formats';
import { extendRecipe, type Recipe, type RecipeExtension, recipeOf, recipes } from '@octavo/nn';
import { current, delayed, type Policy } from '@octavo/scaling';
import { check } from './explain.ts';
import { recipeShape } from './recipe-schema.ts';
import type { Config } from './schema.ts';
import { didYouMean } from './suggest.ts';

/** A named recipe, or an extended one that has turned out whole. */
export function resolveRecipe(recipe: NonNullable<Config['recipe']>): Recipe {
  if (typeof recipe === 'string') return named(recipe);
  const whole = extendRecipe(completePolicies(recipe, recipeOf(recipe.extends)) as RecipeExtension);
  check(recipeShape, whole, `recipe "${whole.name}"`);
  return whole;
}

function named(name: string): Recipe {
  if (Object.hasOwn(recipes, name)) return recipeOf(name);
  const names = Object.keys(recipes);
  throw new OctavoError(
    `[config] unknown recipe: got "${name}"${didYouMean(name, names)}, expected one of ${names.join(', ')}`,
    { exitCode: 2 },
  );
}

/**
 * A policy of another kind than the extended recipe has at that place stands alone: what it leaves out are its kind's
 * defaults, while one of the same kind changes only what it says.
 */
function completePolicies(part: unknown, base: unknown): unknown {
  if (!isRecord(part)) return part;
  const below = isRecord(base) ? base : {};
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => {
      if (key !== 'policy' || !isRecord(value)) return [key, completePolicies(value, below[key])];
      const before = below[key];
      return [
        key,
        isRecord(before) && before.kind === value.kind ? value : withDefaults(value as unknown as Policy),
      ];
    }),
  );
}

function withDefaults(policy: Policy): Policy {
  switch (policy.kind) {
    case 'delayed': {
      const { kind: _, ...options } = policy;
      return delayed(options);
    }
    case 'current': {
      const { kind: _, ...options } = policy;
      return current(options);
    }
    case 'fixed':
      return policy;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
