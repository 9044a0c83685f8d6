/** @file The import: a product by the library of the machine. src/library/binding.ts says what its arguments are. */
// @ts-ignore: decorator
@external('env', 'product')
export declare function product(
  form: i32, m: i32, n: i32, k: i32, alpha: f32, a: usize, lda: i32, b: usize, ldb: i32, c: usize, ldc: i32,
): void;
