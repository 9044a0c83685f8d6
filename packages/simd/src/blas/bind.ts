/** @file `cblas_sgemm` as the import that the kernels call, on whichever thread they run. */
import type { Setup } from './libraries.ts';

/** What is used of koffi. */
export interface Koffi {
  load(path: string): { func(prototype: string): (...values: number[]) => unknown };
  address(view: Uint8Array): bigint;
}

/** What a thread needs to bind the library: plain data, so that it can be sent to one. */
export interface Binding {
  /** koffi's own path. */
  readonly koffi: string;
  /** The library, as koffi finds it. */
  readonly path: string;
  readonly setups: readonly Setup[];
}

/** Row-major C = alpha · op(A) · op(B); operands are addresses of the kernels' memory, rows `ld` elements apart. */
export type Sgemm = (
  transposeA: number,
  transposeB: number,
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

/** The import. Workers run its source text: it must use nothing but its parameters. */
export function bindSgemm(koffi: Koffi, binding: Binding, buffer: ArrayBufferLike): Sgemm {
  const library = koffi.load(binding.path);
  for (const { prototype, values } of binding.setups) {
    let setup: (...values: number[]) => unknown;
    try {
      setup = library.func(prototype);
    } catch {
      continue; // an older library without it
    }
    setup(...values);
  }
  const sgemm = library.func(
    'void cblas_sgemm(int, int, int, int, int, int, float, uintptr_t, int, uintptr_t, int, float, uintptr_t, int)',
  );
  // shared memory never moves, also when it grows
  const base = Number(koffi.address(new Uint8Array(buffer as ArrayBuffer)));
  const ROW_MAJOR = 101;
  const AS_IS = 111;
  return (transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, c, ldc) => {
    const left = base + (a >>> 0);
    const right = base + (b >>> 0);
    const to = base + (c >>> 0);
    sgemm(
      ROW_MAJOR,
      AS_IS + transposeA,
      AS_IS + transposeB,
      m,
      n,
      k,
      alpha,
      left,
      lda,
      right,
      ldb,
      0,
      to,
      ldc,
    );
  };
}
