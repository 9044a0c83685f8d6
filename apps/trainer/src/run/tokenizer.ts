/** @file The tokenizer that a checkpoint was trained with. */
import { findTokenizer, keptTokenizer, type Tokenizer, type TokenizerIdentity } from '@octavo/data';
import { readRun } from './record.ts';

/**
 * The one whose hash is that of the one trained with, whatever it is called: what `spec` (an option) names, or else
 * the built-in ones, the copy in the run's folder, or where the run found it.
 */
export const tokenizerOf = async (
  identity: TokenizerIdentity,
  run: string | null,
  spec: string | null,
): Promise<Tokenizer> => findTokenizer(identity, spec === null ? await placesOf(run) : [spec]);

async function placesOf(run: string | null): Promise<string[]> {
  if (run === null) return ['byte', 'llama2'];
  const copy = keptTokenizer(run);
  return ['byte', ...(copy === null ? [] : [copy]), (await readRun(run)).settings.data.tokenizer];
}
