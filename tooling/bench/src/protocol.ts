/**
 * @file What a contender answers, one JSON line a request: each library works in a process of its own, so that none
 * disturbs another's threads or globals, and they take turns.
 */

/** The first line of a contender. */
export type Hello =
  | { readonly ready: true; readonly name: string; readonly version: string; readonly threads: number }
  | { readonly ready: false; readonly name: string; readonly missing: string };

export type Request =
  /** C = A · B, `size` squared, float32, for at least so many milliseconds. */
  | { readonly task: 'gemm'; readonly size: number; readonly leastMs: number }
  /** A product of a linear layer, C `[m, n]` in BF16, over `k`; operands of BF16 or, `fp8`, of 8 bits. */
  | {
      readonly task: 'product';
      readonly m: number;
      readonly n: number;
      readonly k: number;
      readonly kind: 'forward' | 'gradInput' | 'gradWeight';
      readonly operands: string;
      readonly leastMs: number;
    }
  /** A training step; the first of a kind loads the model from its folder. */
  | { readonly task: 'step'; readonly kind: string; readonly model: string }
  /** Greedy tokens after token 1, one sequence, keys and values kept. */
  | { readonly task: 'decode'; readonly kind: string; readonly model: string; readonly tokens: number };

/** Of `gemm`, three elements of the result, by which contenders are held to the same product; of `step`, the loss before its update. */
export interface Answer {
  /** Milliseconds: a product, a step, all tokens. */
  readonly ms: number;
  readonly check?: readonly number[];
  readonly loss?: number;
  readonly tokens?: readonly number[];
}

export type Reply = Answer | { readonly error: string };

/** Element i of the operands: even pseudo-random numbers in ±1/2, the same in every language. */
export const element = (i: number): number => ((i * 1103515245 + 12345) % 2 ** 31) / 2 ** 31 - 0.5;

/** Elements from `first` on. */
export const operand = (length: number, first: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => element(first + i));

/** B begins where A ends. */
export const operands = (size: number): readonly [Float32Array, Float32Array] => [
  operand(size * size, 0),
  operand(size * size, size * size),
];

/** Places of the elements that are compared. */
export const checked = (size: number): readonly number[] => [0, (size * size) / 2 + 1, size * size - 1];
