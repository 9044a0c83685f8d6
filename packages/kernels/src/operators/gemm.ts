/** @file The matrix product, of plain tensors or of codes with scales. */
import { defineOperator } from '../operator.ts';
import { checkInputs, checkScale, mismatch } from './check.ts';
import { type GemmAttributes, type OperandView, operandsOf } from './gemm-operands.ts';
import { gemmPasses } from './gemm-passes.ts';
import { gemmReference } from './gemm-reference.ts';

/**
 * C = op(A) · op(B) `[M, N]`, K summed one after the other in float32.
 *
 * Inputs a, b (stored `[M, K]` and `[K, N]`, or transposed), then the scale of a and of b where `scaledA`, `scaledB`.
 * A scale whose block spans all of K is applied at the store: acc · fround(1 / fround(sA · sB)), a missing one being 1;
 * otherwise the operand is multiplied by fround(1 / scale) as it is loaded. Where sA · sB or its reciprocal is no normal float32
 * the scales are divided out one after the other: acc / sA / sB.
 */
export const gemm = defineOperator<GemmAttributes>({
  name: 'gemm',
  shape(attributes, inputs) {
    checkInputs('gemm', inputs, 2 + Number(attributes.scaledA) + Number(attributes.scaledB));
    const [a, b] = operandsOf(attributes, inputs);
    if (a.inner !== b.inner) {
      const side = (o: OperandView, transposed: boolean) =>
        `[${o.shape.join(', ')}]${transposed ? ' transposed' : ''}`;
      mismatch(
        'gemm',
        'contraction',
        `${side(a, attributes.transposeA)} · ${side(b, attributes.transposeB)}`,
        `equal lengths, not ${a.inner} and ${b.inner}`,
      );
    }
    if (a.scale >= 0) checkScale('gemm', 'scale of a', a.shape, a.block, inputs[a.scale]!);
    if (b.scale >= 0) checkScale('gemm', 'scale of b', b.shape, b.block, inputs[b.scale]!);
    return [a.outer, b.outer];
  },
  reference: gemmReference,
  passes: gemmPasses,
});
