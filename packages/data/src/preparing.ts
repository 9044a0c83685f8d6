/** @file How far an unfinished preparation is, and of what: a file beside its shards. */
import { existsSync } from 'node:fs';
import { writeFileAtomically } from '@octavo/store';
import { z } from 'zod';
import { type SplitName, splitSchema } from './prepared-index.ts';
import { badInput, readTextFile } from './text-file.ts';

/** What decides the bytes of the shards; each is named where it is not what the work began with. */
const madeOfSchema = z.strictObject({
  /** SHA-256. */
  text: z.string(),
  /** A hash, or what is to be trained. */
  tokenizer: z.string(),
  'share that is held out': z.number().nullable(),
  'number of tokens a shard': z.number(),
});
export type MadeOf = z.infer<typeof madeOfSchema>;

const splitState = splitSchema.extend({ complete: z.boolean() }).nullable();
const stateSchema = z.strictObject({
  layout: z.literal('octavo-preparing/1'),
  of: madeOfSchema,
  /** Hash of the tokenizer that was trained. */
  trained: z.string().nullable(),
  splits: z.strictObject({ train: splitState, validation: splitState }),
});

export type PreparingState = z.infer<typeof stateSchema>;
/** A split as far as it is on the disk: its shards may hold the beginning of one document more than is counted. */
export type SplitState = NonNullable<PreparingState['splits'][SplitName]>;

/** Nothing is done yet. */
export const newState = (of: MadeOf): PreparingState => ({
  ...{ layout: 'octavo-preparing/1', of, trained: null, splits: { train: null, validation: null } },
});

/** Of the work for `folder` that an earlier process left, or a new one. Throws (exit code 2) where it was work on something else. */
export async function readState(path: string, of: MadeOf, folder: string): Promise<PreparingState> {
  if (!existsSync(path)) return newState(of);
  const advice = 'or begin anew (--restart)';
  let state: PreparingState;
  try {
    state = stateSchema.parse(JSON.parse(await readTextFile(path, 'state of a preparation')));
  } catch (cause) {
    throw badInput(
      `what was prepared of ${folder} is damaged: ${path} says something else, expected how far it is: begin anew (--restart)`,
      cause,
    );
  }
  for (const what of Object.keys(of) as (keyof MadeOf)[])
    if (state.of[what] !== of[what])
      throw badInput(
        `${folder} was begun with another ${what}: got ${short(of[what])}, expected ${short(state.of[what])}: put it back, ${advice}`,
      );
  return state;
}

const short = (value: string | number | null): string =>
  typeof value === 'string' ? value.slice(0, 12) : value === null ? 'none' : String(value);

export const writeState = (path: string, state: PreparingState): Promise<void> =>
  writeFileAtomically(path, `${JSON.stringify(state, null, 2)}\n`);
