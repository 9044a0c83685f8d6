/** @file The sentence above a heat map: what it shows most of. */
import type { Measured } from './heat-cells.ts';
import type { TensorPoint } from './rows.ts';
import { tensorName } from './sites.ts';
import { figure, percent } from './words.ts';

export function highlight(
  tensors: readonly TensorPoint[],
  measured: Measured,
): { readonly text: string; readonly subtitle: string } {
  switch (measured) {
    case 'overflows':
    case 'underflows': {
      const done = measured === 'overflows' ? 'clipped' : 'flushed to zero';
      const subtitle = `share of the elements ${measured === 'overflows' ? 'beyond the format’s largest value' : 'not zero before the cast, zero after it'}`;
      const top = largest(tensors, measured);
      if (top === null || top[measured] === 0)
        return { text: `No element was ${done} in any sampled step`, subtitle };
      return {
        text: `Most ${done}: ${percent(top[measured]!)} of ${nameOf(top)}, step ${top.step}`,
        subtitle,
      };
    }
    case 'amax': {
      const subtitle =
        'largest magnitude in each cast’s operand; colours are logarithmic, inputs, weights and gradients have their own';
      const grown = growth(tensors);
      if (grown === null) return { text: 'Largest value of every operand', subtitle };
      const { first, top, factor } = grown;
      return {
        text: `Largest growth: ${nameOf(top)}, ${figure(first.amax!)} → ${figure(top.amax!)} (×${figure(factor)}) by step ${top.step}`,
        subtitle,
      };
    }
    case 'kurtosis': {
      const subtitle =
        'E[x⁴] / E[x²]²: 3 for a normal distribution, the larger, the more the outliers dominate';
      const top = largest(
        tensors.filter(({ operand }) => operand === 'input'),
        measured,
      );
      if (top === null) return { text: 'Kurtosis of every operand', subtitle };
      return {
        text: `Heaviest tails of an input: ${nameOf(top)}, ${figure(top.kurtosis!)} at step ${top.step}`,
        subtitle,
      };
    }
  }
}

const nameOf = ({ layer, site, operand }: TensorPoint): string => tensorName(layer, site, operand);

/** The row with the largest value, or null. */
export function largest(tensors: readonly TensorPoint[], measured: Measured): TensorPoint | null {
  let top: TensorPoint | null = null;
  for (const tensor of tensors) {
    const value = tensor[measured];
    if (value !== null && (top === null || value > top[measured]!)) top = tensor;
  }
  return top;
}

/** The input whose amax grew most over that of its first sample; null where none grew. */
export function growth(
  tensors: readonly TensorPoint[],
): { readonly first: TensorPoint; readonly top: TensorPoint; readonly factor: number } | null {
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
