/** @file Calibration text: files, JSONL, prepared folders or their shards, as windows of tokens. */
import { basename, dirname } from 'node:path';
import {
  isPrepared,
  openHeldOut,
  openShards,
  type Preparing,
  readPreparedIndex,
  type Tokenizer,
  windows,
} from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import type { Windows } from './calibrate.ts';

export interface CalibrationText extends Preparing {
  /** Tokens at most, in windows spread evenly over the text. */
  readonly tokens: number;
  /** Longest window. */
  readonly sequence: number;
  /** The key of a JSONL line that holds its text. */
  readonly field: string;
}

/** Windows over all the text in `paths`. Throws an `OctavoError` (exit code 2) where it cannot be read, or was prepared with another tokenizer. */
export async function calibrationWindows(
  paths: readonly string[],
  tokenizer: Tokenizer,
  options: CalibrationText,
): Promise<Windows> {
  const found: Int32Array[] = [];
  for await (const { tokens, count } of (await areShards(paths, tokenizer))
    ? shardWindows(paths, options)
    : (await openHeldOut(paths, tokenizer, { ...options, batch: 1 })).batches)
    found.push(Int32Array.from(tokens.subarray(0, count)));
  return found;
}

async function* shardWindows(paths: readonly string[], { tokens, sequence }: CalibrationText) {
  const source = await openShards(paths);
  try {
    yield* windows(source, { tokens, sequence });
  } finally {
    await source.close();
  }
}

/** Whether the paths are shards of one prepared folder, whose tokenizer has to be the model's. */
async function areShards(paths: readonly string[], tokenizer: Tokenizer): Promise<boolean> {
  for (const path of paths) {
    const folder = dirname(path);
    if (!/^[a-z]+-\d{5,}\.arrow$/.test(basename(path)) || !(await isPrepared(folder))) return false;
    const { name, hash } = (await readPreparedIndex(folder)).tokenizer;
    if (hash !== tokenizer.hash)
      throw new OctavoError(
        `[exchange] ${path} was prepared with another tokenizer: got ${name}, expected ${tokenizer.name}, the model's`,
        { exitCode: 2 },
      );
  }
  return paths.length > 0;
}
