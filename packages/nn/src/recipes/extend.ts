/** @file A recipe of one's own: another one with parts replaced, checked as a whole. */
import { formatOf, OctavoError, type Rounding } from '@octavo/formats';
import { checkGranularity, checkPolicy } from '@octavo/scaling';
import {
  type CastRecipe,
  type LinearRecipe,
  type OptimizerRecipe,
  type Recipe,
  SMOOTHINGS,
} from '../recipe.ts';
import { differencesFrom } from './differences.ts';
import { recipeOf } from './index.ts';

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> | null }
    : T;

/** Parts of a recipe, and the name of the one that fills in the rest. Null puts an operand back to 16 bits. */
export type RecipeExtension = { readonly extends: string } & DeepPartial<Omit<Recipe, 'overrides'>> & {
    readonly overrides?: Readonly<Record<string, LinearRecipe | null>>;
  };

/**
 * The extended recipe, valid as a whole; an `OctavoError` (exit code 2) says which part is not. Its summary is its own:
 * where `parts` have none, what they change.
 */
export function extendRecipe({ extends: name, ...parts }: RecipeExtension): Recipe {
  const base = recipeOf(name);
  const recipe = validateRecipe(merge(base, { name: `${name}-custom`, ...parts }) as Recipe);
  return { ...recipe, summary: parts.summary ?? differencesFrom(base, recipe) };
}

function merge(base: unknown, parts: unknown): unknown {
  if (parts === undefined) return base;
  if (!isRecord(base) || !isRecord(parts)) return parts;
  // A tagged union (a policy, a granularity) of another kind replaces the old one whole.
  if ('kind' in parts && parts.kind !== base.kind) return parts;
  const keys = new Set([...Object.keys(base), ...Object.keys(parts)]);
  return Object.fromEntries([...keys].map((key) => [key, merge(base[key], parts[key])]));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The recipe, with what runs of before had no choice of filled in as it was then. Throws an `OctavoError` (exit code 2) that
 * names the first impossible part.
 */
export function validateRecipe(given: Recipe): Recipe {
  const { masterRounding = given.optimizer.rounding, moment2Rule = 'plain' } = given.optimizer;
  const recipe: Recipe = { ...given, optimizer: { ...given.optimizer, masterRounding, moment2Rule } };
  checkLinear(recipe.linear, 'linear');
  for (const [name, linear] of Object.entries(recipe.overrides))
    if (linear) checkLinear(linear, `overrides.${name}`);
  for (const key of ['master', 'moment1', 'moment2'] as const) {
    const format = formatOf(recipe.optimizer[key]);
    if (!format.signed) fail(`optimizer.${key}`, `format ${format.name}`, 'a signed format');
  }
  for (const key of ['masterRounding', 'rounding', 'moment2Rule'] as const)
    checkWord(`optimizer.${key}`, recipe.optimizer[key], OPTIMIZER_WORDS[key]);
  checkSmoothing(recipe.smoothSwiglu, 'smoothSwiglu');
  checkSmoothLayers(recipe.smoothLayers ?? {});
  checkChannelSmoothing(recipe);
  return recipe;
}

const ROUNDINGS: readonly Rounding[] = ['nearest-even', 'toward-zero', 'stochastic'];

const OPTIMIZER_WORDS = {
  masterRounding: ROUNDINGS,
  rounding: ROUNDINGS,
  moment2Rule: ['plain', 'bounded'],
} as const satisfies Partial<Record<keyof OptimizerRecipe, readonly string[]>>;

function checkWord(path: string, got: string, words: readonly string[]): void {
  if (!words.includes(got)) fail(path, JSON.stringify(got) ?? 'nothing', `one of ${words.join(', ')}`);
}

/** Undone inside the product, a channel's factor is a part of its scale: there is no room for one a block. */
function checkChannelSmoothing({ linear, overrides, smoothSwiglu, smoothLayers }: Recipe): void {
  if (![smoothSwiglu, ...Object.values(smoothLayers ?? {})].includes('channel')) return;
  const { output, gradWeight } = overrides.down ?? linear;
  for (const { input } of [output, gradWeight]) {
    if (input && input.granularity.kind !== 'tensor')
      fail(
        'smoothSwiglu',
        `channel with granularity ${input.granularity.kind} for the input of down`,
        'granularity tensor there, or channel-folded, which takes any',
      );
  }
}

function checkSmoothLayers(layers: Readonly<Record<string, unknown>>): void {
  for (const [layer, smoothing] of Object.entries(layers)) {
    if (!/^(0|[1-9]\d{0,5})$/.test(layer))
      fail('smoothLayers', `"${layer}"`, 'the number of a layer, from 0, as its key');
    checkSmoothing(smoothing, `smoothLayers.${layer}`);
  }
}

function checkSmoothing(smoothing: unknown, path: string): void {
  if (!(SMOOTHINGS as readonly unknown[]).includes(smoothing))
    fail(path, JSON.stringify(smoothing) ?? 'nothing', `one of ${SMOOTHINGS.join(', ')}`);
}

function checkLinear(linear: LinearRecipe, path: string): void {
  for (const [product, operands] of Object.entries(linear)) {
    for (const [operand, cast] of Object.entries(operands as Record<string, CastRecipe | null>)) {
      if (cast) checkCast(cast, `${path}.${product}.${operand}`);
    }
  }
}

function checkCast(cast: CastRecipe, path: string): void {
  for (const key of ['format', 'policy', 'granularity', 'rounding', 'overflow'] as const) {
    if (cast[key] === undefined)
      fail(`${path}.${key}`, 'nothing', 'one, since the extended recipe has no cast here');
  }
  const { format, policy, granularity, overflow } = cast;
  const { signed, bits, hasInfinity, nan } = formatOf(format);
  checkPolicy(policy, `recipe ${path}.policy`);
  checkGranularity(granularity, `recipe ${path}.granularity`);
  if (!signed) fail(`${path}.format`, format, 'a signed format');
  if (bits > 16)
    fail(`${path}.format`, format, 'a format of at most 16 bits (null leaves the operand as it is)');
  if (policy.kind !== 'current' && granularity.kind !== 'tensor') {
    fail(
      `${path}.granularity`,
      `${granularity.kind} with policy ${policy.kind}`,
      'tensor (or policy current)',
    );
  }
  if (overflow === 'special' && !hasInfinity && nan === 'none')
    fail(`${path}.overflow`, `special for ${format}`, 'saturate: the format has no special values');
}

function fail(path: string, got: string, expected: string): never {
  throw new OctavoError(`[nn] recipe ${path}: got ${got}, expected ${expected}`, { exitCode: 2 });
}
