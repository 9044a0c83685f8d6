export { OctavoError } from "./error.ts";
export { counterRandom, streamSeed } from './counter-random.ts';
export type { Format, NanCode } from './format.ts';
export * from './registry.ts';
export { round } from './round.ts';
export type { Overflow, Rounding } from './rounding.ts';
