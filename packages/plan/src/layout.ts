/** @file How a model lies over devices: replicas, ZeRO's shards of them, tensor and pipeline parallel. */
import { OctavoError } from '@octavo/formats';
import type { TrainPlan } from '@octavo/trainer';
import { bytesOf } from './hollow-device.ts';
import { HELD, type Held, isResidual, type Operation, type Trace } from './trace.ts';

/** Stages of ZeRO (Rajbhandari et al., arXiv 1910.02054): 1 shards the optimizer, 2 gradients too, 3 weights too. */
export const ZERO = [0, 1, 2, 3] as const;
export type Zero = (typeof ZERO)[number];

export interface Layout {
  readonly devices: number;
  readonly zero: Zero;
  /** Devices that share each product (Megatron, arXiv 1909.08053), and stages that layers are cut into. */
  readonly tensor: number;
  readonly pipeline: number;
}

/** Devices that hold the same part of the model, each with batches of its own. */
export const replicas = ({ devices, tensor, pipeline }: Layout): number => devices / (tensor * pipeline);

/** Throws an `OctavoError` (exit code 2) where a model does not divide so. */
export function checkLayout(layout: Layout, { model }: TrainPlan): Layout {
  const { devices, tensor, pipeline } = layout;
  const { heads, keyValueHeads, ffnSize, layers } = model;
  const fail = (what: string): never => {
    throw new OctavoError(`[plan] impossible layout: ${what}`, { exitCode: 2 });
  };
  if (devices % (tensor * pipeline))
    fail(`got ${devices} devices, expected a multiple of tensor ${tensor} × pipeline ${pipeline}`);
  for (const [what, count] of Object.entries({ heads, keyValueHeads, ffnSize }))
    if (count % tensor) fail(`tensor: got ${tensor}, expected a divisor of the model's ${what}, ${count}`);
  if (layers % pipeline)
    fail(`pipeline: got ${pipeline}, expected a divisor of the model's ${layers} layers`);
  return layout;
}

/** Shares of what one device would hold that each of a layout holds. */
export function sharesOf(layout: Layout, plan: TrainPlan): Held {
  const { zero, tensor, pipeline } = layout;
  const part = 1 / (tensor * pipeline);
  const sharded = (from: Zero): number => part / (zero >= from ? replicas(layout) : 1);
  // 1F1B (arXiv 2104.04473): the first stage holds the activations of as many micro-batches as there are stages
  const inFlight = Math.min(pipeline, plan.accumulation) / pipeline;
  const gathered = zero === 3 ? part / plan.model.layers : 0; // one block's weights are whole at a time
  return {
    weights: sharded(3) + gathered,
    optimizer: sharded(1),
    codes: zero === 3 ? gathered : part,
    gradients: sharded(2),
    activations: inFlight / tensor,
    residual: inFlight,
  };
}

/** The most that a device holds, and what for. */
export function peakOf(
  { held, plan }: Trace,
  layout: Layout,
): { readonly total: number; readonly parts: Held } {
  const shares = sharesOf(layout, plan);
  let [total, at] = [0, held[0]!];
  for (const now of held) {
    const sum = HELD.reduce((bytes, kind) => bytes + shares[kind] * now[kind], 0);
    if (sum > total) [total, at] = [sum, now];
  }
  const parts = Object.fromEntries(HELD.map((kind) => [kind, shares[kind] * at[kind]])) as Held;
  return { total, parts };
}

/** What each device does of an operation: its share, and bytes that it moves, each tensor once. */
export function partOf(operation: Operation, layout: Layout, plan: TrainPlan) {
  const { tensor, pipeline, zero } = layout;
  const ofReplicas = operation.phase === 'update' && zero > 0 ? replicas(layout) : 1;
  const share = 1 / (pipeline * ofReplicas);
  const tensors = [...operation.inputs, ...operation.outs];
  const bytes = tensors.reduce((sum, t) => sum + bytesOf(t) / (isResidual(plan, t) ? 1 : tensor), 0);
  return {
    bytes: share * bytes,
    flops: (share / tensor) * operation.flops,
    vectorFlops: (share / tensor) * operation.vectorFlops,
  };
}
