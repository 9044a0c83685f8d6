/** @file What devices send one another in a step, and for how long. */
import type { TrainPlan } from '@octavo/trainer';
import type { Hardware } from './hardware/hardware.ts';
import { type Layout, replicas } from './layout.ts';

/** Seconds of a step by what is sent. */
export interface Traffic {
  /** While the backward pass goes on, as far as that is allowed and long enough. */
  readonly hidden: number;
  /** While devices wait. */
  readonly gather: number;
  readonly tensor: number;
  readonly pipeline: number;
}

/** Bytes of a gradient as it is sent. */
export const EXCHANGES = { fp32: 4, bf16: 2, fp8: 1 } as const;
export type Exchange = keyof typeof EXCHANGES;

/**
 * By rings, as fast as their slowest link: a reduce-scatter or an all-gather of V bytes over n devices moves V (n − 1) / n
 * through each, an all-reduce twice that.
 */
export function trafficOf(
  plan: TrainPlan,
  layout: Layout,
  { parameters, exchange }: { readonly parameters: number; readonly exchange: Exchange },
  hardware: Hardware,
): Traffic {
  const { zero, tensor, pipeline } = layout;
  const { model, recipe, batch, sequence, accumulation, recompute } = plan;
  const width = recipe.activations === 'fp32' ? 4 : 2;
  const own = parameters / (tensor * pipeline);
  const speed = (span: number): number =>
    span <= hardware.node.devices ? hardware.node.bandwidth.value : hardware.network.value;
  const ring = (bytes: number, n: number, span: number): number => (bytes * (n - 1)) / n / speed(span);
  const n = replicas(layout);
  const gradients = ring(EXCHANGES[exchange] * own, n, layout.devices);
  const weights = ring(width * own, n, layout.devices);
  const hidden = [
    2 * gradients,
    gradients,
    accumulation * gradients,
    accumulation * (gradients + 2 * weights),
  ][zero]!;
  const residual = width * batch * sequence * model.hiddenSize;
  const reduced = (recompute === 'full' ? 6 : 4) * (model.layers / pipeline) * accumulation;
  return {
    hidden,
    gather: zero === 1 || zero === 2 ? weights : 0,
    tensor: 2 * reduced * ring(residual, tensor, tensor),
    pipeline: pipeline > 1 ? (2 * accumulation * residual) / tensor / speed(layout.devices) : 0,
  };
}
