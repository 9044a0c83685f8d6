/** @file The tokenizer that a checkpoint was trained with. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadTokenizer, type Tokenizer } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import { writeFileAtomically } from '@octavo/store';
import { readRun } from './record.ts';

const TOKENIZER_FILE = 'tokenizer.json';
const CONFIG_FILE = 'tokenizer_config.json';

/** What a checkpoint's metadata says of its tokenizer. */
export interface TokenizerIdentity {
  readonly name: string;
  readonly hash: string;
}

/**
 * The one whose hash is that of the one trained with, whatever it is called: what `spec` (an option) names, or else
 * the built-in ones, the copy in the run's folder, or where the run found it.
 */
export async function tokenizerOf(
  identity: TokenizerIdentity,
  run: string | null,
  spec: string | null,
): Promise<Tokenizer> {
  let why = '';
  for (const place of spec === null ? await placesOf(run) : [spec]) {
    try {
      const tokenizer = await loadTokenizer(place);
      if (tokenizer.hash === identity.hash) return { ...tokenizer, name: identity.name };
      why = `got ${place} with hash ${tokenizer.hash.slice(0, 12)}`;
    } catch (error) {
      if (!OctavoError.is(error)) throw error;
      why = `got ${place}, which cannot be read`;
    }
  }
  throw new OctavoError(
    `[run] the checkpoint was trained with another tokenizer: ${why}, expected "${identity.name}" with hash ${identity.hash.slice(0, 12)}; name the right one by --tokenizer FILE`,
    { exitCode: 2 },
  );
}

/** Where to look, the likeliest last: it is the one named where none fits. */
async function placesOf(run: string | null): Promise<string[]> {
  if (run === null) return ['byte', 'llama2'];
  const copy = join(run, TOKENIZER_FILE);
  return ['byte', ...(existsSync(copy) ? [copy] : []), (await readRun(run)).settings.data.tokenizer];
}

/** Keeps the files of a tokenizer that came from files in the run's folder, so that the run can be moved as a whole. */
export async function keepTokenizer(run: string, { files }: Tokenizer): Promise<void> {
  if (files === undefined) return;
  await writeFileAtomically(join(run, TOKENIZER_FILE), files.tokenizer);
  if (files.config !== null) await writeFileAtomically(join(run, CONFIG_FILE), files.config);
}

/** A prompt as tokens, at least one: after the token that begins a document, if the vocabulary has it. */
export function encodePrompt({ bos, eos, encode }: Tokenizer, prompt: string): number[] {
  const tokens = [...(bos === null ? [] : [bos]), ...encode(prompt)];
  return tokens.length > 0 || eos === null ? tokens : [eos]; // after a document's end another one begins
}
