/** @file `@octavo/formats`: exact number formats of eight bits and fewer, and BF16, FP16, FP32. */

export { type Codes, createCodes, packNibbles, unpackNibbles } from './codes.ts';
export { counterRandom, streamSeed } from './counter-random.ts';
export { decode, valuesOf } from './decode.ts';
export { type DecodeArrayOptions, decodeArray } from './decode-array.ts';
export { type EncodeOptions, encode } from './encode.ts';
export { type EncodeArrayOptions, encodeArray } from './encode-array.ts';
export { type Fault, OctavoError } from './error.ts';
export { type CastError, castError, sqnr } from './error-measures.ts';
export { Float8Array } from './float8-array.ts';
export type { Format, NanCode } from './format.ts';
export { quoted, visible } from './quoted.ts';
export * from './registry.ts';
export { type Overflow, type Rounding, round } from './round.ts';
export { roundArray } from './round-array.ts';
