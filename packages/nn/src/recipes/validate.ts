/** @file The one judge of recipes: unknown data becomes a whole and possible recipe, or the first part at fault is named. */
import { type Format, formatOf, formats, OctavoError, type Rounding } from '@octavo/formats';
import {
  checkBoolean,
  checkChoice,
  checkGranularity,
  checkKeys,
  checkPolicy,
  checkText,
  faultError,
  refuse,
} from '@octavo/scaling';
import {
  type CastRecipe,
  type LinearName,
  type LinearRecipe,
  type OptimizerRecipe,
  type Recipe,
  SMOOTHINGS,
  type Smoothing,
} from '../recipe.ts';

/**
 * A recipe from outside, checked and complete: options that older recipes lack get the values that were fixed then, and
 * policies the defaults of their kinds. Throws an `OctavoError` (exit code 2) that names the first impossible part, in its
 * `fault` as well.
 */
export const validateRecipe = (value: unknown): Recipe => naming(() => checkRecipe(value));

/** Runs a check, and says in its error that the fault is in a recipe. */
export function naming(check: () => Recipe): Recipe {
  try {
    return check();
  } catch (error) {
    if (OctavoError.is(error) && error.fault) throw faultError('[nn] recipe', error.fault);
    throw error;
  }
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._+-]{0,99}$/u;
const A_NAME = 'a name of letters, digits, ".", "_", "+" and "-", beginning with a letter or digit';
const SENTENCE = /^[^\p{Cc}]{1,1000}$/u;
const LAYER = /^(0|[1-9]\d{0,5})$/;
const ROUNDINGS: readonly Rounding[] = ['nearest-even', 'toward-zero', 'stochastic'];
const LINEARS: readonly LinearName[] = ['qkv', 'attentionOut', 'gateUp', 'down'];
const PARTS = [
  'name',
  'summary',
  'activations',
  'linear',
  'overrides',
  'smoothSwiglu',
  'smoothLayers',
  'optimizer',
];

export function checkRecipe(value: unknown): Recipe {
  const given = checkKeys(value, '', PARTS);
  const layers = given.smoothLayers;
  const recipe: Recipe = {
    name: checkText(given.name, 'name', NAME, A_NAME),
    summary: checkText(given.summary, 'summary', SENTENCE, 'a sentence without control characters'),
    activations: checkChoice(given.activations, 'activations', ['bf16', 'fp32']),
    linear: checkLinear(given.linear, 'linear'),
    overrides: checkEach(given.overrides, 'overrides', LINEARS, (linear, path) =>
      linear === null ? null : checkLinear(linear, path),
    ) as Recipe['overrides'],
    smoothSwiglu: checkChoice(given.smoothSwiglu, 'smoothSwiglu', SMOOTHINGS),
    ...(layers === undefined ? {} : { smoothLayers: checkLayers(layers) }),
    optimizer: checkOptimizer(given.optimizer),
  };
  checkChannelSmoothing(recipe);
  return recipe;
}

/** An object that has no keys but those of `keys`; `check` checks each value. */
function checkEach<T>(
  value: unknown,
  path: string,
  keys: readonly string[] | undefined,
  check: (value: unknown, path: string) => T,
): Record<string, T> {
  const entries = Object.entries(checkKeys(value, path, keys));
  return Object.fromEntries(entries.map(([key, part]) => [key, check(part, `${path}.${key}`)]));
}

function checkLayers(value: unknown): Record<string, Smoothing> {
  for (const layer of Object.keys(checkKeys(value, 'smoothLayers')))
    checkText(layer, 'smoothLayers', LAYER, 'the number of a layer, from 0, as its key');
  return checkEach(value, 'smoothLayers', undefined, (smoothing, path) =>
    checkChoice(smoothing, path, SMOOTHINGS),
  );
}

