/** @file `@octavo/formats`: exact number formats of eight bits and fewer, and BF16, FP16, FP32. */
export { type CastError, castError } from './cast-error.ts';
export { type Codes, createCodes } from './codes.ts';
export { counterRandom, streamSeed } from './counter-random.ts';
export { decode } from './decode.ts';
export { type DecodeArrayOptions, decodeArray } from './decode-array.ts';
export { valuesOf } from './decode-table.ts';
export { type EncodeOptions, encode } from './encode.ts';
export { type EncodeArrayOptions, encodeArray } from './encode-array.ts';
export { OctavoError } from './error.ts';
export { Float8Array } from './float8-array.ts';
export type { Format, NanCode } from './format.ts';
export { formatOf } from './format-of.ts';
export { packNibbles, unpackNibbles } from './nibbles.ts';
export * from './registry.ts';
export { round } from './round.ts';
export { roundArray } from './round-array.ts';
export type { Overflow, Rounding } from './rounding.ts';
export { sqnr } from './sqnr.ts';
