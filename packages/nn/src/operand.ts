/** @file Operands of a GEMM, plain or quantised, and the GEMM. */
import type { Format } from '@octavo/formats';
import { gemm, isQuantized, type MatrixOperand, type Tensor } from '@octavo/kernels';
import { apply, type Context } from './context.ts';

const tensorsOf = (operand: MatrixOperand): readonly Tensor[] =>
  isQuantized(operand) ? [operand.codes, operand.scale] : [operand];

/** Keeps an operand for a second product: products free their operands. */
export function keepOperand<T extends MatrixOperand>({ scope }: Pick<Context, 'scope'>, operand: T): T {
  for (const tensor of tensorsOf(operand)) scope.hold(tensor);
  return operand;
}

/** One holder less of an operand. */
export function dropOperand({ scope }: Pick<Context, 'scope'>, operand: MatrixOperand): void {
  for (const tensor of tensorsOf(operand)) scope.drop(tensor);
}

/** C = op(A) · op(B), scales removed, rounded to `format`. Consumes its operands where the scope has them. */
export function matmul(
  context: Pick<Context, 'device' | 'scope'>,
  a: MatrixOperand,
  b: MatrixOperand,
  transpose: { a?: boolean; b?: boolean },
  format: Format,
): Tensor {
  const [[codesA, ...scaleA], [codesB, ...scaleB]] = [tensorsOf(a), tensorsOf(b)] as [Tensor[], Tensor[]];
  const attributes = {
    transposeA: transpose.a ?? false,
    transposeB: transpose.b ?? false,
    aBlockRows: isQuantized(a) ? a.block.rows : 1,
    aBlockColumns: isQuantized(a) ? a.block.columns : 1,
    bBlockRows: isQuantized(b) ? b.block.rows : 1,
    bBlockColumns: isQuantized(b) ? b.block.columns : 1,
    scaledA: isQuantized(a),
    scaledB: isQuantized(b),
  };
  const c = apply(context, gemm, attributes, [codesA!, codesB!, ...scaleA, ...scaleB], format);
  for (const operand of [a, b]) dropOperand(context, operand);
  return c;
}
