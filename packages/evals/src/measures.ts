/** @file Losses in the units people compare: perplexity, bits per byte. */
import { OctavoError } from '@octavo/formats';

/** `exp(loss)`, the loss in nats per token: how many equally likely tokens would be as hard to guess. */
export function perplexity(meanLoss: number): number {
  return Math.exp(meanLoss);
}

/**
 * `meanLoss · tokens / (bytes · ln 2)`: bits that the model spends on a byte of text, which can be compared across
 * tokenizers. `meanLoss` in nats per token; `bytes` is the length of the same text in UTF-8.
 */
export function bitsPerByte(meanLoss: number, tokens: number, bytes: number): number {
  if (!(bytes > 0)) throw new OctavoError(`[evals] bits per byte: got ${bytes} bytes, expected more than 0`);
  return (meanLoss * tokens) / (bytes * Math.LN2);
}
