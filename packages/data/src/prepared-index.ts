/** @file `index.json` of a prepared folder: what it holds, and the check of one that comes from outside. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { badInput, readTextFile } from './text-file.ts';

export const PREPARED_LAYOUT = 'octavo-data/1';
export const INDEX_FILE = 'index.json';

/** The parts of a text as this layout calls them: `validation` is what is held out. */
export type SplitName = 'train' | 'validation';

/** `train-00000.arrow`, `validation-00000.arrow`, … */
const SHARD = /^[a-z]+-\d{5,}\.arrow$/;
export const isShardName = (name: string): boolean => SHARD.test(name);

const count = z.int().min(0);
export const splitSchema = z.strictObject({
  shards: z.array(z.strictObject({ file: z.string().regex(SHARD), tokens: count })).min(1),
  tokens: count,
  documents: count,
  /** Of the text, in UTF-8. */
  bytes: count,
});
const indexSchema = z.strictObject({
  layout: z.literal(PREPARED_LAYOUT),
  tokenizer: z.strictObject({
    name: z.string(),
    hash: z.string(),
    vocabularySize: z.int().min(1),
    bos: count.nullable(),
    eos: count.nullable(),
  }),
  /** SHA-256 of the texts that went in. */
  contentHash: z.string(),
  splits: z.strictObject({ train: splitSchema, validation: splitSchema.nullable() }),
});

export type PreparedIndex = z.infer<typeof indexSchema>;
export type PreparedSplit = z.infer<typeof splitSchema>;

/** Reads and checks the index of a prepared folder; an `OctavoError` names what is wrong with it. */
export async function readPreparedIndex(folder: string): Promise<PreparedIndex> {
  const path = join(folder, INDEX_FILE);
  if (!existsSync(path))
    throw badInput(
      `prepared data: got ${folder} without a readable ${INDEX_FILE}, expected a folder made by prepare`,
    );
  const text = await readTextFile(path, 'prepared data');
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw badInput(`${path} is not JSON: prepare the data again`, cause);
  }
  const parsed = indexSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badInput(`${path} is wrong at "${issue!.path.join('.')}": ${issue!.message}: prepare the data again`);
}
