/** @file The tokenizer that a checkpoint was trained with. */
import { findTokenizer, keptTokenizer, type Tokenizer, type TokenizerIdentity } from '@octavo/data';
import { look, within } from '@octavo/store';
import { type RunRecord, readRun } from './record.ts';

/**
 * The one whose hash is that of the one trained with, whatever it is called: what `spec` (an option) names, or else
 * the built-in ones, the copy in the run's folder, or where the run found it; without a run, the one in `beside`, the
 * checkpoint's folder.
 */
export async function tokenizerOf(
  identity: TokenizerIdentity,
  run: string | null,
  spec: string | null,
  beside: string | null = null,
): Promise<Tokenizer> {
  if (spec !== null) return findTokenizer(identity, [spec]);
  if (run !== null) return findTokenizer(identity, await tokenizerPlaces(run, await readRun(run)));
  const there = beside !== null && (await look(within(beside, 'tokenizer.json'))) !== null;
  return findTokenizer(identity, ['byte', 'llama2', ...(there ? [beside] : [])]);
}

/** Where the tokenizer of the run in `folder` may lie. */
export const tokenizerPlaces = async (folder: string, { settings }: RunRecord): Promise<string[]> => {
  const copy = await keptTokenizer(folder);
  return ['byte', ...(copy === null ? [] : [copy]), settings.data.tokenizer];
};
