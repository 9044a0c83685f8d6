/** @file What casts took of the elements: when it is worth a word, and when there is nothing to see. */
import { largest } from './highlight.ts';
import type { TensorPoint } from './rows.ts';
import { tensorName } from './sites.ts';
import { percent } from './words.ts';

export type Taken = 'overflows' | 'underflows';

/** How it is said, and the share of a tensor's elements from which on it is worth a look. */
export const taken: Readonly<Record<Taken, { readonly done: string; readonly notable: number }>> = {
  overflows: { done: 'clipped', notable: 1e-3 },
  underflows: { done: 'flushed to zero', notable: 0.05 },
};

/** Formats whose range is that of float32: a cast takes nothing there. */
const WIDE = new Set(['fp32', 'bf16']);

/** The samples of casts that can take something. */
export const narrowCasts = (tensors: readonly TensorPoint[], measured: Taken): TensorPoint[] =>
  tensors.filter((tensor) => tensor[measured] !== null && !WIDE.has(tensor.format));

/** The one sentence about a run whose casts took nothing worth a picture; null where they did, or none was sampled. */
export function quietCasts(tensors: readonly TensorPoint[], measured: Taken): string | null {
  const { done, notable } = taken[measured];
  const top = largest(narrowCasts(tensors, measured), measured);
  if (top === null || top[measured]! >= notable) return null;
  if (top[measured] === 0) return `no element was ${done} in any sampled step`;
  const where = `${tensorName(top.layer, top.site, top.operand)}, step ${top.step}`;
  return `never more than ${percent(top[measured]!)} ${done} in a sampled step (${where})`;
}
