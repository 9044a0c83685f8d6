/**
 * @file Products by oneDNN's C interface, versions 2 and 3: float32, and BF16 on the matrix units that the processor has.
 *
 * Versions differ in how descriptors are made: in 2 the caller owns their bytes, in 3 the library does and gives handles.
 */
import type { Binding, Koffi, Product } from './binding.ts';

export interface OnednnProduct extends Product {
  readonly version: readonly number[];
  /** Which implementation computes a product of this form and shape, in oneDNN's own words (`brg:avx512_core_bf16`). */
  implementation(form: number, m: number, n: number, k: number): string;
}

/**
 * The import. Throws where the library fails. Workers run its source text: it must use nothing but its parameters, so a form's
 * bits stand here as 1, 2 (transposed), 4 and 8 (BF16).
 */
export function bindOnednn(koffi: Koffi, binding: Binding, buffer: ArrayBufferLike): OnednnProduct {
  const library = koffi.load(binding.path);
  const call = (prototype: string) => library.func(prototype) as (...values: unknown[]) => number;
  try {
    // found through the library wherever it has OpenMP's threads: this thread computes its part alone
    library.func('void omp_set_num_threads(int)')(1);
  } catch {
    // built with other threads, or none
  }
  const version = Array.from(koffi.decode(library.func('void *dnnl_version()')(), 'int', 3) as number[]);
  const handles = version[0]! >= 3;

  const check = (status: unknown, what: string): void => {
    if (status !== 0) throw new Error(`oneDNN: ${what} failed with status ${status}, expected 0`);
  };
  const cell = new BigUint64Array(new ArrayBuffer(64));
  /** What a function has written to the cell, which was its first argument. */
  const made = (status: unknown, what: string): bigint => {
    check(status, what);
    return cell[0]!;
  };
  const [CPU, IN_ORDER] = [1, 1];
  const [FLOAT, BFLOAT] = [3, 2];
  const [SOURCE, WEIGHTS, RESULT] = [1n, 33n, 17n];
  const IMPLEMENTATION = 8;
  /** The argument that holds one factor of the whole product. */
  const FACTOR = handles ? 4096n | SOURCE : 513n;

  const engine = made(call('int dnnl_engine_create(void *, int, size_t)')(cell, CPU, 0), 'engine');
  const stream = made(
    call('int dnnl_stream_create(void *, uintptr_t, unsigned int)')(cell, engine, IN_ORDER),
    'stream',
  );
  const point = call('int dnnl_memory_set_data_handle(uintptr_t, uintptr_t)');
  const execute = call('int dnnl_primitive_execute(uintptr_t, uintptr_t, int, void *)');
  const createPrimitive = call('int dnnl_primitive_create(void *, uintptr_t)');
  const createAttributes = call('int dnnl_primitive_attr_create(void *)');
  const query = call('int dnnl_primitive_desc_query(uintptr_t, int, int, void *)');

  /** How a matrix (or the factor, one number) lies in memory. */
  type Layout = bigint | Uint8Array;
  const describe = call(
    handles
      ? 'int dnnl_memory_desc_create_with_strides(void *, int, void *, int, void *)'
      : 'int dnnl_memory_desc_init_by_strides(void *, int, void *, int, void *)',
  );
  const createMemory = call(
    `int dnnl_memory_create(void *, ${handles ? 'uintptr_t' : 'void *'}, uintptr_t, uintptr_t)`,
  );
  const layout = (dimensions: readonly number[], strides: readonly number[], type: number): Layout => {
    const place = handles ? cell : new Uint8Array(4096);
    const longs = (numbers: readonly number[]) => BigInt64Array.from(numbers, BigInt);
    check(describe(place, dimensions.length, longs(dimensions), type, longs(strides)), 'a memory descriptor');
    return handles ? cell[0]! : (place as Uint8Array);
  };
  const matrix = (rows: number, columns: number, type: number, transposed: number, ld: number): Layout =>
    layout([rows, columns], transposed ? [1, ld] : [ld, 1], type);
  const memory = (of: Layout, address: number): bigint =>
    made(createMemory(cell, of, engine, address), 'a memory object');

  const createDescriptor = handles
    ? call(
        'int dnnl_matmul_primitive_desc_create(void *, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t)',
      )
    : call('int dnnl_primitive_desc_create(void *, void *, uintptr_t, uintptr_t, uintptr_t)');
  const describeProduct = handles
    ? null
    : call('int dnnl_matmul_desc_init(void *, void *, void *, void *, void *)');
  const descriptor = (a: Layout, b: Layout, c: Layout, attributes: bigint): bigint => {
    if (!describeProduct) return made(createDescriptor(cell, engine, a, b, 0, c, attributes), 'a product');
    const product = new Uint8Array(16384);
    check(describeProduct(product, a, b, null, c), 'a product');
    return made(createDescriptor(cell, product, attributes, engine, 0), 'a product');
  };
  const setFactor = handles
    ? call('int dnnl_primitive_attr_set_scales_mask(uintptr_t, int, int)')
    : call('int dnnl_primitive_attr_set_output_scales(uintptr_t, int64_t, int, void *)');
  /** Attributes of a product whose factor is given when it runs. */
  const factored = (): bigint => {
    const attributes = made(createAttributes(cell), 'attributes');
    const unknown = new Uint32Array([0x7fc000d0]); // version 2's mark of a number that comes later
    check(handles ? setFactor(attributes, 1, 0) : setFactor(attributes, 1, 0, unknown), 'a factor');
    return attributes;
  };

  interface Primitive {
    readonly handle: bigint;
    readonly implementation: string;
    readonly memories: readonly bigint[];
    /** Pairs of an argument's number and its memory. */
    readonly parts: BigUint64Array;
  }
  const factor = new Float32Array(new ArrayBuffer(64));
  const factorAt = Number(koffi.address(new Uint8Array(factor.buffer)));
  const primitives = new Map<string, Primitive>();

  const create = (form: number, scaled: boolean, m: number, n: number, k: number, lds: readonly number[]) => {
    const type = form & 4 ? BFLOAT : FLOAT;
    const a = matrix(m, k, type, form & 1, lds[0]!);
    const b = matrix(k, n, type, form & 2, lds[1]!);
    const c = matrix(m, n, form & 8 ? BFLOAT : FLOAT, 0, lds[2]!);
    const attributes = scaled ? factored() : made(createAttributes(cell), 'attributes');
    const product = descriptor(a, b, c, attributes);
    check(query(product, IMPLEMENTATION, 0, cell), 'the implementation');
    const implementation = String(koffi.decode(cell, 'const char *'));
    const handle = made(createPrimitive(cell, product), 'a primitive');
    const memories = [memory(a, 0), memory(b, 0), memory(c, 0)];
    const parts = [SOURCE, memories[0]!, WEIGHTS, memories[1]!, RESULT, memories[2]!];
    if (scaled) parts.push(FACTOR, memory(layout([1], [1], FLOAT), factorAt));
    return { handle, implementation, memories, parts: BigUint64Array.from(parts) };
  };
  const primitive = (
    form: number,
    scaled: boolean,
    m: number,
    n: number,
    k: number,
    lds: readonly number[],
  ) => {
    const key = `${form} ${scaled} ${m} ${n} ${k} ${lds}`;
    const found: Primitive = primitives.get(key) ?? create(form, scaled, m, n, k, lds);
    primitives.set(key, found);
    return found;
  };

  // shared memory never moves, also when it grows
  const base = Number(koffi.address(new Uint8Array(buffer as ArrayBuffer)));
  const product: Product = (form, m, n, k, alpha, a, lda, b, ldb, c, ldc) => {
    const { handle, memories, parts } = primitive(form, alpha !== 1, m, n, k, [lda, ldb, ldc]);
    factor[0] = alpha;
    check(point(memories[0], base + (a >>> 0)), 'the left operand');
    check(point(memories[1], base + (b >>> 0)), 'the right operand');
    check(point(memories[2], base + (c >>> 0)), 'the result');
    check(execute(handle, stream, parts.length / 2, parts), 'a product');
  };
  const implementation = (form: number, m: number, n: number, k: number): string =>
    primitive(form, false, m, n, k, [form & 1 ? m : k, form & 2 ? k : n, n]).implementation;
  return Object.assign(product, { version, implementation });
}
