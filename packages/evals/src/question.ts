/** @file What a task asks a model. */

/** A text, and one that may follow it. */
export interface Pair {
  readonly context: string;
  readonly continuation: string;
}

/** The pair that is more likely than the others is the answer; `gold` is the right one. */
export interface MultipleChoice {
  readonly kind: 'multiple-choice';
  readonly pairs: readonly Pair[];
  /** What the log-likelihoods are divided by the length of. */
  readonly choices: readonly string[];
  readonly gold: number;
}

/** How likely the continuation is, and whether the model would write it itself. */
export interface Continuation {
  readonly kind: 'continuation';
  readonly pair: Pair;
}

/** How likely a whole text is, counted by words and by bytes. */
export interface WholeText {
  readonly kind: 'text';
  readonly text: string;
  readonly words: number;
  readonly bytes: number;
}

export type Question = MultipleChoice | Continuation | WholeText;

/** What the model says, a number for each pair (one of a text). */
export interface Answer {
  /** Σ ln p(token | the tokens before it) over the continuation, nats. */
  readonly logLikelihoods: readonly number[];
  /** Whether every token of the continuation is the most probable one at its place. */
  readonly greedy: readonly boolean[];
}
