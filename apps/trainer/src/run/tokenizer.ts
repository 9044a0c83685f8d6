/** @file The tokenizer that a checkpoint was trained with. */
import { loadTokenizer, type Tokenizer } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import { readRun } from './record.ts';

/** What a checkpoint's metadata says of its tokenizer. */
export interface TokenizerIdentity {
  readonly name: string;
  readonly hash: string;
}

/**
 * By name, else from where the checkpoint's run says it is; `spec` (an option) wins. Refuses a tokenizer that gives
 * other ids than the one trained with.
 */
export async function tokenizerOf(
  identity: TokenizerIdentity,
  run: string | null,
  spec: string | null,
): Promise<Tokenizer> {
  const builtIn = identity.name === 'byte' || identity.name === 'llama2' ? identity.name : null;
  const from = spec ?? builtIn ?? (run === null ? null : (await readRun(run)).data.tokenizer);
  if (from === null) {
    throw new OctavoError(
      `[run] the checkpoint was trained with tokenizer "${identity.name}": got nothing to say where it is, expected --tokenizer FILE`,
      { exitCode: 2 },
    );
  }
  const tokenizer = await loadTokenizer(from);
  if (tokenizer.hash === identity.hash) return tokenizer;
  throw new OctavoError(
    `[run] tokenizer ${from} is not the one that the checkpoint was trained with: got hash ${tokenizer.hash.slice(0, 12)}, expected ${identity.hash.slice(0, 12)} (${identity.name}); name the right one by --tokenizer`,
    { exitCode: 2 },
  );
}

/** A prompt as tokens, at least one: after the token that begins a document, if the vocabulary has it. */
export function encodePrompt({ bos, eos, encode }: Tokenizer, prompt: string): number[] {
  const tokens = [...(bos === null ? [] : [bos]), ...encode(prompt)];
  return tokens.length > 0 || eos === null ? tokens : [eos]; // after a document's end another one begins
}
