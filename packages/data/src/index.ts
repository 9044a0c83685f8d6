/** @file `@octavo/data`: text to batches of tokens. */
export { type TokenizerRequest, tokenizerRequest } from './bpe/train.ts';
export { byteTokenizer } from './byte-tokenizer.ts';
export { cacheFolder } from './cache-folder.ts';
export { type ChatTemplate, chatTemplateOf, type Message } from './chat-template.ts';
export { type Corpus, defaultCorpus } from './default-corpus.ts';
export type { Documents, TextDocument } from './documents.ts';
export { tokenizerFromFile } from './file-tokenizer.ts';
export { refuseShared } from './find-files.ts';
export {
  encodePrompt,
  findTokenizer,
  findTokenizerPlace,
  keepTokenizer,
  keptTokenizer,
  type PlacedTokenizer,
} from './find-tokenizer.ts';
export { type HeldOut, type HeldOutOptions, openHeldOut, type Preparing } from './held-out.ts';
export { type TextIdentity, type TokenizerIdentity, textIdentitySchema } from './identity.ts';
export { isPrepared } from './is-prepared.ts';
export { llamaTokenizer } from './llama-tokenizer.ts';
export { loadTokenizer } from './load-tokenizer.ts';
export { type Batch, createLoader, type Loader, type LoaderOptions, type LoaderPosition } from './loader.ts';
export {
  openPrepared,
  type PreparedData,
  preparedTokenizer,
  preparedTokenizerSpec,
} from './open-prepared.ts';
export { type PrepareOptions, prepare } from './prepare.ts';
export { prepareCached } from './prepare-cached.ts';
export type { PrepareProgress } from './prepare-progress.ts';
export { type PreparedIndex, type PreparedSplit, readPreparedIndex } from './prepared-index.ts';
export { type ReadOptions, readDocuments } from './read-documents.ts';
export { readRows } from './read-rows.ts';
export type { Row } from './row.ts';
export { type StreamDecoder, streamDecoder } from './stream-decoder.ts';
export type { PrepareInput } from './survey-input.ts';
export { readTextFile } from './text-file.ts';
export { openShards, type TokenSource, tokenSource } from './token-source.ts';
export type { Tokenizer, TokenList } from './tokenizer.ts';
export { tokenizerFiles } from './tokenizer-files.ts';
export {
  type Began,
  checkVocabulary,
  describeText,
  openTrainingText,
  preparedFolderOf,
  type TextSettings,
  type TextShape,
  type TrainingText,
} from './training-text.ts';
export { type EvaluationBatch, type WindowsOptions, windows } from './windows.ts';
