import type { Format, Overflow } from '../../src/index.ts';

export declare const COUNT: number;
export declare function judgeInputs(format: Format, overflow: Overflow): Float32Array;
export declare function canonicalBytes(values: Float32Array): Uint8Array;
