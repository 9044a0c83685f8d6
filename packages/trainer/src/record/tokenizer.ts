/** @file The tokenizer that a checkpoint was trained with. */
import { findTokenizer, keptTokenizer, type Tokenizer, type TokenizerIdentity } from '@octavo/data';
import { type RunRecord, readRun } from './record.ts';

/**
 * The one whose hash is that of the one trained with, whatever it is called: what `spec` (an option) names, or else
 * the built-in ones, the copy in the run's folder, or where the run found it.
 */
export async function tokenizerOf(
  identity: TokenizerIdentity,
  run: string | null,
  spec: string | null,
): Promise<Tokenizer> {
  if (spec !== null) return findTokenizer(identity, [spec]);
  return findTokenizer(
    identity,
    run === null ? ['byte', 'llama2'] : tokenizerPlaces(run, await readRun(run)),
  );
}

/** Where the tokenizer of the run in `folder` may lie. */
export const tokenizerPlaces = (folder: string, { settings }: RunRecord): string[] => {
  const copy = keptTokenizer(folder);
  return ['byte', ...(copy === null ? [] : [copy]), settings.data.tokenizer];
};
