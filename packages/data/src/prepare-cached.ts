/** @file Preparing once: a cache of prepared folders, by content. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeFolder } from '@octavo/store';
import { openPrepared, type PreparedData } from './open-prepared.ts';
import { replaceable } from './prepare.ts';
import { PREPARED_LAYOUT } from './prepared-index.ts';
import { type PrepareInput, type SurveyOptions, surveyInput } from './survey-input.ts';
import type { Tokenizer } from './tokenizer.ts';
import { type WriteOptions, writePrepared } from './write-prepared.ts';

/**
 * Opens the prepared form of these documents in `cacheFolder`, made if it is not there, or damaged at its beginning.
 * The folder is named after the texts, the tokenizer and the options: another of any gives another folder.
 */
export async function prepareCached(
  input: PrepareInput,
  tokenizer: Tokenizer,
  cacheFolder: string,
  options: SurveyOptions & WriteOptions = {},
): Promise<PreparedData & { readonly cached: boolean }> {
  const surveyed = await surveyInput(input, options);
  const key = [
    PREPARED_LAYOUT,
    tokenizer.bos === null || tokenizer.bos !== tokenizer.eos ? null : 'one separator',
    surveyed.contentHash,
    tokenizer.hash,
    'train' in input ? null : (options.heldOutFraction ?? null),
    options.shardTokens ?? null,
  ];
  const hash = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 16);
  const folder = join(cacheFolder, `${tokenizer.name.replace(/[^A-Za-z0-9_-]/g, '-')}-${hash}`);
  const found = await openPrepared(folder).catch(() => undefined);
  if (found !== undefined) return { ...found, cached: true };
  try {
    await writeFolder(folder, replaceable(true), (temporary) =>
      writePrepared(surveyed, tokenizer, temporary, options),
    );
  } catch (error) {
    // Another process may have been faster: what it made is as good.
    const made = options.signal?.aborted ? undefined : await openPrepared(folder).catch(() => undefined);
    if (made === undefined) throw error;
    return { ...made, cached: true };
  }
  return { ...(await openPrepared(folder)), cached: false };
}
