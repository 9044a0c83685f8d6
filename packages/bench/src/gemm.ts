/** @file Matrix products: GFLOP/s by operand formats, threads and shape. */
import { BF16, E4M3FN, E5M2, type Format, FP32 } from '@octavo/formats';
import { createScope, type Device, type GemmAttributes, gemm, type Scope } from '@octavo/kernels';
import type { BenchDevice } from './devices.ts';
import type { BenchRow, BenchTable } from './table.ts';
import { filled, noisy, WHOLE } from './tensors.ts';
import { alternate, type Effort, type Subject } from './timing.ts';

/** C [m, n] = op(A) op(B), with k summed over. */
export interface ProductShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Which of a linear layer's products this is: y = x Wᵀ, dx = dy W or dW = dyᵀ x. */
  readonly kind: 'forward' | 'gradInput' | 'gradWeight';
}

export interface Product extends ProductShape {
  readonly name: string;
}

export interface Operands {
  readonly name: string;
  readonly a: Format;
  readonly b: Format;
  readonly out: Format;
}

export const F32: Operands = { name: 'f32', a: FP32, b: FP32, out: FP32 };
const HALF: Operands = { name: 'bf16', a: BF16, b: BF16, out: BF16 };
const FP8_FORWARD: Operands = { name: 'e4m3×e4m3', a: E4M3FN, b: E4M3FN, out: BF16 };
const FP8_BACKWARD: Operands = { name: 'e5m2×e4m3', a: E5M2, b: E4M3FN, out: BF16 };

const transposes = {
  forward: { transposeA: false, transposeB: true },
  gradInput: { transposeA: false, transposeB: false },
  gradWeight: { transposeA: true, transposeB: false },
} as const;

export const square = (size: number): Product => ({
  name: `${size}³`,
  m: size,
  n: size,
  k: size,
  kind: 'forward',
});

/** The three products of a linear layer that maps `k` features of `tokens` tokens to `n`. */
export const linearProducts = (name: string, tokens: number, n: number, k: number): Product[] => [
  { name: `${name} forward`, m: tokens, n, k, kind: 'forward' },
  { name: `${name} input gradient`, m: tokens, n: k, k: n, kind: 'gradInput' },
  { name: `${name} weight gradient`, m: n, n: k, k: tokens, kind: 'gradWeight' },
];

/** A product of a linear layer ready to run, its operands of 8 bits (`fp8`) or in BF16. */
export const prepareProduct = (
  device: Device,
  scope: Scope,
  product: ProductShape,
  operands: string,
): Subject => prepareGemm(device, scope, product, operands === 'fp8' ? fp8Of(product) : HALF);

const fp8Of = ({ kind }: ProductShape): Operands => (kind === 'forward' ? FP8_FORWARD : FP8_BACKWARD);

/** A product ready to run. */
export function prepareGemm(
  device: Device,
  scope: Scope,
  product: ProductShape,
  operands: Operands,
): Subject {
  const { m, n, k, kind } = product;
  const { transposeA, transposeB } = transposes[kind];
  const scaled = operands.a.bits <= 8;
  const attributes: GemmAttributes = {
    transposeA,
    transposeB,
    aBlockRows: WHOLE,
    aBlockColumns: WHOLE,
    bBlockRows: WHOLE,
    bBlockColumns: WHOLE,
    scaledA: scaled,
    scaledB: scaled,
  };
  const a = noisy(device, scope, transposeA ? [k, m] : [m, k], operands.a, 4);
  const b = noisy(device, scope, transposeB ? [n, k] : [k, n], operands.b, 4);
  const scales = scaled ? [0, 1].map(() => filled(device, scope, [1, 1], 1)) : [];
  const out = scope.alloc([m, n], operands.out);
  return () => device.run(gemm, attributes, [a, b, ...scales], [out]);
}

export const gigaflops = ({ m, n, k }: ProductShape, ms: number): number => (2 * m * n * k) / ms / 1e6;

/** Every product with every kind of operands, all of one product taking turns. */
export async function gemmTable(
  devices: readonly BenchDevice[],
  products: readonly Product[],
  effort: Effort,
): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  for (const product of products) rows.push(...(await measureProduct(devices, product, effort)));
  const many = devices.filter(({ plain }) => plain).length > 1;
  return {
    id: 'gemm',
    title: 'Matrix products',
    note: 'GFLOP/s. f32 results of f32 operands, BF16 results of BF16 and FP8 operands, as in training; FP8 with a scale an operand. Squares are of the form x Wᵀ. "scaling": speed on all threads over that on one; "of f32": speed over that of the same product of f32 operands; both without a library.',
    columns: [
      ...devices.map(({ key, label }) => ({ key: `gflops_${key}`, label, digits: 1 })),
      ...(many ? [{ key: 'scaling', label: 'scaling', digits: 2 }] : []),
      { key: 'of_f32', label: 'of f32', digits: 2 },
    ],
    rows,
  };
}

async function measureProduct(
  devices: readonly BenchDevice[],
  product: Product,
  effort: Effort,
): Promise<BenchRow[]> {
  const all = operandsOf(product);
  const scopes = devices.map(({ device }) => createScope(device));
  const subjects = all.flatMap((operands) =>
    devices.map(({ device }, i) => prepareGemm(device, scopes[i]!, product, operands)),
  );
  const times = await alternate(subjects, effort);
  for (const scope of scopes) scope.release();
  const msOf = (operands: number, device: number): number => times[operands * devices.length + device]!;
  const last = devices.filter(({ plain }) => plain).length - 1; // the plain ones come first
  return all.map(({ name }, i) => ({
    name: `${product.name} ${name}`,
    values: {
      ...Object.fromEntries(devices.map(({ key }, d) => [`gflops_${key}`, gigaflops(product, msOf(i, d))])),
      ...(last > 0 ? { scaling: msOf(i, 0) / msOf(i, last) } : {}),
      of_f32: msOf(0, last) / msOf(i, last),
    },
  }));
}

/** Gradients are E5M2, all else E4M3; the head's operands are never FP8. Squares are timed with both. */
function operandsOf(product: Product): Operands[] {
  const { name, m, n, k } = product;
  if (name.startsWith('head')) return [F32, HALF];
  if (m === n && n === k) return [F32, HALF, FP8_FORWARD, FP8_BACKWARD];
  return [F32, HALF, fp8Of(product)];
}
