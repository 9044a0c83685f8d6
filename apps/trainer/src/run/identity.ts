/** @file What a run's text and tokenizer are, by content: neither a path, nor a name, nor a length says that. */
import { createHash } from 'node:crypto';
import type { PreparedIndex, Tokenizer } from '@octavo/data';
import { OctavoError } from '@octavo/formats';
import { z } from 'zod';

export const identitySchema = z.object({
  /** SHA-256 over the texts and where the held-out part begins; the tokenizer does not count. */
  text: z.string(),
  tokenizer: z.object({ name: z.string(), hash: z.string() }),
});

export type RunIdentity = z.output<typeof identitySchema>;

export function identityOf({ contentHash, splits }: PreparedIndex, { name, hash }: Tokenizer): RunIdentity {
  const parts = [contentHash, splits.train.bytes, splits.validation?.bytes ?? null];
  const text = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return { text, tokenizer: { name, hash } };
}

/** Refuses (exit code 2) a text or tokenizer that is not what the run in `folder` began with. */
export function checkIdentity(
  got: RunIdentity,
  began: RunIdentity | null,
  folder: string,
  where: string,
): void {
  if (began === null) return; // run.json is older than this check
  const fail = (what: string, a: string, b: string): never => {
    throw new OctavoError(
      `[run] ${folder} began with another ${what}: got hash ${a.slice(0, 12)} from ${where}, expected ${b.slice(0, 12)}; put the ${what} back as it was, or start a new run in another --out`,
      { exitCode: 2 },
    );
  };
  if (got.tokenizer.hash !== began.tokenizer.hash)
    fail('tokenizer', got.tokenizer.hash, began.tokenizer.hash);
  if (got.text !== began.text) fail('text', got.text, began.text);
}
