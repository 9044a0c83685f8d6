/** @file `run.json` as far as a report shows it: the plan of the run, its text, and what is known of its machine. */
import { OctavoError } from '@octavo/formats';
import { validateRecipe } from '@octavo/nn';
import { within } from '@octavo/store';
import { z } from 'zod';
import { readJson } from './read-json.ts';

export const RUN_FILE = 'run.json';

const count = z.int().min(0);

/** Judged as every recipe from outside is. */
const recipe = z.unknown().transform((value, { issues }) => {
  try {
    return validateRecipe(value);
  } catch (error) {
    if (!OctavoError.is(error)) throw error;
    issues.push({ code: 'custom', message: error.message.replace(/^\[\w+\] /, ''), input: value });
    return z.NEVER;
  }
});

/** A part of the record with one of its keys called what it is now: runs of before called it otherwise. */
const renaming = (old: string, now: string) => (part: unknown) =>
  typeof part === 'object' && part !== null
    ? Object.fromEntries(Object.entries(part).map(([key, value]) => [key === old ? now : key, value]))
    : part;

const planSchema = z.preprocess(
  renaming('watch', 'guard'),
  z.object({
    model: z.looseObject({
      ...{ layers: count, hiddenSize: count, ffnSize: count },
      ...{ heads: count, keyValueHeads: count, vocabularySize: count },
    }),
    recipe,
    ...{ batch: count, accumulation: count, sequence: count, steps: count, seed: count },
    /** `peak` is the learning rate, `floor` a fraction of it that it falls to. */
    schedule: z.looseObject({
      kind: z.string(),
      peak: z.number(),
      warmup: count,
      floor: z.number().optional(),
    }),
    adam: z.preprocess(
      renaming('decay', 'weightDecay'),
      z.object({ beta1: z.number(), beta2: z.number(), epsilon: z.number(), weightDecay: z.number() }),
    ),
    clip: z.number(),
    ...{ sampleEvery: count, evaluateEvery: count },
    guard: z.object({ policy: z.string() }).optional(),
  }),
);

const factsSchema = z.object({
  octavo: z.string(),
  node: z.string(),
  started: z.string(),
  device: z.string(),
  parameters: z.number(),
  corpus: z.object({ description: z.string(), trainTokens: z.number(), heldOutTokens: z.number() }),
});

const recordSchema = z.object({
  plan: planSchema,
  settings: z.object({
    model: z.object({ name: z.string() }),
    data: z.preprocess(
      renaming('validation', 'heldOut'),
      z.looseObject({ train: z.array(z.string()).nullable(), tokenizer: z.string() }),
    ),
  }),
  facts: factsSchema.nullable().catch(null),
});

/** What is shown of `run.json`; `facts` is null where it does not say. */
export type RunRecord = z.output<typeof recordSchema>;

/** Also all of the file as text. Throws an `OctavoError` (exit code 2) where it is not what `octavo train` writes. */
export const readRunRecord = (folder: string) =>
  readJson(within(folder, RUN_FILE), recordSchema, { writer: 'octavo train', exitCode: 2 });
