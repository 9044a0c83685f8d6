/** @file `run.json`: everything a run was told, with nothing left open, so that it can be repeated and resumed. */
import { readTextFile, type TextIdentity, textIdentitySchema } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import { validateConfig } from '@octavo/llama';
import { loadCrc32c, within, writeFileAtomically } from '@octavo/store';
import { z } from 'zod';
import { canonical } from '../checkpoint-metadata.ts';
import type { DeviceChoice } from '../device/choose.ts';
import { deviceNames } from '../device/open.ts';
import { RUN_FILE } from '../session/folder.ts';
import { planOf, type RunSettings } from '../session/settings.ts';
import { check } from './check.ts';
import { fields, integer, name, number, oneOf, renamed, text } from './fields.ts';
import { hyperparameters, modelShape, recipeShape } from './shapes.ts';

/** What is known of a run beside its settings and identity; for people, nothing but a warning depends on it. */
export interface RunFacts {
  readonly octavo: string;
  readonly node: string;
  readonly started: string;
  readonly device: string;
  /** Why that device: what was tried, with tokens a second, and what was dropped. */
  readonly choice: DeviceChoice;
  readonly parameters: number;
  /** Processes that shared the run last. */
  readonly ranks: number;
  readonly corpus: {
    readonly description: string;
    readonly trainTokens: number;
    readonly heldOutTokens: number;
  };
}

const settingsSchema = fields({
  model: fields({ name: name(), config: modelShape }),
  recipe: recipeShape,
  init: text('a model').nullable().default(null),
  data: fields({
    train: z.array(text('a path')).nullable(),
    heldOut: z.union([z.array(text('a path')), number(0, 0.5)]).nullable(),
    tokenizer: text('a tokenizer'),
    textField: text('the name of a key'),
  }),
  // runs from before there was a guard, a limit, recomputation or several ranks had none
  knobs: fields({
    ...hyperparameters,
    guard: hyperparameters.guard.default('off'),
    skipLimit: hyperparameters.skipLimit.default(8),
    recompute: hyperparameters.recompute.default('none'),
    deterministic: hyperparameters.deterministic.default(false),
    exchange: hyperparameters.exchange.default('float32'),
  }),
  threads: integer(1).nullable(),
  library: text('a library').default('off'), // runs from before there was a choice had none
  out: text('a folder').nullable(),
});

/** `run.json` as far as it is depended on: settings are checked as a configuration is. */
export interface RunRecord {
  readonly settings: RunSettings;
  /** Null where the file is older than this part. */
  readonly identity: TextIdentity | null;
  /** Hash of the weights that it started from; null where it has none, or drew them. */
  readonly weights: string | null;
  /** What the run computed on last, in words; null where it does not say. */
  readonly device: string | null;
  /** Null where the file is older than this part. */
  readonly choice: DeviceChoice | null;
}

const choiceSchema = z.object({
  asked: oneOf(deviceNames),
  taken: oneOf(deviceNames),
  tried: z.array(z.object({ device: z.string(), tokensPerSecond: z.number() })),
  layers: z.object({ tried: z.number(), of: z.number() }).nullable(),
  dropped: z.array(z.object({ device: z.string(), reason: z.string() })),
  said: z.string().nullable(),
});

const recordSchema = z.object({
  settings: settingsSchema,
  identity: textIdentitySchema.nullable().default(null),
  weights: text('a hash').nullable().default(null),
  crc32c: z.number().nullable().default(null), // runs from before there was one had none
  facts: z
    .object(
      { device: text('a device in words'), choice: choiceSchema.nullable().default(null) },
      { error: 'what is known of the run' },
    )
    .nullable()
    .default(null),
});

export async function writeRun(
  folder: string,
  settings: RunSettings,
  identity: TextIdentity,
  weights: string | null,
  facts: RunFacts,
): Promise<void> {
  const { model, recipe, data, hyperparameters: knobs, ...rest } = settings; // `knobs` is the file's word
  const record = {
    settings: { model, recipe, data, knobs, ...rest },
    plan: planOf(settings),
    identity,
    weights,
    crc32c: await sumOf({ settings: { model, recipe, data, knobs, ...rest }, identity, weights }),
    facts,
  };
  await writeFileAtomically(within(folder, RUN_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

/** The record of the run in `folder`; an `OctavoError` says in one line what is wrong with it. */
export async function readRun(folder: string): Promise<RunRecord> {
  const path = within(folder, RUN_FILE);
  let value: unknown;
  try {
    value = JSON.parse(await readTextFile(path, 'run'));
  } catch (cause) {
    if (OctavoError.is(cause)) throw cause;
    throw new OctavoError(`[run] ${path} cannot be read: ${(cause as Error).message}`, {
      cause,
      exitCode: 2,
    });
  }
  const named = renameKeys(value);
  const { settings, identity, weights, crc32c, facts } = check(recordSchema, named, path);
  if (crc32c !== null && crc32c !== (await sumOf(named as Summed)))
    throw new OctavoError(
      `[run] ${path} is altered: got settings that its CRC-32C does not fit, expected those that the run began with: restore it from a copy (what may change is said by options)`,
      { exitCode: 2 },
    );
  const { model, knobs, ...rest } = settings;
  return {
    settings: {
      ...rest,
      model: { ...model, config: validateConfig(model.config) },
      hyperparameters: knobs,
    },
    identity,
    weights,
    device: facts?.device ?? null,
    choice: facts?.choice ?? null,
  };
}

interface Summed {
  readonly settings: unknown;
  readonly identity: unknown;
  readonly weights: unknown;
}

/** The CRC-32C of what a run depends on, in whatever order its keys stand. */
async function sumOf({ settings, identity, weights }: Summed): Promise<number> {
  const crc32c = await loadCrc32c();
  return crc32c(new TextEncoder().encode(canonical({ settings, identity, weights })));
}

/** The record with its keys called what they are now: runs of before called some otherwise. */
function renameKeys(record: unknown): unknown {
  const settings = (record as { settings?: { knobs?: unknown; data?: unknown } } | null)?.settings;
  for (const part of [settings, settings?.knobs, settings?.data]) {
    if (typeof part !== 'object' || part === null) continue;
    const keys = part as Record<string, unknown>;
    for (const [old, now] of Object.entries(renamed)) {
      if (!Object.hasOwn(keys, old) || Object.hasOwn(keys, now!)) continue;
      keys[now!] = keys[old];
      delete keys[old];
    }
  }
  return record;
}