function checkLinear(value: unknown, path: string): LinearRecipe {
  const { output, gradInput, gradWeight } = checkKeys(value, path, ['output', 'gradInput', 'gradWeight']);
  const operands = <K extends string>(product: unknown, name: string, keys: readonly [K, K]) => {
    const given = checkKeys(product, `${path}.${name}`, keys);
    const casts = keys.map((key) => [key, checkCast(given[key], `${path}.${name}.${key}`)] as const);
    return Object.fromEntries(casts) as Record<K, CastRecipe | null>;
  };
  return {
    output: operands(output, 'output', ['input', 'weight']),
    gradInput: operands(gradInput, 'gradInput', ['grad', 'weight']),
    gradWeight: operands(gradWeight, 'gradWeight', ['grad', 'input']),
  };
}

const CAST = ['format', 'policy', 'granularity', 'rounding', 'overflow'] as const;

function checkCast(value: unknown, path: string): CastRecipe | null {
  if (value === null) return null;
  const given = checkKeys(value, path, CAST);
  for (const key of CAST)
    if (given[key] === undefined)
      refuse({
        path: `${path}.${key}`,
        got: undefined,
        expected: `a ${key}: there is no cast here that it could be taken from`,
      });
  const { name: format, bits, hasInfinity, nan } = checkFormat(given.format, `${path}.format`);
  const policy = checkPolicy(given.policy, `${path}.policy`);
  const granularity = checkGranularity(given.granularity, `${path}.granularity`);
  const rounding = checkChoice(given.rounding, `${path}.rounding`, ROUNDINGS);
  const overflow = checkChoice(given.overflow, `${path}.overflow`, ['saturate', 'special']);
  const fail = (key: string, got: string, expected: string): never =>
    refuse({ path: `${path}.${key}`, got, expected }, true);
  if (bits > 16) fail('format', format, 'a format of at most 16 bits (null leaves the operand as it is)');
  if (policy.kind !== 'current' && granularity.kind !== 'tensor')
    fail('granularity', `${granularity.kind} with policy ${policy.kind}`, 'tensor (or policy current)');
  if (overflow === 'special' && !hasInfinity && nan === 'none')
    fail('overflow', `special for ${format}`, 'saturate: the format has no special values');
  return { format, policy, granularity, rounding, overflow };
}

function checkFormat(value: unknown, path: string): Format {
  const format = formatOf(checkChoice(value, path, Object.keys(formats)));
  return format.signed ? format : refuse({ path, got: format.name, expected: 'a signed format' }, true);
}

function checkOptimizer(value: unknown): OptimizerRecipe {
  const keys = ['master', 'moment1', 'moment2', 'masterRounding', 'rounding', 'powerOfTwo', 'moment2Rule'];
  const { masterRounding, moment2Rule = 'plain', ...given } = checkKeys(value, 'optimizer', keys);
  const format = (key: string): string => checkFormat(given[key], `optimizer.${key}`).name;
  const rounding = checkChoice(given.rounding, 'optimizer.rounding', ROUNDINGS);
  return {
    master: format('master'),
    moment1: format('moment1'),
    moment2: format('moment2'),
    masterRounding: checkChoice(masterRounding ?? rounding, 'optimizer.masterRounding', ROUNDINGS),
    rounding,
    powerOfTwo: checkBoolean(given.powerOfTwo, 'optimizer.powerOfTwo'),
    moment2Rule: checkChoice(moment2Rule, 'optimizer.moment2Rule', ['plain', 'bounded']),
  };
}

/** Undone inside the product, smoothing gives the input one scale a channel: then it cannot have one a block or a row. */
function checkChannelSmoothing({ linear, overrides, smoothSwiglu, smoothLayers }: Recipe): void {
  if (![smoothSwiglu, ...Object.values(smoothLayers ?? {})].includes('channel')) return;
  const { output, gradWeight } = overrides.down ?? linear;
  for (const { input } of [output, gradWeight]) {
    if (!input || input.granularity.kind === 'tensor') continue;
    const got = `channel with granularity ${input.granularity.kind} for the input of down`;
    const expected = 'granularity tensor there, or channel-folded, which takes any';
    refuse({ path: 'smoothSwiglu', got, expected }, true);
  }
}
