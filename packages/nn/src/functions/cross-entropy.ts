/** @file The loss: negative log-likelihood of the next token. */
import { FP32 } from '@octavo/formats';
import { crossEntropyWithGrad, crossEntropy as losses, sum, type Tensor } from '@octavo/kernels';
import { accumulate, activationFormat, apply, type Context } from '../context.ts';
import type { Variable } from '../variable.ts';

/**
 * Σ over tokens of −log p(target): logits `[T, V]`, targets FP32 `[T]` (negative: ignored) → FP32 `[1]`.
 * The gradient is that of `weight` (FP32 `[1]`) times the sum, so weight = 1 / tokens gives the mean's.
 */
export function crossEntropy(context: Context, logits: Variable, targets: Tensor, weight: Tensor): Tensor {
  const { device, scope, tape } = context;
  const perToken = scope.alloc([targets.shape[0]!], FP32); // [T]
  if (tape) {
    const grad = scope.alloc(logits.value.shape, activationFormat(context)); // [T, V]
    device.run(crossEntropyWithGrad, {}, [logits.value, targets, weight], [perToken, grad]);
    tape.record(() => accumulate(context, logits, grad));
  } else device.run(losses, {}, [logits.value, targets], [perToken]);
  scope.drop(logits.value);
  const loss = apply(context, sum, {}, [perToken], FP32);
  scope.drop(perToken);
  return loss;
}
