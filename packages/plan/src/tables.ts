/** @file Plans as tables: memory and time of a device, a row a recipe; and what they rest on. */
import type { BenchTable } from '@octavo/bench';
import type { Hardware } from './hardware/hardware.ts';
import type { PlanOptions, StepPlan } from './plan-step.ts';
import { HELD } from './trace.ts';

/** A plan and what it is of. */
export interface NamedPlan extends StepPlan {
  readonly name: string;
}

/** GB of a device, by what they are held for. */
export const memoryTable = (plans: readonly NamedPlan[], { memory }: Hardware): BenchTable => ({
  id: 'plan memory',
  title: 'Memory of a device',
  note: `GB at the most in a step, by what it is held for at that moment; "there": of ${(memory.value / 1e9).toFixed(0)} GB. "codes": weights in 8 bits, "residual": activations that tensor parallel does not split.`,
  columns: [
    ...HELD.map((kind) => ({ key: kind, label: kind, digits: 2 })),
    { key: 'total', label: 'GB', digits: 2 },
    { key: 'of_memory', label: 'there', digits: 2 },
  ],
  rows: plans.map(({ name, memory: { total, parts } }) => ({
    name,
    values: {
      ...Object.fromEntries(HELD.map((kind) => [kind, parts[kind] / 1e9])),
      total: total / 1e9,
      of_memory: total / memory.value,
    },
  })),
});

/** Milliseconds of a step. */
export const timeTable = (plans: readonly NamedPlan[]): BenchTable => ({
  id: 'plan time',
  title: 'Time of a step',
  note: `milliseconds. "products": of forward and backward, those of linear layers and the head. "network": what computing does not cover. "bubble": stages of the pipeline that wait. "over first": tokens a second over those of ${plans[0]!.name}. "of peak": the arithmetic of all products over what 16 bits could do.`,
  columns: [
    ...['forward', 'backward', 'update', 'network', 'bubble'].map((key) => ({ key, label: key, digits: 1 })),
    { key: 'milliseconds', label: 'ms', digits: 1 },
    { key: 'products', label: 'products', digits: 1 },
    { key: 'tokens_per_second', label: 'tokens/s', digits: 0 },
    { key: 'over_first', label: 'over first', digits: 2 },
    { key: 'of_peak', label: 'of peak', digits: 2 },
  ],
  rows: plans.map(({ name, seconds, parts, products, tokensPerSecond, utilisation }) => ({
    name,
    values: {
      ...Object.fromEntries(
        Object.entries(parts).map(([part, s]) => [part === 'exposed' ? 'network' : part, s * 1e3]),
      ),
      milliseconds: seconds * 1e3,
      products: products * 1e3,
      tokens_per_second: tokensPerSecond,
      over_first: tokensPerSecond / plans[0]!.tokensPerSecond,
      of_peak: utilisation,
    },
  })),
});

const ZERO_SAID = [
  'every replica holds all of the optimizer, gradients and weights (ZeRO-0): gradients are summed over replicas by an all-reduce',
  'replicas share the optimizer (ZeRO-1): a reduce-scatter of gradients, then an all-gather of weights',
  'replicas share optimizer and gradients (ZeRO-2): a reduce-scatter each micro-batch, then an all-gather of weights',
  'replicas share optimizer, gradients and weights (ZeRO-3): weights are gathered block by block, for either pass',
];

/** What a plan takes for granted, a sentence each. */
export function assumptionsOf({ layout, hardware, exchange, overlap }: PlanOptions): string[] {
  const { zero, tensor, pipeline } = layout;
  const figure = (value: number): string => {
    const [scaled, prefix] = value >= 1e12 ? [value / 1e12, 'T'] : [value / 1e9, 'G'];
    return `${Number(scaled.toPrecision(5))} ${prefix}`;
  };
  const peaks = Object.entries(hardware.matrix).map(
    ([bits, { value, source }]) => `products of ${bits} bits ${figure(value)}FLOP/s (${source})`,
  );
  const links = `${figure(hardware.node.bandwidth.value)}B/s within a node of ${hardware.node.devices} (${hardware.node.bandwidth.source}), ${figure(hardware.network.value)}B/s beyond (${hardware.network.source})`;
  const { bandwidth, vector, memory, attention } = hardware;
  return [
    `${hardware.title}: ${peaks.join('; ')}; else ${figure(vector.value)}FLOP/s (${vector.source})`,
    `memory of ${figure(memory.value)}B (${memory.source}), ${figure(bandwidth.value)}B/s (${bandwidth.source}); links: ${links}`,
    hardware.name === 'host'
      ? 'each operation of the step takes what its kind takes alone, measured just now at the sizes of three small blocks'
      : 'each operation of this program’s step takes as long as the slowest of its arithmetic and its bytes at these peaks, each tensor moved once; nothing runs faster, so a step is a lower bound',
    `attention computes ${attention.value === 'causal' ? 'the scores before each token' : 'all scores and hides the later ones'} (${attention.source})`,
    ZERO_SAID[zero]!,
    `gradients are sent in ${exchange.toUpperCase()}${overlap ? ' while the backward pass goes on' : ' when the backward pass is over'}, by rings as fast as their slowest link`,
    ...(tensor > 1
      ? [`${tensor} devices share each product: two all-reduces a block and pass, which nothing covers`]
      : []),
    ...(pipeline > 1
      ? [`${pipeline} stages of equal time, one micro-batch forward and one backward in turns (1F1B)`]
      : []),
  ];
}
