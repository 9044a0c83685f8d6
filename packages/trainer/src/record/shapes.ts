/** @file The rules of a run's numbers and choices, of its model's shape and of its recipe, whose judge is `@octavo/nn`. */
import { OctavoError } from '@octavo/formats';
import { RECOMPUTATIONS, type Recipe, validateRecipe } from '@octavo/nn';
import { z } from 'zod';
import { deviceNames } from '../device/open.ts';
import { WIRES } from '../ranks/wire.ts';
import type { Hyperparameters } from '../session/settings.ts';
import type { Suggest } from './check.ts';
import { fields, integer, number, oneOf, positive, yesNo } from './fields.ts';

/** What a preset fills in, each by itself. */
export const hyperparameters = {
  batch: integer(1),
  accumulation: integer(1),
  sequence: integer(2),
  steps: integer(1),
  seed: integer(0, 2 ** 32 - 1),
  learningRate: positive(),
  warmup: integer(0),
  schedule: oneOf(['cosine', 'linear', 'constant']),
  floor: number(0, 1),
  beta1: number(0, 1),
  beta2: number(0, 1),
  epsilon: positive(),
  weightDecay: number(0),
  clip: number(0),
  nonFinite: oneOf(['stop', 'skip-step', 'continue']),
  skipLimit: integer(1),
  checkpointEvery: integer(0),
  keepCheckpoints: integer(0),
  sampleEvery: integer(0),
  evaluateEvery: integer(0),
  evaluateTokens: integer(1),
  /** What is done when a tensor is about to break. */
  guard: oneOf(['off', 'warn', 'stop', 'switch']),
  /** What the backward pass computes again instead of keeping it. */
  recompute: oneOf(RECOMPUTATIONS),
  /** Sums of gradients have an order that does not depend on the number of ranks. */
  deterministic: yesNo(),
  /** How gradients travel between ranks. */
  exchange: oneOf(WIRES),
  device: oneOf(deviceNames),
} satisfies Record<keyof Hyperparameters, z.ZodType>;

/** A model's shape. */
export const modelShape = fields({
  vocabularySize: integer(1),
  hiddenSize: integer(1),
  layers: integer(1),
  heads: integer(1),
  keyValueHeads: integer(1),
  ffnSize: integer(1),
  contextLength: integer(1),
  ropeTheta: positive().default(10_000),
  ropeScaling: z
    .discriminatedUnion(
      'kind',
      [
        fields({ kind: z.literal('linear'), factor: positive() }),
        fields({
          kind: z.literal('llama3'),
          factor: positive(),
          lowFrequencyFactor: positive(),
          highFrequencyFactor: positive(),
          originalContext: integer(1),
        }),
      ],
      { error: 'an object whose kind is linear or llama3' },
    )
    .exactOptional(),
  normEpsilon: positive().default(1e-5),
  tiedHead: yesNo().default(false),
});

/** A recipe with every part, as a run keeps it. */
export const recipeShape = z
  .unknown()
  .transform((value, context) => judged(context, () => validateRecipe(value)));

/** What the judge says, as an issue of the schema; a word that it does not know, with the one that may be meant. */
export function judged(
  context: z.core.$RefinementCtx,
  judge: () => Recipe,
  suggest: Suggest = () => '',
): Recipe {
  try {
    return judge();
  } catch (error) {
    if (!OctavoError.is(error) || !error.fault) throw error;
    const { path: keys, got, expected, choices = [], unknownKey } = error.fault;
    const path = keys === '' ? [] : keys.split('.');
    const meant = suggest(unknownKey ?? got.replace(/^"|"$/g, ''), choices);
    if (unknownKey === undefined)
      context.addIssue({ code: 'custom', path, message: `${expected}${meant}`, params: { got } });
    else {
      const message = `unknown key "${unknownKey}"${meant}, expected ${expected}`;
      context.addIssue({ code: 'unrecognized_keys', keys: [unknownKey], path, message });
    }
    return z.NEVER;
  }
}
