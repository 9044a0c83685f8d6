/** @file `@octavo/trainer/record`: `run.json`, the rules of what stands in it, and what may be said anew. */
export { check, type Suggest, worded } from './check.ts';
export { fields, integer, number, oneOf, positive, text } from './fields.ts';
export { type RunFacts, type RunRecord, readRun, writeRun } from './record.ts';
export { checkAhead, resumedSettings, type Told } from './resume.ts';
export { hyperparameters, judged, modelShape } from './shapes.ts';
export { tokenizerOf, tokenizerPlaces } from './tokenizer.ts';
