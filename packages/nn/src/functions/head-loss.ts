/** @file The output head and its loss, some rows at a time: the logits of all tokens are never in memory together. */
import { FP32 } from '@octavo/formats';
import {
  crossEntropyWithGrad,
  elements,
  crossEntropy as losses,
  matrixShape,
  sum,
  type Tensor,
} from '@octavo/kernels';
import { accumulate, activationFormat, apply, type Context } from '../context.ts';
import { maximumOf, observe } from '../observe.ts';
import { keepOperand, matmul } from '../operand.ts';
import type { Point } from '../recording.ts';
import type { Parameter, Variable } from '../variable.ts';

/** Logits at a time, 64 MB of BF16: fewer would make the products slower. */
const LOGITS = 2 ** 25;
/** Rows go in such steps, which suit products. */
const STEP = 128;

/** Rows at a time: from the shape alone, for sums over tokens are sums of theirs. */
export const rowsAtOnce = (rows: number, vocabulary: number): number =>
  Math.min(rows, Math.max(STEP, Math.floor(LOGITS / vocabulary / STEP) * STEP));

/**
 * Σ over tokens of −log p(target), p = softmax(x Wᵀ): x `[T, D]`, weight `[V, D]`, targets FP32 `[T]` (negative: ignored) →
 * FP32 `[1]`. With a tape, the gradient of `factor` (FP32 `[1]`) times that is computed with the loss, while the logits are
 * there (Hsu et al., arXiv 2410.10989): factor = 1 / tokens gives the mean's. The logits are observed as `of`.
 */
export function headLoss(
  context: Context,
  x: Variable,
  weight: Parameter,
  targets: Tensor,
  factor: Tensor,
  of: Point,
): Tensor {
  const { device, scope, tape, precision } = context;
  const [rows, width] = matrixShape(x.value.shape);
  const each = rowsAtOnce(rows, matrixShape(weight.value.shape)[0]);
  const format = activationFormat(context);
  const perToken = scope.alloc([rows], FP32); // [T]
  const maxima = scope.alloc([Math.ceil(rows / each)], FP32);
  const dx = tape && scope.alloc(x.value.shape, format); // [T, D]
  const summed: Parameter = { ...weight, grad: null };
  /** Moves a part to its place in a whole. */
  const put = (whole: Tensor, at: number, part: Tensor): void => {
    device.copy(whole, part, { to: at, length: elements(part.shape) });
    scope.drop(part);
  };
  for (let first = 0; first < rows; first += each) {
    const some = part(context, x.value, first, Math.min(each, rows - first)); // [C, D]
    const wanted = part(context, targets, first, Math.min(each, rows - first)); // [C]
    const logits = matmul(context, keepOperand(context, some), weight.value, { b: true }, format); // [C, V]
    if (precision.recording) put(maxima, first / each, maximumOf(context, logits));
    if (dx) {
      const [loss, grad] = [scope.alloc(wanted.shape, FP32), scope.alloc(logits.shape, format)]; // [C], [C, V]
      device.run(crossEntropyWithGrad, {}, [logits, wanted, factor], [loss, grad]);
      scope.drop(logits);
      put(perToken, first, loss);
      put(dx, first * width, matmul(context, keepOperand(context, grad), weight.value, {}, format)); // dy W
      accumulate(context, summed, matmul(context, grad, some, { a: true }, FP32)); // dyᵀ x: [V, D]
    } else {
      put(perToken, first, apply(context, losses, {}, [logits, wanted], FP32));
      for (const tensor of [logits, some]) scope.drop(tensor);
    }
    scope.drop(wanted);
  }
  if (precision.recording) observe(context, of, maxima);
  for (const tensor of [x.value, maxima]) scope.drop(tensor);
  tape?.record(() => {
    accumulate(context, x, dx!);
    accumulate(context, weight, summed.grad!);
  });
  const loss = apply(context, sum, {}, [perToken], FP32);
  scope.drop(perToken);
  return loss;
}

/** Rows of a matrix, or elements of a vector, from `first` on, as a tensor of its own. */
function part({ device, scope }: Context, whole: Tensor, first: number, count: number): Tensor {
  const width = elements(whole.shape) / whole.shape[0]!;
  const some = scope.alloc([count, ...whole.shape.slice(1)], whole.format);
  device.copy(some, whole, { from: first * width, length: count * width });
  return some;
}
