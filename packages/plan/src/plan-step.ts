/** @file A step of a plan on a layout of devices: memory and time of each. */
import { gemm } from '@octavo/kernels';
import { countParameters } from '@octavo/llama';
import type { Hardware } from './hardware/hardware.ts';
import { checkLayout, type Layout, partOf, peakOf, replicas } from './layout.ts';
import { type Exchange, type Traffic, trafficOf } from './network.ts';
import { type Clock, roofline } from './roofline.ts';
import type { Held, Phase, Trace } from './trace.ts';

export interface StepPlan {
  /** Bytes of a device at the most, and what they are for. */
  readonly memory: { readonly total: number; readonly parts: Held };
  /** Seconds of a step. */
  readonly seconds: number;
  /** Of these: `exposed` to the network, and the pipeline's `bubble`. */
  readonly parts: Readonly<Record<Phase | 'exposed' | 'bubble', number>>;
  /** Seconds of the linear layers' and the head's products, of whichever phase. */
  readonly products: number;
  readonly traffic: Traffic;
  /** Of all devices. */
  readonly tokensPerSecond: number;
  /** The model's arithmetic over that of the 16-bit peak: above 1 where products of 8 bits are faster than it. */
  readonly utilisation: number;
}

export interface PlanOptions {
  readonly layout: Layout;
  readonly hardware: Hardware;
  readonly exchange: Exchange;
  /** Gradients are sent while the backward pass goes on. */
  readonly overlap: boolean;
  /** By default that of published peaks. */
  readonly clock?: Clock;
}

/** What a device of the layout needs and how long a step takes. The trace is of one device with the whole model. */
export function planStep(trace: Trace, options: PlanOptions): StepPlan {
  const { hardware, exchange, overlap, clock = roofline(hardware) } = options;
  const { plan, operations } = trace;
  const { accumulation, batch, sequence, model } = plan;
  const layout = checkLayout(options.layout, plan);
  const repeated = accumulation / Math.min(2, accumulation); // of the micro-batches in the trace
  const times = { forward: 0, backward: 0, update: 0 };
  let [products, flops] = [0, 0];
  for (const operation of operations) {
    const often = operation.phase === 'update' ? 1 : repeated;
    const seconds = often * clock(operation, partOf(operation, layout, plan));
    times[operation.phase] += seconds;
    if (operation.operator?.name === gemm.name) products += seconds;
    flops += often * operation.flops;
  }
  const traffic = trafficOf(plan, layout, { parameters: countParameters(model), exchange }, hardware);
  // ZeRO-2 sends after every micro-batch, ZeRO-3 in either pass; the others in the last one's backward pass
  const covers = [times.backward / accumulation, times.backward / accumulation, times.backward];
  const cover = overlap ? (covers[layout.zero] ?? times.forward + times.backward) : 0;
  const exposed = Math.max(0, traffic.hidden - cover) + traffic.gather + traffic.tensor + traffic.pipeline;
  // one micro-batch for each stage but one, while the others wait (1F1B, arXiv 2104.04473)
  const passes = times.forward + times.backward + traffic.tensor;
  const bubble = ((layout.pipeline - 1) / accumulation) * passes;
  const seconds = times.forward + times.backward + times.update + exposed + bubble;
  const peak = (hardware.matrix['16'] ?? hardware.matrix['32'])?.value ?? Number.NaN;
  return {
    memory: peakOf(trace, layout),
    seconds,
    parts: { ...times, exposed, bubble },
    products,
    traffic,
    tokensPerSecond: (replicas(layout) * accumulation * batch * sequence) / seconds,
    utilisation: flops / (layout.tensor * layout.pipeline) / seconds / peak,
  };
}
