/** @file Sampled tensors by name, and what stands out of them: the largest, what grew most, what casts took, alignment. */
import { percent, topOf } from './numbers.ts';
import type { Measured, TensorPoint } from './rows.ts';

/** The row with the largest value, or null. */
export const largest = (tensors: readonly TensorPoint[], measured: Measured): TensorPoint | null =>
  topOf(tensors, (tensor) => tensor[measured]);

/** That of inputs, whose outliers are what a recipe must bear. */
export const heaviestTails = (tensors: readonly TensorPoint[]): TensorPoint | null =>
  largest(
    tensors.filter(({ operand }) => operand === 'input'),
    'kurtosis',
  );

/** The input whose amax grew most over that of its first sample; null where none grew. */
export function growth(tensors: readonly TensorPoint[]) {
  const firsts = new Map<string, TensorPoint>();
  let best: { first: TensorPoint; top: TensorPoint; factor: number } | null = null;
  for (const tensor of tensors) {
    const { amax, operand, layer, site, format } = tensor;
    if (operand !== 'input' || amax === null || amax <= 0) continue;
    const key = `${site}/${layer}/${format}`;
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, tensor);
    else if (amax / first.amax! > (best?.factor ?? 1))
      best = { first, top: tensor, factor: amax / first.amax! };
  }
  return best;
}

export type Taken = 'overflows' | 'underflows';

/** How it is said, and the share of a tensor's elements from which on it is worth a look. */
export const taken: Readonly<Record<Taken, { done: string; meaning: string; notable: number }>> = {
  overflows: { done: 'clipped', meaning: 'beyond the format’s largest value', notable: 1e-3 },
  underflows: {
    ...{ done: 'flushed to zero', meaning: 'not zero before the cast, zero after it' },
    notable: 0.05,
  },
};

/** Formats whose range is that of float32: a cast takes nothing there. */
const WIDE: ReadonlySet<string | null> = new Set(['fp32', 'bf16']);

/** The samples of casts that can take something. */
export const narrowCasts = (tensors: readonly TensorPoint[], measured: Taken): TensorPoint[] =>
  tensors.filter((tensor) => tensor[measured] !== null && !WIDE.has(tensor.format));

/** The one sentence about a run whose casts took nothing worth a picture; null where they did, or none was sampled. */
export function quietCasts(tensors: readonly TensorPoint[], measured: Taken): string | null {
  const { done, notable } = taken[measured];
  const top = largest(narrowCasts(tensors, measured), measured);
  if (top === null || top[measured]! >= notable) return null;
  if (top[measured] === 0) return `no element was ${done} in any sampled step`;
  return `never more than ${percent(top[measured]!)} ${done} in a sampled step (${nameOf(top)}, step ${top.step})`;
}

/** Gate and up as they were sampled last: channels above 0.9 in all layers, the layer of the most aligned one and its |cos|. */
export function alignmentAtEnd(tensors: readonly TensorPoint[]) {
  const step = tensors.findLast((row) => row.abs_cosine_max !== null)?.step;
  const ends = tensors.filter((row) => row.step === step && row.abs_cosine_max !== null);
  const top = topOf(ends, (row) => row.abs_cosine_max);
  if (step === undefined || top === null) return null;
  const above = ends.reduce((sum, row) => sum + (row.abs_cosine_above ?? 0), 0);
  return { step, above, layer: top.layer, cosine: top.abs_cosine_max! };
}

const SITES: Readonly<Record<string, string>> = {
  down: 'down',
  gateUp: 'gate and up',
  attentionOut: 'attention out',
  qkv: 'q, k, v',
};
const OPERANDS: Readonly<Record<string, string>> = {
  input: 'inputs',
  weight: 'weights',
  grad: 'gradients',
};

const inOrder = (order: readonly string[], names: Iterable<string>): string[] => {
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return [...new Set(names)].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
};

export const sitesInOrder = (names: Iterable<string>): string[] => inOrder(Object.keys(SITES), names);
export const operandsInOrder = (names: Iterable<string>): string[] => inOrder(Object.keys(OPERANDS), names);
export const siteLabel = (site: string): string => SITES[site] ?? site;
export const operandLabel = (operand: string): string => OPERANDS[operand] ?? operand;

/** `SwiGLU's output (down's input) of layer 2`. */
export function nameOf({ layer, site, operand }: Pick<TensorPoint, 'layer' | 'site' | 'operand'>): string {
  const where = layer < 0 ? '' : ` of layer ${layer}`;
  if (site === 'down' && operand === 'input') return `SwiGLU’s output (down’s input)${where}`;
  const of = OPERANDS[operand]?.replace(/s$/, '') ?? operand;
  return `${of} of ${siteLabel(site)}${layer < 0 ? '' : ` in layer ${layer}`}`;
}
