/** @file Products by `cblas_sgemm`, float32 alone. */
import type { Binding, Koffi, Product } from './binding.ts';

/** The import. Workers run its source text: it must use nothing but its parameters, so a form's bits stand here as 1 and 2. */
export function bindBlas(koffi: Koffi, binding: Binding, buffer: ArrayBufferLike): Product {
  const library = koffi.load(binding.path);
  for (const { prototype, values } of binding.setups) {
    let setup: (...values: unknown[]) => unknown;
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
  const at = (address: number): number => base + (address >>> 0);
  const ROW_MAJOR = 101;
  const AS_IS = 111;
  return (form, m, n, k, alpha, a, lda, b, ldb, c, ldc) => {
    const [transposeA, transposeB] = [AS_IS + (form & 1), AS_IS + ((form >> 1) & 1)];
    sgemm(ROW_MAJOR, transposeA, transposeB, m, n, k, alpha, at(a), lda, at(b), ldb, 0, at(c), ldc);
  };
}
