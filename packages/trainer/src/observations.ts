/** @file What the rules look at, from what a step has read back anyway. */
import { smoothingOf } from '@octavo/nn';
import type { Observation } from './guard/rule.ts';
import type { Gradients } from './learned.ts';
import { siteStatistics } from './places.ts';
import type { Training } from './training.ts';

/** Every cast to eight bits, before the scaling states have seen the step. A maximum that is not finite is left out. */
export function observationsOf({ model }: Training, gradients: Gradients): Observation[] {
  const { sites, recipe } = model.precision;
  return sites.flatMap((site): Observation[] => {
    const { cast, state, layer, name, operand, format } = site;
    if (!cast || !state || format.bits > 8) return [];
    const amax = largest(gradients.amaxes, site.index, sites.length);
    if (!Number.isFinite(amax)) return [];
    const block = model.blocks[layer]!;
    const width = block[name as 'down'].weight.value.shape[1]!;
    const statistics = gradients.statistics && siteStatistics(gradients.statistics, site);
    const delayed = cast.policy.kind === 'delayed' && !site.usesOwnMaximum;
    return [
      {
        layer,
        site: name,
        operand,
        cast,
        format,
        smoothing: smoothingOf(recipe, layer),
        amax,
        expected: delayed ? state.amax[0]! : null,
        observed: state.observed,
        statistics: statistics && { ...statistics, width },
        alignment: name === 'down' && operand === 'input' ? mostAligned(gradients, layer) : null,
      },
    ];
  });
}

function largest(amaxes: Float32Array, index: number, count: number): number {
  let amax = 0;
  for (let at = index; at < amaxes.length; at += count) if (!(amaxes[at]! <= amax)) amax = amaxes[at]!;
  return amax;
}

function mostAligned({ cosines }: Gradients, layer: number): Observation['alignment'] {
  const cosine = cosines?.[layer];
  if (!cosine) return null;
  let channel = 0;
  for (let j = 1; j < cosine.length; j++) if (Math.abs(cosine[j]!) > Math.abs(cosine[channel]!)) channel = j;
  return { channel, cosine: Math.abs(cosine[channel] ?? 0) };
}
