/** @file A matrix product of the machine's library as the import that the kernels call, on whichever thread they run. */

/** What is used of koffi. */
export interface Koffi {
  load(path: string): LoadedLibrary;
  address(view: Uint8Array): bigint;
  decode(from: unknown, type: unknown, length?: number): unknown;
}

export interface LoadedLibrary {
  /** A function by its prototype in C; throws where the library has none of that name. */
  func(prototype: string): (...values: unknown[]) => unknown;
}

/** A call that a library needs before products: its prototype in C, and its arguments. */
export interface Setup {
  readonly prototype: string;
  readonly values: readonly number[];
}

/** What a thread needs to bind the library: plain data, so that it can be sent to one. */
export interface Binding {
  /** koffi's own path. */
  readonly koffi: string;
  /** The library, as koffi finds it. */
  readonly path: string;
  /** Whose C interface it has. */
  readonly face: 'blas' | 'onednn';
  readonly setups: readonly Setup[];
}

/**
 * Row-major C = alpha · op(A) · op(B), C `[m, n]`, summed in float32; operands are addresses of the kernels' memory, rows
 * `ld` elements apart. `form`: TRANSPOSE_A, TRANSPOSE_B, BF16_OPERANDS, BF16_RESULT.
 */
export type Product = (
  form: number,
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: number,
  lda: number,
  b: number,
  ldb: number,
  c: number,
  ldc: number,
) => void;
