/** @file A task put to a model: questions as sequences of tokens, their log-probabilities as answers. */
import { OctavoError } from '@octavo/formats';
import {
  type EncodedPair,
  type Encoder,
  encodePair,
  encodeWhole,
  type Sequence,
  sequencesOf,
} from './encode-pair.ts';
import type { Answer, Question } from './question.ts';

/** Of one sequence. */
export interface SequenceScore {
  /** ln p(tokens[i] | tokens before i) for i from `from` on, nats. */
  readonly logProbabilities: ArrayLike<number>;
  /** Whether each of these tokens is the most probable one at its place. */
  readonly greedy: boolean;
}

/** A model, as tasks see it. */
export interface Scorer {
  /** Tokens that it reads at most; a sequence has up to one more. */
  readonly contextLength: number;
  /** Answers in the order of the sequences, whatever the order they are computed in. */
  score(sequences: readonly Sequence[]): Promise<readonly SequenceScore[]>;
}

export interface Answers {
  readonly answers: readonly Answer[];
  /** Questions of which the model did not see the whole text at once. */
  readonly cut: number;
}

/**
 * Asks all questions in one call of `score`. Throws an `OctavoError` for a probability that is NaN or above 1, and for a
 * continuation without tokens.
 */
export async function ask(
  questions: readonly Question[],
  encoder: Encoder,
  scorer: Scorer,
): Promise<Answers> {
  const sequences: Sequence[] = [];
  let cut = 0;
  const asked = questions.map((question) => {
    const pairs = encoded(encoder, question);
    if (pairs.some((pair) => pair.context.length + pair.continuation.length > scorer.contextLength + 1))
      cut++;
    return pairs.map((pair) => {
      const pieces = sequencesOf(pair, scorer.contextLength);
      sequences.push(...pieces);
      return pieces.length;
    });
  });
  const scores = await scorer.score(sequences);
  const left = scores.values();
  const answers = asked.map((counts, question) => {
    const parts = counts.map((count) => Array.from({ length: count }, () => left.next().value!));
    return {
      logLikelihoods: parts.map((pieces) => checked(sumOf(pieces), question)),
      greedy: parts.map((pieces) => pieces.every(({ greedy }) => greedy)),
    };
  });
  return { answers, cut };
}

function encoded(encoder: Encoder, question: Question): EncodedPair[] {
  if (question.kind === 'text') return [encodeWhole(encoder, question.text)];
  const pairs = question.kind === 'continuation' ? [question.pair] : question.pairs;
  return pairs.map((pair) => encodePair(encoder, pair));
}

function sumOf(pieces: readonly SequenceScore[]): number {
  let sum = 0;
  for (const { logProbabilities } of pieces)
    for (let i = 0; i < logProbabilities.length; i++) sum += logProbabilities[i]!;
  return sum;
}

function checked(sum: number, question: number): number {
  if (sum <= 0) return sum;
  throw new OctavoError(
    `[evals] question ${question + 1}: got a log-likelihood of ${sum}, expected one of at most 0: the model has diverged, take an earlier checkpoint`,
  );
}
