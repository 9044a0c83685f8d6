/** @file `@octavo/evals`: the loss of held-out text, its units, the n-gram models to beat; tasks in the field's files. */
export { type Answers, ask, type Scorer, type SequenceScore } from './ask.ts';
export { type ByteWindows, byteBaseline } from './byte-baseline.ts';
export { byteNgram, type Ngram } from './byte-ngram.ts';
export { type Comparison, compare, type McNemar, mcnemar } from './compare.ts';
export {
  type EncodedPair,
  type Encoder,
  encodePair,
  encodeText,
  encodeWhole,
  type Sequence,
  sequencesOf,
} from './encode-pair.ts';
export { evaluateLoss, type WindowLoss } from './evaluate-loss.ts';
export { bitsPerByte, perplexity } from './measures.ts';
export { type Estimate, estimate, type Metric, type MetricName, metrics } from './metrics.ts';
export type { Answer, Continuation, MultipleChoice, Pair, Question, WholeText } from './question.ts';
export { type Asked, type ComparedMetric, comparisonsOf, type Results, resultsOf } from './results.ts';
export { type CorpusTask, corpusTasks } from './tasks/corpus.ts';
export { tasks } from './tasks/index.ts';
export type { Row, Task } from './tasks/task.ts';
