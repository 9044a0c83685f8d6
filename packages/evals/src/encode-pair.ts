/** @file Questions as tokens: where a context ends and its continuation begins, and what fits into the model's context. */
import { OctavoError, quoted } from '@octavo/formats';
import { stripEnd } from './python-text.ts';
import type { Pair } from './question.ts';

/** What is needed of a tokenizer. */
export interface Encoder {
  /** Ids of a text, without `bos` and `eos`. */
  encode(text: string): Iterable<number>;
  readonly bos: number | null;
  readonly eos: number | null;
}

export interface EncodedPair {
  readonly context: readonly number[];
  readonly continuation: readonly number[];
}

/** Tokens for a model to read, of which those from `from` on are asked for. */
export interface Sequence {
  readonly tokens: readonly number[];
  readonly from: number;
}

/** A text as Hugging Face's tokenizers encode it: after `bos`, unless that is the token which also ends texts (GPT-2's). */
export function encodeText({ encode, bos, eos }: Encoder, text: string): number[] {
  const ids = [...encode(text)];
  return bos === null || bos === eos ? ids : [bos, ...ids];
}

/**
 * Context and continuation as tokens (lm-evaluation-harness 0.4.13, `TemplateLM._encode_pair` and `.loglikelihood`):
 * spaces at the end of the context belong to the continuation; the continuation's tokens are those of both together
 * without as many as the context alone has. An empty context is the token that begins texts, `bos` or else `eos`; where
 * there is none, or the continuation begins with it, the continuation's first token is the context.
 * Throws an `OctavoError` where nothing is left to ask for.
 */
export function encodePair(encoder: Encoder, { context, continuation }: Pair): EncodedPair {
  const kept = stripEnd(context);
  const asked = context.slice(kept.length) + continuation;
  const encoded =
    kept === ''
      ? afterPrefix(encoder, [...encoder.encode(asked)])
      : splitWhole(encodeText(encoder, kept), encodeText(encoder, kept + asked));
  if (encoded.continuation.length === 0)
    throw new OctavoError(
      `[evals] continuation ${quoted(continuation)} after ${quoted(context.slice(-40))}: got no tokens of its own, expected at least one`,
      { exitCode: 2 },
    );
  return encoded;
}

/** A text's own tokens, all of them asked for; the harness's rolling log-likelihood asks for `bos` too, if it is one of them. */
export const encodeWhole = (encoder: Encoder, text: string): EncodedPair => {
  const ids = encodeText(encoder, text);
  const prefix = encoder.bos ?? encoder.eos;
  return prefix === null ? splitFirst(ids) : { context: [prefix], continuation: ids };
};

const splitWhole = (context: readonly number[], whole: readonly number[]): EncodedPair => ({
  context,
  continuation: whole.slice(context.length),
});

const splitFirst = (ids: readonly number[]): EncodedPair => ({
  context: ids.slice(0, 1),
  continuation: ids.slice(1),
});

function afterPrefix({ bos, eos }: Encoder, ids: readonly number[]): EncodedPair {
  const prefix = bos ?? eos;
  return prefix === null || prefix === ids[0] ? splitFirst(ids) : { context: [prefix], continuation: ids };
}

/**
 * What a model that reads `contextLength` tokens is asked: the continuation in pieces of so many tokens, each behind as
 * much of what comes before it as fits, cut off at its left. A continuation that fits is one piece (the harness's
 * `_loglikelihood_tokens`); a text's pieces are its disjoint rolling windows with a context of one token
 * (`get_rolling_token_windows`, `make_disjoint_window`).
 */
export function sequencesOf({ context, continuation }: EncodedPair, contextLength: number): Sequence[] {
  const whole = [...context, ...continuation];
  const sequences: Sequence[] = [];
  for (let from = context.length; from < whole.length; from += contextLength) {
    const to = Math.min(whole.length, from + contextLength);
    const start = Math.max(0, to - contextLength - 1);
    sequences.push({ tokens: whole.slice(start, to), from: from - start });
  }
  return sequences;
}
