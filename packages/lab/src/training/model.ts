/** @file The model of the studies: 631,680 parameters, bytes as tokens. */
import type { LlamaConfig } from '@octavo/llama';

export const studyModel: LlamaConfig = {
  vocabularySize: 256,
  hiddenSize: 128,
  layers: 3,
  heads: 4,
  keyValueHeads: 4,
  ffnSize: 320,
  contextLength: 64,
  ropeTheta: 10_000,
  normEpsilon: 1e-5,
  tiedHead: false,
};
