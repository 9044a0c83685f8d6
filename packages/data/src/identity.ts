/** @file What a run's text and tokenizer are, by content: neither a path, nor a name, nor a length says that. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { PreparedIndex } from './prepared-index.ts';
import { badInput } from './text-file.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A tokenizer's name is for people; its hash says what it is. */
export type TokenizerIdentity = z.output<typeof tokenizerIdentity>;

const tokenizerIdentity = z.object({ name: z.string(), hash: z.string() });

/** How files keep a `TextIdentity`. */
export const textIdentitySchema = z.object({
  /** SHA-256 over the texts and where the held-out part begins; the tokenizer does not count. */
  text: z.string(),
  tokenizer: tokenizerIdentity,
});

export type TextIdentity = z.output<typeof textIdentitySchema>;

/** Of a prepared text and the tokenizer that it was prepared with. */
export function identityOf({ contentHash, splits }: PreparedIndex, { name, hash }: Tokenizer): TextIdentity {
  const parts = [contentHash, splits.train.bytes, splits.validation?.bytes ?? null];
  const text = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return { text, tokenizer: { name, hash } };
}

/** Refuses (exit code 2) a text or tokenizer that is not what the run in `folder` began with; `where` says whence it comes. */
export function checkIdentity(got: TextIdentity, began: TextIdentity, folder: string, where: string): void {
  const check = (what: string, a: string, b: string): void => {
    if (a === b) return;
    throw badInput(
      `${folder} began with another ${what}: got hash ${a.slice(0, 12)} from ${where}, expected ${b.slice(0, 12)}; put the ${what} back as it was, or start a new run in another --out`,
    );
  };
  check('tokenizer', got.tokenizer.hash, began.tokenizer.hash);
  check('text', got.text, began.text);
}
