/** @file The plain matrix product: operands laid out along K, then one sum after the other. */
import type { View } from '../operator.ts';
import { scaled } from './block-scale.ts';
import { type GemmAttributes, type OperandView, operandsOf } from './gemm-operands.ts';
import { SMALLEST_NORMAL } from './power-of-two.ts';

/** The operand as `[outer, K]`, divided by its scales where they vary along K. */
function laidOut(operand: OperandView, inputs: readonly View[], index: number): Float32Array {
  const { shape, block, outer, inner, outerStride, innerStride, scale, scaledAtStore } = operand;
  let values = inputs[index]!.data;
  if (scale >= 0 && !scaledAtStore) {
    values = scaled(
      values,
      shape,
      block,
      inputs[scale]!.data.map((s) => 1 / s),
    );
  }
  if (innerStride === 1) return values;
  const out = new Float32Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < inner; k++) out[o * inner + k] = values[o * outerStride + k * innerStride]!;
  }
  return out;
}

export function gemmReference(attributes: GemmAttributes, inputs: readonly View[], out: View): void {
  const shapes = inputs.map((view) => view.shape);
  const [a, b] = operandsOf(attributes, shapes);
  product(laidOut(a, inputs, 0), laidOut(b, inputs, 1), a.outer, b.outer, a.inner, out.data);
  if (!a.scaledAtStore && !b.scaledAtStore) return;

  const one = Float32Array.of(1);
  const scaleA = a.scaledAtStore ? inputs[a.scale]!.data : one;
  const scaleB = b.scaledAtStore ? inputs[b.scale]!.data : one;
  for (let m = 0; m < a.outer; m++) {
    const sA = a.scaledAtStore ? scaleA[Math.floor(m / a.outerBlock)]! : 1;
    for (let n = 0; n < b.outer; n++) {
      const sB = b.scaledAtStore ? scaleB[Math.floor(n / b.outerBlock)]! : 1;
      const i = m * b.outer + n;
      out.data[i] = unscaled(out.data[i]!, sA, sB);
    }
  }
}

/** acc · (1 / (sA · sB)), or acc / sA / sB where the product or its reciprocal is not a normal float32. */
function unscaled(acc: number, sA: number, sB: number): number {
  const { fround } = Math;
  const both = fround(sA * sB);
  return both >= SMALLEST_NORMAL && both <= 2 ** 126 ? acc * fround(1 / both) : fround(acc / sA) / sB;
}

/** out[m, n] = Σ_k a[m, k] b[n, k]: four sums at a time, each of them in order of k. */
function product(
  a: Float32Array,
  b: Float32Array,
  rows: number,
  columns: number,
  inner: number,
  out: Float32Array,
): void {
  const { fround } = Math;
  for (let m = 0; m < rows; m++) {
    const at = m * inner;
    let n = 0;
    for (; n + 4 <= columns; n += 4) {
      const b0 = n * inner;
      const b1 = b0 + inner;
      const b2 = b1 + inner;
      const b3 = b2 + inner;
      let s0 = fround(0);
      let s1 = fround(0);
      let s2 = fround(0);
      let s3 = fround(0);
      for (let k = 0; k < inner; k++) {
        const x = a[at + k]!;
        s0 = fround(s0 + fround(x * b[b0 + k]!));
        s1 = fround(s1 + fround(x * b[b1 + k]!));
        s2 = fround(s2 + fround(x * b[b2 + k]!));
        s3 = fround(s3 + fround(x * b[b3 + k]!));
      }
      const to = m * columns + n;
      out[to] = s0;
      out[to + 1] = s1;
      out[to + 2] = s2;
      out[to + 3] = s3;
    }
    for (; n < columns; n++) {
      let s = fround(0);
      for (let k = 0; k < inner; k++) s = fround(s + fround(a[at + k]! * b[n * inner + k]!));
      out[m * columns + n] = s;
    }
  }
}
