/** @file `@octavo/evals`: the loss of held-out text, its units, and the n-gram models to beat. */
export { type ByteWindows, byteBaseline } from './byte-baseline.ts';
export { byteNgram, type Ngram } from './byte-ngram.ts';
export { evaluateLoss, type WindowLoss } from './evaluate-loss.ts';
export { bitsPerByte, perplexity } from './measures.ts';
