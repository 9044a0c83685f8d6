/** @file The loss and its gradient, which share the softmax. */
import type { FusedOperator } from '../operator.ts';
import { crossEntropy, crossEntropyGrad } from '../operators/cross-entropy.ts';
import type { NoAttributes } from '../operators/elementwise.ts';

/** logits `[T, V]`, targets `[T]`, weight `[1]` → losses `[T]`, dlogits `[T, V]`. */
export const crossEntropyWithGrad: FusedOperator<NoAttributes> = Object.freeze({
  name: 'crossEntropyWithGrad',
  unfused({ run }, _, [logits, targets, weight], [losses, dlogits]) {
    run(crossEntropy, {}, [logits!, targets!], [losses!]);
    run(crossEntropyGrad, {}, [logits!, targets!, weight!], [dlogits!]);
  },
} satisfies FusedOperator<NoAttributes>);
