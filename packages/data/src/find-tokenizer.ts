/** @file The tokenizer that something was made with, found by its hash; a run keeps the files of one from outside. */
import { OctavoError } from '@octavo/formats';
import { look, within, writeFileAtomically } from '@octavo/store';
import type { TokenizerIdentity } from './identity.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { badInput } from './text-file.ts';
import type { Tokenizer } from './tokenizer.ts';

const TOKENIZER_FILE = 'tokenizer.json';
const CONFIG_FILE = 'tokenizer_config.json';
const TEMPLATE_FILE = 'chat_template.jinja';

/**
 * The one among `places` (as `loadTokenizer` takes them, the likeliest last) whose hash is that of the identity, whatever
 * it is called. Throws (exit code 2) where none is, with what the last one was.
 */
export const findTokenizer = async (
  identity: TokenizerIdentity,
  places: readonly string[],
): Promise<Tokenizer> => (await findTokenizerPlace(identity, places)).tokenizer;

/** A tokenizer, and its place as `loadTokenizer` takes it. */
export interface PlacedTokenizer {
  readonly place: string;
  readonly tokenizer: Tokenizer;
}

/** The same with the place that it was found in. */
export async function findTokenizerPlace(
  identity: TokenizerIdentity,
  places: readonly string[],
): Promise<PlacedTokenizer> {
  let why = '';
  for (const place of places) {
    try {
      const tokenizer = await loadTokenizer(place);
      if (tokenizer.hash === identity.hash)
        return { place, tokenizer: { ...tokenizer, name: identity.name } };
      why = `got ${place} with hash ${tokenizer.hash.slice(0, 12)}`;
    } catch (error) {
      if (!OctavoError.is(error)) throw error;
      why = `got ${place}, which cannot be read`;
    }
  }
  throw badInput(
    `the checkpoint was trained with another tokenizer: ${why}, expected "${identity.name}" with hash ${identity.hash.slice(0, 12)}; name the right one by --tokenizer FILE`,
  );
}

/** Keeps the files of a tokenizer that came from files in a run's folder, so that the run can be moved as a whole. */
export async function keepTokenizer(folder: string, { files }: Pick<Tokenizer, 'files'>): Promise<void> {
  if (files === undefined) return;
  await writeFileAtomically(within(folder, TOKENIZER_FILE), files.tokenizer);
  if (files.config !== null) await writeFileAtomically(within(folder, CONFIG_FILE), files.config);
  if (files.template !== undefined) await writeFileAtomically(within(folder, TEMPLATE_FILE), files.template);
}

/** Where `keepTokenizer` has put them; null where there are none. */
export async function keptTokenizer(folder: string): Promise<string | null> {
  const path = within(folder, TOKENIZER_FILE);
  return (await look(path)) ? path : null;
}

/** A prompt as tokens, at least one: after the token that begins a document, if the vocabulary has it. */
export function encodePrompt({ bos, eos, encode }: Tokenizer, prompt: string): number[] {
  const tokens = [...(bos === null ? [] : [bos]), ...encode(prompt)];
  return tokens.length > 0 || eos === null ? tokens : [eos]; // after a document's end another one begins
}
