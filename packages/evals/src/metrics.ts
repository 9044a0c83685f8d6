/** @file What is measured of the answers, and how sure it is. */
import { OctavoError } from '@octavo/formats';
import { countBytes, countCharacters } from './python-text.ts';
import type { Answer, Question } from './question.ts';

/** A function of `Σ a / Σ b` over all questions. */
export interface Metric {
  readonly higherIsBetter: boolean;
  /** One question's `a` and `b`. */
  of(question: Question, answer: Answer): readonly [a: number, b: number];
  /** From `mean = Σ a / Σ b`. */
  value(mean: number): number;
  /** d value / d mean. */
  slope(mean: number): number;
}

const mean = { value: (x: number) => x, slope: () => 1 };
const expOfMinus = { value: (x: number) => Math.exp(-x), slope: (x: number) => -Math.exp(-x) };
const minusInBits = { value: (x: number) => -x / Math.LN2, slope: () => -1 / Math.LN2 };

/** Share of right choices; lengths divide the log-likelihoods. */
const accuracy = (lengthOf: (choice: string) => number): Metric => ({
  higherIsBetter: true,
  of(question, { logLikelihoods, greedy }) {
    if (question.kind === 'continuation') return [Number(greedy[0]), 1];
    if (question.kind === 'text') return wrongKind();
    const scores = logLikelihoods.map((l, i) => l / lengthOf(question.choices[i]!));
    return [Number(scores.indexOf(Math.max(...scores)) === question.gold), 1]; // the first of equal ones
  },
  ...mean,
});

/** Of a whole text, by one of its sizes. */
const rolling = (size: 'words' | 'bytes', how: Pick<Metric, 'value' | 'slope'>): Metric => ({
  higherIsBetter: false,
  of: (question, { logLikelihoods }) =>
    question.kind === 'text' ? [logLikelihoods[0]!, question[size]] : wrongKind(),
  ...how,
});

const wrongKind = (): never => {
  throw new OctavoError('[evals] metric: got a question of another kind, expected one of its task');
};

/**
 * By the names that lm-evaluation-harness gives them (0.4.13, `api/metrics.py`, `ConfigurableTask.process_results`).
 * `acc_norm` divides by characters and `acc_bytes` by bytes of the choice, as they do there.
 */
export const metrics = {
  acc: accuracy(() => 1),
  acc_norm: accuracy(countCharacters),
  acc_bytes: accuracy(countBytes),
  perplexity: {
    higherIsBetter: false,
    of: (_, { logLikelihoods }) => [logLikelihoods[0]!, 1],
    ...expOfMinus,
  },
  word_perplexity: rolling('words', expOfMinus),
  byte_perplexity: rolling('bytes', expOfMinus),
  bits_per_byte: rolling('bytes', minusInBits),
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof metrics;

export interface Estimate {
  readonly value: number;
  /** Standard error; null for a single question. */
  readonly stderr: number | null;
  /** How much each question moves the value. */
  readonly influences: readonly number[];
}

/**
 * The value and its standard error `sd / √n`, sd the sample standard deviation of the questions' influences
 * `slope(m) · (aᵢ − m bᵢ) / mean(b)` (the delta method: B. Efron, R. Tibshirani, "An Introduction to the Bootstrap",
 * 1993, chapter 21). Of a mean that is the harness's `mean_stderr`. It draws 100,000 bootstrap samples for `perplexity`,
 * of which this is the limit for many questions, and gives no error for the weighted ones.
 */
export function estimate(metric: Metric, parts: readonly (readonly [number, number])[]): Estimate {
  const sum = (of: (part: readonly [number, number]) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const weight = sum(([, b]) => b);
  const m = sum(([a]) => a) / weight;
  const perWeight = (metric.slope(m) * parts.length) / weight;
  const influences = parts.map(([a, b]) => perWeight * (a - m * b));
  return { value: metric.value(m), stderr: standardError(influences), influences };
}

/** Sample standard deviation / √n; null for fewer than two. */
export function standardError(values: readonly number[]): number | null {
  const n = values.length;
  if (n < 2) return null;
  const middle = values.reduce((a, b) => a + b, 0) / n;
  return Math.sqrt(values.reduce((total, x) => total + (x - middle) ** 2, 0) / (n - 1) / n);
}
