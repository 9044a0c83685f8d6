/** @file Several operators in one pass, where a device has such a form; elsewhere the same operators one by one. */
import type { Device } from './device.ts';
import type { Attributes } from './operator.ts';
import type { Tensor } from './tensor.ts';

/** A composition with several outputs that a device may implement at once; both forms give the same values. */
export interface FusedOperator<A extends Attributes = Attributes> {
  readonly name: string;
  /** The same by single operators. */
  unfused(device: Device, attributes: A, inputs: readonly Tensor[], outs: readonly Tensor[]): void;
}

/** Runs a fused operator: the device's own form if it has one, else the operators it is made of. */
export function runFused<A extends Attributes>(
  device: Device,
  operator: FusedOperator<A>,
  attributes: A,
  inputs: readonly Tensor[],
  outs: readonly Tensor[],
): void {
  if (!device.runFused?.(operator, attributes, inputs, outs))
    operator.unfused(device, attributes, inputs, outs);
}
