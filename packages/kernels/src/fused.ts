/** @file Compositions on a device without a fused kernel for them: their operators, one after another. */
import type { Device } from './device.ts';
import type { Attributes, FusedOperator, Operator } from './operator.ts';
import { createScope } from './scope.ts';
import type { Tensor } from './tensor.ts';

export const isFused = <A extends Attributes>(
  operator: Operator<A> | FusedOperator<A>,
): operator is FusedOperator<A> => 'unfused' in operator;

/** Runs a composition's parts on a device; temporaries are freed again, also where a part is refused. */
export function runParts<A extends Attributes>(
  device: Device,
  operator: FusedOperator<A>,
  attributes: A,
  inputs: readonly Tensor[],
  outs: readonly Tensor[],
): void {
  const scope = createScope(device);
  try {
    operator.unfused({ run: device.run, temporary: scope.alloc }, attributes, inputs, outs);
  } finally {
    scope.release();
  }
}
